#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# dkms.conf adds and builds the module for every cached kernel, from nothing
# but the module's sources; what was built is installed, loaded and removed in
# a guest of that kernel.

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1
. ../lib.sh
# shellcheck source=lib.sh
. ./lib.sh

# Only what the module is made of: this is what a package would ship.
copy_sources() # kernel
{
	local dir=$scratch/$1/src/$package-$package_version

	mkdir -p "$dir" "$scratch/$1/tree"
	(cd "$top" && cp -Rp Kbuild dkms.conf kmod include "$dir")
	(cd "$dir" && find . -type f -exec cksum {} +) | sort >"$scratch/$1/sources"
}

sources_untouched() # kernel
{
	(cd "$scratch/$1/src/$package-$package_version" && find . -type f -exec cksum {} +) |
		sort | diff - "$scratch/$1/sources"
}

# Debian's 6.1 headers come without what BTF is made from, and say so.
log_is_quiet() # kernel
{
	! grep -E 'warning:|WARNING:|error:' \
		"$scratch/$1/tree/$package/$package_version/$1"/*/log/make.log
}


modinfo_field() # kernel, field
{
	modinfo -F "$2" "$(built_module "$1")"
}

test_kernel() # kernel
{
	local ko

	copy_sources "$1"
	check "$1: add" run_dkms "$1" add || return
	check "$1: build" run_dkms "$1" build -j 2 || {
		tail -n 40 "$scratch/$1/tree/$package/$package_version/build/make.log" |
			sed 's/^/# /'
		return
	}
	ko=$(built_module "$1")
	check "$1: the module is where DKMS keeps it" test -n "$ko"
	check "$1: the build says no warning" log_is_quiet "$1"
	check "$1: the sources are left as they were" sources_untouched "$1"
	check_equal "$1: the module's version is the package's" \
		    "$(modinfo_field "$1" version)" "$package_version"
	check_equal "$1: the module is for this kernel" \
		    "$(modinfo_field "$1" vermagic | cut -d ' ' -f 1)" "$1"
	check "$1: DKMS says it is built" \
	      grep -q ": built" <<<"$(dkms_status "$1")"
	in_guest "$1"
}

in_guest() # kernel
{
	local status=0 log=$scratch/$1/guest.log

	if [ ! -e "$top/build/kntp" ]; then
		skip "$1: in the guest" "build/kntp is not built"
		return
	fi
	../vm/run --no-build --kernel "$1" --timeout 900 -- \
		tests/dkms/guest.sh "$1" >"$log" 2>&1 || status=$?
	guest_results "$1: guest" "$log" $status
}

command -v dkms >/dev/null || skip_all "dkms is not installed"
[ "$(id -u)" = 0 ] || skip_all "dkms wants root"
kernels=$(../vm/kernels)
[ -n "$kernels" ] || skip_all "no kernel is cached"

mkdir -p "$top/build/dkms"
scratch=$(mktemp -d "$top/build/dkms/run.XXXXXX")
export KNTP_DKMS_SCRATCH=$scratch
defer rm -rf "$scratch"

ktap_begin
check "the package has a name and a version" test -n "$package" -a -n "$package_version"
if [ -x "$top/build/kntp" ]; then
	check_equal "the command line's version is the package's" \
		    "$("$top/build/kntp" -V | grep -o '[0-9][0-9.]*' | head -n 1)" \
		    "$package_version"
else
	skip "the command line's version is the package's" "it is not built"
fi
for kernel in $kernels; do
	test_kernel "$kernel"
done
ktap_end
