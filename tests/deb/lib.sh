# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash

# What Debian calls 12 and 13.
# shellcheck disable=SC2034 # who sources this reads it
releases="bookworm trixie"

# What DKMS makes of a package in a Debian of the release, by the machine itself:
# the module, the certificate it is signed for, and DKMS's archive of both, from
# which its part of the package installs. Nothing stays in that Debian.
dkms_build() # release, directory of the package, where to
{
	local root deb=("$2"/kntp-dkms_*.deb)

	root=$(./root "$1")/root
	rm -rf "$3"
	mkdir -p "$3"
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount --pid --fork bash -euc '
		root=$1 out=$2 deb=$3
		kver=$(basename "$root/lib/modules/"*)
		for dir in var/lib/dkms opt tmp; do
			mount -t tmpfs tmpfs "$root/$dir"
		done
		mount -t proc proc "$root/proc"
		dpkg-deb -x "$deb" "$root/opt"
		source=$(basename "$root"/opt/usr/src/kntp-*)
		tree=$root/var/lib/dkms/${source/-//}
		for what in add build mktarball; do
			chroot "$root" dkms $what "${source/-//}" -k "$kver" \
				--sourcetree /opt/usr/src
		done
		cp "$root"/var/lib/dkms/mok.pub "$out"
		cp "$tree/$kver"/*/module/kntp.ko* "$out"
		cp "$tree"/tarball/*.dkms.tar.gz "$out/$source.dkms.tar.gz"
	' - "$root" "$3" "${deb[0]}" >"$3.log" 2>&1 || {
		tail -n 30 "$3.log"
		return 1
	}
	[ ! -e "$3/kntp.ko.xz" ] || xz -d "$3/kntp.ko.xz"
}
