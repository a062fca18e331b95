#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh KERNEL, in the guest: what dkms.sh built there is installed, loaded,
# unloaded and removed. The guest forgets all of it.

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1
. ../lib.sh
. ../container.sh
# shellcheck source=lib.sh
. ./lib.sh

kernel=$1
modules=/lib/modules/$kernel

installed()
{
	find "$modules" -name "$package.ko*"
}

nothing_left()
{
	[ -z "$(installed)" ] && ! modprobe -n "$package" 2>/dev/null
}

ktap_begin
check_equal "this is the kernel it was built for" "$(uname -r)" "$kernel"
check "a kernel without other modules" few_modules ""
check "it is not installed yet" nothing_left
check "install" run_dkms "$kernel" install
check "it is among the kernel's modules" test -n "$(installed)"
check "DKMS says it is installed" \
      grep -q ": installed" <<<"$(dkms_status "$kernel")"
check_equal "modinfo finds it, with the package's version" \
	    "$(modinfo -F version "$package")" "$package_version"
check "modprobe" modprobe "$package"
check_equal "the running module's version is the package's" \
	    "$(cat "/sys/module/$package/version")" "$package_version"
check_equal "the command line's version is the package's" \
	    "$(kntp -V | grep -o '[0-9][0-9.]*' | head -n 1)" "$package_version"
check "the command line finds it" kntp status
check "modprobe -r" modprobe -r "$package"
check "it is gone" test ! -e "/sys/module/$package"
check "remove" run_dkms "$kernel" remove
check "nothing is left" nothing_left
ktap_end
