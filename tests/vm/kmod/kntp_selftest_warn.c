// SPDX-License-Identifier: GPL-2.0
/*
 * Warns when loaded, and does nothing else: the guest's self-test proves with
 * it that a kernel warning fails a run.
 */
#include <linux/bug.h>
#include <linux/module.h>

static int __init kntp_selftest_warn_init(void)
{
	WARN(1, "kntp self-test: this warning is wanted\n");
	return 0;
}

static void __exit kntp_selftest_warn_exit(void)
{
}

module_init(kntp_selftest_warn_init);
module_exit(kntp_selftest_warn_exit);
MODULE_DESCRIPTION("kntp self-test: a kernel warning");
MODULE_LICENSE("GPL");
