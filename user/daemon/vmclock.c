// SPDX-License-Identifier: GPL-2.0
/*
 * A hypervisor that pauses, migrates or restores this machine disrupts the counter
 * that CLOCK_MONOTONIC_RAW is made of, which the machine cannot see by itself. A
 * page that is shared with it (VMCLOCK device) has a marker that is another one
 * after each disruption.
 */
#include "vmclock.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC	0x4b4c4356	/* "VCLK" */
#define VERSION	1
/* While the hypervisor writes. */
#define TRIES	1000

/**
 * struct page - the first fields of the shared page, all little-endian
 * @magic: MAGIC
 * @size: of the page's structure, octets
 * @version: VERSION
 * @counter: which one it speaks of
 * @time_type: likewise of the time
 * @seq: odd while the fields below are written, another number after it
 * @marker: another number after each disruption of the counter
 */
struct page {
	uint32_t magic, size;
	uint16_t version;
	uint8_t counter, time_type;
	uint32_t seq;
	uint64_t marker;
};

static struct {
	const volatile struct page *page;
	size_t len;
	uint64_t marker;
} vm;

/* Fail after TRIES when the hypervisor keeps writing. */
static bool read_marker(uint64_t *marker)
{
	uint32_t before, after;
	int i;

	for (i = 0; i < TRIES; i++) {
		before = vm.page->seq;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		*marker = vm.page->marker;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		after = vm.page->seq;
		if (before == after && !(le32toh(before) & 1))
			return true;
	}
	return false;
}

static bool is_sound(const volatile struct page *p)
{
	return le32toh(p->magic) == MAGIC && le16toh(p->version) == VERSION &&
	       le32toh(p->size) >= sizeof(*p);
}

/**
 * vmclock_open() - watch the hypervisor's marker from now on
 * @path: of the device
 *
 * Return: 0; -ENOENT when the device does not exist; -EPROTO when its page is not a
 * VMCLOCK page of a known version; or another -errno.
 */
int vmclock_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = (size_t)sysconf(_SC_PAGESIZE);
	void *page;
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	/* Beyond the end of a file that is shorter there is only SIGBUS. */
	if (fstat(fd, &st))
		err = -errno;
	else if (S_ISREG(st.st_mode) && st.st_size < (off_t)sizeof(struct page))
		err = -EPROTO;
	page = err ? MAP_FAILED : mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (!err && page == MAP_FAILED)
		err = -errno;
	close(fd);
	if (err)
		return err;
	vm.page = page;
	vm.len = len;
	if (is_sound(vm.page) && read_marker(&vm.marker))
		return 0;
	vmclock_close();
	return -EPROTO;
}

/**
 * vmclock_disrupted() - Check whether the counter was disrupted
 *
 * Return: whether it was since vmclock_open() or vmclock_take(); false without a
 * device.
 */
bool vmclock_disrupted(void)
{
	uint64_t marker;

	return vm.page && read_marker(&marker) && marker != vm.marker;
}

/**
 * vmclock_take() - Acknowledge all disruptions until now
 */
void vmclock_take(void)
{
	uint64_t marker;

	if (vm.page && read_marker(&marker))
		vm.marker = marker;
}

/**
 * vmclock_close() - watch no more
 */
void vmclock_close(void)
{
	if (vm.page)
		munmap((void *)(uintptr_t)vm.page, vm.len);
	vm.page = NULL;
}
