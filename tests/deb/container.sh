# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A Debian as tests/deb/root has made it, with its systemd as process 1, in the
# guest of its kernel. The guest forgets all of it.

root=$KNTP_CACHE/root
manager=''

# depmod reads every module there is, which takes an emulated CPU minutes. Ours
# depends on none of them, so the kernel gets a directory with just one: where
# there is none DKMS takes the kernel for removed.
few_modules()
{
	local kver few=/run/modules

	kver=$(uname -r)
	mkdir -p $few/kernel
	cp "$root/lib/modules/$kver/kernel/drivers/net/dummy.ko"* $few/kernel/ &&
	cp "$root/lib/modules/$kver"/modules.{order,builtin,builtin.modinfo} $few &&
	ln -s "/usr/src/linux-headers-$kver" $few/build &&
	mount --bind $few "$root/lib/modules/$kver" && depmod -b "$root" "$kver"
}

boot()
{
	rm -f "$root/usr/sbin/policy-rc.d"
	printf '%s\n' "[Unit]" "Wants=dbus.service" "AllowIsolate=yes" \
		>"$root/etc/systemd/system/kntp-test.target"
	mount --bind "$root" "$root" && few_modules || return
	unshare --fork --pid --mount --propagation private bash -c "
		cd '$root' && mount -t proc proc proc && mount -t sysfs sysfs sys &&
		mount -t cgroup2 cgroup2 sys/fs/cgroup && mount --rbind /dev dev &&
		mount -t tmpfs tmpfs run && mount -t tmpfs tmpfs tmp &&
		mount --rbind '$root/lib/modules' lib/modules &&
		pivot_root . mnt && umount -l /mnt &&
		exec env -i container=other PATH=$PATH /lib/systemd/systemd \
			--unit=kntp-test.target --log-target=null --show-status=0" \
		</dev/null >/dev/null 2>&1 &
	slowwait 60 find_manager
	manager=$(manager_pid)
}

manager_pid()
{
	pgrep -n -x -f "/lib/systemd/systemd --unit=kntp-test.target.*"
}

find_manager()
{
	manager=$(manager_pid)
	[ -n "$manager" ] && within systemctl is-system-running 2>&1 |
		grep -q 'running\|degraded'
}

within() # command of the container
{
	nsenter -t "$manager" -m -p -r -w "$@"
}
