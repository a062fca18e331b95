#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every verb of the command line against the module, but acl: cli_acl.sh has
# those. For the guest:
# tests/vm/run -- tests/net/cli.sh
#
# shellcheck disable=SC2317,SC1091,SC2154 # check() calls; cli_lib.sh has

set -u
here=$(dirname "$(realpath "$0")")
. "$here/cli_lib.sh"

# What goes on between two looks.
without_time()
{
	sed 's/_ns":-\{0,1\}[0-9]*/_ns":T/g; s/[0-9]\{9,\}/T/g'
}

fresh()
{
	local words

	is "fresh: state" unset "$(json 'd["state"]' clock show)"
	is "fresh: status" \
		"0.$(modinfo -F version "${KNTP_KO:-kntp}" | cut -d. -f2-) False [] 0 ['local', 'ingress']" \
		"$(json '"%s %s %s %s %s" % (d["module_version"], d["clock"]["synchronised"], d["listeners"], d["acl_prefixes"], [h["hook"] for h in d["hooks"]])' status)"
	is "fresh: nobody is answered" deny \
		"$(json 'd["verdict"]' acl check 127.0.0.1)"
	is "kntp alone is status" "$(kntp status)" "$(kntp)"
	is "fresh: no listener" "" "$(kntp listen show)"
	is "fresh: no prefix" "" "$(kntp acl show)"
	for words in status "listen show" "acl show" "clock show" "stats show" \
		     "stats show --explain" "acl check ::1" "client show" \
		     "limit show" "key show" "phc show"; do
		# shellcheck disable=SC2086
		check "fresh: JSON of $words" python3 -m json.tool \
			<(kntp -j $words) /dev/null
		# shellcheck disable=SC2086
		is "JSON is the same indented: $words" \
			"$(kntp -j $words | without_time)" \
			"$(kntp -j -p $words | python3 -c 'import json, sys
print(json.dumps(json.load(sys.stdin), separators=(",", ":"), ensure_ascii=False))' | without_time)"
	done
}

listeners()
{
	local words

	is "listen add local" 0 "$(said listen add hook local)"
	is "listen add ingress" 0 "$(said listen add hook ingress dev kntpcli0)"
	is "listen show" "hook local
hook ingress dev kntpcli0" "$(kntp listen show)"
	is "listen show: JSON" "[('local', None), ('ingress', 'kntpcli0')]" \
		"$(json '[(l["hook"], l.get("dev")) for l in d["listeners"]]' listen show)"
	is "listen show: CSV" "local,
ingress,kntpcli0" "$(kntp -c listen show)"
	is "listen add again: refused" \
		"1 kntp: listen add: the local hook is listened to already" \
		"$(said listen add hook local)"
	is "listen add ingress again: refused" \
		"1 kntp: listen add: the device is listened to already" \
		"$(said listen add hook ingress dev kntpcli0)"
	is "listen add: no such device" \
		"1 kntp: listen add: dev: kntpnone: No such device" \
		"$(said listen add hook ingress dev kntpnone)"
	check "listen add: not Ethernet" grep -qx \
		"1 kntp: listen add: .*not .*Ethernet.*" \
		<<<"$(said listen add hook ingress dev lo)"
	kntp listen show >"$tmp/listeners"
	while read -r words; do
		# shellcheck disable=SC2086
		is "listen del $words" 0 "$(said listen del $words)"
	done <"$tmp/listeners"
	is "listen show: none is left" "" "$(kntp listen show)"
	is "listen del again: refused" \
		"1 kntp: listen del: the local hook is not listened to" \
		"$(said listen del hook local)"
	is "listen del ingress again: refused" \
		"1 kntp: listen del: the device is not listened to" \
		"$(said listen del hook ingress dev kntpcli0)"
	while read -r words; do
		# shellcheck disable=SC2086
		is "listen add reads: $words" 0 "$(said listen add $words)"
	done <"$tmp/listeners"
	is "listen show: the same" "$(cat "$tmp/listeners")" "$(kntp listen show)"
}

clock()
{
	is "clock set: all words" 0 "$(said clock set base system stratum 2 \
		refid 192.0.2.1 leap 1 root-delay 1.5ms root-dispersion 0.000000001 \
		growth 0.001 lease 3600 reference-time 2026-01-31T23:59:59.5Z steps \
		"$(json 'd["steps"]' clock show)")"
	is "clock show: all words" \
		"sync True system 2 192.0.2.1 0xc0000201 insert 1 1500000 1 1 3600000000000 1769903999500000000" \
		"$(json '" ".join(str(d[k]) for k in ("state", "synchronised", "base", "stratum", "refid_text", "refid_hex", "leap", "leap_indicator", "root_delay_ns", "root_dispersion_published_ns", "growth_ppb", "lease_ns", "reference_time_ns"))' clock show)"
	is "clock show: lease left" True \
		"$(json '3500e9 < d["lease_left_ns"] <= 3600e9' clock show)"
	is "clock show: time" True \
		"$(json 'abs(d["time_ns"] / 1e9 - __import__("time").time()) < 30' clock show)"
	is "clock set: defaults" 0 "$(said clock set base system stratum 1 refid GPS)"
	is "clock show: defaults" \
		"sync 1 GPS 0x47505300 none 0 0 15000 1024000000000 False" \
		"$(json '" ".join(str(d[k]) for k in ("state", "stratum", "refid_text", "refid_hex", "leap", "root_delay_ns", "root_dispersion_published_ns", "growth_ppb", "lease_ns", "lease_forever"))' clock show)"
	is "clock set: forever" 0 \
		"$(said clock set base system stratum 10 refid KNTP lease forever)"
	is "clock show: forever" "None True None" \
		"$(json '"%s %s %s" % (d["lease_left_ns"], d["lease_forever"], d["reason"])' clock show)"
	check "clock show: the refid, three ways" \
		grep -q 'refid  *75.78.84.80 (0x4b4e5450, "KNTP")' <(kntp clock show)
	is "clock show: CSV is one line" 1 "$(kntp -c clock show | wc -l)"
	is "clock set: a step since" \
		"1 kntp: clock set: the system clock was stepped since" \
		"$(said clock set base system stratum 1 refid GPS steps 77 |
			sed 's/: steps:/:/')"
	is "clock set: extack names the word" \
		"1 kntp: clock set: root-delay: more than 16 s" \
		"$(said clock set base system stratum 1 refid GPS root-delay 16.1)"
	is "clock set: extack names another" \
		"1 kntp: clock set: growth: more than 100000 ppm" \
		"$(said clock set base system stratum 1 refid GPS growth 100001)"
	is "clock set: refused, it changed nothing" 10 \
		"$(json 'd["stratum"]' clock show)"
	is "clock set: a map" 0 "$(said clock set base map stratum 1 refid PHC \
		raw-time 1.5 utc-time 1800000000 rate -12.5)"
	is "clock show: a map" "sync map 1500000000 1800000000000000000 -230584300921369" \
		"$(json '" ".join(str(d[k]) for k in ("state", "base", "map_raw_ns", "map_utc_ns", "map_rate_2e_64"))' clock show)"
	is "clock show: a map's time" True \
		"$(json 'abs(d["time_ns"] - 18 * 10 ** 17 - (d["raw_time_ns"] - 15 * 10 ** 8) * (1 - 12.5e-6)) < 1000' clock show)"
	check "clock show: a map's rate" \
		grep -q 'rate (ppm)  *-12.500000000000$' <(kntp clock show)
	is "status: a map" map "$(json 'd["clock"]["base"]' status)"
	is "clock set: extack names a map's word" \
		"1 kntp: clock set: rate: more than 1000 ppm" \
		"$(said clock set base map stratum 1 refid PHC raw-time 1 utc-time 1800000000 rate 1001)"
	is "clock set: unsynchronised" 0 "$(said clock set base system stratum 16)"
	is "clock show: unsynchronised" "unsync False" \
		"$(json '"%s %s" % (d["state"], d["synchronised"])' clock show)"
	is "clock set: a short lease" 0 \
		"$(said clock set base system stratum 1 refid GPS lease 1ms)"
	check "clock show: the lease ran out" eventually \
		grep -qF 'unsynchronised: the lease ran out' <(kntp clock show)
	is "status: the reason" "the lease ran out" \
		"$(json 'd["clock"]["reason"]' status)"
}

stats()
{
	is "stats reset" 0 "$(said stats reset)"
	is "stats show: JSON" "[('local', 0, 0, 14, 0, 15, 0), ('ingress', 0, 0, 14, 0, 15, 0)]" \
		"$(json '[(h["hook"], h["in"], h["answered"], len(h["passed"]), h["passed_total"], len(h["dropped"]), h["dropped_total"]) for h in d["hooks"]]' stats show)"
	is "stats show: zeroes are left out" 12 "$(kntp stats show | wc -l)"
	is "stats show -v: zeroes are not" 84 "$(kntp -v stats show | wc -l)"
	is "stats show --explain: a sentence each" 164 \
		"$(kntp stats show --explain | wc -l)"
	is "stats show --explain: JSON" "2 14 15" \
		"$(json '"%d %d %d" % (len(d["explain"]) - 3, len(d["explain"]["passed"]), len(d["explain"]["dropped"]))' stats show --explain)"
	is "stats show: CSV" "local,in,0 ingress,time_0,0" \
		"$(kntp -c stats show | sed -n '1p;$p' | paste -sd' ')"
	is "a request is counted" True "$(ask; json 'd["hooks"][0]["in"] == 1' stats show)"
	is "and balanced" True "$(json 'all(h["in"] == h["answered"] + sum(h["passed"].values()) + sum(h["dropped"].values()) for h in d["hooks"])' stats show)"
	is "stats reset: from zero" 0 "$(kntp stats reset; json 'd["hooks"][0]["in"]' stats show)"
}

# What is counted is what is shown, by whatever means.
clients()
{
	# A kernel that checks its locks has larger ones.
	is "client show: the table" "65536 0 True 64" \
		"$(kntp client flush; json '"%d %d %s %d" % (d["entries"], d["used"], d["memory_bytes"] in range(65536 * 68, 65536 * 96), d["prefix6"])' client show)"
	kntp acl allow 127.0.0.0/8
	ask; ask
	is "client show: JSON" "127.0.0.1 2 0 0 4 3 0 True" \
		"$(json '" ".join(str(d["clients"][0][k]) for k in ("address", "requests", "refused", "interleaved", "version", "mode", "poll")) + " " + str(0 <= d["clients"][0]["last_ago_ns"] <= d["clients"][0]["first_ago_ns"])' client show)"
	check "client show: text" grep -Eq \
		'^127\.0\.0\.1  *requests 2 .* last [0-9]+\.[0-9]{3} s' \
		<(kntp client show)
	is "client show: CSV" "127.0.0.1,2,0,0,4,3,0" \
		"$(kntp -c client show | cut -d, -f1-7)"
	is "client set" 0 "$(said client set entries 2048 prefix6 128)"
	is "client set: it is so, and empty" "2048 0 128" \
		"$(json '"%d %d %d" % (d["entries"], d["used"], d["prefix6"])' client show)"
	is "client set: too few" \
		"1 kntp: client set: entries: 1024 entries at least, or 0 for none" \
		"$(said client set entries 1023)"
	is "client set: too many" 2 "$(said client set entries 67108865 | cut -c1)"
	is "client set: no such prefix" 2 "$(said client set prefix6 129 | cut -c1)"
	is "client set: nothing" \
		"2 kntp: client set: neither entries nor prefix6 is given" \
		"$(said client set | head -1)"
	is "client set: none" 0 "$(said client set entries 0)"
	ask
	is "client show: none" "0 0 0 []" \
		"$(json '"%d %d %d %s" % (d["entries"], d["used"], d["memory_bytes"], d["clients"])' client show)"
	kntp acl del 127.0.0.0/8
	is "client set: again" 0 "$(said client set entries 65536 prefix6 64)"
}

limits()
{
	is "limit show: none" "budget                   0
deny                     0" "$(kntp limit show | sed 's/^ *//')"
	is "limit set" 0 "$(said limit set interval -3 burst 255 leak 1 kod 4)"
	is "limit set: a prefix" 0 \
		"$(said limit set prefix4 24 interval 2 burst 9)"
	is "limit budget" 0 "$(said limit budget 50000)"
	is "limit deny" 0 "$(said limit deny 3)"
	is "limit show: JSON" "client -3 255 1 4 prefix 2 9 2 0 24 50000 3" \
		"$(json '" ".join(str(v) for l in d["limits"] for v in l.values()) + " %d %d" % (d["budget"], d["deny"])' limit show)"
	is "limit show: text" "set client interval -3 burst 255 leak 1 kod 4" \
		"$(kntp limit show | sed -n '1s/  */ /gp')"
	is "limit set: what is left out stays" "50000 3 2" \
		"$(kntp limit set interval 0 burst 1; json '"%d %d %d" % (d["budget"], d["deny"], len(d["limits"]))' limit show)"
	is "limit set: no interval" 2 "$(said limit set burst 8 | cut -c1)"
	is "limit set: an interval that is none" 2 \
		"$(said limit set interval 13 burst 8 | cut -c1)"
	is "limit set: a burst of none" 2 \
		"$(said limit set interval 1 burst 0 | cut -c1)"
	is "limit set: a prefix that is none" 2 \
		"$(said limit set interval 1 burst 8 prefix6 64 | cut -c1)"
	is "limit budget: too small" \
		"1 kntp: limit budget: budget: 1000 a second at least, or 0 for no limit" \
		"$(said limit budget 10)"
	is "limit budget: none" 2 "$(said limit budget | cut -c1)"
	is "limit deny: too rare" 2 "$(said limit deny 5 | cut -c1)"
	is "limit off: one that is none" 2 "$(said limit off budget | cut -c1)"
	is "limit off: the clients'" "prefix 50000 3" \
		"$(kntp limit off client; json '"%s %d %d" % (" ".join(l["of"] for l in d["limits"]), d["budget"], d["deny"])' limit show)"
	is "limit off: that of prefixes" "[] 50000 3" \
		"$(kntp limit off prefix; json '"%s %d %d" % (d["limits"], d["budget"], d["deny"])' limit show)"
	is "limit off: one that is not there" 0 "$(said limit off client)"
	kntp limit set interval 0 burst 1
	is "limit off" "[] 0 0" \
		"$(kntp limit off; json '"%s %d %d" % (d["limits"], d["budget"], d["deny"])' limit show)"
}

keys()
{
	echo "HEX:$(printf '0123456789%.0s' 1 2 3)ab" >"$tmp/secret"
	echo "10 SHA1 text" >"$tmp/keys"
	chmod 644 "$tmp/secret" "$tmp/keys"
	is "key show: none" "" "$(kntp key show)"
	is "key add" 0 "$(said key add 4294967295 AES128 file "$tmp/secret")"
	is "key add: standard input, in either case" 0 \
		"$(e=$(kntp key add 2 md5 file - <<<"a secret" 2>&1); echo "$?$e")"
	is "key show" "2 MD5
4294967295 AES128" "$(kntp key show)"
	is "key show: JSON" "[(2, 'MD5'), (4294967295, 'AES128')]" \
		"$(json '[tuple(k.values()) for k in d["keys"]]' key show)"
	is "key add: too short a secret" \
		"1 kntp: key add: $tmp/secret: the secret has 16 octets, a key of AES256 has 32" \
		"$(said key add 3 AES256 file "$tmp/secret")"
	is "key add: a file that is not there" \
		"1 kntp: key add: $tmp/none: No such file or directory" \
		"$(said key add 3 MD5 file "$tmp/none")"
	is "key add: no such type" 2 "$(said key add 3 DES file "$tmp/secret" | cut -c1)"
	is "key add: a number that is none" 2 \
		"$(said key add 0 MD5 file "$tmp/secret" | cut -c1)"
	is "key add: a secret on the command line" 2 \
		"$(said key add 3 MD5 secret | cut -c1)"
	is "key del: not there" "1 kntp: key del: 3: id: there is no such key" \
		"$(said key del 3)"
	is "key load" 0 "$(said key load "$tmp/keys")"
	is "key load: these, and no others" "10 SHA1" "$(kntp key show)"
	printf '%s\n' "11 SHA256 good" "; a comment" "12 MD5 HEX:0x" >"$tmp/wrong"
	is "key load: a mistake" \
		"1 kntp: key load: $tmp/wrong:3: character 2 of the secret is not a hexadecimal digit" \
		"$(said key load "$tmp/wrong")"
	is "key load: changes nothing" "10 SHA1" "$(kntp key show)"
	is "key del" 0 "$(said key del 10)"
	is "key del: all" 0 "$(said key del all)"
}

# One request over loopback.
ask()
{
	python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"\x23" + bytes(47), ("127.0.0.1", 123))'
}

unprivileged()
{
	local words
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	local denied="not permitted without CAP_NET_ADMIN"

	# Where the repository is, another user may not be let in.
	cp "$(command -v kntp)" "$tmp/kntp"
	chmod 755 "$tmp" "$tmp/kntp"
	for words in "listen add hook local" "listen del hook local" \
		     "acl allow all" "acl auth all" "acl deny all" "acl pass all" "acl del all" \
		     "acl load /dev/null" "acl flush" "stats reset" \
		     "client set entries 1024" "client flush" \
		     "limit set interval 3 burst 8" "limit budget 0" \
		     "limit deny 0" "limit off" "key del all" \
		     "key load $tmp/keys" "key add 1 MD5 file $tmp/secret" \
		     "key show" "client show" "acl show" "acl check ::1" \
		     "clock set base system stratum 1 refid GPS"; do
		# shellcheck disable=SC2086
		is "unprivileged: $words" \
			"3 kntp: $(cut -d' ' -f1-2 <<<"$words"): $denied" \
			"$(e=$("${nobody[@]}" "$tmp/kntp" $words 2>&1); echo "$? $e")"
	done
	for words in status "listen show" "clock show" \
		     "stats show --explain" "limit show" "phc show"; do
		# shellcheck disable=SC2086
		check "unprivileged: $words" quietly "${nobody[@]}" "$tmp/kntp" $words
	done
	if ! unshare -Urn true 2>/dev/null; then
		result ok "root of a user namespace # SKIP no user namespaces"
		return
	fi
	is "root of a user namespace: its own list" "allow 0.0.0.0/0
allow ::/0" "$(unshare -Urn sh -c 'kntp acl allow all && kntp acl show')"
	is "root of a user namespace: not the clock" "3 kntp: clock set: $denied" \
		"$(e=$(unshare -Urn kntp clock set base system stratum 1 refid GPS 2>&1); echo "$? $e")"
	is "root of a user namespace: a small table" '"entries":1024' \
		"$(unshare -Urn kntp -j client show | grep -o '"entries":[0-9]*')"
	is "root of a user namespace: one as large as usual" 0 \
		"$(unshare -Urn kntp client set entries 65536; echo $?)"
	is "root of a user namespace: no larger one" 3 \
		"$(unshare -Urn kntp client set entries 65537 2>/dev/null; echo $?)"
}

namespaces()
{
	kntp acl load - <<<"allow 10.0.0.0/8"
	is "-n: another list" "" "$(kntp -n kntp-cli acl show)"
	is "-n: another set of listeners" "" "$(kntp -n kntp-cli listen show)"
	is "-n: acl allow" 0 "$(said -n kntp-cli acl allow 192.0.2.0/24)"
	is "-n: listen add" 0 "$(said -n kntp-cli listen add hook local)"
	is "-n: listen add, no device of it" \
		"1 kntp: listen add: dev: kntpcli0: No such device" \
		"$(said -n kntp-cli listen add hook ingress dev kntpcli0)"
	is "-n: there" "allow 192.0.2.0/24 hook local" \
		"$(kntp -n kntp-cli acl show) $(kntp -n kntp-cli listen show)"
	is "-n: not here" "allow 10.0.0.0/8" "$(kntp acl show)"
	kntp stats reset
	ask
	is "-n: counters of its own" "1 0" \
		"$(json 'd["hooks"][0]["in"]' stats show) $(json 'd["hooks"][0]["in"]' -n kntp-cli stats show)"
	is "-n: one clock for all" "$(json 'd["published_ns"]' clock show)" \
		"$(json 'd["published_ns"]' -n kntp-cli clock show)"
	is "acl show | -n acl load" 0 "$(kntp acl show | said -n kntp-cli acl load -)"
	is "acl show | -n acl load: there" "allow 10.0.0.0/8" \
		"$(kntp -n kntp-cli acl show)"
}

lines() # file, number
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# Until it has joined the group, events go unseen: make one until it shows.
started() # file
{
	kntp acl flush
	lines "$1" 1
}

monitors()
{
	local all="$tmp/all" here_only="$tmp/there" text="$tmp/text"

	kntp -j monitor >"$all" &
	kntp monitor >"$text" 2>"$tmp/monitor.err" &
	monitor_pid=$!
	kntp -j -n kntp-cli monitor >"$here_only" &
	check "monitor: starts" eventually started "$all"
	check "monitor: starts as text" eventually started "$text"
	kntp clock set base system stratum 1 refid GPS lease 500ms
	kntp listen del hook ingress dev kntpcli0
	kntp listen add hook ingress dev kntpcli0
	kntp acl allow all
	check "monitor: the lease runs out" eventually \
		grep -q '"event":"clock_expired"' "$all"
	for event in clock_set clock_expired listen_add listen_del acl; do
		check "monitor: $event" eventually grep -q "\"event\":\"$event\"" "$all"
	done
	check "monitor: every line is JSON" python3 -c 'import json, sys
for line in open(sys.argv[1]):
    assert json.loads(line)["time_ns"] > 10**18' "$all"
	check "monitor: text" grep -qE \
		'^20[0-9-]+T[0-9:.]+Z listen_add hook ingress dev kntpcli0$' "$text"
	check "monitor: the clock's events everywhere" eventually \
		grep -q '"event":"clock_expired"' "$here_only"
	is "monitor: listeners' events in their own namespace" 0 \
		"$(grep -c listen_ "$here_only")"
}

gone() # pid
{
	case $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) in
	''|Z) return 0 ;;
	esac
	return 1
}

# Last: the module goes.
unload()
{
	local status

	rmmod kntp
	eventually gone "$monitor_pid"
	kill "$monitor_pid" 2>/dev/null
	wait "$monitor_pid"
	status=$?
	is "monitor: ends with the module" "4 kntp: monitor: the module was unloaded" \
		"$status $(cat "$tmp/monitor.err")"
	is "without the module" \
		"4 kntp: status: the module is not loaded: load it with: modprobe kntp" \
		"$(said status)"
}

echo "KTAP version 1"
setup
fresh
listeners
clock
clients
limits
keys
stats
namespaces
unprivileged
monitors
unload
finish
