#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What kntpd tells the module, and when: figures, lease, steps by somebody else,
# a module that comes and goes, listeners and access list. For the guest:
# tests/vm/run -- tests/net/publish.sh

set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib.sh"

program=$here/../../build/tests/net/publish
tmp=$(mktemp -d)
defer rm -rf "$tmp"

field() # expression on d
{
	kntp -j clock show | python3 -c \
		'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

is_state() # module's state
{
	local state

	state=$(field 'd["state"]')
	[ "$state" = "$1" ] || { echo "# the module's state: $state" >&2; false; }
}

# tell WORD...: the state that publish answers with.
tell()
{
	local answer

	echo "$*" >&7
	read -r -t $((10 * KNTP_TIMEOUT_SCALE)) answer <&8
	echo "$answer"
}

tells() # state, word...
{
	[ "$(tell "${@:2}")" = "$1" ]
}

says() # text of a log line
{
	grep -q -- "$1" "$tmp/log"
}

start() # lease
{
	rm -f "$tmp/in" "$tmp/out"
	mkfifo "$tmp/in" "$tmp/out"
	"$program" "$1" <"$tmp/in" >"$tmp/out" 2>>"$tmp/log" &
	running=$!
	exec 7>"$tmp/in" 8<"$tmp/out"
	defer "kill $running"
}

step() # seconds, with a sign
{
	python3 -c 'import sys, time; time.clock_settime(time.CLOCK_REALTIME,
		time.clock_gettime(time.CLOCK_REALTIME) + float(sys.argv[1]))' "$1"
}

figures()
{
	check_equal "not synchronised" "$(tell sync 16)" unsynced
	check_equal "the module says so" "$(field 'd["state"]')" unsync
	check_equal "synchronised" "$(tell sync 2)" vouched
	check_equal "the module says the figures" \
		"$(field '"%s %s %s %s %s" % (d["state"], d["stratum"], d["refid_hex"], d["root_delay_ns"], d["growth_ppb"])')" \
		"sync 2 0x7f7f0101 2000000 1000"
	check "dispersion as of now" [ "$(field \
		'10000000 <= d["root_dispersion_published_ns"] < 10500000')" = True ]
	check_equal "the lease" "$(field 'd["lease_ns"]')" 8000000000
	sleep 9
	check_equal "it is renewed" "$(field 'd["state"]')" sync
}

# One that was killed is followed by one that knows nothing yet.
restart()
{
	check "it is killed" kill -9 "$running"
	start 8
	check "the next leaves the lease alone" slowwait 5 tells inherited look
	check "and the module goes on" is_state sync
	check "as long as it lasts" slowwait 12 is_state unsync
	check "and then it is told" tells unsynced look
	check_equal "synchronised anew" "$(tell sync 2)" vouched
}

steps()
{
	step +2
	check "a step by somebody else: nothing is vouched for" is_state stepped
	sleep 2.5
	check "nor later" is_state stepped
	check "it is said" says 'stepped by somebody else'
	check "the state is known" tells stepped look
	step -2
	check "vouched for again when it is corrected" slowwait 5 \
		is_state sync
	step +2
	check_equal "a step of ours" "$(tell own)" vouched
	check_equal "is vouched for at once" "$(field 'd["state"]')" sync
	step +0.002
	check "a step within the bound" slowwait 2 is_state sync
}

module()
{
	check "the module goes" rmmod kntp
	check "it is noticed" slowwait 3 tells no-module look
	check "it comes" insmod "$KNTP_KO"
	check "it is told the figures" slowwait 8 is_state sync
}

peer_passes()
{
	kntp acl show | grep -q "pass *192.0.2.9"
}

renew_module()
{
	rmmod kntp && insmod "$KNTP_KO"
}

all_is_there()
{
	[ "$(kntp listen show)" = "hook local" ] &&
		[ "$(kntp acl show | wc -l)" = 3 ]
}

# Who looked for it every 5 seconds would take 15.
again_and_again()
{
	local begin i

	begin=$(uptime_ms)
	for i in 1 2 3; do
		renew_module && slowwait 8 all_is_there || return
	done
	i=$(($(uptime_ms) - begin))
	[ "$i" -lt 10000 ] || echo "$i ms"
	[ "$i" -lt 10000 ]
}

listeners()
{
	tell rules >/dev/null
	check_equal "its listener" "$(kntp listen show)" "hook local"
	check_equal "its access list" "$(kntp -c acl show | tr '\n' ' ')" \
		"allow,10.0.0.0/8 deny,::/0 "
	tell peer >/dev/null
	check "a peer passes" slowwait 8 peer_passes
	check_equal "and the rules stay" "$(kntp acl show | wc -l)" 3
	check "a new module" renew_module
	check "is told all of it" slowwait 8 all_is_there
	check "and so is each, as soon as it comes" again_and_again
	tell quit >/dev/null
	check_equal "at the end its listener goes" "$(kntp listen show)" ""
	check "and the lease runs out" slowwait 12 is_state expired
}

ktap_begin
need python3 kntp
# A program from before a change would be a test of what was.
make -s -C "$here" all || skip_all "publish cannot be built here"
# The programs before this one may have left it.
unload_kntp
start 8
check "without a module" slowwait 5 tells no-module look
check "one line" [ "$(wc -l <"$tmp/log")" = 1 ]
# shellcheck disable=SC2119 # it has no parameters here
load_kntp || { not_ok "the module loads"; ktap_end; }
check "it is found" slowwait 8 tells unsynced look
figures
restart
steps
module
listeners
note "$(cat "$tmp/log")"
ktap_end
