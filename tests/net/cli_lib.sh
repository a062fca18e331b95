# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of the command line share: KTAP, checks, and the module.

# shellcheck source=../ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../ktap.sh"

scale=${KNTP_TIMEOUT_SCALE:-1}
tmp=$(mktemp -d)

quietly() # command...
{
	"$@" >/dev/null
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

# Exit status and both outputs of a command, as "STATUS OUTPUT".
said() # word...
{
	local out status
	out=$(kntp "$@" 2>&1)
	status=$?
	echo "$status${out:+ $out}"
}

# Tries for 10 s times the scale.
eventually() # command...
{
	local try
	for ((try = 0; try < 100 * scale; try++)); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

json() # Python expression on d, word...
{
	kntp -j "${@:2}" | python3 -c \
		'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 4
}

cleanup()
{
	local pid
	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null
	done
	ip netns del kntp-cli 2>/dev/null
	ip link del kntpcli0 2>/dev/null
	rm -rf "$tmp"
}

setup()
{
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	# A fresh module, whatever ran before.
	if [ -n "${KNTP_KO:-}" ]; then
		[ ! -d /sys/module/kntp ] || rmmod kntp
		insmod "$KNTP_KO" || { echo "Bail out! insmod"; exit 1; }
	elif ! [ -d /sys/module/kntp ]; then
		skip_all "no module: KNTP_KO is not set"
	fi
	trap cleanup EXIT
	ip netns add kntp-cli
	modprobe -q dummy
	modprobe -q veth
	ip link add kntpcli0 type veth peer name kntpcli1
	ip link set kntpcli0 up
	ip link set kntpcli1 up
}
