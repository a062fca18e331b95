# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# In a guest: systemd as process 1 of a container, by the target kntp-test.target.
# A test starts it by itself, after ../lib.sh, and then waits for it.

systemd=/lib/systemd/systemd
manager=''

manager_pid()
{
	pgrep -n -x -f "$systemd --unit=kntp-test.target.*"
}

# find_manager STATES: whether it is in one of them, as grep has alternatives
find_manager()
{
	manager=$(manager_pid)
	[ -n "$manager" ] && within systemctl is-system-running 2>&1 |
		grep -q "$1"
}

# await_manager SECONDS STATES; $manager is empty where there is none.
await_manager()
{
	slowwait "$1" find_manager "$2"
	manager=$(manager_pid)
}

within() # command of the container
{
	nsenter -t "$manager" -m -p -r -w "$@"
}

# depmod reads every module there is, which takes an emulated CPU minutes. Ours
# depends on none of them, so the kernel gets a directory with just those named.
few_modules() # root of the file system, file...
{
	local kver few=/run/modules modules

	kver=$(uname -r)
	modules=$1/lib/modules/$kver
	mkdir -p "$few" &&
	cp "$modules"/modules.{order,builtin,builtin.modinfo} "${@:2}" "$few" &&
	mount --bind "$few" "$modules" &&
	depmod -b "${1:-/}" "$kver"
}
