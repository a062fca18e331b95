#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Secure Boot: DKMS builds and signs the module in a Debian of each release; in a
# guest with UEFI it is refused, its certificate enrolled, Secure Boot switched on
# by that, and after another start it is loaded where nothing unsigned is.

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1
. ../lib.sh
. ./results.sh
top=$(realpath ../..)

# By the machine itself, as the release's DKMS does it; nothing stays in its root.
dkms_build() # release, directory
{
	local root deb=("$top/build/deb/$1"/kntp-dkms_*.deb)

	root=$(./root "$1")/root
	rm -rf "$2"
	mkdir -p "$2"
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount --pid --fork bash -euc '
		root=$1 out=$2 deb=$3
		kver=$(basename "$root"/lib/modules/*)
		mount -t tmpfs tmpfs "$root/var/lib/dkms"
		mount -t tmpfs tmpfs "$root/opt"
		mount -t tmpfs tmpfs "$root/tmp"
		mount -t proc proc "$root/proc"
		dpkg-deb -x "$deb" "$root/opt"
		source=$(basename "$root"/opt/usr/src/kntp-*)
		for what in add build; do
			chroot "$root" dkms $what "${source/-//}" -k "$kver" \
				--sourcetree /opt/usr/src
		done
		cp "$root"/var/lib/dkms/mok.pub "$out"
		cp "$root/var/lib/dkms/${source/-//}/$kver"/*/module/kntp.ko* "$out"
	' - "$root" "$2" "${deb[0]}" >"$2.log" 2>&1 || {
		tail -n 30 "$2.log"
		return 1
	}
	[ ! -e "$2/kntp.ko.xz" ] || xz -d "$2/kntp.ko.xz"
}

# Whose machine it is to be; the module without its signature, and with another
# word in it.
make_others() # directory
{
	openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=owner of a test" \
		-days 30 -keyout "$1/owner.key" -out "$1/owner.pem" 2>/dev/null &&
	cp "$1/kntp.ko" "$1/unsigned.ko" && strip --strip-debug "$1/unsigned.ko" &&
	python3 - "$1" <<-'END'
	import sys
	with open(sys.argv[1] + "/kntp.ko", "rb") as file:
	    data = bytearray(file.read())
	at = data.index(b"license=GPL")
	data[at:at + 11] = b"license=gpl"
	with open(sys.argv[1] + "/changed.ko", "wb") as file:
	    file.write(data)
	END
}

guest() # release, stage, more words
{
	local status=0 log=$top/build/deb/$1/sign-$2.log

	KNTP_CACHE=$(./root "$1") KNTP_KO=$top/build/deb/$1/signed/kntp.ko ../vm/run --no-build --timeout 600 \
		--firmware "$top/build/deb/$1/vars.fd" "${@:3}" -- \
		tests/deb/sign_guest.sh "$2" "$top/build/deb/$1/signed" \
		>"$log" 2>&1 || status=$?
	results "$1" "$log" $status
}

[ "$(id -u)" = 0 ] || skip_all "a root of another release wants root"
ktap_begin
check "there is firmware" ../vm/fetch --firmware || ktap_end
need openssl strip xz
for release in bookworm trixie; do
	dir=$top/build/deb/$release/signed
	check "$release: the packages are built" eval "./build $release >/dev/null" ||
		continue
	check "$release: DKMS builds the module" dkms_build $release "$dir" || continue
	check_equal "$release: it is signed" "$(modinfo -F sig_id "$dir/kntp.ko")" \
		"PKCS#7"
	check "$release: what else is to be tried" make_others "$dir"
	rm -f "$top/build/deb/$release/vars.fd"
	guest $release setup --append module.sig_enforce=1
	guest $release secure
done
ktap_end
