/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kntp

#if !defined(_KNTP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KNTP_TRACE_H

#include <linux/kntp.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tracepoint.h>

/* All of enum kntp_stat; trace.c asserts that none is missing. */
#define KNTP_TRACE_STATS			\
	EM(IN)					\
	EM(ANSWERED)				\
	EM(PASS_FRAGMENT)			\
	EM(PASS_OPTIONS)			\
	EM(PASS_VLAN)				\
	EM(PASS_NOT_MINE)			\
	EM(PASS_MULTICAST)			\
	EM(PASS_IPSEC)				\
	EM(PASS_GSO)				\
	EM(PASS_SHARED)				\
	EM(PASS_LONG)				\
	EM(PASS_VERSION)			\
	EM(PASS_MODE)				\
	EM(PASS_ACL)				\
	EM(PASS_NTS)				\
	EM(PASS_MAC)				\
	EM(DROP_LENGTH)				\
	EM(DROP_CHECKSUM)			\
	EM(DROP_SOURCE)				\
	EM(DROP_PORT)				\
	EM(DROP_IPSEC)				\
	EM(DROP_MALFORMED)			\
	EM(DROP_DENIED)				\
	EM(DROP_AUTH)				\
	EM(DROP_MAC)				\
	EM(DROP_RATE)				\
	EM(DROP_PREFIX)				\
	EM(DROP_BUDGET)				\
	EM(DROP_NO_MEMORY)			\
	EM(DROP_NO_ROUTE)			\
	EM(DROP_TRANSMIT)			\
	EM(OF_INTERLEAVED)			\
	EM(OF_TX_DEVICE)			\
	EM(OF_RX_DEVICE)			\
	EM(OF_RX_UNKNOWN)			\
	EM(OF_KISS)				\
	EM(OF_KEYED)				\
	EMe(OF_TX_LOST)

#undef EM
#undef EMe
#define EM(name)	TRACE_DEFINE_ENUM(KNTP_STAT_##name);
#define EMe(name)	TRACE_DEFINE_ENUM(KNTP_STAT_##name);
KNTP_TRACE_STATS
TRACE_DEFINE_ENUM(KNTP_HOOK_LOCAL);
TRACE_DEFINE_ENUM(KNTP_HOOK_INGRESS);

#undef EM
#undef EMe
#define EM(name)	{ KNTP_STAT_##name, #name },
#define EMe(name)	{ KNTP_STAT_##name, #name }

/* Every datagram to UDP/123 that a hook has seen, and what becomes of it. */
TRACE_EVENT(kntp_datagram,
	TP_PROTO(const struct sk_buff *skb, enum kntp_hook hook,
		 enum kntp_stat stat),
	TP_ARGS(skb, hook, stat),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(int, ifindex)
		__field(unsigned int, len)
		__field(unsigned int, hook)
		__field(unsigned int, stat)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->ifindex = skb->dev ? skb->dev->ifindex : 0;
		__entry->len = skb->len;
		__entry->hook = hook;
		__entry->stat = stat;
	),
	TP_printk("skbaddr=%p ifindex=%d len=%u hook=%s what=%s",
		  __entry->skbaddr, __entry->ifindex, __entry->len,
		  __print_symbolic(__entry->hook,
				   { KNTP_HOOK_LOCAL, "local" },
				   { KNTP_HOOK_INGRESS, "ingress" }),
		  __print_symbolic(__entry->stat, KNTP_TRACE_STATS))
);

#endif /* _KNTP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
