#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kntpd itself, on this host's loopback and without touching its clock (-x): how
# it starts, reads its configuration again, and ends. KNTPD and KNTP name other
# binaries than those of build/.
#
# shellcheck disable=SC2016,SC2317 # check() evaluates what it is given

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1

build=$(realpath "${KNTP_BUILD:-../../build}" 2>/dev/null) || build=$PWD/../../build
kntpd=${KNTPD:-$build/kntpd}
kntp=${KNTP:-$build/kntp}
scale=${KNTP_TIMEOUT_SCALE:-1}
tmp=$(mktemp -d)
export KNTPD_SOCKET=$tmp/sock
# Nobody answers at these: RFC 5737 addresses are routed nowhere, port 1 is shut.
nobody="127.0.0.1 port 1"

# shellcheck source=../ktap.sh
. ../ktap.sh

daemon=
cleanup()
{
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT

check() # name, command...
{
	local name=$1; shift

	if "$@"; then
		result ok "$name"
	else
		sed 's/^/# /' "$tmp"/log* 2>/dev/null | tail -n 20
		result "not ok" "$name"
	fi
}

await() # seconds, command...
{
	local end=$((SECONDS + $1 * scale)); shift

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

configure() # line...
{
	printf '%s\n' "port 0" "controlsocket $tmp/sock" "pidfile $tmp/pid" \
		"$@" >"$tmp/kntp.conf"
}

start() # argument...
{
	"$kntpd" -x -d "$@" >"$tmp/log" 2>&1 &
	daemon=$!
	await 10 "$kntp" activity
}

stop()
{
	kill "$daemon" && wait "$daemon"
	daemon=
}

# The addresses of all sources, in order.
sources()
{
	"$kntp" -c sources | cut -d, -f3 | sort | tr '\n' ' '
}

sources_are() # address...
{
	[ "$(sources)" = "$* " ]
}

says() # pattern: in the log
{
	grep -q -- "$1" "$tmp/log"
}

test_all_or_nothing()
{
	configure "server 127.0.0.9"
	check "it starts" start -f "$tmp/kntp.conf"
	check "it has its source" await 5 sources_are 127.0.0.9
	# A key file that cannot be read: sources came first, and stayed changed.
	configure "server 127.0.0.8" "keyfile $tmp"
	check "a reload that fails says why" eval \
		'! "$kntp" reload >"$tmp/log.reload" 2>&1 && grep -q keyfile "$tmp/log.reload"'
	check "and has changed nothing" sources_are 127.0.0.9
	configure "server 127.0.0.8" "server 127.0.0.8" "server 127.0.0.7"
	check "a reload with a double source" "$kntp" reload
	check "has the others" sources_are 127.0.0.7 127.0.0.8
	check "and warns" says "127.0.0.8: another source has this address"
}

resident() { awk '/^VmRSS/ { print $2 }' "/proc/$daemon/status"; }

# 20,000 rules are 0.6 MB; each reload lost those of the one before.
test_leak()
{
	local i before after

	configure "server 127.0.0.9"
	awk 'BEGIN { for (i = 0; i < 20000; i++)
		printf "deny 10.%d.%d.0/24\n", i / 256, i % 256 }' >>"$tmp/kntp.conf"
	for ((i = 0; i < 5; i++)); do "$kntp" reload; done
	before=$(resident)
	for ((i = 0; i < 40; i++)); do "$kntp" reload; done
	after=$(resident)
	echo "# resident: $before kB, $after kB after 40 reloads"
	check "reloads do not leak" [ $((after - before)) -lt 8000 ]
}

test_second()
{
	local status=0

	timeout 20 "$kntpd" -x -d -f "$tmp/kntp.conf" >"$tmp/log.second" 2>&1 || status=$?
	check "a second daemon is refused: the socket" [ $status = 1 ]
	check "and says why" grep -q "another kntpd may already be running" "$tmp/log.second"
	sed "s|^controlsocket .*|controlsocket $tmp/sock2|" "$tmp/kntp.conf" >"$tmp/k2.conf"
	status=0
	timeout 20 "$kntpd" -x -d -f "$tmp/k2.conf" >"$tmp/log.second" 2>&1 || status=$?
	check "a second daemon is refused: the pid file" eval \
		"[ $status = 1 ] && grep -q 'pid $daemon' '$tmp/log.second'"
	check "and has left no socket" [ ! -e "$tmp/sock2" ]
	status=0
	timeout 20 "$kntpd" -x -f "$tmp/k2.conf" 2>"$tmp/log.second" || status=$?
	check "in daemon mode the status tells as well" [ $status = 1 ]
	check "the first one is left alone" eval '"$kntp" activity >/dev/null'
}

test_command_line()
{
	check "directives on the command line" start "port 0" \
		"controlsocket $tmp/sock" "pidfile $tmp/pid" "server 127.0.0.6"
	await 5 sources_are 127.0.0.6
	kill -HUP "$daemon"
	check "SIGHUP reads them again" await 5 says "was read again"
	check "and keeps them" sources_are 127.0.0.6
	stop
}

# The daemon leaves its directory, and its file is found all the same.
test_relative()
{
	configure "server 127.0.0.5"
	check "daemon mode: status 0 when it runs" eval \
		'(cd "$tmp" && "$kntpd" -x -f kntp.conf)'
	check "it runs at once" eval '"$kntp" activity >/dev/null'
	daemon=$(cat "$tmp/pid")
	configure "server 127.0.0.4"
	check "a relative -f is read again" "$kntp" reload
	check "which has its source" sources_are 127.0.0.4
	kill "$daemon"
	check "it ends, and takes its pid file" await 10 eval '[ ! -e "$tmp/pid" ]'
	daemon=
}

test_user()
{
	local status=0

	if [ "$(id -u)" != 0 ]; then
		result ok "an unknown user # SKIP not root"
		return
	fi
	configure "user no-such-user" "server 127.0.0.9"
	timeout 20 "$kntpd" -x -d -f "$tmp/kntp.conf" >"$tmp/log" 2>&1 || status=$?
	check "an unknown user ends it" eval "[ $status = 1 ] && says 'no user no-such-user'"
	check "and leaves nothing behind" [ ! -e "$tmp/sock" ]
	configure "server 127.0.0.9"
	start -u root -f "$tmp/kntp.conf"
	# CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_SYS_TIME: bits 10, 12 and 25.
	check "as root it has few capabilities too" [ \
		$((16#$(awk '/^CapEff/ { print $2 }' "/proc/$daemon/status") & ~0x2001400)) = 0 ]
	stop
}

# As chronyd makes its own, for the user that it becomes.
test_directories()
{
	local owner=nobody

	[ "$(id -u)" = 0 ] || owner=$(id -un)
	chmod 755 "$tmp"
	configure "server 127.0.0.9" "logdir $tmp/a/log" "dumpdir $tmp/dump" \
		"driftfile $tmp/drift/drift" "user $owner"
	"$kntpd" -x -d -f "$tmp/kntp.conf" >"$tmp/log" 2>&1 &
	daemon=$!
	check "directories are made" await 10 [ -d "$tmp/drift" ] && await 10 \
		says "127.0.0.9\|runs as\|kntpd begins"
	check "for the user that it runs as" [ "$(stat -c %U "$tmp/a/log" "$tmp/dump" \
		"$tmp/drift" | sort -u)" = "$owner" ]
	check "and can be written to" eval '! says "cannot be written to"'
	stop
}

test_once()
{
	local option status

	for option in -q -Q; do
		status=0
		timeout $((60 * scale)) "$kntpd" $option -x "port 0" "pidfile /" \
			"server $nobody iburst" >"$tmp/log" 2>&1 || status=$?
		check "$option ends when nobody answers" [ $status = 1 ]
		check "$option says why" says "No suitable source for synchronisation"
	done
}

test_options()
{
	printf '# x\nport  0\n\nserver a iburst\n' >"$tmp/kntp.conf"
	check "-p prints the lines" [ "$("$kntpd" -p -f "$tmp/kntp.conf")" = \
		"port 0
server a iburst" ]
	printf 'maxntsretry 3\nserver a minpoll 90\nport x\n' >"$tmp/kntp.conf"
	check "--check prints warnings and the error, each with its place" [ \
		"$("$kntpd" --check -f "$tmp/kntp.conf" 2>&1)" = \
"kntpd: warning: $tmp/kntp.conf:1: maxntsretry: has no effect: NTS is not spoken by kntpd
kntpd: warning: $tmp/kntp.conf:2: server: minpoll: 90 is outside -7 to 24: 24 is used
kntpd: error: $tmp/kntp.conf:3: port: 'x' is not a whole number from 0 to 65535" ]
	printf 'port 0\nserver a\n' >"$tmp/kntp.conf"
	check "chronyd's -r -R -m -U -P" "$kntpd" --check -r -R -m -U -P 5 \
		-f "$tmp/kntp.conf"
}

# A client of this namespace: whether ADDRESS answers, at stratum 5.
ask() # address
{
	[ "$("${inside[@]}" bash -c 'exec 3<>"/dev/udp/$1/123" || exit
		printf "\43$(printf "\\\\0%.0s" {1..47})" >&3
		timeout "$2" head -c 2 <&3 | od -An -tu1' - "$1" $((3 * scale)) \
		2>/dev/null)" = "  36   5" ]
}

# begin_network: "${inside[@]}" COMMAND... runs in a new network namespace, which
# HOLDER keeps until it is killed.
begin_network()
{
	unshare --net sleep 600 &
	holder=$!
	inside=(nsenter --net="/proc/$holder/ns/net")
	await 10 eval '[ "$(readlink "/proc/$holder/ns/net")" != \
		"$(readlink /proc/self/ns/net)" ]'
	"${inside[@]}" ip link set lo up
}

# In a network namespace: port 123 of its own, and links that come and go.
test_network()
{
	local inside=() holder

	if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null ||
	   ! unshare --net ip tuntap add d9 mode tap 2>/dev/null; then
		result ok "bindaddress, binddevice # SKIP no namespace with links"
		return
	fi
	begin_network
	printf '%s\n' "controlsocket $tmp/sock" "pidfile $tmp/pid" "local stratum 5" \
		"allow all" "bindaddress 127.0.0.1" "bindaddress 127.0.0.2" \
		"bindaddress ::1" "acquisitionport 123" "server 127.0.0.2 minpoll 0 noselect" \
		>"$tmp/kntp.conf"
	"${inside[@]}" "$kntpd" -x -d -F 0 -f "$tmp/kntp.conf" >"$tmp/log" 2>&1 &
	daemon=$!
	check "bindaddress: the first" await 30 ask 127.0.0.1
	check "bindaddress: the second" ask 127.0.0.2
	check "bindaddress: of the other family" ask ::1
	check "bindaddress: no other" eval '! ask 127.0.0.3'
	# One server of its own is enough to see requests leave from port 123.
	check "acquisitionport equal to port: requests are answered" await 10 \
		eval '[ "$("$kntp" -c sources | cut -d, -f6)" != 0 ]'
	check "acquisitionport equal to port: no error" eval '! says "cannot send"'
	check "and others are answered" ask 127.0.0.1
	stop
	printf '%s\n' "controlsocket $tmp/sock" "pidfile $tmp/pid" "local stratum 5" \
		"allow all" "binddevice d9" >"$tmp/kntp.conf"
	"${inside[@]}" "$kntpd" -x -d -f "$tmp/kntp.conf" >"$tmp/log" 2>&1 &
	daemon=$!
	await 10 "$kntp" activity
	check "binddevice: which is not there is named" await 5 says \
		"UDP/123 on IPv4, d9 cannot be listened on"
	# Nobody is behind it: the socket is what tells.
	check "binddevice: a link that comes later" eval \
		'"${inside[@]}" ip tuntap add d9 mode tap && await 20 bound'
	"${inside[@]}" ip link del d9
	check "binddevice: a link that is made again" eval \
		'"${inside[@]}" ip tuntap add d9 mode tap && await 30 bound'
	stop
	test_many
	kill "$holder"
}

reached() # number of sources
{
	[ "$("$kntp" -c sources | cut -d, -f6 | grep -cv '^0$')" = "$1" ]
}

# One kntpd that answers at 1,000 addresses, and one that asks them all.
test_many() # inside the namespace of test_network
{
	local i server

	"${inside[@]}" "$kntpd" -x -d -F 0 "local stratum 3" "allow all" \
		"controlsocket $tmp/sock2" "pidfile $tmp/pid2" >"$tmp/log2" 2>&1 &
	server=$!
	configure
	for ((i = 0; i < 1000; i++)); do
		echo "server 127.1.$((i / 250)).$((i % 250 + 1)) iburst"
	done >>"$tmp/kntp.conf"
	KNTPD_SOCKET=$tmp/sock2 await 20 "$kntp" activity
	"${inside[@]}" "$kntpd" -x -d -F 0 -f "$tmp/kntp.conf" >"$tmp/log" 2>&1 &
	daemon=$!
	check "1,000 servers: all are reached" await 60 reached 1000
	echo "# $(awk '{ print ($14 + $15) / 100 }' "/proc/$daemon/stat") s of CPU"
	check "1,000 servers: no request finds no descriptor" eval \
		'! says "cannot send"'
	stop
	kill $server
}

# Whether a socket is bound to the link d9 that is there now.
bound()
{
	"${inside[@]}" ss -Hlun 'sport = 123' | grep -q '%d9:123'
}

# A server at 127.0.0.1 of the namespace, with these lines besides.
serve() # line...
{
	"${inside[@]}" "$kntpd" -x -d "controlsocket $tmp/s.sock" "pidfile $tmp/s.pid" \
		"local stratum 5" "$@" >"$tmp/log.server" 2>&1 &
	server=$!
}

test_allowed_names()
{
	serve "deny all" "allow no-such-host.invalid"
	check "allow NAME: a host that is not known is logged" await 40 grep -q \
		"no-such-host.invalid: a rule of the access list is not in force" \
		"$tmp/log.server"
	check "and nobody is answered" eval '! ask 127.0.0.1'
	kill "$server"; wait "$server"
	serve "deny all" "allow localhost"
	check "allow NAME: a host that is known is answered" await 30 ask 127.0.0.1
}

# A client whose clock is the server's, with a sendmail of its own.
test_first_step()
{
	local parent

	mkdir -p "$tmp/bin"
	printf '#!/bin/sh\n{ echo "$*"; cat; } >>"%s/mail"\n' "$tmp" >"$tmp/bin/sendmail"
	: >"$tmp/mail"
	chmod 666 "$tmp/mail"; chmod 755 "$tmp" "$tmp/bin" "$tmp/bin/sendmail"
	configure "initstepslew 1 127.0.0.1" "server 127.0.0.2 iburst minpoll 2" \
		"mailonchange root@localhost 0"
	PATH=$tmp/bin:$PATH "${inside[@]}" "$kntpd" -x -f "$tmp/kntp.conf" \
		-l "$tmp/log" >"$tmp/log.start" 2>&1 &
	parent=$!
	check "initstepslew: its server is asked before all others" await 10 \
		sources_are 127.0.0.1
	check "initstepslew: who started it waits meanwhile" kill -0 $parent
	check "initstepslew: and then no more" await 40 sources_are 127.0.0.2
	check "initstepslew: who started it is told" wait $parent
	daemon=$(cat "$tmp/pid")
	check "initstepslew: it was answered" eval '! says "No suitable source"'
	check "mailonchange: sendmail has the mail" await 20 grep -q \
		"^To: root@localhost" "$tmp/mail"
	check "mailonchange: its words" eval 'grep -q "^-t" "$tmp/mail" &&
		grep -q "more than the 0.000 seconds" "$tmp/mail"'
	kill "$daemon"
	await 10 eval '! kill -0 $daemon 2>/dev/null'
	daemon=
}

test_no_first_step()
{
	# By -4 its only server is left out.
	configure "initstepslew 1 ::1" "server 127.0.0.2"
	"${inside[@]}" "$kntpd" -x -d -4 -f "$tmp/kntp.conf" >"$tmp/log" 2>&1 &
	daemon=$!
	check "initstepslew: without a server it is given up" await 10 \
		says "No suitable source for initstepslew"
	check "initstepslew: and kntpd goes on" await 10 sources_are 127.0.0.2
	stop
}

test_directives()
{
	local inside=() holder server

	if [ "$(id -u)" != 0 ] || ! unshare --net true 2>/dev/null; then
		result ok "initstepslew, mailonchange, allow NAME # SKIP no namespace"
		return
	fi
	begin_network
	test_allowed_names
	test_first_step
	test_no_first_step
	kill "$server" "$holder"
	wait "$server"
}

echo "KTAP version 1"
test_all_or_nothing
test_leak
test_second
stop
test_command_line
test_relative
test_user
test_directories
test_once
test_options
test_network
test_directives
finish
