#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Secure Boot: DKMS builds and signs the module in a Debian of each release; in a
# guest with UEFI it is refused, its certificate enrolled, Secure Boot switched on
# by that, and after another start it is loaded where nothing unsigned is.

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1
. ../lib.sh
# shellcheck source=lib.sh
. ./lib.sh
top=$(realpath ../..)

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

	KNTP_CACHE=$(./root "$1") KNTP_KO=$top/build/deb/$1/signed/kntp.ko \
		../vm/run --no-build --timeout 600 --firmware "$top/build/deb/$1/vars.fd" "${@:3}" -- \
		tests/deb/sign_guest.sh "$2" "$top/build/deb/$1/signed" \
		>"$log" 2>&1 || status=$?
	guest_results "$1" "$log" $status
}

[ "$(id -u)" = 0 ] || skip_all "a root of another release wants root"
ktap_begin
check "there is firmware" ../vm/fetch --firmware || ktap_end
need openssl strip xz
for release in $releases; do
	dir=$top/build/deb/$release/signed
	check "$release: the packages are built" eval "./build $release >/dev/null" ||
		continue
	check "$release: DKMS builds the module" \
		dkms_build "$release" "$top/build/deb/$release" "$dir" || continue
	check_equal "$release: it is signed" "$(modinfo -F sig_id "$dir/kntp.ko")" \
		"PKCS#7"
	check "$release: what else is to be tried" make_others "$dir"
	rm -f "$top/build/deb/$release/vars.fd"
	guest "$release" setup --append module.sig_enforce=1
	guest "$release" secure
done
ktap_end
