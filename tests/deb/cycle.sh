#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cycle.sh RELEASE, in the guest of that release's kernel: a fresh Debian of it,
# by systemd. Both packages are installed, serve, are upgraded while a client asks
# as fast as this guest can bear, and are purged.

set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib.sh"
. "$here/container.sh"

debs=$KNTP_TOP/build/deb/$1
next=9.0
load=$KNTP_TOP/build/deb/load
server=10.79.2.254

# What keeps time upstream, and who asks, each in a namespace of its own.
network()
{
	local ns

	for ns in up client; do
		ip netns add "$ns" && ip -n "$ns" link set lo up &&
		ip link add "to-$ns" type veth peer name eth0 netns "$ns" &&
		ip link set "to-$ns" up && ip -n "$ns" link set eth0 up || return
	done
	ip addr add 10.79.1.254/24 dev to-up &&
	ip addr add "$server/24" dev to-client &&
	ip -n up addr add 10.79.1.1/24 dev eth0 &&
	ip -n client addr add 10.79.2.1/24 dev eth0 || return
	ip netns exec up "$KNTP_PEERS/usr/sbin/chronyd" -d -x -U -u root \
		"local stratum 3" "allow" "cmdport 0" "bindcmdaddress /" \
		"pidfile $tmp/up.pid" >"$tmp/up.log" 2>&1 &
	defer kill $!
}

files()
{
	(cd "$root" && find etc usr var -xdev \
		\( -path 'usr/src/linux-*' -o -path 'usr/lib/modules/*/kernel' \
		   -o -path var/log/journal -o -path var/tmp -o -path var/cache \) \
		-prune -o -print) | sort
}

installs() # file...
{
	local status=0 archives=$root/usr/share/kntp-dkms

	cp "$@" "$root/opt/" || return
	# An emulated CPU compiles for ten minutes what DKMS can take from there.
	if [ -z "${KNTP_LONG:-}" ]; then
		mkdir -p "$archives"
		cp "$(dirname "$1")/signed"/kntp-*.dkms.tar.gz "$archives" || return
	fi
	DEBIAN_FRONTEND=noninteractive within dpkg -i "${@/#*\//\/opt\/}" \
		>"$tmp/dpkg" 2>&1 || status=$?
	rm -rf "$root"/opt/*.deb "$archives"
	[ "$status" = 0 ] || cat "$tmp/dpkg"
	return "$status"
}

configure()
{
	sed -i 's/^pool /#&/' "$root/etc/kntp/kntp.conf" &&
	printf '%s\n' "server 10.79.1.1 iburst minpoll 2 maxpoll 2" \
		"listen hook ingress dev to-client" "allow all" \
		>"$root/etc/kntp/conf.d/site.conf" &&
	within systemctl restart kntpd
}

ask() # rate, seconds
{
	ip netns exec client "$load" $server "$@"
}

of() # JSON of load, expression on d
{
	python3 -c 'import json, sys
d = json.loads(sys.argv[1])
print(eval("(" + sys.argv[2] + ")"))' "$1" "$2"
}

serves()
{
	[ "$(of "$(ask 100 0.2)" 'd["answered"] > 9 and not d["bad"]')" = True ]
}

# An emulated CPU does not always run, and its client then asks for nothing.
bears() # rate
{
	local said

	said=$(ask "$1" 2)
	note "$1 requests a second: $said"
	[ "$(of "$said" "d['sent'] == d['answered'] and not d['bad'] and
		d['starved'] < 0.3 * d['seconds']")" = True ]
}

# The highest rate without loss, within a fifth.
highest_rate()
{
	local low=0 high=1000 mid

	while bears $high; do
		low=$high high=$((high * 2))
	done
	while [ $((high - low)) -gt $((high / 5)) ]; do
		mid=$(((low + high) / 2))
		if bears $mid; then low=$mid; else high=$mid; fi
	done
	rate=$low
}

# When the module went, and when there was one again. A program to wait by would
# itself be much to do for an emulated CPU.
watch_module()
{
	local fd

	mkfifo "$tmp/never" && exec {fd}<>"$tmp/never"
	while [ -e /sys/module/kntp ]; do read -r -t 0.02 -u $fd; done
	echo "$EPOCHREALTIME"
	until [ -e /sys/module/kntp ]; do read -r -t 0.02 -u $fd; done
	echo "$EPOCHREALTIME"
}

# What the client has lost, in all and beside the stretch from GONE to BACK.
judge() # name, gone, back
{
	local said

	said=$(cat "$tmp/load")
	note "$rate requests a second: $said"
	note "$1: lost $(of "$said" 'sum(l["n"] for l in d["lost"])') of $(of "$said" \
		'd["sent"]'), answers of no use $(of "$said" 'd["bad"]')"
	check_equal "$1: no bad answer" "$(of "$said" 'd["bad"] + d["strange"]')" 0
	check_equal "$1: nothing is lost but while the module was swapped" \
		"$(of "$said" "[l for l in d['lost'] if l['from'] < $2 - 1 or
			l['from'] + l['seconds'] > $3 + 2 * $KNTP_TIMEOUT_SCALE]")" "[]"
}

upgrade_module()
{
	local loader gone back

	watch_module >"$tmp/swap" &
	ask "$rate" >"$tmp/load" &
	loader=$!
	check "the module is upgraded" installs "$debs/$next"/kntp-dkms_*.deb
	check_equal "it is the new one" "$(cat /sys/module/kntp/version)" $next ||
		note "$(cat "$tmp/dpkg")"
	check "it answers" slowwait 20 counts
	pkill -TERM -x load
	wait $loader || not_ok "the client comes to its end"
	{ read -r gone; read -r back; } <"$tmp/swap"
	note "no module for $(python3 -c "print($back - $gone)") s"
	judge "upgrade of the module" "$gone" "$back"
}

upgrade_daemon()
{
	local loader

	ask "$rate" >"$tmp/load" &
	loader=$!
	check "the daemon is upgraded" installs "$debs/$next"/kntp_*.deb
	check "it is the new one" slowwait 10 eval \
		"[ \"\$(within kntp -V | grep -o '[0-9][0-9.]*' | head -n 1)\" = $next ] &&
		 within systemctl is-active kntpd"
	pkill -TERM -x load
	wait $loader || not_ok "the client comes to its end"
	judge "upgrade of the daemon" 0 0
}

counts()
{
	[ "$(of "$(within kntp -j stats show)" \
		'sum(h["answered"] for h in d["hooks"] if h["hook"] == "ingress") > 9')" = True ]
}

# The module is built once more for that.
registers()
{
	check_equal "w32tm /unregister" "$(within w32tm /unregister 2>/dev/null)" \
		"W32Time successfully unregistered."
	check "w32tm /unregister: DKMS has no module any more" eval \
		'! within modinfo kntp && [ ! -e /sys/module/kntp ]'
	check_equal "w32tm /register" "$(within w32tm /register 2>/dev/null)" \
		"W32Time successfully registered."
	check "w32tm /register: it serves again" slowwait 30 serves
	check "w32tm /register: the module does" slowwait 20 counts
}

purge()
{
	check "purge" within dpkg --purge kntp kntp-dkms
	check "purge: the module is gone" [ ! -e /sys/module/kntp ]
	check_equal "purge: nor is it kept" \
		"$(find "$root/lib/modules/$(uname -r)/" -name 'kntp*')" ""
	# The key pair is DKMS's own, the lists are dpkg's.
	check_equal "purge: nothing is left" "$(diff <(echo "$before") <(files) |
		grep '^[<>]' | grep -v -e ' var/lib/dkms/mok\.' -e 'var/lib/dpkg/' \
			-e ' var/lib/systemd/' -e ' var/log/')" ""
	check_equal "purge: no user either" \
		"$(grep -h ^kntp: "$root"/etc/{passwd,group})" ""
}

ktap_begin
tmp=$(mktemp -d)
defer rm -rf "$tmp"
check "the network" network
boot
check "a fresh Debian is up: $1" [ -n "$manager" ] || ktap_end
before=$(files)
check "install: both packages" installs "$debs"/kntp{,-dkms}_*.deb || ktap_end
check "install: its configuration is right" configure
check "install: it serves" slowwait 30 serves
check "install: the module does" slowwait 10 counts
note "$(within timedatectl 2>&1)"
check "timedatectl: the clock is synchronised" slowwait 20 eval \
	'within timedatectl | grep -q "System clock synchronized: yes"'
check "timedatectl: by a service that is active" eval \
	'within timedatectl | grep -q "NTP service: active"'
note "signed by: $(within modinfo -F signer kntp)"
highest_rate
check "it bears some rate" [ "$rate" -gt 0 ]
upgrade_module
upgrade_daemon
[ -z "${KNTP_LONG:-}" ] || registers
purge
ktap_end
