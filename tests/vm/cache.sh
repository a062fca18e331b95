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

# Every cached kernel of a distribution, oldest series first. A directory with
# a file "alias" holds a kernel of our own (the debug kernel), which is used
# only when asked for by that name.
kernel_list()
{
	local dir

	for dir in "$KNTP_CACHE"/kernels/*/; do
		if [ -e "$dir/complete" ] && [ ! -e "$dir/alias" ]; then
			basename "$dir"
		fi
	done | sort -V
}

# kernel_find NAME: the kernel called NAME, or with that alias, or the newest
# of series NAME.
kernel_find()
{
	local kver dir found=

	for dir in "$KNTP_CACHE"/kernels/*/; do
		[ -e "$dir/complete" ] || continue
		kver=$(basename "$dir")
		if [ "$kver" = "$1" ] ||
		   [ "$(cat "$dir/alias" 2>/dev/null)" = "$1" ]; then
			echo "$kver"
			return 0
		fi
	done
	while read -r kver; do
		case $kver in
		"$1".*|"$1"-*|"$1"+*) found=$kver ;;
		esac
	done < <(kernel_list)
	[ -n "$found" ] && echo "$found"
}
