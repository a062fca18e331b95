#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# probe.sh OUTPUT COMPILER [FLAG]...: writes a header that says what the kernel
# whose flags these are offers. Stable kernels change interfaces inside a
# series, so a version number says nothing.
set -u

out=$1
shift
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

compiles() {
	"$@" -Werror -Wno-unused -Wno-missing-prototypes \
		-Wno-missing-declarations -c "$tmp/probe.c" \
		-o "$tmp/probe.o" >"$tmp/log" 2>&1
}

# The flags themselves must work, or every answer would be no.
echo '#include <linux/module.h>' >"$tmp/probe.c"
if ! compiles "$@"; then
	echo "kntp: the kernel's headers do not compile:" >&2
	cat "$tmp/log" >&2
	exit 1
fi

# probe NAME: stdin is a source that compiles where the kernel has NAME.
probe() {
	name=$1
	shift
	cat >"$tmp/probe.c"
	if compiles "$@"; then
		echo "#define KNTP_HAVE_$name 1"
	else
		echo "/* no KNTP_HAVE_$name */"
		cp "$tmp/log" "$tmp/no-$name"
	fi
}

# one_of PURPOSE NAME NAME: the kernel has one of two interfaces that do the
# same, or the module cannot be built for it. A kernel that is newer than the
# probes may have neither: say so here, before the compiler says it at length.
one_of() {
	if [ -e "$tmp/no-$2" ] && [ -e "$tmp/no-$3" ]; then
		{
			echo "kntp: this kernel has neither $2 nor $3 (needed for $1)"
			for name in "$2" "$3"; do
				echo "kntp: $name: $(grep -m 1 error: "$tmp/no-$name")"
			done
		} >&2
		exit 1
	fi
}

{
	echo '/* Made by probe.sh. */'

	probe SKB_DELIVERY_TIME "$@" <<-'END'
	#include <linux/skbuff.h>
	ktime_t f(struct sk_buff *skb);
	ktime_t f(struct sk_buff *skb)
	{
		skb_set_delivery_time(skb, 0, 0);
		return skb_tstamp(skb);
	}
	END

	probe CRYPTO_UTILS "$@" <<-'END'
	#include <crypto/utils.h>
	unsigned long f(const void *a, const void *b);
	unsigned long f(const void *a, const void *b)
	{
		return crypto_memneq(a, b, 1);
	}
	END

	probe NETDEV_GET_TSTAMP "$@" <<-'END'
	#include <linux/netdevice.h>
	ktime_t f(struct net_device *dev, struct sk_buff *skb);
	ktime_t f(struct net_device *dev, struct sk_buff *skb)
	{
		if (!(skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP_NETDEV))
			return 0;
		return netdev_get_tstamp(dev, skb_hwtstamps(skb), false);
	}
	END

	probe KTIME_GET_SNAPSHOT "$@" <<-'END'
	#include <linux/ktime.h>
	ktime_t f(void);
	ktime_t f(void)
	{
		struct system_time_snapshot now;

		ktime_get_snapshot(&now);
		return now.real - now.raw;
	}
	END

	probe KTIME_GET_SNAPSHOT_ID "$@" <<-'END'
	#include <linux/ktime.h>
	ktime_t f(void);
	ktime_t f(void)
	{
		struct system_time_snapshot now;

		ktime_get_snapshot_id(CLOCK_REALTIME, &now);
		return now.systime - now.monoraw;
	}
	END

	one_of "reading two clocks at one moment" \
		KTIME_GET_SNAPSHOT KTIME_GET_SNAPSHOT_ID

	probe GENL_RESV_START_OP "$@" <<-'END'
	#include <net/genetlink.h>
	struct genl_family f = { .resv_start_op = 1 };
	END

	probe NFCT_ACCESSORS "$@" <<-'END'
	#include <linux/skbuff.h>
	void f(struct sk_buff *skb);
	void f(struct sk_buff *skb)
	{
		skb_set_nfct(skb, skb_get_nfct(skb));
	}
	END
} >"$tmp/out" && mv "$tmp/out" "$out"
