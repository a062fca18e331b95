#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The daemon's reports and its control socket by each compiler under its
# sanitizers, and what the command line makes of the answers: chronyc's columns,
# its CSV, and JSON.
# KNTP names another binary than build/kntp; KNTP_SEED=N repeats what was random.
#
# shellcheck disable=SC2317 # check() calls what it is given

set -u
cd "$(dirname "$0")" || exit 1

user=../../user
build=$(realpath "${KNTP_BUILD:-../../build}" 2>/dev/null) || build=$PWD/../../build
kntp=${KNTP:-$build/kntp}
out=$build/tests/unit/control
sanitizers=(-fsanitize=address -fsanitize=undefined
	    -fno-sanitize-recover=undefined)
flags=(-std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wshadow -Werror
       -fno-omit-frame-pointer "${sanitizers[@]}"
       -I../../include/uapi -I../../kmod "-I$user/lib")
export KNTP_SEED=${KNTP_SEED:-$(date +%s)} TZ=Asia/Tokyo
tmp=$(mktemp -d)
export KNTPD_SOCKET=$tmp/sock

# shellcheck source=../ktap.sh
. ../ktap.sh

server=
cleanup()
{
	[ -z "$server" ] || kill "$server" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT

usable() # compiler
{
	command -v "$1" >/dev/null || return 1
	echo 'int main(void) { return 0; }' |
		"$1" "${sanitizers[@]}" -x c -o "$out/$1/usable" - \
		     2>/dev/null && "$out/$1/usable"
}

# What a program is linked with, besides the file of its own name.
sources() # program
{
	case $1 in
	control) echo "$user"/daemon/{control,answer,answer_json}.c \
		      "$user"/lib/{kntpd,names,units}.c -ljson-c -lmnl -lm ;;
	report)	 echo "$user"/daemon/{report,smooth,log}.c "$user"/lib/{addr,units}.c -lm ;;
	esac
}

run_one() # compiler, program
{
	local exe=$out/$1/$2 log=$out/$1/$2.log status=0
	local -a with

	read -ra with <<<"$(sources "$2")"
	if ! "$1" "${flags[@]}" -o "$exe" "$2.c" "${with[@]}" >"$log" 2>&1; then
		sed 's/^/# /' "$log"
		result "not ok" "$1 $2: builds"
		return
	fi
	"$exe" >"$log" 2>&1 || status=$?
	merge "$1 $2" <"$log"
	if [ $status -gt 1 ] || ! grep -q '^\(not \)\?ok' "$log" ||
	   grep -q 'Sanitizer\|runtime error' "$log"; then
		result "not ok" "$1 $2: runs to its end (status $status)"
	fi
	[ "$2" != control ] || program=$exe
}

is() # name, wanted, got
{
	if [ "$2" = "$3" ]; then
		result ok "$1"
		return
	fi
	printf 'wanted: %s\ngot: %s\n' "$2" "$3" | sed 's/^/# /'
	result "not ok" "$1"
}

# What a command prints is standard input; blanks at the ends of lines aside.
prints() # word...
{
	is "kntp $*" "$(cat)" "$("$kntp" "$@" 2>&1 | sed 's/ *$//')"
}

# Exit status and both outputs of a command, as "STATUS OUTPUT".
said() # word...
{
	local out status
	out=$("$kntp" "$@" 2>&1)
	status=$?
	echo "$status${out:+ $out}"
}

tracking()
{
	prints tracking <<-'END'
	Reference ID    : CB00710F (ntp1.example.net)
	Stratum         : 3
	Ref time (UTC)  : Fri Jan 27 09:49:17 2017
	System time     : 0.000006523 seconds slow of NTP time
	Last offset     : -0.000006747 seconds
	RMS offset      : 0.000035822 seconds
	Frequency       : 3.225 ppm slow
	Residual freq   : -0.000 ppm
	Skew            : 0.129 ppm
	Root delay      : 0.013639022 seconds
	Root dispersion : 0.001100737 seconds
	Update interval : 64.2 seconds
	Leap status     : Normal
	END
	prints -c tracking -n <<-'END'
	CB00710F,203.0.113.15,3,1485510557.123456789,0.000006523,-0.000006747,0.000035822,-3.225,-0.000,0.129,0.013639022,0.001100737,64.2,Normal
	END
	prints -j tracking <<-'END'
	{"synchronised":true,"refid_hex":"0xcb00710f","name":"ntp1.example.net","address":"203.0.113.15","stratum":3,"leap":"none","leap_indicator":0,"reference_time_ns":1485510557123456789,"correction_ns":6523,"last_offset_ns":-6747,"rms_offset_ns":35822,"frequency_ppb":-3225.000000,"residual_frequency_ppb":-0.400000,"skew_ppb":129.000000,"root_delay_ns":13639022,"root_dispersion_ns":1100737,"update_interval_ns":64200000000}
	END
}

tables()
{
	prints sources <<-'END'
	MS Name/IP address         Stratum Poll Reach LastRx Last sample
	===============================================================================
	#* GPS0                          0   4   377    11   -479ns[ -621ns] +/-  134ns
	^? ntp1.example.net              2   6   376   21m   -923us[ -924us] +/-   43ms
	=+ 198.51.100.7                  1  -2     1     -     +0ns[   +0ns] +/-    0ns
	END
	prints -c sources <<-'END'
	#,*,GPS0,0,4,377,11,-0.000000479,-0.000000621,0.000000134
	^,?,ntp1.example.net,2,6,376,1300,-0.000923000,-0.000924000,0.043000000
	=,+,198.51.100.7,1,-2,1,4294967295,0.000000000,0.000000000,0.000000000
	END
	is "kntp sources -v: what is wrong" "   no carrier" \
	   "$("$kntp" sources -v | grep -A1 '^#\*' | tail -n 1)"
	prints sourcestats -n <<-'END'
	Name/IP Address            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev
	==============================================================================
	203.0.113.15               11   5   46m     -0.001      0.045  +1000ns    25us
	END
	prints -c sourcestats <<-'END'
	ntp1.example.net,11,5,2760,-0.001,0.045,0.000001000,0.000025000
	END
	prints selectdata <<-'END'
	S Name/IP Address        Auth COpts EOpts Last Score     Interval  Leap
	=======================================================================
	D ntp1.example.net          Y --TR- --TR-    4   1.0   -61ms   +62ms  N
	END
	prints -c selectdata <<-'END'
	D,ntp1.example.net,Y,-,-,T,R,-,-,-,T,R,-,4,1.0,-0.061000000,0.062000000,Normal
	END
}

ntpdata()
{
	prints ntpdata ntp1.example.net <<-'END'
	Remote address  : 203.0.113.15 (CB00710F)
	Remote port     : 123
	Local address   : 203.0.113.74 (CB00714A)
	Leap status     : Normal
	Version         : 4
	Mode            : Server
	Stratum         : 1
	Poll interval   : 10 (1024 seconds)
	Precision       : -24 (0.000000060 seconds)
	Root delay      : 0.000015 seconds
	Root dispersion : 0.000015 seconds
	Reference ID    : 47505300 (GPS)
	Reference time  : Fri Nov 25 15:22:12 2016
	Offset          : -0.000060878 seconds
	Peer delay      : 0.000175634 seconds
	Peer dispersion : 0.000000681 seconds
	Response time   : 0.000053050 seconds
	Jitter asymmetry: +0.00
	NTP tests       : 111 111 1110
	Interleaved     : No
	Authenticated   : No
	TX timestamping : Kernel
	RX timestamping : Hardware
	Total TX        : 24
	Total RX        : 23
	Total valid RX  : 22
	Total good RX   : 21
	Total kernel TX : 20
	Total kernel RX : 19
	Total HW TX     : 18
	Total HW RX     : 17
	END
	prints -c ntpdata <<-'END'
	203.0.113.15,CB00710F,123,203.0.113.74,CB00714A,Normal,4,Server,1,10,1024,-24,0.000000060,0.000015,0.000015,47505300,GPS,1480087332.500000000,-0.000060878,0.000175634,0.000000681,0.000053050,0.00,111,111,1110,No,No,Kernel,Hardware,24,23,22,21,20,19,18,17
	127.0.0.2,7F000002,11125,[UNSPEC],00000000,Normal,0,Invalid,0,0,1,0,1.000000000,0.000000,0.000000,00000000,,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.00,000,000,0000,No,No,Invalid,Invalid,3,0,0,0,3,0,0,0
	END
	is "kntp ntpdata of one that is not there" \
		"1 kntp: ntpdata: 'ntp2' is not a server or peer it has" \
		"$(said ntpdata ntp2)"
}

counts()
{
	prints activity <<-'END'
	8 sources online
	1 sources offline
	2 sources doing burst (return to online)
	3 sources doing burst (return to offline)
	4 sources with unknown address
	END
	prints -c activity <<<"8,1,2,3,4"
	prints -c serverstats <<<"1598,8,0,0,1,0,0,189,43,44,120,2,1537,1590,43,5,6,77,9"
	is "kntp serverstats" "NTP timestamp span         : 120" \
		"$("$kntp" serverstats | grep span)"
	prints smoothing <<-'END'
	Active         : Yes (leap second only)
	Offset         : +1.000268817 seconds
	Frequency      : -0.142859 ppm
	Wander         : -0.010000 ppm per second
	Last update    : 17.8 seconds ago
	Remaining time : 19988.4 seconds
	END
	prints -c smoothing \
		<<<"Yes,Yes,1.000268817,-0.142859,-0.010000,17.8,19988.4"
	prints waitsync 1 0.1 0.13 <<-'END'
	try: 1, refid: CB00710F, correction: 0.000006523, skew: 0.129
	END
	is "kntp waitsync: too large a correction" \
		"1 1,CB00710F,0.000006523,0.129
2,CB00710F,0.000006523,0.129
kntp: waitsync: not synchronised after 2 tries" \
		"$("$kntp" -c waitsync 2 6522ns 0 0.1 >"$tmp/out" 2>"$tmp/err"
		   echo "$? $(cat "$tmp/out" "$tmp/err")")"
	is "kntp waitsync: too large a skew" 1 \
		"$("$kntp" waitsync 1 0 0.128 >/dev/null 2>&1; echo $?)"
}

status()
{
	if [ -d /sys/module/kntp ]; then
		result ok "kntp status # SKIP the module is loaded"
		return
	fi
	prints status <<-'END'
	module                   not loaded
	kntpd                    follows ntp1.example.net, stratum 3
	answered by              kntpd itself, without the module
	END
	prints -j status <<-'END'
	{"module_version":null,"kntpd":{"running":true,"follow":"sources","synchronised":true,"source":"ntp1.example.net","stratum":3,"controls_clock":true,"module":false,"answers":true}}
	END
}

asked() # wanted
{
	local try

	for ((try = 0; try < 50; try++)); do
		[ "$(tail -n 1 "$tmp/asked")" != "$1" ] || return 0
		sleep 0.1
	done
	return 1
}

acts() # wanted, word...
{
	is "kntp ${*:2}" 0 "$(said "${@:2}")"
	check "kntp ${*:2}: $1" asked "$1"
}

actions()
{
	acts makestep makestep
	acts "burst 4/8 all" burst 4/8
	acts "burst 1/2 10.0.0.0/8" burst 1/2 10.0.0.0/8
	acts "online all" online
	acts "offline ntp1" offline ntp1
	acts "add pool ntp.example iburst maxsources 3" \
		add pool ntp.example iburst maxsources 3
	acts "delete ntp1" delete ntp1
	acts reload reload
	is "kntp add: a second line" \
		"1 kntp: add: the line holds a control character" \
		"$(said add server $'a\nallow all')"
}

# Where the repository is, another user may not be let in.
unprivileged()
{
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

	[ "$(id -u)" = 0 ] || return
	cp "$kntp" "$tmp/kntp"
	chmod 755 "$tmp" "$tmp/kntp"
	is "unprivileged: reading" 0 \
		"$("${nobody[@]}" "$tmp/kntp" sources >/dev/null 2>&1; echo $?)"
	is "unprivileged: changing" \
		"3 kntp: makestep: only root and members of the group kntp may" \
		"$(e=$("${nobody[@]}" "$tmp/kntp" makestep 2>&1); echo "$? $e")"
	if [ -z "$group" ]; then
		result ok "members of the group # SKIP there is none, nor can be"
		return
	fi
	is "members of the group" 0 "$(setpriv --reuid 65534 --regid 65534 \
		--groups "65533,$group" "$tmp/kntp" makestep; echo $?)"
	is "whose own group it is" 0 "$(setpriv --reuid 65534 \
		--regid "$group" --clear-groups "$tmp/kntp" makestep; echo $?)"
}

# What is no answer: kntp says so, and does not wait for ever.
no_answer()
{
	local what

	if ! command -v python3 >/dev/null; then
		result ok "false daemons # SKIP no python3"
		return
	fi
	for what in 'not JSON=nonsense\n' 'hung up={"ok"' 'not JSON=[1]\n' \
		    'has no sources={"ok":true}\n' 'hung up='; do
		rm -f "$tmp/false"
		python3 - "$tmp/false" "${what#*=}" <<-'END' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		c = s.accept()[0]
		c.recv(4096)
		c.send(sys.argv[2].replace('\\n', '\n').encode())
		END
		while ! [ -S "$tmp/false" ]; do sleep 0.05; done
		sleep 0.2
		check "no answer: ${what%%=*}" grep -q "${what%%=*}" \
			<<<"$(KNTPD_SOCKET=$tmp/false said sources)"
		wait $!
	done
}

# A machine without the group gets one that only the server sees.
serve()
{
	local try
	local -a seeing=()

	group=$(getent group kntp | cut -d: -f3)
	if [ -z "$group" ] && [ "$(id -u)" = 0 ] && unshare -m true; then
		group=64123
		{ cat /etc/group; echo "kntp:x:$group:"; } >"$tmp/group"
		# shellcheck disable=SC2016 # for that shell
		seeing=(unshare -m sh -c 'mount --bind "$0" /etc/group &&
			exec "$@"' "$tmp/group")
	fi
	${seeing[0]:+"${seeing[@]}"} "$program" serve "$KNTPD_SOCKET" \
		>"$tmp/asked" &
	server=$!
	for ((try = 0; try < 50; try++)); do
		[ ! -S "$KNTPD_SOCKET" ] || break
		sleep 0.1
	done
}

echo "KTAP version 1"
program=
for cc in ${CC:-gcc clang}; do
	mkdir -p "$out/$cc"
	if ! usable "$cc"; then
		result ok "$cc # SKIP $cc or its sanitizers are not installed"
		continue
	fi
	run_one "$cc" report
	run_one "$cc" control
done
if ! [ -x "$kntp" ] && ! make -s -C $user O="$build" >&2; then
	result "not ok" "kntp builds"
	finish
fi
[ -n "$program" ] || finish
serve
tracking
tables
ntpdata
counts
status
actions
unprivileged
no_answer
finish
