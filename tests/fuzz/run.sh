#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each fuzz target: its corpus, the vectors and every crash of the past once
# more, by gcc and by clang; then KNTP_FUZZ_SECONDS of fuzzing. KNTP_SEED=N
# repeats, KNTP_FUZZ_TARGETS="reply" chooses. What crashes is left in
# build/tests/fuzz/TARGET; put it into crashes/TARGET when it is understood.

set -u
cd "$(dirname "$0")" || exit 1

root=../..
out=${KNTP_BUILD:-$root/build}/tests/fuzz
seconds=${KNTP_FUZZ_SECONDS:-6}
seed=${KNTP_SEED:-$(($(date +%s) % 1000000000))}
read -ra targets <<<"${KNTP_FUZZ_TARGETS:-reply prefix addr units keyfile mode6 acl_file chronyd ntp_reply conf dump leap devices}"

flags=(-std=gnu11 -D_GNU_SOURCE -DKNTP_VERSION='"fuzzed"' -g -O1 -Wall -Wextra -Werror
       -fno-omit-frame-pointer "-I$root/include/uapi" "-I$root/user/lib"
       "-I$root/user/ctl" "-I$root/kmod"
       -fno-sanitize-recover=undefined)
core=$root/kmod/core
user=$root/user

# shellcheck source=../ktap.sh
. ../ktap.sh

# What a target is linked with; nothing when that is not there.
sources() # target
{
	case $1 in
	reply|prefix) ls "$core"/*.c ;;
	addr)	ls "$user"/lib/{addr,units}.c ;;
	keyfile) ls "$user"/lib/{keyfile,units}.c ;;
	units)	ls "$user/lib/units.c" ;;
	chronyd) ls "$user/daemon/chronyd.c" ;;
	leap)	ls "$user/daemon/leap_table.c" ;;
	devices) ls "$user"/daemon/{acts,nmea}.c ;;
	dump)	ls "$user/daemon/dump_text.c" ;;
	mode6)	ls "$user"/daemon/{mode6,address}.c ;;
	conf)	ls "$user"/daemon/conf*.c ;;
	ntp_reply)
		ls "$user"/daemon/{ntp,ntp_client,ntp_reply,ntp_packet,ntp_peer}.c \
		   "$user"/daemon/{ntp_poll,ntp_stamp,address}.c \
		   "$user"/daemon/{ntp_auth,auth,keys}.c \
		   "$user"/lib/{keyfile,units}.c
		;;
	acl_file)
		pkg-config --exists libmnl json-c || return
		find "$user/lib" "$user/ctl" -name '*.c' ! -name main.c \
		     ! -name acl_load.c
		;;
	esac 2>/dev/null
}

libraries() # target
{
	case $1 in
	acl_file) echo "$(pkg-config --libs libmnl json-c) -lm -lncurses -ltinfo -lresolv -pthread" ;;
	ntp_reply|mode6) echo -lnettle -lm ;;
	chronyd|dump) echo -lm ;;
	esac
}

# Octets of hexadecimal text as a file.
write_hex() # hex, file
{
	local text=$1 escaped=''

	while [ -n "$text" ]; do
		escaped+="\\x${text:0:2}"
		text=${text:2}
	done
	printf '%b' "$escaped" >"$2"
}

# The requests of the vectors, with the port and the state before them.
vectors() # directory
{
	local key value name='' port=''

	cat ../net/vectors/*.vec | while read -r key value; do
		case $key in
		vector)	 name=$value ;;
		port)	 port=$value ;;
		request) write_hex "$(printf %04x01 "$port")${value#-}" \
				   "$1/vector-$name" ;;
		esac
	done
}

# Directories that hold what a target is given before anything new.
inputs() # target
{
	local dir

	for dir in "corpus/$1" "crashes/$1" "$out/$1/vectors"; do
		[ ! -d "$dir" ] || echo "$dir"
	done
}

build() # compiler, sanitizers, target, more sources...
{
	local cc=$1 sanitize=$2 target=$3 exe=$out/$3/$1
	local -a src libs
	shift 3

	read -ra src <<<"$(sources "$target" | tr '\n' ' ')"
	read -ra libs <<<"$(libraries "$target")"
	"$cc" "${flags[@]}" "-fsanitize=$sanitize" -o "$exe" "$target.c" \
	      "$@" "${src[@]}" ${libs[0]:+"${libs[@]}"} >"$exe.log" 2>&1 &&
		return
	sed 's/^/# /' "$exe.log"
	result "not ok" "$target: $cc builds it"
	return 1
}

has_sanitizer() # compiler, sanitizers, function that it calls
{
	echo "int $3(void) { return 0; }" |
		"$1" "-fsanitize=$2" -x c -o "$out/probe" - 2>/dev/null
}

log_tail() # file
{
	tail -n 40 "$1" | sed 's/^/# /'
}

replay() # target
{
	local target=$1 log=$out/$1/replay.log
	local -a files

	mapfile -t files < <(inputs "$target" | xargs -r -I{} find {} -type f)
	build gcc address,undefined "$target" replay.c || return
	if "$out/$target/gcc" ${files[0]:+"${files[@]}"} >"$log" 2>&1; then
		result ok "$target: gcc replays ${#files[@]} inputs"
	else
		log_tail "$log"
		result "not ok" "$target: gcc replays ${#files[@]} inputs"
	fi
}

# What the target itself says of a crash, which is not heard while it fuzzes.
explain() # target
{
	find "$out/$1" -maxdepth 1 \( -name 'crash-*' -o -name 'timeout-*' \) \
	     -newer "$out/$1/fuzz.log.start" -exec "$out/$1/clang" {} \; 2>&1 |
		grep -m 5 'does not hold\|ERROR\|runtime error\|Running' |
		sed 's/^/# /'
}

fuzz() # target
{
	local target=$1 log=$out/$1/fuzz.log name
	local -a known

	name="$target: clang fuzzes for $seconds s"
	build clang fuzzer,address,undefined "$target" || return
	mapfile -t known < <(inputs "$target")
	mkdir -p "$out/$target/new"
	: >"$log.start"
	if nice "$out/$target/clang" "-seed=$seed" -close_fd_mask=3 \
	   "-max_total_time=$seconds" -timeout=20 -max_len=4096 \
	   "-artifact_prefix=$out/$target/" -print_final_stats=1 \
	   "$out/$target/new" ${known[0]:+"${known[@]}"} >"$log" 2>&1; then
		sed -n 's/^stat::number_of_executed_units: */# runs: /p' "$log"
		result ok "$name"
	else
		explain "$target"
		log_tail "$log"
		result "not ok" "$name"
	fi
}

run_target() # target
{
	if [ -z "$(sources "$1")" ]; then
		checks=$((checks + 1))
		echo "ok $checks $1 # SKIP its sources or libraries are missing"
		return
	fi
	mkdir -p "$out/$1"
	if [ "$1" = reply ]; then
		mkdir -p "$out/reply/vectors"
		vectors "$out/reply/vectors"
	fi
	[ -z "$have_gcc" ] || replay "$1"
	[ -z "$have_fuzzer" ] || fuzz "$1"
}

mkdir -p "$out"
have_gcc=
have_fuzzer=
echo "KTAP version 1"
echo "# KNTP_SEED=$seed"
if has_sanitizer gcc address,undefined main; then
	have_gcc=yes
else
	checks=$((checks + 1))
	echo "ok $checks replay # SKIP gcc or its sanitizers are not installed"
fi
if has_sanitizer clang fuzzer,address,undefined LLVMFuzzerTestOneInput; then
	have_fuzzer=yes
else
	checks=$((checks + 1))
	echo "ok $checks fuzz # SKIP clang or its libFuzzer is not installed"
fi
for target in "${targets[@]}"; do
	run_target "$target"
done
finish
