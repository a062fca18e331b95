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

# Every cached kernel's version, oldest series first.
kernel_list()
{
	local dir

	for dir in "$KNTP_CACHE"/kernels/*/; do
		[ -e "$dir/complete" ] && basename "$dir"
	done | sort -V
}

# kernel_find NAME: the newest cached kernel called NAME or of series NAME.
kernel_find()
{
	local kver found=

	while read -r kver; do
		case $kver in
		"$1") echo "$kver"; return 0 ;;
		"$1".*|"$1"-*|"$1"+*) found=$kver ;;
		esac
	done < <(kernel_list)
	[ -n "$found" ] && echo "$found"
}
