#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What asks NTP servers, without a network, by each compiler under its
# sanitizers. KNTP_SEED=N repeats what was random.

set -u
cd "$(dirname "$0")" || exit 1

daemon=../../user/daemon
out=${KNTP_BUILD:-../../build}/tests/unit/ntp
flags=(-std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wshadow -Werror
       -fno-omit-frame-pointer -fsanitize=address -fsanitize=undefined
       -fno-sanitize-recover=undefined
       -I../../include/uapi -I../../kmod -I../../user/lib)
export KNTP_SEED=${KNTP_SEED:-$(date +%s)}

# shellcheck source=../ktap.sh
. ../ktap.sh

# What a program is linked with.
sources() # program
{
	local client=(ntp ntp_auth ntp_client ntp_reply ntp_stamp ntp_packet
		      ntp_peer ntp_poll address auth keys
		      ../lib/keyfile ../lib/units)

	case $1 in
	ntppacket)  echo "$daemon"/{ntp_packet,address} ;;
	ntpclient)  echo "${client[@]/#/$daemon/}" ;;
	ntprules)   echo "${client[@]/#/$daemon/}" "$daemon/pool" ;;
	broadcast)  echo "${client[@]/#/$daemon/}" "$daemon/broadcast_client" ;;
	ntpconf)    echo "${client[@]/#/$daemon/}" \
			 "$daemon"/{pool,ntp_conf} ;;
	ntpio)	    echo "${client[@]/#/$daemon/}" \
			 "$daemon"/{ntp_io,clk,log,loop} ;;
	ntpresolve) echo "$daemon"/{resolve,child,clk,log,loop} ;;
	selection)  echo "$daemon"/{select,source,intersect,estimate} ;;
	steer)	    echo "$daemon"/{discipline,drift,fallback,sanity,tempcomp,source,estimate,../lib/whole} ;;
	gpsd)	    echo "$daemon/address" ;;
	nmealine)   echo "$daemon/nmea" ;;
	leaptable)  echo "$daemon/leap_table" ;;
	dump)	    echo "$daemon"/{dump,dump_text,../lib/whole,estimate,address,clk,log,loop} ;;
	esac | sed "s/ \|$/.c&/g"
}

usable() # compiler
{
	command -v "$1" >/dev/null || return 1
	echo 'int main(void) { return 0; }' |
		"$1" -fsanitize=address,undefined -x c -o "$out/$1/usable" - \
		     2>/dev/null && "$out/$1/usable"
}

run_one() # compiler, program
{
	local exe=$out/$1/$2 log=$out/$1/$2.log status=0
	local -a with

	read -ra with <<<"$(sources "$2")"
	if ! "$1" "${flags[@]}" -o "$exe" "$2.c" "${with[@]}" -lnettle \
	     -ljson-c -lm >"$log" 2>&1; then
		sed 's/^/# /' "$log"
		result "not ok" "$1 $2: builds"
		return
	fi
	"$exe" >"$log" 2>"$log.err" || status=$?
	merge "$1 $2" <"$log"
	# A sanitizer ends the program before it can say what failed.
	if [ $status -gt 1 ] || ! grep -q '^\(not \)\?ok' "$log" ||
	   grep -q 'Sanitizer\|runtime error' "$log.err"; then
		tail -n 40 "$log.err" | sed 's/^/# /'
		result "not ok" "$1 $2: runs to its end (status $status)"
	fi
}

echo "KTAP version 1"
for cc in ${CC:-gcc clang}; do
	mkdir -p "$out/$cc"
	if ! usable "$cc"; then
		checks=$((checks + 1))
		echo "ok $checks $cc # SKIP $cc or its sanitizers are not installed"
		continue
	fi
	for program in ntppacket ntpclient ntprules ntpconf ntpio \
		       ntpresolve dump leaptable selection steer gpsd \
		       broadcast nmealine; do
		run_one "$cc" "$program"
	done
done
finish
