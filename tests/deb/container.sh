# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A Debian as tests/deb/root has made it, with its systemd as process 1, in the
# guest of its kernel. The guest forgets all of it.

# shellcheck source=../container.sh
. "$(dirname "${BASH_SOURCE[0]}")/../container.sh"

root=$KNTP_CACHE/root

boot()
{
	local kver

	kver=$(uname -r)
	rm -f "$root/usr/sbin/policy-rc.d"
	printf '%s\n' "[Unit]" "Wants=dbus.service" "AllowIsolate=yes" \
		>"$root/etc/systemd/system/kntp-test.target"
	# Where there is no module at all DKMS takes the kernel for removed.
	mount --bind "$root" "$root" &&
	few_modules "$root" "$root/lib/modules/$kver/kernel/drivers/net/dummy.ko"* &&
	ln -s "/usr/src/linux-headers-$kver" "$root/lib/modules/$kver/build" || return
	unshare --fork --pid --mount --propagation private bash -c "
		cd '$root' && mount -t proc proc proc && mount -t sysfs sysfs sys &&
		mount -t cgroup2 cgroup2 sys/fs/cgroup && mount --rbind /dev dev &&
		mount -t tmpfs tmpfs run && mount -t tmpfs tmpfs tmp &&
		mount --rbind '$root/lib/modules' lib/modules &&
		pivot_root . mnt && umount -l /mnt &&
		exec env -i container=other PATH=$PATH $systemd \
			--unit=kntp-test.target --log-target=null --show-status=0" \
		</dev/null >/dev/null 2>&1 &
	await_manager 60 'running\|degraded'
}
