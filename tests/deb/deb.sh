#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The Debian packages: built, looked at by lintian; installed, used, upgraded and
# purged in a guest; and the same in whole Debians of two releases, with the module.

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1
. ../lib.sh
# shellcheck source=lib.sh
. ./lib.sh
top=$(realpath ../..)

# Who maintains a package is known to who hands it out.
lint()
{
	lintian --fail-on error --allow-root --suppress-tags \
		bogus-mail-host,bogus-mail-host-in-debian-changelog \
		"$top"/build/deb/*.changes 2>&1 | sed 's/^/# /'
	return "${PIPESTATUS[0]}"
}

version_of() # package file
{
	dpkg-deb -f "$1" Version
}

in_guest()
{
	local status=0 log=$top/build/deb/guest.log

	../vm/run --no-build --kernel "$1" --timeout 800 -- \
		tests/deb/guest.sh >"$log" 2>&1 || status=$?
	guest_results guest "$log" $status
}

# What a release gets is built there, in this version and the next one.
build_for() # release
{
	local debs=$top/build/deb/$1

	./build "$1" >/dev/null && dkms_build "$1" "$debs" "$debs/signed" &&
	./build "$1" 9.0 >/dev/null && dkms_build "$1" "$debs/9.0" "$debs/9.0/signed"
}

# A whole Debian of that release, in the guest of its kernel.
cycles() # release...
{
	local release status pids=()

	for release; do
		KNTP_CACHE=$(./root "$release") ../vm/run --no-build --smp 1 --mem 4G \
			--timeout 5000 -- tests/deb/cycle.sh "$release" \
			>"$top/build/deb/$release/cycle.log" 2>&1 &
		pids+=($!)
	done
	for release; do
		status=0
		wait "${pids[0]}" || status=$?
		pids=("${pids[@]:1}")
		guest_results "$release" "$top/build/deb/$release/cycle.log" $status
	done
}

[ "$(id -u)" = 0 ] || skip_all "installing packages wants root"
kernel=$(../vm/kernels | tail -n 1)
[ -n "$kernel" ] || skip_all "no kernel is cached"

ktap_begin
built()
{
	./build >/dev/null
}

check "the packages are built" built || ktap_end
check "lintian finds no error" lint
package_version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
for deb in "$top"/build/deb/kntp{,-dkms}_*.deb; do
	check_equal "$(basename "$deb"): the version is the module's" \
		    "$(version_of "$deb")" "$package_version"
done
in_guest "$kernel"
check "the client is built" gcc -O2 -Wall -Wextra -Werror -o "$top/build/deb/load" load.c
for release in $releases; do
	check "$release: its packages are built" build_for "$release" || ktap_end
done
# shellcheck disable=SC2086
cycles $releases
ktap_end
