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

# The kernels of `make matrix`: NAME:RELEASE:FLAVOUR. Debian's RELEASE has the
# packages of the kernel, and the compiler and libraries that its headers want.
# The newest kernel comes last: `make check` builds for it.
export KNTP_MATRIX="5.10:bullseye:amd64 6.1:bookworm:amd64 6.12:bookworm:amd64
6.12-rt:bookworm:rt-amd64 7.2:trixie:amd64 7.3:trixie:amd64"

# matrix_row NAME: the row of that kernel.
matrix_row()
{
	local row

	for row in $KNTP_MATRIX; do
		[ "${row%%:*}" != "$1" ] || { echo "$row"; return 0; }
	done
	return 1
}

# The release of this machine.
host_release()
{
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "${VERSION_CODENAME:-}")
}

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
