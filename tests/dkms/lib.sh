# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# DKMS with trees of its own, a directory for each run, so that two runs do not
# meet. What is built on the host is installed from the same trees in the guest.

top=$(dirname "$(dirname "$(dirname "$(realpath "${BASH_SOURCE[0]}")")")")
KNTP_CACHE=${KNTP_CACHE:-/var/cache/kntp}
scratch=${KNTP_DKMS_SCRATCH:-}

conf_value() # key
{
	sed -n "s/^$1=\"\(.*\)\"/\1/p" "$top/dkms.conf"
}
package=$(conf_value PACKAGE_NAME)
package_version=$(conf_value PACKAGE_VERSION)

# One tree for each kernel, so that kernels do not share a build directory.
run_dkms() # kernel, action, argument...
{
	local kernel=$1 action=$2
	shift 2

	dkms "$action" "$package/$package_version" -k "$kernel" \
	     --dkmstree "$scratch/$kernel/tree" \
	     --sourcetree "$scratch/$kernel/src" \
	     --kernelsourcedir "$(realpath "$KNTP_CACHE/kernels/$kernel/kdir")" \
	     "$@"
}

dkms_status() # kernel
{
	dkms status --dkmstree "$scratch/$1/tree" \
	     --sourcetree "$scratch/$1/src" "$package/$package_version" -k "$1"
}

# Its path in the tree, whatever the compression.
built_module() # kernel
{
	find "$scratch/$1/tree/$package/$package_version/$1" -path '*/module/*' \
	     -name "$package.ko*" 2>/dev/null
}
