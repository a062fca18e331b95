/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_IPSEC_H
#define _KNTP_IPSEC_H

#include <net/net_namespace.h>
#include <net/xfrm.h>

/**
 * kntp_has_ipsec() - whether IPsec may have a say about a packet
 * @net: the network namespace
 * @dir: XFRM_POLICY_IN or XFRM_POLICY_OUT
 *
 * Any context.
 */
static inline bool kntp_has_ipsec(const struct net *net, int dir)
{
#ifdef CONFIG_XFRM
	return net->xfrm.policy_count[dir] ||
	       net->xfrm.policy_default[dir] == XFRM_USERPOLICY_BLOCK;
#else
	return false;
#endif
}

#endif /* _KNTP_IPSEC_H */
