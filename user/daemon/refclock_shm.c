// SPDX-License-Identifier: GPL-2.0
/*
 * The shared memory of ntpd's driver 28, into which gpsd and others write. What
 * stands there is checked like a packet from the network: who may write into the
 * segment need not be this user.
 */
#include "refclock.h"
#include "clk.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>

/* "NTP0", and the unit is added to it. */
#define KEY	0x4e545030

/**
 * struct shm_time - the segment
 * @mode: 0 one reading at a time; 1 it is right when @count did not change
 * @count: of changes
 * @clock_sec: of the reference clock; and the other parts of it
 * @receive_sec: when, by CLOCK_REALTIME
 * @leap: enum ntp_leap
 * @precision: log2 s
 * @samples: unused
 * @valid: there is a reading that was not taken yet
 */
struct shm_time {
	int mode;
	int count;
	time_t clock_sec;
	int clock_usec;
	time_t receive_sec;
	int receive_usec;
	int leap, precision, samples;
	int valid;
	unsigned int clock_nsec, receive_nsec;
	int unused[8];
};

static int open_shm(struct refclock *rc)
{
	int unit = atoi(rc->conf->parameter), id;
	void *at;

	id = shmget(KEY + unit, sizeof(struct shm_time),
		    IPC_CREAT | rc->conf->perm);
	if (id < 0) {
		refclock_failed(rc, "shared memory %d: %m", unit);
		return -errno;
	}
	at = shmat(id, NULL, 0);
	if (at == (void *)-1) {
		refclock_failed(rc, "shared memory %d: %m", unit);
		return -errno;
	}
	rc->data = at;
	return 0;
}

static void close_shm(struct refclock *rc)
{
	shmdt(rc->data);
}

/* A reading, or false: there is none, or it was being changed. */
static bool copy(volatile struct shm_time *from, struct shm_time *to)
{
	int count = from->count;

	if (!from->valid)
		return false;
	atomic_thread_fence(memory_order_acquire);
	memcpy(to, (const void *)from, sizeof(*to));
	atomic_thread_fence(memory_order_acquire);
	if (to->mode == 1 && (to->count != count || from->count != count))
		return false;
	from->valid = 0;
	return true;
}

/* Who writes no nanoseconds leaves there what does not go with the rest. */
static int64_t ns_of(int us, unsigned int ns)
{
	return ns / 1000 == (unsigned int)us ? (int64_t)ns : us * 1000LL;
}

static void read_shm(struct refclock *rc)
{
	int64_t clock, receive;
	struct shm_time t;

	if (!copy(rc->data, &t))
		return;
	if (t.mode != 0 && t.mode != 1) {
		refclock_failed(rc, "mode %d in its shared memory is neither 0 nor 1",
				t.mode);
		return;
	}
	if (!refclock_stamp(t.clock_sec, ns_of(t.clock_usec, t.clock_nsec),
			    &clock) ||
	    !refclock_stamp(t.receive_sec,
			    ns_of(t.receive_usec, t.receive_nsec), &receive)) {
		refclock_failed(rc, "what is in its shared memory is no time");
		return;
	}
	refclock_time(rc, clk_raw_of_real(receive), clock, 0,
		      refclock_leap(t.leap));
}

const struct refclock_driver refclock_shm = {
	.name = "SHM",
	.open = open_shm,
	.close = close_shm,
	.read = read_shm,
};
