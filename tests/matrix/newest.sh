#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module builds for the newest kernel there is, so that an interface that
# went away is seen at once; and a kernel too new for the probes is refused with
# a text that says what it lacks.

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1
. ../lib.sh
# shellcheck source=../vm/cache.sh
. ../vm/cache.sh

newest=$(tail -n 1 <<<"$KNTP_MATRIX")
newest=${newest##* }
newest=${newest%%:*}
scratch=$(mktemp -d)
defer rm -rf "$scratch"

# A compiler of a kernel that offers neither of two interfaces.
cat >"$scratch/cc" <<'END'
#!/bin/sh
for arg; do
	case $arg in */probe.c) source=$arg ;; esac
done
if grep -q ktime_get_snapshot "$source"; then
	echo "probe.c:6:9: error: implicit declaration of a function"
	exit 1
fi
END
chmod +x "$scratch/cc"

refused()
{
	! sh ../../kmod/compat/probe.sh "$scratch/probed.h" "$scratch/cc" \
		2>"$scratch/said" && [ ! -e "$scratch/probed.h" ]
}

says()
{
	grep -q '^kntp: this kernel has neither KTIME_GET_SNAPSHOT nor KTIME_GET_SNAPSHOT_ID (needed for .*)$' \
		"$scratch/said" &&
		[ "$(grep -c 'kntp: .*: probe.c:6:9: error: implicit' "$scratch/said")" -eq 2 ]
}

builds()
{
	./run --build-only "$newest" >"$scratch/table" 2>&1
	local status=$?
	sed 's/^/# /' "$scratch/table"
	[ "$status" -eq 0 ] || sed 's/^/# /' ../../build/matrix/"$newest"/*.log |
		grep -E 'error|warning|undefined' | head -n 20
	return "$status"
}

ktap_begin
check "a kernel without either of two interfaces is refused" refused
check "the refusal names both, and the compiler's first error" says
if [ "$(id -u)" = 0 ]; then
	check "the newest kernel ($newest): build, W=1, sparse, modpost" builds
else
	skip "the newest kernel ($newest)" "another root file system wants root"
fi
ktap_end
