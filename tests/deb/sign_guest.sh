#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sign_guest.sh setup|secure DIR, in a guest that began by UEFI: what DKMS built and
# signed, in DIR, before its certificate is enrolled, and after.

set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib.sh"

dir=$2
efi=/sys/firmware/efi/efivars

efi_byte() # variable
{
	od -An -t u1 -j 4 -N 1 "$efi/$1-8be4df61-93ca-11d2-aa0d-00e098032b8c" | tr -d ' '
}

refused() # module
{
	local said

	said=$(insmod "$1" 2>&1) && rmmod kntp
	echo "${said##*: }"
}

setup()
{
	check_equal "setup: nobody owns this machine" "$(efi_byte SetupMode)" 1
	check_equal "setup: a key that nobody enrolled is no key" \
		"$(refused "$dir/kntp.ko")" "Key was rejected by service"
	check "setup: the key is enrolled" "$here/enrol.py" \
		"$KNTP_CACHE/kernels/$(uname -r)/boot/vmlinuz-$(uname -r)" \
		"$dir/owner.key" "$dir/owner.pem" "$dir/mok.pub"
}

secure()
{
	check_equal "secure: the firmware says so" "$(efi_byte SecureBoot)" 1
	mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
	check "secure: the kernel is locked down" \
		grep -q '\[integrity\]' /sys/kernel/security/lockdown
	check_equal "secure: a module without a signature" \
		"$(refused "$dir/unsigned.ko")" "Key was rejected by service"
	check_equal "secure: one that was changed after it was signed" \
		"$(refused "$dir/changed.ko")" "Key was rejected by service"
	check "secure: the module, as DKMS signed it" insmod "$dir/kntp.ko"
	check "secure: the command line finds it" kntp status
	check "secure: it listens" kntp listen add hook local
	check "secure: and goes" rmmod kntp
	check "secure: the kernel is not tainted by its lack of a key" \
		[ $(($(cat /proc/sys/kernel/tainted) & 1 << 13)) = 0 ]
}

ktap_begin
check "variables of the firmware" mount -t efivarfs efivarfs $efi
"$1"
ktap_end
