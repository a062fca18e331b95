// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the frequency of this machine's time stamp counter in kHz.
 *
 * An emulated CPU reads the host's counter, but measures its frequency while
 * being scheduled in and out: on a busy host it may come out at a fraction, and
 * then the guest's time runs at a multiple. So the guest is told.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct sample {
	uint64_t tsc;
	uint64_t ns;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The tightest of many: nothing came between the two clocks. */
static struct sample take(void)
{
	struct sample best = { 0, 0 };
	uint64_t width = UINT64_MAX;
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t before = __rdtsc();
		uint64_t ns = now_ns();
		uint64_t after = __rdtsc();

		if (after - before < width) {
			width = after - before;
			best.tsc = before + width / 2;
			best.ns = ns;
		}
	}
	return best;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 500000000 };
	struct sample a, b;

	a = take();
	nanosleep(&pause, NULL);
	b = take();
	printf("%.0f\n", (double)(b.tsc - a.tsc) * 1e6 / (double)(b.ns - a.ns));
	return 0;
}
