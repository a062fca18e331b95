// SPDX-License-Identifier: GPL-2.0
#include "testhw.h"

#include <linux/module.h>

static int __init testhw_init(void)
{
	int err;

	/* True time is that of the system clock, until it is set. */
	testhw_step(ktime_get_real_ns() - testhw_truth(ktime_get_raw_ns()));
	err = testhw_phc_init();
	if (err)
		return err;
	err = testhw_pps_init();
	if (err)
		goto err_phc;
	err = testhw_netdev_init();
	if (err)
		goto err_pps;
	return 0;

err_pps:
	testhw_pps_exit();
err_phc:
	testhw_phc_exit();
	return err;
}

static void __exit testhw_exit(void)
{
	testhw_netdev_exit();
	testhw_pps_exit();
	testhw_phc_exit();
}

module_init(testhw_init);
module_exit(testhw_exit);
MODULE_DESCRIPTION("Clocks and pulses of true time, for tests");
MODULE_LICENSE("GPL");
