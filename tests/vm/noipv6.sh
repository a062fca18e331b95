#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A kernel that was booted without IPv6: tests/net/test_noipv6.py in a guest of
# each kernel.
set -u

here=$(dirname "$(realpath "$0")")
. "$here/../lib.sh"

ktap_begin
for kernel in ${KERNELS:-6.1 6.12}; do
	check "Linux $kernel with ipv6.disable=1" timeout 300 "$here/run" --no-build \
		--kernel "$kernel" --append ipv6.disable=1 -- \
		"$here/../net/test_noipv6.py"
done
ktap_end
