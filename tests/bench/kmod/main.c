// SPDX-License-Identifier: GPL-2.0
/*
 * Control by debugfs, in kntp_bench/:
 *
 *   sources   write: addresses, 16 bytes each, IPv4 in the first four; opening
 *             it begins anew
 *   run       write: KIND FAMILY COUNT SOURCES VERIFIED PORT MODE SEED KEYED
 *             IN_TURN; returns when it is measured
 *             read: what was measured
 */
#include "bench.h"

#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#define SOURCES_MAX	BIT(20)

static const char * const kinds[BENCH_KINDS] = {
	[BENCH_ANSWER] = "answer",
	[BENCH_PROCESS] = "process",
	[BENCH_SILENT] = "silent",
	[BENCH_REFUSE] = "refuse",
	[BENCH_NETDEV] = "netdev",
	[BENCH_LOCAL_IN] = "local-in",
	[BENCH_SEND] = "send",
};

const struct in6_addr *bench_sources;
u32 bench_n_sources;

static struct in6_addr *sources;
static struct bench_result result;
static DEFINE_MUTEX(lock);
static struct dentry *dir;

static int sources_open(struct inode *inode, struct file *file)
{
	if (file->f_mode & FMODE_WRITE)
		bench_n_sources = 0;
	return 0;
}

static ssize_t sources_write(struct file *file, const char __user *from,
			     size_t len, loff_t *pos)
{
	u32 n = len / sizeof(*sources);

	if (!n || bench_n_sources + n > SOURCES_MAX)
		return -EFBIG;
	if (copy_from_user(sources + bench_n_sources, from, n * sizeof(*sources)))
		return -EFAULT;
	bench_n_sources += n;
	return n * sizeof(*sources);
}

static const struct file_operations sources_fops = {
	.owner = THIS_MODULE,
	.open = sources_open,
	.write = sources_write,
};

static int parse_order(const char *text, struct bench_order *order)
{
	unsigned int family, verified, port, mode, keyed, in_turn;
	char kind[16];

	if (sscanf(text, "%15s %u %u %u %u %u %u %u %u %u", kind,
		   &family, &order->count, &order->sources, &verified, &port,
		   &mode, &order->seed, &keyed, &in_turn) != 10)
		return -EINVAL;
	order->kind = match_string(kinds, BENCH_KINDS, kind);
	order->family = family == 4 ? AF_INET : AF_INET6;
	order->verified = verified;
	order->port = port;
	order->mode = mode;
	order->keyed = keyed;
	order->in_turn = in_turn;
	if ((int)order->kind < 0 || !order->sources ||
	    (order->sources > bench_n_sources && family != 4))
		return -EINVAL;
	return 0;
}

static ssize_t run_write(struct file *file, const char __user *from,
			 size_t len, loff_t *pos)
{
	struct bench_order order = {};
	char text[128] = "";
	int err;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	mutex_lock(&lock);
	err = parse_order(text, &order);
	if (!err)
		err = bench_run(&order, &result);
	mutex_unlock(&lock);
	return err ?: len;
}

static int run_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "instructions=%llu free=%llu replies=%u bad=%u stray=%u lost=%u waits=%u complaint=%s\n",
		   result.instructions, result.free, result.replies, result.bad,
		   result.stray, result.lost, result.waits,
		   result.complaint ?: "");
	return 0;
}

static int run_open(struct inode *inode, struct file *file)
{
	return single_open(file, run_show, NULL);
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = run_open,
	.read = seq_read,
	.write = run_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init bench_init(void)
{
	int err;

	sources = kvcalloc(SOURCES_MAX, sizeof(*sources), GFP_KERNEL);
	if (!sources)
		return -ENOMEM;
	bench_sources = sources;
	err = bench_mac_init();
	if (err)
		goto err_free;
	err = bench_device_init();
	if (err)
		goto err_mac;
	dir = debugfs_create_dir("kntp_bench", NULL);
	debugfs_create_file("sources", 0200, dir, NULL, &sources_fops);
	debugfs_create_file("run", 0600, dir, NULL, &run_fops);
	return 0;

err_mac:
	bench_mac_exit();
err_free:
	kvfree(sources);
	return err;
}

static void __exit bench_exit(void)
{
	debugfs_remove(dir);
	bench_device_exit();
	bench_mac_exit();
	kvfree(sources);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("kntp bench: injects NTP requests and counts instructions");
MODULE_LICENSE("GPL");
