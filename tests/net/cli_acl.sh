#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The access list through the command line: verbs, files, transactions and
# KNTP_PREFIXES (100,000) prefixes. For the guest:
# tests/vm/run -- tests/net/cli_acl.sh
#
# shellcheck disable=SC2317,SC1091,SC2154 # check() calls; cli_lib.sh has

set -u
here=$(dirname "$(realpath "$0")")
. "$here/cli_lib.sh"

acl()
{
	is "acl allow two" 0 "$(said acl allow 10.0.0.0/8 2001:db8::/32)"
	is "acl deny one address" 0 "$(said acl deny 10.1.2.3)"
	is "acl pass" 0 "$(said acl pass 2001:db8:1::/48)"
	is "acl show" "allow 10.0.0.0/8
deny 10.1.2.3/32
allow 2001:db8::/32
pass 2001:db8:1::/48" "$(kntp acl show)"
	is "acl show: CSV" "allow,10.0.0.0/8" "$(kntp -c acl show | head -n 1)"
	is "acl show: JSON" "[{'verdict': 'pass', 'prefix': '2001:db8:1::/48'}]" \
		"$(json 'd["prefixes"][3:]' acl show)"
	is "acl check: longest" "deny 10.1.2.3/32" \
		"$(json 'd["verdict"] + " " + d["prefix"]' acl check 10.1.2.3)"
	is "acl check: shorter" "allow 10.0.0.0/8" \
		"$(json 'd["verdict"] + " " + d["prefix"]' acl check 10.1.2.4)"
	is "acl check: IPv6" "pass 2001:db8:1::/48" \
		"$(json 'd["verdict"] + " " + d["prefix"]' acl check 2001:db8:1::9)"
	is "acl check: none" "deny None" \
		"$(json '"%s %s" % (d["verdict"], d["prefix"])' acl check 11.0.0.1)"
	is "acl check: text" "address                  10.1.2.3
verdict                  deny
by                       10.1.2.3/32" "$(kntp acl check 10.1.2.3)"
	is "acl: a new verdict" 0 "$(said acl allow 10.1.2.3/32)"
	is "acl: took it" allow "$(json 'd["verdict"]' acl check 10.1.2.3)"
	is "acl del: one is missing" \
		"1 kntp: acl del: no such prefix in the access list" \
		"$(said acl del 10.0.0.0/8 192.0.2.0/24)"
	is "acl del: the one is missing" \
		"1 kntp: acl del: 192.0.2.0/24: no such prefix in the access list" \
		"$(said acl del 192.0.2.0/24)"
	is "acl del: then none is deleted" 4 "$(kntp acl show | wc -l)"
	is "acl del" 0 "$(said acl del 10.0.0.0/8 2001:db8::/32)"
	is "acl del: those are gone" "allow 10.1.2.3/32
pass 2001:db8:1::/48" "$(kntp acl show)"
	is "acl flush" 0 "$(said acl flush)"
	is "acl flush: empty" "" "$(kntp acl show)"
	is "acl allow all" 0 "$(said acl allow all)"
	is "acl allow all: both" "allow 0.0.0.0/0
allow ::/0" "$(kntp acl show)"
	is "acl del all" 0 "$(said acl del all)"
	# shellcheck disable=SC2046
	is "acl: 3000 in one message" 0 "$(said acl deny $(seq -f '10.%g.0.0/16' 0 255) \
		$(for i in $(seq 0 2743); do echo "100.$((i >> 8)).$((i & 255)).1"; done))"
	is "acl: 3000 there" 3000 "$(kntp acl show | wc -l)"
}

loads()
{
	local before

	printf '# who\n\nallow 192.0.2.0/24 # test\n\tdeny\tall\npass ::1\r\n' >"$tmp/list"
	is "acl load" 0 "$(said acl load "$tmp/list")"
	is "acl load: replaced the list" "deny 0.0.0.0/0
allow 192.0.2.0/24
deny ::/0
pass ::1/128" "$(kntp acl show)"
	before=$(kntp acl show)
	printf 'allow all\nallow 1.2.3.4/24\n' >"$tmp/bad"
	is "acl load: an error" \
		"1 kntp: $tmp/bad:2: '1.2.3.4/24' has host bits set: the prefix is 1.2.3.0/24" \
		"$(said acl load "$tmp/bad")"
	is "acl load: it changed nothing" "$before" "$(kntp acl show)"
	is "acl load -" 0 "$(kntp acl show | said acl load -)"
	is "acl load -: round trip" "$before" "$(kntp acl show)"
	is "acl load -v" "0 kntp: acl load: 4 prefixes" \
		"$(said -v acl load - <<<"$before")"
	is "acl load: an empty one" 0 "$(said acl load /dev/null)"
	is "acl load: nothing is left" "" "$(kntp acl show)"
	printf 'allow 10.0.0.0/8\ndeny 10.0.0.0/8\n' >"$tmp/twice"
	is "acl load: twice" 0 "$(said acl load "$tmp/twice")"
	is "acl load: the last verdict" "deny 10.0.0.0/8" "$(kntp acl show)"
}

many()
{
	local seed=${KNTP_SEED:-$RANDOM} n=${KNTP_PREFIXES:-100000}

	echo "# KNTP_SEED=$seed"
	python3 - "$seed" "$n" >"$tmp/many" <<-'END'
		import random, socket, sys
		random.seed(int(sys.argv[1]))
		seen = {}
		while len(seen) < int(sys.argv[2]):
		    bits, base, kind = random.choice(((32, 8, socket.AF_INET),
		                                      (128, 16, socket.AF_INET6)))
		    length = random.randint(base, bits)
		    value = random.getrandbits(length) << (bits - length)
		    text = socket.inet_ntop(kind, value.to_bytes(bits // 8, "big"))
		    seen[f"{text}/{length}"] = random.choice(("allow", "auth", "deny", "pass"))
		for prefix, verdict in seen.items():
		    print(verdict, prefix)
	END
	is "acl load: $n prefixes" 0 "$(said acl load "$tmp/many")"
	kntp acl show >"$tmp/shown"
	check "acl show: $n prefixes, the same" \
		cmp <(LC_ALL=C sort "$tmp/many") <(LC_ALL=C sort "$tmp/shown")
	is "acl show: ascending, IPv4 first" True "$(python3 - "$tmp/shown" <<-'END'
		import socket, sys
		key = []
		for line in open(sys.argv[1]):
		    text, length = line.split()[1].split("/")
		    kind = socket.AF_INET6 if ":" in text else socket.AF_INET
		    key.append((kind, socket.inet_pton(kind, text), int(length)))
		print(key == sorted(key))
		END
	)"
	is "acl show: JSON of $n" "$n" "$(json 'len(d["prefixes"])' acl show)"
	is "status counts them" "$n" "$(json 'd["acl_prefixes"]' status)"
	is "acl load: what was shown" 0 "$(said acl load "$tmp/shown")"
	check "acl load: the same again" cmp "$tmp/shown" <(kntp acl show)
	kntp acl show 2>"$tmp/err" | true
	is "acl show: status with a broken pipe" "1 0" "${PIPESTATUS[*]}"
	is "acl show: a broken pipe" "kntp: standard output: Broken pipe" \
		"$(cat "$tmp/err")"
	is "acl flush: $n" 0 "$(said acl flush)"
}

# What is shown is one list or the other, never a mixture of both.
interrupted()
{
	local i loader bad=0

	seq -f 'allow 10.%g.0.0/16' 0 255 >"$tmp/a"
	for i in $(seq 0 9); do
		seq -f "allow 100.$i.%g.0/24" 0 255
	done >>"$tmp/a"
	sed 's/allow/deny/' "$tmp/a" >"$tmp/b"
	kntp acl load "$tmp/a"
	touch "$tmp/go"
	while [ -e "$tmp/go" ] && kntp acl load "$tmp/b" &&
	      kntp acl load "$tmp/a"; do :; done &
	loader=$!
	for i in $(seq 5); do
		kntp acl show >"$tmp/shown" 2>"$tmp/err" ||
			grep -q "it kept changing while it was read" "$tmp/err" &&
			[ "$(sed 's/ .*//' "$tmp/shown" | sort -u | wc -l)" -le 1 ] ||
			bad=$((bad + 1))
	done
	rm "$tmp/go"
	wait "$loader"
	is "acl show: never two lists mixed" 0 "$bad"
	check "acl show: all of it" cmp "$tmp/a" <(kntp acl show)
}

hold() # standard input: what to do; opens a transaction
{
	mkfifo "$tmp/in" "$tmp/out"
	"$here/cli_hold.py" <"$tmp/in" >"$tmp/out" &
	exec 7>"$tmp/in" 8<"$tmp/out"
	hold_pid=$!
	read -r -t $((30 * scale)) -u 8 line
	is "transaction: $1" open "${line:-}"
}

tell() # word
{
	echo "$1" >&7
	read -r -t $((30 * scale)) -u 8 line
	echo "$line"
}

release()
{
	exec 7>&-
	wait "$hold_pid"
	exec 8<&-
	rm -f "$tmp/in" "$tmp/out"
}

transactions()
{
	local before
	kntp acl load - <<<"allow 10.0.0.0/8"
	before=$(kntp acl show)

	hold "opens"
	is "transaction: nobody sees it" "$before" "$(kntp acl show)"
	is "transaction: a second one is refused" \
		"1 kntp: acl load: not while a transaction is open" \
		"$(said acl load - <<<"allow all")"
	is "transaction: others do not add to it" \
		"1 kntp: acl allow: another socket has a transaction open" \
		"$(said acl allow all)"
	is "transaction: begin again" "Device or resource busy" \
		"$(tell begin | cut -d' ' -f2-)"
	is "transaction: flush in it" "Device or resource busy" \
		"$(tell flush | cut -d' ' -f2-)"
	is "transaction: del in it" "Device or resource busy" \
		"$(tell del | cut -d' ' -f2-)"
	release
	is "transaction: closing abandons it" "$before" "$(kntp acl show)"
	is "transaction: another is free to begin" 0 \
		"$(said acl load - <<<"$before")"

	hold "opens again"
	kill -9 "$hold_pid"
	release 2>/dev/null
	is "transaction: killing abandons it" "0 $before" \
		"$(said acl load - <<<"$before") $(kntp acl show)"

	hold "opens a third time"
	is "transaction: abort" "abort ok" "$(tell abort)"
	is "transaction: none to commit" "Invalid argument" \
		"$(tell commit | cut -d' ' -f2-)"
	is "transaction: begin after abort" "begin ok" "$(tell begin)"
	is "transaction: add" "add ok" "$(tell add)"
	is "transaction: still unseen" "$before" "$(kntp acl show)"
	is "transaction: commit" "commit ok" "$(tell commit)"
	is "transaction: replaced" "allow 203.0.113.0/24" "$(kntp acl show)"
	release
	is "transaction: stays" "allow 203.0.113.0/24" "$(kntp acl show)"
	slow_writer
}

# A file that is not whole changes nothing and keeps nobody waiting.
slow_writer()
{
	local pid

	mkfifo "$tmp/slow"
	kntp acl load "$tmp/slow" &
	pid=$!
	exec 7>"$tmp/slow"
	echo "allow all" >&7
	is "acl load: another while one is fed slowly" 0 \
		"$(said acl load - <<<"deny 10.0.0.0/8")"
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	exec 7>&-
	is "acl load: killed midway, it changed nothing" "deny 10.0.0.0/8" \
		"$(kntp acl show)"
}

echo "KTAP version 1"
setup
acl
loads
many
interrupted
transactions
finish
