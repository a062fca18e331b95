# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Checks by compilers, of copies below build/lint that each run makes anew, so
# that nothing is left out because it was built before.

# The same as the Makefile's: Debian's 6.1 headers lack what BTF is made from.
kbuild() # kernel, directory, argument...
{
	local kdir=$KNTP_CACHE/kernels/$1/kdir dir
	local -a args=()

	dir=$(realpath "$2")
	shift 2
	[ -e "$kdir/vmlinux" ] || args+=(CONFIG_DEBUG_INFO_BTF_MODULES=)
	nice make -s -j2 -C "$kdir" "M=$dir" "KNTP_SRC=$PWD" \
		${args[0]:+"${args[@]}"} "$@" modules
}

# The module, and the modules that only tests use: one directory a line.
copies() # kernel
{
	local top=$out/$1 kmod

	if [ ! -e "$top/module" ]; then
		mkdir -p "$top/module"
		cp -Rp Kbuild dkms.conf kmod include "$top/module"
	fi
	echo "$top/module"
	for kmod in tests/*/kmod; do
		[ -e "$kmod/Kbuild" ] || continue
		if [ ! -e "$top/$kmod" ]; then
			mkdir -p "$top/$kmod"
			cp -Rp "$kmod/." "$top/$kmod"
		fi
		echo "$top/$kmod"
	done
}

# What a build said of our files; all of it when it failed.
complaints() # log, status
{
	local which='(warning|error):'

	[ "$2" -eq 0 ] || which=.
	grep -E "$which" "$1" | sed "s|$PWD/||g; s|$KNTP_CACHE/||g"
	return "$2"
}

lint_warnings() # kernel
{
	local log=$out/$1.log dir status=0

	mkdir -p "$out"
	: >"$log"
	for dir in $(copies "$1"); do
		kbuild "$1" "$dir" W=1 >>"$log" 2>&1 || status=1
	done
	complaints "$log" $status
}

# C=2 looks at every file, whether it is to be compiled or was already. sparse
# stumbles over the kernel's own headers: only our lines count.
lint_sparse() # kernel
{
	local log=$out/$1.sparse.log dir status=0

	need sparse || return
	: >"$log"
	for dir in $(copies "$1"); do
		kbuild "$1" "$dir" C=2 CF=-D__CHECK_ENDIAN__ >>"$log" 2>&1 ||
			status=1
	done
	[ $status -eq 0 ] || complaints "$log" $status
	grep -E "^$PWD/$out/.*(warning|error):" "$log" |
		sed "s|$PWD/$out/$1/[a-z]*/||" | sort -u
}

# As userspace, which is how the tests and the daemon have it.
lint_core() # compiler
{
	local file

	need "$1" || return
	files '^kmod/core/.*\.[ch]$' | while read -r file; do
		"$1" -std=gnu11 -Wall -Wextra -Wno-unused-function -x c \
		     -fsyntax-only "$file" 2>&1 | grep -v 'pragma once in main'
	done
	return 0
}

lint_user() # compiler
{
	local file

	need "$1" || return
	if ! pkg-config --exists libmnl json-c; then
		echo "libmnl or json-c is not installed"
		return "$SKIP"
	fi
	files '^user/.*\.c$' | while read -r file; do
		# shellcheck disable=SC2046
		"$1" -std=gnu11 -D_GNU_SOURCE -DKNTP_VERSION='"0"' -Wall \
		     -Wextra -Wshadow -Wstrict-prototypes \
		     -Iinclude/uapi -Iuser/lib -Iuser/ctl -Ikmod -fsyntax-only \
		     $(pkg-config --cflags libmnl json-c) "$file" 2>&1
	done
	return 0
}
