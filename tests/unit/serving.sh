#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The parts of kntpd that estimate, serve and publish, each alone with what it
# stands on, by each compiler under its sanitizers. KNTP_SEED=N repeats what was
# random.

set -u
cd "$(dirname "$0")" || exit 1

daemon=../../user/daemon
core=../../kmod/core
out=${KNTP_BUILD:-../../build}/tests/unit/serving
sanitizers=(-fsanitize=address -fsanitize=undefined
	    -fno-sanitize-recover=undefined)
flags=(-std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wshadow -Werror
       -fno-omit-frame-pointer "${sanitizers[@]}"
       -I../../include/uapi -I../../kmod -I../../user/lib)
export KNTP_SEED=${KNTP_SEED:-$(date +%s)}

# shellcheck source=../ktap.sh
. ../ktap.sh

# What a program is linked with, besides the file of its own name.
sources() # program
{
	case $1 in
	access)	echo "$core/prefix.c" ;;
	server)	echo "$core/prefix.c $core/parse.c" \
		     "$daemon"/{access,address,clk,figures,log,loop,smooth}.c \
		     "$daemon"/{auth,keys,ntp_stamp,ratelimit,server_socket,signd}.c \
		     ../../user/lib/{keyfile,units}.c ;;
	figures) echo "$daemon"/{log,smooth}.c ;;
	smooth)	echo "$daemon/log.c" ;;
	follow)	echo "$daemon"/{chronyd,clk,figures,follow_chronyd,smooth}.c \
		     "$daemon"/{follow_kernel,log,loop}.c ;;
	privs)	echo "$daemon"/{log,seccomp}.c ;;
	notify)	echo "$daemon/loop.c" ;;
	discipline) echo "$daemon"/{clk,estimate,sanity}.c ;;
	suspend) echo "$daemon"/{log,vmclock}.c ;;
	refclock) echo "$daemon"/{clk,estimate,log,loop,refclock_filter}.c \
		       ../../user/lib/units.c ;;
	esac
}

libraries() # program
{
	echo -lm
	[ "$1" != server ] || echo -lnettle
	[ "$1" != privs ] || pkg-config --libs libcap libseccomp 2>/dev/null
}

usable() # compiler
{
	command -v "$1" >/dev/null || return 1
	echo 'int main(void) { return 0; }' |
		"$1" "${sanitizers[@]}" -x c -o "$out/$1/usable" - \
		     2>/dev/null && "$out/$1/usable"
}

run_one() # compiler, program
{
	local exe=$out/$1/$2 log=$out/$1/$2.log status=0
	local -a with libs

	read -ra with <<<"$(sources "$2")"
	read -ra libs <<<"$(libraries "$2" | tr '\n' ' ')"
	if [ "$2" = privs ] && [ ${#libs[@]} -lt 3 ]; then
		checks=$((checks + 1))
		echo "ok $checks $1 $2 # SKIP libcap or libseccomp is not installed"
		return
	fi
	if ! "$1" "${flags[@]}" -o "$exe" "$2.c" "$daemon/$2.c" \
	   ${with[0]:+"${with[@]}"} "${libs[@]}" >"$log" 2>&1; then
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
	for program in estimate figures chronyd access server follow privs \
		       notify smooth nmea acts refclock suspend discipline \
		       ratelimit; do
		run_one "$cc" "$program"
	done
done
finish
