# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Where downloads and extracted kernels live, and how to find a kernel there.
# The cache is outside the tree so that it outlives a clean clone.

KNTP_CACHE=${KNTP_CACHE:-/var/cache/kntp}
export KNTP_CACHE

# The kernel series the tests run on. Which package of a series is current is
# looked up, never written down.
export KNTP_SERIES="6.1 6.12"

# Every complete kernel in the cache. A directory with a file "alias" holds one
# of our own (the debug kernel), which is used only when asked for by that name.
kernel_dirs()
{
	local dir

	for dir in "$KNTP_CACHE"/kernels/*/; do
		[ ! -e "$dir/complete" ] || echo "${dir%/}"
	done | sort -V
}

# kernel_newest SERIES: the newest of the distribution's kernels in it.
kernel_newest()
{
	local dir kver found=

	while read -r dir; do
		kver=${dir##*/}
		case $kver in
		"$1".*|"$1"-*|"$1"+*) [ -e "$dir/alias" ] || found=$kver ;;
		esac
	done < <(kernel_dirs)
	[ -n "$found" ] && echo "$found"
}

# The kernels the tests run on, oldest first.
kernel_list()
{
	local series

	for series in $KNTP_SERIES; do
		kernel_newest "$series" || true
	done
}

# kernel_find NAME: the kernel called NAME, or with that alias, or the newest
# of series NAME.
kernel_find()
{
	local dir

	while read -r dir; do
		if [ "${dir##*/}" = "$1" ] ||
		   [ "$(cat "$dir/alias" 2>/dev/null)" = "$1" ]; then
			echo "${dir##*/}"
			return 0
		fi
	done < <(kernel_dirs)
	kernel_newest "$1"
}
