// SPDX-License-Identifier: GPL-2.0
/*
 * Commits one fault when loaded, to prove that the debug kernel and its verdict
 * notice it. Loading succeeds whatever was asked for.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *fault = "none";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "which fault to commit");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);
static int __rcu *guarded;
static int array[8];

static void use_after_free(void)
{
	int *p = kmalloc(sizeof(*p) * 16, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[3], 1);
}

static void out_of_bounds(void)
{
	int i = ARRAY_SIZE(array);

	OPTIMIZER_HIDE_VAR(i);
	WRITE_ONCE(*(array + i), 1);
}

/* Never a deadlock here, only an order that could be one. */
static void lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_in_atomic(void)
{
	spin_lock(&spin);
	msleep(1);
	spin_unlock(&spin);
}

static void rcu_misuse(void)
{
	if (rcu_dereference(guarded))
		pr_info("unexpected\n");
}

static void leak(void)
{
	void *p = kmalloc(200, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
}

static void bad_shift(void)
{
	int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	WRITE_ONCE(array[0], 1 << by);
}

/* The whole machine, so that nothing can write a verdict. */
static void hang(void)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static void warn(void)
{
	WARN(1, "asked for");
}

static void bug(void)
{
	panic("asked for");
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "use-after-free", use_after_free },
	{ "out-of-bounds", out_of_bounds },
	{ "lock-inversion", lock_inversion },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "rcu-misuse", rcu_misuse },
	{ "leak", leak },
	{ "bad-shift", bad_shift },
	{ "hang", hang },
	{ "warn", warn },
	{ "panic", bug },
};

static int __init kntp_fault_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(fault, faults[i].name))
			faults[i].commit();
	return 0;
}

static void __exit kntp_fault_exit(void)
{
}

module_init(kntp_fault_init);
module_exit(kntp_fault_exit);
MODULE_DESCRIPTION("Faults for the debug kernel's self-test");
MODULE_LICENSE("GPL");
