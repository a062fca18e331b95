#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command line where there is no module: usage errors, exit status, help,
# and that the manual and the completion say what the table says. KNTP names
# another binary than build/kntp.
#
# shellcheck disable=SC2317 # check() calls what it is given

set -u
top=$(realpath "$(dirname "$0")/../..")
build=${KNTP_BUILD:-$top/build}
kntp=${KNTP:-$build/kntp}
man=$top/user/man/kntp.8
completion=$top/user/completion/kntp.bash
# No daemon of this machine's is to answer.
export KNTPD_SOCKET=/no/such/kntpd.sock

# shellcheck source=../ktap.sh
. "$top/tests/ktap.sh"

# The exit status, and standard error as one exact line.
errs() # status, message, word...
{
	local status=$1 message=$2 said got
	shift 2
	said=$("$kntp" "$@" 2>&1 >/dev/null </dev/null)
	got=$?
	if [ "$got" = "$status" ] && [ "$said" = "$message" ]; then
		result ok "kntp $*"
		return
	fi
	echo "# status $got, not $status"
	echo "# said:   $said"
	echo "# wanted: $message"
	result "not ok" "kntp $*"
}

usage() # message behind "kntp: ", word...
{
	errs 2 "kntp: $1" "${@:2}"
}

# The commands as the program's own help lists them: object, verb or -.
commands()
{
	"$kntp" help | awk '/^  [a-z]/ && !/^  help/ {
		verb = $2 ~ /^[a-z]+$/ ? $2 : "-"
		print $1, verb
	}'
}

# The lower-case words of a command's help that are typed as they stand.
words_of() # object, verb
{
	"$kntp" "$1" "$2" help | sed -n 3p | grep -o '[a-z-][a-z0-9-]\{1,\}' |
		grep -vx -e "$1" -e "$2"
}

grammar()
{
	usage "'foo' is not an object it knows: see kntp help" foo
	usage "'trackng' is not an object it knows: is tracking meant?" trackng
	usage "'sourcse' is not an object it knows: is sources meant?" sourcse -v
	usage "'c' is not an object it knows: see kntp help" c
	usage "'' is not an object it knows: see kntp help" ''
	usage "'$(printf %0200d 0)' is not an object it knows: see kntp help" "$(printf %0200d 0)"
	usage "acl: a verb is missing: one of allow, auth, deny, pass, del, load, check, show, flush" acl
	usage "listen: 'ad' is not a verb of it: they are add, del, show" listen ad
	usage "status: '-j' is one word too many" status -j
	usage "'--js' is not an option it knows: see kntp help" --js status
	usage "'-x' is not an option it knows: see kntp help" -x
	usage "-n: its value is missing" -n
	usage "-n: '../x' is not the name of a network namespace" -n ../x status
	usage "-n: given twice" -n a -n b status
	usage "-j and -c do not go together" -j -c acl show
	usage "-p goes with -j" -p acl show
	usage "status: -c: it has no CSV form" -c status
	errs 1 "kntp: -n: network namespace no-such: No such file or directory" \
		-n no-such status
}

listen_words()
{
	usage "listen add: hook: is missing" listen add
	usage "listen add: hook: its value is missing" listen add hook
	usage "listen add: hook: given twice" listen add hook local hook local
	usage "listen add: hook: 'xdp' is neither local nor ingress" listen add hook xdp
	usage "listen add: dev: is missing: hook ingress is a device's" listen add hook ingress
	usage "listen del: dev: hook local has none" listen del hook local dev lo
	usage "listen add: 'port' is not a word it knows" listen add port 123
	usage "listen show: 'all' is one word too many" listen show all
}

acl_words()
{
	usage "acl allow: a PREFIX is missing, or all" acl allow
	usage "acl allow: '10.0.0.1/8' has host bits set: the prefix is 10.0.0.0/8" acl allow 10.0.0.1/8
	usage "acl deny: '2001:db8::1/32' has host bits set: the prefix is 2001:db8::/32" acl deny 2001:db8::1/32
	usage "acl pass: '10.0.0.0/33': the length after '/' is not a number from 0 to 32" acl pass 10.0.0.0/33
	usage "acl del: '::/129': the length after '/' is not a number from 0 to 128" acl del ::/129
	usage "acl allow: '10.0.0.0/': the length after '/' is not a number from 0 to 32" acl allow 10.0.0.0/
	usage "acl allow: '10.0.0.0/+8': the length after '/' is not a number from 0 to 32" acl allow 10.0.0.0/+8
	usage "acl allow: '10.0.0.0/08': the length after '/' is not a number from 0 to 32" acl allow 10.0.0.0/08
	usage "acl allow: '10.0.0' is not an IPv4 or IPv6 address" acl allow 10.0.0
	usage "acl allow: '10' is not an IPv4 or IPv6 address" acl allow 192.0.2.0/24 10
	usage "acl allow: '' is not an IPv4 or IPv6 address" acl allow ''
	usage "acl allow: 'fe80::1%lo' is not an IPv4 or IPv6 address" acl allow fe80::1%lo
	usage "acl check: an ADDRESS is missing" acl check
	usage "acl check: '10.0.0.0/8' is not an IPv4 or IPv6 address" acl check 10.0.0.0/8
	usage "acl check: '2' is one word too many" acl check 10.0.0.1 2
	usage "acl load: a FILE is missing, or - for standard input" acl load
	usage "acl flush: 'all' is one word too many" acl flush all
	errs 1 "kntp: acl load: /no/such: No such file or directory" acl load /no/such
	errs 1 "kntp: /: Is a directory" acl load /
}

clock() # message, word...
{
	usage "clock set: $1" clock set "${@:2}"
}

clock_words()
{
	local set=(base system stratum 1 refid GPS)
	local not_s="is not seconds: a decimal number, and s, ms, us or ns after it"
	local not_t="is not a time: now, seconds since 1970, or YYYY-MM-DDTHH:MM:SSZ"
	local n

	clock "base: is missing"
	clock "base: 'tai' is not a base: system and map are" base tai stratum 1 refid X
	clock "stratum: is missing" base system refid GPS
	clock "refid: is missing" base system stratum 1
	for n in 17 0 -1 1.0 0x1 '' 18446744073709551617; do
		clock "stratum: '$n' is not a number from 1 to 16" \
			base system refid GPS stratum "$n"
	done
	clock "raw-time: is missing" base map stratum 1 refid X
	clock "rate: is missing" base map stratum 1 refid X raw-time 1 utc-time now
	clock "utc-time: goes with base map only" "${set[@]}" utc-time now
	clock "rate: '1e3' is not a decimal number" base map stratum 1 refid X \
		raw-time 1 utc-time now rate 1e3
	clock "rate: '0.0000000000001' has more decimals than are kept" base map \
		stratum 1 refid X raw-time 1 utc-time now rate 0.0000000000001
	clock "rate: '9223372' is too large" base map stratum 1 refid X \
		raw-time 1 utc-time now rate 9223372
	clock "stratum: given twice" "${set[@]}" stratum 2
	clock "leap: '4' is not a number from 0 to 3" "${set[@]}" leap 4
	clock "steps: '4294967296' is not a number from 0 to 4294967295" \
		"${set[@]}" steps 4294967296
	clock "lease: its value is missing" "${set[@]}" lease
	clock "lease: 'never' $not_s" "${set[@]}" lease never
	clock "root-delay: 'forever' $not_s" "${set[@]}" root-delay forever
	clock "root-delay: '-1' $not_s" "${set[@]}" root-delay -1
	clock "root-delay: '1e3' $not_s" "${set[@]}" root-delay 1e3
	clock "root-delay: '1.2.3' is not a decimal number" "${set[@]}" root-delay 1.2.3
	clock "root-delay: '.' is not a decimal number" "${set[@]}" root-delay .
	clock "root-delay: 'ms' is not a decimal number" "${set[@]}" root-delay ms
	clock "root-dispersion: '0.0000000001' has more decimals than are kept" \
		"${set[@]}" root-dispersion 0.0000000001
	clock "root-dispersion: '1.5ns' has more decimals than are kept" \
		"${set[@]}" root-dispersion 1.5ns
	clock "lease: '18446744074' is too large" "${set[@]}" lease 18446744074
	clock "growth: '15ppm' is not a decimal number" "${set[@]}" growth 15ppm
	clock "growth: '4294968' is too large" "${set[@]}" growth 4294968
	clock "refid: 'GPSXX' is not 1 to 4 characters, an IPv4 address or 0x and digits" \
		base system stratum 1 refid GPSXX
	clock "refid: '0x' is not 0x and 1 to 8 hexadecimal digits" \
		base system stratum 1 refid 0x
	clock "reference-time: 'yesterday' $not_t" "${set[@]}" reference-time yesterday
	clock "reference-time: '2026-02-30T00:00:00Z' $not_t" \
		"${set[@]}" reference-time 2026-02-30T00:00:00Z
	clock "'offset' is not a word it knows" "${set[@]}" offset 1
}

daemon_words()
{
	local not_s="is not seconds: a decimal number, and s, ms, us or ns after it"
	local n

	usage "tracking: 'x' is one word too many" tracking x
	usage "tracking: '-v' is not an option it knows" tracking -v
	usage "sources: '-a' is not an option it knows" sources -a
	usage "sources: '-vn' is not an option it knows" sources -vn
	usage "ntpdata: 'b' is one word too many" ntpdata a b
	usage "burst: GOOD/MAX is missing, such as 4/8" burst
	usage "burst: '4' is not GOOD/MAX, such as 4/8" burst 4
	usage "burst: GOOD: '0' is not a number from 1 to 1000" burst 0/4
	usage "burst: MAX: '3' is not a number from 4 to 1000" burst 4/3
	usage "burst: 'b' is one word too many" burst 4/8 a b
	usage "online: 'b' is one word too many" online a b
	usage "add: server, pool or peer is missing" add
	usage "add: 'refclock' is neither server, pool nor peer" add refclock PPS
	usage "add: server: its NAME is missing" add server
	usage "delete: a NAME is missing, or an ADDRESS" delete
	usage "waitsync: MAX-TRIES: 'x' is not a number from 0 to 4294967295" \
		waitsync x
	usage "waitsync: MAX-CORRECTION: 'x' $not_s" waitsync 1 x
	usage "waitsync: MAX-SKEW: 'x' is not a decimal number" waitsync 1 1 x
	usage "waitsync: INTERVAL: 'x' $not_s" waitsync 1 1 1 x
	usage "waitsync: '5' is one word too many" waitsync 1 1 1 1 5
	for n in makestep burst online offline add delete reload; do
		usage "$n: -c: it has no CSV form" -c "$n"
	done
}

no_daemon()
{
	local n why
	why="kntpd is not running: nobody listens at $KNTPD_SOCKET"
	why+=": start it with: systemctl start kntpd"

	for n in tracking sources sourcestats selectdata ntpdata activity \
		 serverstats makestep online offline reload; do
		errs 4 "kntp: $n: $why" "$n"
	done
	errs 4 "kntp: sources: $why" -j -p sources
	errs 4 "kntp: sources: $why" -c sources -n
	errs 4 "kntp: burst: $why" burst 4/8 10.0.0.0/8
	errs 4 "kntp: add: $why" add server ntp.example iburst
	errs 4 "kntp: delete: $why" delete ntp.example
	errs 4 "kntp: waitsync: $why" waitsync 2 0 0 0.1
}

load() # message behind "kntp: <stdin>:", text
{
	local said got
	said=$(printf '%b' "$2" | "$kntp" acl load - 2>&1)
	got=$?
	[ "$got $said" = "1 kntp: <stdin>:$1" ] || echo "# status $got: $said"
	[ "$got $said" = "1 kntp: <stdin>:$1" ]
}

files()
{
	check "acl load: host bits" load \
		"3: '10.0.0.1/8' has host bits set: the prefix is 10.0.0.0/8" \
		'# all\n\nallow 10.0.0.1/8 # x\nbad\n'
	check "acl load: verdict" load \
		"1: 'permit': is neither allow, auth, deny nor pass" 'permit all\n'
	check "acl load: no prefix" load \
		"2: deny: a PREFIX is missing, or all" 'allow all\n deny\n'
	check "acl load: word too many" load \
		"1: '10.0.0.0/8': is one word too many" 'allow all 10.0.0.0/8'
	check "acl load: NUL" load \
		"1: a NUL byte: this is no text" 'allow all\0\n'
}

# What is right on the command line gets as far as the missing module.
no_module()
{
	local why="the module is not loaded: load it with: modprobe kntp" c v

	if [ -d /sys/module/kntp ]; then
		result ok "without the module # SKIP it is loaded"
		return
	fi
	errs 4 "kntp: status: $why"
	while read -r c v; do
		[ "$v" = show ] || [ "$v" = reset ] || [ "$v" = flush ] || continue
		errs 4 "kntp: $c $v: $why" "$c" "$v"
	done < <(commands)
	errs 4 "kntp: monitor: $why" monitor
	errs 4 "kntp: stats show: $why" -j -p stats show --explain
	errs 4 "kntp: listen add: $why" listen add dev lo hook ingress
	errs 4 "kntp: acl allow: $why" acl allow all 10.0.0.0/8 10.0.0.1 ::1 2001:db8::/32
	errs 4 "kntp: acl check: $why" acl check ::1
	errs 4 "kntp: acl load: $why" acl load -
	errs 4 "kntp: clock set: $why" clock set base system stratum 16
	errs 4 "kntp: clock set: $why" clock set refid 0x47505300 stratum 16 \
		base system leap 3 root-delay 1.5ms root-dispersion 0.000000001 \
		growth 0.001 lease forever reference-time 2026-01-31T23:59:59.5Z steps 0
	errs 4 "kntp: clock set: $why" clock set base map stratum 1 refid X \
		raw-time 1.5 utc-time now rate -12.000000000001
	errs 4 "kntp: clock set: $why" clock set base system stratum 2 \
		refid 192.0.2.1 root-delay 20us lease 1024s reference-time 1
}

help_of_each()
{
	local object verb

	check "kntp help" test -n "$("$kntp" help)"
	check "kntp --help is kntp help" \
		cmp -s <("$kntp" help) <("$kntp" --help)
	while read -r object verb; do
		[ "$verb" != - ] || verb=
		# shellcheck disable=SC2086
		check "kntp $object $verb help" \
			test "$("$kntp" $object $verb help | sed -n 3p |
				grep -c "^  $object${verb:+ $verb}")" = 1
	done < <(commands)
}

manual_has() # text
{
	mandoc -Tascii "$man" | col -b | tr -s ' \n\t' ' ' | grep -qF -- "$1"
}

# What the completion offers after these words.
completes() # word...
{
	bash -c '. "$0"; COMP_WORDS=("$@" ""); COMP_CWORD=$#
		 _kntp; printf "%s\n" "${COMPREPLY[@]}"' \
		"$completion" "$@"
}

in_step()
{
	local object verb word words

	if ! command -v mandoc >/dev/null; then
		result ok "manual and completion # SKIP no mandoc"
		return
	fi
	check "completion of objects" \
		test "$(commands | cut -d' ' -f1 | sort -u)" = \
		"$(completes kntp | grep '^[a-z]' | grep -v help | sort)"
	while read -r object verb; do
		if [ "$verb" = - ]; then
			check "manual: $object" manual_has " $object "
			continue
		fi
		check "manual: $object $verb" manual_has " $object $verb"
		check "completion: $object $verb" \
			grep -qx "$verb" <(completes kntp "$object")
		words=$(completes kntp "$object" "$verb"
			completes kntp "$object" "$verb" hook
			completes kntp "$object" "$verb" base
			completes kntp "$object" "$verb" lease)
		for word in $(words_of "$object" "$verb"); do
			check "manual: $object $verb $word" manual_has "$word"
			check "completion: $object $verb $word" \
				grep -qx -- "$word" <<<"$words"
		done
	done < <(commands)
	check "manual is clean" \
		test -z "$(mandoc -Tlint -W warning "$man" 2>&1)"
}

zsh_offers() # line
{
	PATH=$(dirname "$kntp"):$PATH ./zsh.py "$top/user/completion/kntp.zsh" "$1" |
		sort
}

zsh_completion()
{
	if ! command -v zsh >/dev/null; then
		result ok "completion for zsh # SKIP no zsh"
		return
	fi
	check "zsh: objects" test "$(commands | cut -d' ' -f1 | sort -u)" = \
		"$(zsh_offers kntp | grep '^[a-z]' | grep -v help)"
	check "zsh: verbs" test "$(commands | awk '$1 == "acl" { print $2 }' | sort)" = \
		"$(zsh_offers "kntp -j acl")"
	check "zsh: words" test "$(words_of client show | sort -u)" = \
		"$(zsh_offers "kntp client show")"
}

# Each configuration of the guide is one.
guide()
{
	local file

	rm -rf "$build/guide" && mkdir -p "$build/guide"
	awk -v dir="$build/guide" '
		/^\.nf/ { n++; on = 1; next }
		/^\.fi/ { on = 0 }
		on { gsub(/\\-/, "-"); print > (dir "/" n) }' \
		"$top/user/man/kntp-guide.7"
	check "guide: configurations" \
		test "$(grep -l '^listen hook' "$build"/guide/* | wc -l)" = 3
	for file in "$build"/guide/*; do
		grep -q '^listen hook' "$file" || continue
		check "guide: configuration $(basename "$file") is right" \
			"$(dirname "$kntp")/kntpd" --check -f "$file"
	done
	check "guide: the manual is clean" test -z "$(mandoc -Tlint -W warning \
		"$top"/user/man/*.[1-8] 2>&1)"
}

# Windows's command; what needs kntpd is among the interoperation tests.
# `kntp report` must refuse an option or a verb before it writes a page so named.
makes_no_file()
{
	local dir status=0

	dir=$(mktemp -d)
	(
		cd "$dir" || exit 1
		! "$kntp" report --help 2>/dev/null &&
			! "$kntp" report bogus 2>/dev/null && [ -z "$(ls)" ]
	) || status=1
	rm -rf "$dir"
	return "$status"
}

windows()
{
	local tz="Bias:-60min Date:(M:3 D:5 DoW:0)" link

	check "w32tm /ntte: beyond what 64 bits of ns hold" test \
		"$(TZ=UTC "$kntp" w32tm /ntte 0)" = \
		"0 00:00:00.0000000 - 1/1/1601 12:00:00 AM (local time)"
	check "report: an option or a verb makes no file" makes_no_file
	check "w32tm /ntte" test "$(TZ=UTC "$kntp" w32tm /ntte 129348306000000000
		)" = "149708 16:30:00.0000000 - 11/21/2010 4:30:00 PM (local time)"
	check "w32tm /ntpte, in hexadecimal, after a colon" \
		test "$(TZ=Europe/Berlin "$kntp" w32tm -NTPTE:0xbc17c20080000000
		)" = "36524 00:00:00.5000000 - 1/1/2000 1:00:00 AM (local time)"
	check "w32tm /tz: winter" \
		grep -qxF '  [Standard Name:"CET" Bias:0min Date:(M:10 D:5 DoW:0)]' \
		<(TZ=Europe/Berlin "$kntp" w32tm /tz)
	check "w32tm /tz: summer" grep -qxF "  [Daylight Name:\"CEST\" $tz]" \
		<(TZ=Europe/Berlin "$kntp" w32tm /tz)
	check "w32tm /tz: neither" grep -qxF \
		"Time zone: Current:TIME_ZONE_ID_UNKNOWN Bias: -330min (UTC=LocalTime+Bias)" \
		<(TZ=Asia/Kolkata "$kntp" w32tm /tz)
	usage "w32tm: /ntte: a number is missing" w32tm /ntte
	usage "w32tm: /ntte: 'x' is not a time" w32tm /ntte x
	usage "w32tm: /bogus: is not a command of it: see w32tm /?" w32tm /bogus
	usage "w32tm: /query: one of /source, /status, /peers and /configuration is wanted" \
		w32tm /query
	usage "w32tm: /query: one of /source, /status, /peers and /configuration is wanted" \
		w32tm /query /status /peers
	usage "w32tm: /x: is not a switch of this command" w32tm /query /status /x
	usage "w32tm: /stripchart: /computer:NAME is wanted" w32tm /stripchart
	usage "w32tm: /samples: a number from 1 to 1000000 is wanted" \
		w32tm /stripchart /computer:127.0.0.1 /samples:0
	usage "w32tm: 'query' is not a switch" w32tm query
	link=$(mktemp -d)
	ln -s "$(realpath "$kntp")" "$link/w32tm"
	check "w32tm by its own name" grep -q '/query' <("$link/w32tm" '/?')
	rm -r "$link"
}

output()
{
	local version
	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$top/dkms.conf")
	check "version is that of dkms.conf" \
		test "$("$kntp" -V) $("$kntp" --version)" = "kntp $version kntp $version"
	check "a full disk is an error" test "$("$kntp" help 2>&1 >/dev/full
		)" = "kntp: standard output: No space left on device"
	exec 3> >(exec true)
	wait $!
	check "a broken pipe is an error" test "$("$kntp" help 2>&1 >&3
		)" = "kntp: standard output: Broken pipe"
	exec 3>&-
}

echo "KTAP version 1"
if ! [ -x "$kntp" ] && ! make -s -C "$top/user" O="$build" >&2; then
	result "not ok" "kntp builds"
	finish
fi
grammar
listen_words
acl_words
clock_words
files
daemon_words
no_module
no_daemon
help_of_each
in_step
guide
zsh_completion
windows
output
finish
