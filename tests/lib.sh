# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests in bash share: KTAP, network namespaces, waiting, the module.
# A test sources this file, calls check, ok, not_ok and skip, and ends with
# ktap_end. Deadlines are given as for a fast machine and scaled here.

KNTP_TIMEOUT_SCALE=${KNTP_TIMEOUT_SCALE:-1}

# --- KTAP -------------------------------------------------------------------

ktap_count=0
ktap_failed=0
ktap_skipped=0
ktap_seed=

ktap_begin()
{
	echo "KTAP version 1"
}

# What is random in a test comes from here: printed, and repeatable.
ktap_seed()
{
	ktap_seed=${KNTP_SEED:-$(date +%s)}
	RANDOM=$((ktap_seed % 32768))
	echo "# KNTP_SEED=$ktap_seed"
}

ok()
{
	ktap_count=$((ktap_count + 1))
	echo "ok $ktap_count $*"
}

not_ok()
{
	ktap_count=$((ktap_count + 1))
	ktap_failed=$((ktap_failed + 1))
	echo "not ok $ktap_count $*"
}

# skip NAME WHY
skip()
{
	ktap_count=$((ktap_count + 1))
	ktap_skipped=$((ktap_skipped + 1))
	echo "ok $ktap_count $1 # SKIP $2"
}

# Nothing of this file can be tested here.
skip_all()
{
	echo "1..0 # SKIP $*"
	exit 4
}

note()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# guest_results NAME LOG STATUS: what a guest's test said becomes ours, and that it
# came to its end.
guest_results()
{
	local line

	while IFS= read -r line; do
		case $line in
		"ok "*)	    ok "$1: ${line#ok * }" ;;
		"not ok "*) not_ok "$1: ${line#not ok * }" ;;
		KTAP*|1..*) ;;
		*)	    note "$1: ${line#\# }" ;;
		esac
	done <"$2"
	check_equal "$1: comes to its end" "$3" 0
}

# check NAME COMMAND...: the command must succeed; what it says is shown only
# if it does not.
check()
{
	local name=$1 said status=0
	shift

	said=$("$@" 2>&1) || status=$?
	if [ $status -eq 0 ]; then
		ok "$name"
		return 0
	fi
	note "status $status: $*"
	[ -z "$said" ] || note "$said"
	not_ok "$name"
	return 1
}

# check_fails NAME COMMAND...: the command must fail, but not by a signal.
check_fails()
{
	local name=$1 said status=0
	shift

	said=$("$@" 2>&1) || status=$?
	if [ $status -ne 0 ] && [ $status -lt 126 ]; then
		ok "$name"
		return 0
	fi
	note "status $status: $*"
	[ -z "$said" ] || note "$said"
	not_ok "$name"
	return 1
}

# check_equal NAME GOT WANTED
check_equal()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
		return 0
	fi
	note "got '$2', not '$3'"
	not_ok "$1"
	return 1
}

ktap_end()
{
	echo "1..$ktap_count"
	if [ $ktap_failed -gt 0 ]; then
		exit 1
	elif [ $ktap_count -eq $ktap_skipped ]; then
		exit 4
	fi
	exit 0
}

# --- cleaning up ------------------------------------------------------------

deferred=()

# defer COMMAND: done when the test ends, last first.
defer()
{
	deferred+=("$*")
}

run_deferred()
{
	local status=$? i

	trap - EXIT
	for ((i = ${#deferred[@]} - 1; i >= 0; i--)); do
		eval "${deferred[i]}" >/dev/null 2>&1 || true
	done
	exit $status
}
trap run_deferred EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- waiting ----------------------------------------------------------------

now_ms()
{
	local t=$EPOCHREALTIME

	echo $((${t/[.,]/} / 1000))
}

# Monotonic where the clock itself is under test.
uptime_ms()
{
	local t

	read -r t _ < /proc/uptime
	echo $((10#${t/./} * 10))
}

# busywait MS COMMAND...: until it succeeds; its last output is passed on.
busywait()
{
	local deadline said
	deadline=$(($(uptime_ms) + $1 * KNTP_TIMEOUT_SCALE))
	shift

	while ! said=$("$@" 2>&1); do
		if [ "$(uptime_ms)" -ge $deadline ]; then
			printf '%s' "$said"
			return 1
		fi
	done
	printf '%s' "$said"
}

# slowwait SECONDS COMMAND...: the same, asking ten times a second.
slowwait()
{
	local deadline said
	deadline=$(($(uptime_ms) + $1 * 1000 * KNTP_TIMEOUT_SCALE))
	shift

	while ! said=$("$@" 2>&1); do
		if [ "$(uptime_ms)" -ge $deadline ]; then
			printf '%s' "$said"
			return 1
		fi
		sleep 0.1
	done
	printf '%s' "$said"
}

# --- network namespaces -----------------------------------------------------

# setup_ns VAR...: a new namespace each, its name put into VAR, loopback up,
# IPv6 addresses usable at once.
setup_ns()
{
	local var name

	for var in "$@"; do
		name=$var-$$-$RANDOM
		ip netns add "$name" || return 1
		defer "ip netns pids $name | xargs -r kill -9; ip netns del $name"
		ip netns exec "$name" sysctl -q -w net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0
		ip -n "$name" link set lo up
		printf -v "$var" '%s' "$name"
	done
}

# in_ns NS COMMAND...
in_ns()
{
	local ns=$1
	shift

	ip netns exec "$ns" "$@"
}

# link_ns NS1 DEV1 NS2 DEV2: a veth pair between two namespaces, up.
link_ns()
{
	ip -n "$1" link add "$2" type veth peer name "$4" netns "$3" &&
		ip -n "$1" link set "$2" up &&
		ip -n "$3" link set "$4" up
}

# addr_ns NS DEV ADDRESS/LENGTH...
addr_ns()
{
	local ns=$1 dev=$2 addr
	shift 2

	for addr in "$@"; do
		case $addr in
		*:*) ip -n "$ns" addr add "$addr" dev "$dev" nodad ;;
		*) ip -n "$ns" addr add "$addr" dev "$dev" ;;
		esac || return 1
	done
}

# --- the module -------------------------------------------------------------

need()
{
	local program

	for program in "$@"; do
		command -v "$program" >/dev/null || skip_all "no $program here"
	done
}

kntp_loaded()
{
	grep -q '^kntp ' /proc/modules
}

load_kntp()
{
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -e "${KNTP_KO:-}" ] || skip_all "no module for this kernel: KNTP_KO"
	if ! kntp_loaded; then
		insmod "$KNTP_KO" "$@" || return 1
	fi
	defer unload_kntp
}

unload_kntp()
{
	! kntp_loaded || rmmod kntp
}

# A clock worth giving away, without a claim to a reference.
serve_clock()
{
	kntp clock set base system stratum 10 refid LOCL \
		root-dispersion 0.01 lease forever
}

# stat_of NS HOOK COUNTER: e.g. stat_of $srv local drop_denied
stat_of()
{
	kntp -n "$1" -c stats show | awk -F, -v hook="$2" -v name="$3" \
		'$1 == hook && $2 == name { sum += $3 } END { print sum + 0 }'
}

# balance NS: in = answered + passed + dropped, for every hook, exactly.
balance()
{
	kntp -n "$1" -c stats show | awk -F, '
		$2 == "in" { in_[$1] = $3; next }
		$2 !~ /^(of|time)_/ { out[$1] += $3 }
		END {
			for (hook in in_) {
				n++
				if (in_[hook] != out[hook]) {
					printf "%s: in %d, accounted for %d\n", \
						hook, in_[hook], out[hook]
					bad = 1
				}
			}
			exit bad || !n
		}'
}

# check_balance NS: counters settle when the last packet is through.
check_balance()
{
	check "counters balance in ${1%%-*}" busywait 1000 balance "$1"
}
