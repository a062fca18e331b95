#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A server of Debian's as it is found: systemd, and chrony with the package's own
# unit and configuration, to which its operator has added two local servers.
# kntpd joins it by its unit: follows chronyd, is restarted, reloaded, killed and
# stopped.

set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib.sh"
. "$here/../container.sh"

# As if the packages were installed; the guest forgets it.
install_chrony()
{
	mkdir -p /etc/chrony/conf.d /etc/chrony/sources.d &&
	cp "$KNTP_PEERS"/usr/share/chrony/chrony.{conf,keys} /etc/chrony/ &&
	cp "$KNTP_PEERS"/usr/sbin/chronyd /usr/sbin/ &&
	cp "$KNTP_PEERS"/usr/bin/chronyc /usr/bin/ &&
	cp "$KNTP_PEERS"/etc/default/chrony /etc/default/ &&
	cp "$KNTP_PEERS"/lib/systemd/system/chrony.service /lib/systemd/system/ &&
	printf 'server 10.79.1.%d iburst minpoll 2 maxpoll 2\n' 1 2 \
		>/etc/chrony/sources.d/local.sources
}

install_kntp()
{
	make -s -C "$KNTP_TOP/user" O="$KNTP_TOP/build" PREFIX=/usr install &&
	systemd-sysusers /usr/lib/sysusers.d/kntp.conf &&
	mkdir -p /etc/kntp /etc/systemd/system/kntpd.service.d &&
	printf '%s\n' "follow chronyd" "listen hook local" "allow all" \
		"dumpdir /var/lib/kntp" \
		>/etc/kntp/kntp.conf &&
	printf '[Service]\nWatchdogSec=%d\nRestartSec=1\n' \
		$((3 * KNTP_TIMEOUT_SCALE)) \
		>/etc/systemd/system/kntpd.service.d/sooner.conf
}

# Two servers, a namespace each, and a bridge here.
servers()
{
	local n ns

	ip link add br0 type bridge && ip link set br0 up &&
		ip addr add 10.79.1.254/24 dev br0
	for n in 1 2; do
		ns=server$n
		ip netns add "$ns" && ip -n "$ns" link set lo up || return
		ip link add "s$n" type veth peer name eth0 netns "$ns" &&
		ip link set "s$n" master br0 up &&
		ip -n "$ns" link set eth0 up &&
		ip -n "$ns" addr add "10.79.1.$n/24" dev eth0 || return
		mkdir -p "$tmp/$n"
		ip netns exec "$ns" "$KNTP_PEERS/usr/sbin/chronyd" -d -x -U -u root \
			"local stratum 3" "allow" "cmdport 0" "bindcmdaddress /" \
			"pidfile $tmp/$n/pid" >"$tmp/$n/log" 2>&1 &
		defer kill $!
	done
}

# Process 1 of a container; what it starts by itself is no matter of ours.
boot()
{
	cat >/etc/systemd/system/kntp-test.target <<-END
	[Unit]
	Wants=chrony.service kntpd.service
	After=chrony.service kntpd.service
	AllowIsolate=yes
	END
	mkdir -p /sys/fs/cgroup
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
	unshare --fork --pid --mount-proc --mount \
		env container=other "$systemd" --unit=kntp-test.target \
		--log-target=null --show-status=0 </dev/null >"$tmp/boot" 2>&1 &
	await_manager 30 'running\|degraded\|starting'
}

is_active() # unit
{
	[ "$(within systemctl is-active "$1")" = active ]
}

main_pid()
{
	within systemctl show -p MainPID --value kntpd.service
}

field() # of kntp's JSON: verb..., expression on d
{
	within kntp -j "${@:1:$#-1}" | python3 -c \
		'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' \
		"${!#}" 2>/dev/null
}

# The module says what chronyd says of itself.
mirrors()
{
	local said module

	said=$(within chronyc -c tracking | cut -d, -f1,3)
	module=$(field clock show '"%s,%d" % (d["refid_hex"][2:].upper(), d["stratum"])')
	[ "$said" = "$module" ] && [ "$(field clock show 'd["state"]')" = sync ]
}

answers() # LI and stratum, as a number each
{
	[ "$(ip netns exec server1 python3 -c '
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect(("10.79.1.254", 123))
s.send(b"\x23" + os.urandom(47))
r = s.recv(512)
print(r[0] >> 6, r[1])' 2>/dev/null)" = "$1 $2" ]
}

# Asks a hundred times a second until it is told to end; then the requests that
# were not answered, and the answers of no use.
asks()
{
	exec ip netns exec server1 python3 -c '
import os, signal, socket
def end(*_):
    raise SystemExit(print(lost, bad))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5 * int(os.environ["KNTP_TIMEOUT_SCALE"]))
s.connect(("10.79.1.254", 123))
signal.signal(signal.SIGTERM, end)
lost = bad = 0
while True:
    s.send(b"\x23" + os.urandom(47))
    try:
        bad += s.recv(512)[0] >> 6 == 3
    except OSError:
        lost += 1
    signal.sigtimedwait([], 0.01)'
}

is_another() # pid
{
	local now

	now=$(main_pid)
	[ "${now:-0}" != 0 ] && [ "$now" != "$1" ] && is_active kntpd
}

why()
{
	{
		within systemctl --no-pager status kntpd chrony
		within journalctl --no-pager -n 30 -u kntpd
	} 2>&1 | sed 's/^/# /'
}

joins()
{
	check "chrony runs, by its own unit" slowwait 30 is_active chrony
	check "kntpd runs, by its unit (Type=notify)" slowwait 30 is_active kntpd ||
		why
	check_equal "as user kntp" "$(stat -c %U "/proc/$(pgrep -n -x kntpd)")" kntp
	check "the module says what chronyd says" slowwait 60 mirrors
	check "and answers" slowwait 10 answers 0 4
	check "kntp status tells whom it follows" eval \
		'within kntp status | grep -q "follows.*chronyd"'
	check_equal "chrony's configuration is as it was" "$(cmp \
		/etc/chrony/chrony.conf "$KNTP_PEERS/usr/share/chrony/chrony.conf")" ""
}

restarts()
{
	local pid asker fd said

	exec {fd}< <(asks)
	asker=$!
	pid=$(main_pid)
	check "systemctl restart" within systemctl restart kntpd
	check "starts another" slowwait 10 is_another "$pid"
	check "which follows" slowwait 20 mirrors
	kill "$asker"
	read -r -t $((5 * KNTP_TIMEOUT_SCALE)) said <&"$fd"
	check_equal "and no client notices" "$said" "0 0"
}

lives()
{
	local pid

	pid=$(main_pid)
	check "systemctl reload" within systemctl reload kntpd
	check "reloads the same process" slowwait 5 eval \
		"[ \"\$(main_pid)\" = $pid ] && is_active kntpd"
	check "it is killed" within kill -9 "$pid"
	check "the module goes on" answers 0 4
	check "and systemd starts another" slowwait 20 is_another "$pid"
	check "which follows" slowwait 20 mirrors
	pid=$(main_pid)
	check "it hangs" within kill -STOP "$pid"
	check "the watchdog notices" slowwait 30 is_another "$pid"
	check "its successor follows" slowwait 20 mirrors
}

ends()
{
	check "chrony is stopped" within systemctl stop chrony
	check "nothing is vouched for" slowwait 15 answers 3 0
	check "chrony is started" within systemctl start chrony
	check "vouched for again" slowwait 60 answers 0 4
	check "kntpd is stopped" within systemctl stop kntpd
	check_equal "its listener goes" "$(within kntp listen show)" ""
	check "an operator adds one" within kntp listen add hook local
	check "the lease runs out" slowwait 30 answers 3 0
}

states() # of the unit: enabled, active
{
	echo "$(within systemctl is-enabled kntpd) $(within systemctl is-active kntpd)"
}

# Last: the module goes as well, which is not installed here.
registers()
{
	check_equal "w32tm /register" "$(within w32tm /register 2>/dev/null)" \
		"W32Time successfully registered."
	check_equal "it runs, and will" "$(states)" "enabled active"
	check_equal "w32tm /unregister" "$(within w32tm /unregister 2>/dev/null)" \
		"W32Time successfully unregistered."
	check_equal "it does not, and will not" "$(states)" "disabled inactive"
	check "and the module is gone" [ ! -e /sys/module/kntp ]
	rm /usr/lib/systemd/system/kntpd.service
	within systemctl daemon-reload
	check_equal "without a unit" "$(within w32tm /register 2>&1)" \
		"The following error occurred: The specified service does not exist as an installed service. (0x80070424)"
}

ktap_begin
need python3 kntp unshare nsenter make
[ -x $systemd ] || skip_all "there is no systemd"
[ -x "$KNTP_PEERS/usr/sbin/chronyd" ] || skip_all "there is no chronyd"
tmp=$(mktemp -d)
defer rm -rf "$tmp"
# shellcheck disable=SC2119 # it has no parameters here
load_kntp || { not_ok "the module loads"; ktap_end; }
check "chrony is installed" install_chrony
check "kntp is installed" install_kntp
check "two servers" servers
boot
check "systemd is up" [ -n "$manager" ] || ktap_end
joins
restarts
lives
ends
why
registers
kill -9 "$manager"
ktap_end
