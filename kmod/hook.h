/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_HOOK_H
#define _KNTP_HOOK_H

#include <linux/netfilter.h>

/* The hooks; priv is the struct kntp_net. */
unsigned int kntp_hook_local4(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state);
unsigned int kntp_hook_local6(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state);
unsigned int kntp_hook_ingress(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state);

#endif /* _KNTP_HOOK_H */
