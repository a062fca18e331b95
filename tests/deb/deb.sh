#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The Debian packages: built, looked at by lintian; installed, used, upgraded and
# purged in a guest.

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1
. ../lib.sh
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
	local line status=0 log=$top/build/deb/guest.log

	../vm/run --no-build --kernel "$1" --timeout 800 -- \
		tests/deb/guest.sh >"$log" 2>&1 || status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*)	    ok "guest: ${line#ok * }" ;;
		"not ok "*) not_ok "guest: ${line#not ok * }" ;;
		KTAP*|1..*) ;;
		*)	    note "${line#\# }" ;;
		esac
	done <"$log"
	check_equal "guest: comes to its end" "$status" 0
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
ktap_end
