#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that tests/vm/run can be believed: whatever goes wrong in a guest
# fails the run, whatever the command says comes out as it is, and this
# machine is left as it was. Runs on the host and starts guests.
set -u

here=$(dirname "$(realpath "$0")")
top=$(dirname "$(dirname "$here")")
. "$top/tests/lib.sh"

kernel=${KERNEL:-}
mkdir -p "$top/build/vm"
tmp=$(mktemp -d "$top/build/vm/selftest.XXXXXX") || exit 1
defer rm -rf "$tmp"

guest() # NAME OPTION... -- COMMAND...: results in $tmp/NAME.*
{
	local name=$1 status=0
	shift

	"$here/run" --no-build ${kernel:+--kernel "$kernel"} "$@" \
		> "$tmp/$name.out" 2> "$tmp/$name.err" || status=$?
	echo $status > "$tmp/$name.status"
}

# fails NAME MESSAGE WHAT: status 125 and these words.
fails()
{
	if [ "$(cat "$tmp/$1.status")" = 125 ] && grep -q "$2" "$tmp/$1.err"; then
		ok "$3"
	else
		note "status $(cat "$tmp/$1.status"), said:"
		note "$(tail -n 30 "$tmp/$1.err")"
		not_ok "$3"
	fi
}

# Every byte there is, and words that look like a failure but are none.
all_bytes()
{
	python3 -c 'import os, sys
sys.stdout.buffer.write(bytes(range(256)) * 1000)'
}

cat > "$tmp/inside" <<END
[ "\$PWD" = "$top" ] || echo "the command does not start in \$PWD" >&2
[ "\${PATH%%:*}" = "$top/build" ] || echo "PATH is \$PATH" >&2
[ "\$(id -u)" = 0 ] || echo "not root" >&2
[ -z "\$(cat)" ] || echo "there is standard input" >&2
touch "$tmp/written" /etc/kntp-selftest || echo "cannot write" >&2
rm -f "$tmp/inside" || echo "cannot remove" >&2
ip link add dummy-test type dummy || echo "no modprobe" >&2
[ -d /sys/kernel/tracing/events ] || echo "no tracefs" >&2
sleep 10000 &
echo err >&2
python3 -c 'import os, sys; sys.stdout.buffer.write(bytes(range(256)) * 1000)'
echo again > /dev/stderr
exit 7
END

ktap_begin
guest pass -- bash "$tmp/inside" &
guest panic -- sh -c 'echo c > /proc/sysrq-trigger' &
wait
# shellcheck disable=SC2016
guest warn -- sh -c 'insmod $KNTP_TESTS_KMOD/vm/kntp_selftest_warn.ko; echo survived' &
guest hang --timeout 25 -- sleep 100000 &
wait
guest silent -- sh -c 'echo b > /proc/sysrq-trigger; sleep 60' &
guest taint -- sh -c 'echo 64 > /proc/sys/kernel/tainted' &
wait
guest log -- sh -c 'echo "BUG: kntp self-test" > /dev/kmsg' &
# shellcheck disable=SC2016
guest init -- sh -c 'kill -9 $PPID; exit 0' &
wait
KNTP_BOOT_TIMEOUT=3 guest stuck --qemu-arg -S -- true

check_equal "exit status passes through" "$(cat "$tmp/pass.status")" 7
all_bytes > "$tmp/wanted"
check "standard output passes through unchanged" cmp "$tmp/wanted" "$tmp/pass.out"
check_equal "standard error passes through, apart" "$(cat "$tmp/pass.err")" $'err\nagain'
check "this machine is untouched" test -e "$tmp/inside" -a ! -e "$tmp/written" \
	-a ! -e /etc/kntp-selftest

fails panic 'kernel panicked' "a panic fails"
fails warn 'kernel warned' "a WARN fails"
fails hang 'the guest hung' "a hang fails"
fails stuck 'the guest hung before it began' "a guest that never begins fails"
fails silent 'without a verdict' "a missing verdict fails"
fails taint 'is tainted: 64' "a tainted kernel fails"
fails log 'kernel log: .*BUG: kntp self-test' "a bad line in the kernel log fails"
# Process 1 cannot be killed from within: the command failed, not the guest.
check_equal "process 1 outlives its command" "$(cat "$tmp/init.status")" 0
ktap_end
