/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kntp: an NTP server inside the kernel. This is its netlink manual and contract.
 *
 * Generic netlink family KNTP_GENL_NAME, version KNTP_GENL_VERSION, multicast
 * groups KNTP_MCGRP_EVENTS and KNTP_MCGRP_LIMITS. Every message is validated
 * strictly: an unknown attribute, a value out of its range or trailing bytes refuse the whole
 * message, and the extended ack names the attribute and the reason. So do a
 * nonzero reserved field of struct genlmsghdr, and flags in nlmsg_flags other
 * than NLM_F_REQUEST, _ACK, _ECHO and _DUMP (EINVAL). A refused message changes
 * nothing.
 *
 * Reading totals, the clock, listeners, limits, hardware clocks and counters needs
 * no privilege. What names a client or a key needs CAP_NET_ADMIN in the user
 * namespace that owns the network namespace of the socket: the dumps of
 * CLIENT_GET, ACL_GET and KEY_GET, ACL_GET of an ADDR, and the events of
 * KNTP_MCGRP_LIMITS. Writing needs the same capability; CLOCK_SET and PHC_SET
 * need it in the initial user namespace, because there is one clock for all
 * network namespaces. Listeners, the access list, the clients, the limits and the
 * counters belong to the network namespace of the socket.
 *
 * LISTEN: where requests are taken from. As an unbound socket, KNTP_HOOK_LOCAL
 * gets the packets of VRFs only with the sysctl net.ipv4.udp_l3mdev_accept = 1;
 * KNTP_HOOK_INGRESS those of its device, in a VRF or not.
 *
 *   LISTEN_GET (dump)     -> one message a listener: HOOK, [IFINDEX, IFNAME]
 *   LISTEN_ADD, _DEL      <- HOOK, and IFINDEX for KNTP_HOOK_INGRESS
 *     EEXIST   this listener exists           ENOENT  it does not
 *     ENODEV   no such device in this network namespace
 *     EOPNOTSUPP  the device is not Ethernet, or the hook is not in this kernel
 *     EBUSY    the device is a port of a bond, bridge, team or the like, which
 *              takes its frames: listen on that device. A device that becomes
 *              such a port loses its listener (EVENT LISTEN_DEL). A VRF is no
 *              such device.
 *
 * ACL: who is answered. Longest prefix wins; what no prefix matches is denied.
 *
 *   ACL_GET (dump)        -> many messages of ENTRY {ADDR, LEN, VERDICT},
 *                            IPv4 before IPv6, ascending. NLM_F_DUMP_INTR when
 *                            the list changed meanwhile: ask again.
 *   ACL_GET (do)          <- ENTRY {ADDR}
 *                         -> VERDICT, and ENTRY {ADDR, LEN, VERDICT} of the
 *                            prefix that decided, if there is one
 *                       <- nothing
 *                       -> COUNT
 *   ACL_ADD               <- ENTRY {ADDR, LEN, VERDICT}, any number; an entry
 *                            that exists takes the new verdict
 *   ACL_DEL               <- ENTRY {ADDR, LEN}, any number; ENOENT when one is
 *                            missing, and then none is deleted
 *   ACL_FLUSH             empties the list: nobody is answered
 *   ACL_BEGIN             opens a transaction on this socket. ACL_ADD collects into a
 *                         new list then; ACL_DEL and ACL_FLUSH are refused (EBUSY).
 *   ACL_COMMIT            puts the new list in the old one's place, atomically
 *   ACL_ABORT             throws the new list away, as closing the socket does
 *     EBUSY    another socket has a transaction open
 *     EINVAL   no transaction is open on this socket; host bits set in ADDR
 *     E2BIG    more than KNTP_ACL_MAX prefixes
 *
 * CLOCK: what the replies say of the time they carry
 *
 *   CLOCK_GET (do)        -> all of KNTP_A_CLOCK_*; those that CLOCK_SET takes
 *                            only once it was used. They are as published
 *                            (but LEAP is 0 once the leap second was taken);
 *                            what a reply says depends on STATE.
 *   CLOCK_SET             <- STRATUM, [BASE, LEAP, REFID, REF_TIME, ROOT_DELAY,
 *                            ROOT_DISPERSION, GROWTH, LEASE, STEPS], and for
 *                            KNTP_BASE_MAP: MAP_RAW, MAP_UTC, MAP_RATE
 *     What is left out takes its default, not its last value.
 *     ESTALE   STEPS was given, and the clock was stepped since; for
 *              KNTP_BASE_MAP only if the machine was suspended since
 *     EINVAL   MAP_* is missing for KNTP_BASE_MAP, or given for another base;
 *              MAP_RAW is in the future
 *     ERANGE   a figure is more than can be said of a clock
 *
 *   KNTP_BASE_SYSTEM serves CLOCK_REALTIME. A step of it by anybody, and
 *   suspend, end what was published: STATE is STEPPED.
 *   KNTP_BASE_MAP serves, of CLOCK_MONOTONIC_RAW,
 *       UTC = MAP_UTC + (RAW - MAP_RAW) + (RAW - MAP_RAW) * MAP_RATE / 2^64
 *   in whole nanoseconds, the last term rounded towards 0. Dispersion and lease
 *   age by RAW. A step of CLOCK_REALTIME changes nothing; suspend, while which
 *   RAW stands still, ends what was published. A leap second is the publisher's:
 *   it says LEAP before, and publishes another map at the second itself.
 *   CLOCK_GET answers TIME and RAW_TIME of the same instant.
 *
 * CLIENT: who asks. Those who are answered are kept in a table of ENTRIES; when
 * it is full it forgets first a client that asked once or was not seen for two
 * hours or more, then the one that was seen longest ago. One IPv6 prefix
 * of length PREFIX6 is one client; of link-local addresses (fe80::/10), each one
 * on each link is. A client's entry is what interleaved mode (RFC 9769) works by.
 *
 *   CLIENT_GET (do)       -> ENTRIES, PREFIX6, USED, MEMORY
 *   CLIENT_GET (dump)     <- [FILTER {…}]: only those of whom all of it is true
 *                         -> many messages of CLIENT {…}, in no order. Each
 *                            client once, as of one moment, unless it comes or
 *                            goes meanwhile; NLM_F_DUMP_INTR when the table
 *                            was set meanwhile: ask again.
 *   CLIENT_SET            <- [ENTRIES, PREFIX6]; what is left out stays. All
 *                            clients are forgotten, unless both are as they
 *                            were. ENTRIES 0: keep none.
 *   CLIENT_FLUSH          forgets all clients
 *     ENOMEM   there is no memory for so many
 *     EBUSY    a limit of clients or prefixes needs the table, or a PREFIX6 as
 *              long as its own: change the limit first
 *     EPERM    more than KNTP_CLIENT_ENTRIES_DEFAULT need CAP_NET_ADMIN in the
 *              initial user namespace; others begin with _MIN
 *
 * LIMIT: how often who may ask, chrony's way: every 2^INTERVAL s, and BURST times
 * at once. Of what is too much one in 2^LEAK is answered all the same, as
 * somebody may ask in another's name, and of the rest one in 2^KOD is told so
 * (RATE). CLIENT is each entry's of the client table; PREFIX that of all
 * addresses of a prefix together, beside it; REPLIES of all that is sent, kiss
 * codes and crypto-NAKs among it: clients that had two replies before have them
 * first, kiss codes come last. One in 2^DENY of the requests that the access list
 * denies is answered by the kiss code DENY, KNTP_LIMIT_DENIALS a second at most.
 *
 *   LIMIT_GET (do)        -> [CLIENT {INTERVAL, BURST, LEAK, KOD}], [PREFIX {…,
 *                            PREFIX4, PREFIX6}], REPLIES, DENY
 *   LIMIT_SET             <- any of them; what is left out stays
 *   LIMIT_DEL             <- [CLIENT, PREFIX: flags]; without them all of it
 *     EINVAL   no INTERVAL or BURST; no length, or one for CLIENT; CLIENT or
 *              PREFIX without a client table (ENTRIES 0); a PREFIX6 longer than
 *              that of the client table
 *     ERANGE   REPLIES that are so few are none
 *
 * KEY: the symmetric keys (RFC 5905 appendix A.2, RFC 8573) of requests that are
 * answered here, or told that their MAC is wrong (crypto-NAK); others are passed up
 *
 *   KEY_GET (dump)        -> one message a key: ID, TYPE; never a SECRET
 *   KEY_SET               <- ID, TYPE, SECRET, in the place of one of that ID
 *   KEY_DEL               <- [ID]; without it all of them
 *     EOPNOTSUPP  this kernel does not have the algorithm
 *     EINVAL   no SECRET of that TYPE is so long     E2BIG  more than KNTP_KEY_MAX
 *
 * PHC: the hardware clocks that devices stamp packets by. A reply that has such a
 * stamp in it has the clock's ERROR in its root dispersion; stamps of a clock that
 * is more than 8388607 ns off are not used. Times of CLOCK_MONOTONIC_RAW are those
 * of the sender's time namespace, here and in CLOCK.
 *
 *   PHC_GET (dump)        -> one message a device: all of KNTP_A_PHC_*
 *   PHC_SET               <- IFINDEX, INDEX, MAP_PHC, MAP_RAW, LIFETIME,
 *                            [MAP_RATE, ERROR, TX_COMP, RX_COMP, OCTET,
 *                            TX_RATE]: a line, as that of a clock's map, from
 *                            its time to CLOCK_MONOTONIC_RAW. Stamps that make
 *                            no sense by it, and all after LIFETIME, are not
 *                            used. A device stamps the begin of a frame: with
 *                            OCTET a request is taken to have arrived when its
 *                            frame ended.
 *   PHC_DEL               <- IFINDEX
 *     ENODEV   no such device in this network namespace
 *     ENOENT   nothing is known of its clock
 *
 * STATS: counters, per hook
 *
 *   STATS_GET (do)        -> HOOK {HOOK, COUNTERS {KNTP_STAT_* = u64},
 *                            TIMES {1 to KNTP_TIME_MAX = u64}} for each
 *   STATS_GET (dump)      -> a message a CPU that anything came to: CPU, HOOK {…};
 *                            since the first listener, whatever RESET did
 *   STATS_RESET           counts from zero again
 *   TIMES are how long replies took, from receive to transmit time as they say
 *   them; N counts those of less than 2^(N - KNTP_TIME_MAX) s, and no less than
 *   half of that but for 1. Only requests whose arrival was seen before they
 *   were answered count: by device or driver, and at KNTP_HOOK_LOCAL all.
 *   Interleaved replies do not.
 *
 * EVENT (multicast)       -> TYPE, TIME, [HOOK, IFINDEX] or [ADDR, LEN]
 *   Of the clock in all network namespaces, of the others in their own.
 *   CLOCK_STEPPED is told whatever BASE is; CLOCK_EXPIRED and CLOCK_DISPERSED
 *   are not told of a clock that is STEPPED. KNTP_EVENT_LIMIT, which names a
 *   client, is in the group KNTP_MCGRP_LIMITS, all others in KNTP_MCGRP_EVENTS.
 */
#ifndef _UAPI_LINUX_KNTP_H
#define _UAPI_LINUX_KNTP_H

#include <linux/types.h>

#define KNTP_GENL_NAME		"kntp"
#define KNTP_GENL_VERSION	1
#define KNTP_MCGRP_EVENTS	"events"
#define KNTP_MCGRP_LIMITS	"limits"	/* LIMIT events, with CAP_NET_ADMIN */

#define KNTP_ACL_MAX		(1U << 20)	/* prefixes in one list */
#define KNTP_KEY_MAX		65535		/* keys in a network namespace */
#define KNTP_KEY_SECRET_MAX	256		/* octets */
#define KNTP_TIME_MAX		25		/* buckets of TIMES */

/* CLIENT ENTRIES: rounded up to a multiple of 8. */
#define KNTP_CLIENT_ENTRIES_MIN		1024
#define KNTP_CLIENT_ENTRIES_MAX		(1U << 26)
#define KNTP_CLIENT_ENTRIES_DEFAULT	65536
#define KNTP_CLIENT_PREFIX6_DEFAULT	64

#define KNTP_LIMIT_REPLIES_MIN		1000	/* a second */
#define KNTP_LIMIT_REPLIES_MAX		1000000000
#define KNTP_LIMIT_DENIALS		1024	/* kiss codes DENY a second */
#define KNTP_LIMIT_DENIALS_BURST	50	/* at once */

#define KNTP_LEASE_FOREVER	(~0ULL)	/* vouched for without limit */
#define KNTP_LEASE_DEFAULT	1024000000000ULL	/* ns */
#define KNTP_GROWTH_DEFAULT	15000			/* ppb, RFC 5905 PHI */
#define KNTP_MAP_RATE_MAX	18446744073709552LL	/* 1000 ppm, 2^-64 */

enum kntp_cmd {
	KNTP_CMD_LISTEN_GET = 1,
	KNTP_CMD_LISTEN_ADD,
	KNTP_CMD_LISTEN_DEL,
	KNTP_CMD_ACL_GET,
	KNTP_CMD_ACL_ADD,
	KNTP_CMD_ACL_DEL,
	KNTP_CMD_ACL_FLUSH,
	KNTP_CMD_ACL_BEGIN,
	KNTP_CMD_ACL_COMMIT,
	KNTP_CMD_ACL_ABORT,
	KNTP_CMD_CLOCK_GET,
	KNTP_CMD_CLOCK_SET,
	KNTP_CMD_STATS_GET,
	KNTP_CMD_STATS_RESET,
	KNTP_CMD_EVENT,
	KNTP_CMD_CLIENT_GET,
	KNTP_CMD_CLIENT_SET,
	KNTP_CMD_CLIENT_FLUSH,
	KNTP_CMD_PHC_GET,
	KNTP_CMD_PHC_SET,
	KNTP_CMD_PHC_DEL,
	KNTP_CMD_LIMIT_GET,
	KNTP_CMD_LIMIT_SET,
	KNTP_CMD_LIMIT_DEL,
	KNTP_CMD_KEY_GET,
	KNTP_CMD_KEY_SET,
	KNTP_CMD_KEY_DEL,

	__KNTP_CMD_MAX,
	KNTP_CMD_MAX = __KNTP_CMD_MAX - 1
};

enum kntp_hook {
	KNTP_HOOK_LOCAL = 1,	/* netfilter LOCAL_IN, routed reply */
	KNTP_HOOK_INGRESS,	/* netfilter ingress of a device, L2 reply */

	__KNTP_HOOK_MAX,
	KNTP_HOOK_MAX = __KNTP_HOOK_MAX - 1
};

enum kntp_verdict {
	KNTP_VERDICT_NONE,	/* in answers: no prefix matched */
	KNTP_VERDICT_ALLOW,	/* answered */
	KNTP_VERDICT_AUTH,	/* answered if a key held here says so, else dropped */
	KNTP_VERDICT_PASS,	/* left to the socket behind the module */
	KNTP_VERDICT_DENY,	/* dropped */

	__KNTP_VERDICT_MAX,
	KNTP_VERDICT_MAX = __KNTP_VERDICT_MAX - 1
};

enum kntp_key_type {
	KNTP_KEY_MD5 = 1,
	KNTP_KEY_SHA1,
	KNTP_KEY_SHA256,
	KNTP_KEY_SHA512,
	KNTP_KEY_AES128,	/* AES-CMAC, RFC 4493 */
	KNTP_KEY_AES256,

	__KNTP_KEY_TYPE_MAX,
	KNTP_KEY_TYPE_MAX = __KNTP_KEY_TYPE_MAX - 1
};

enum kntp_base {
	KNTP_BASE_SYSTEM = 1,	/* CLOCK_REALTIME */
	KNTP_BASE_MAP,		/* CLOCK_MONOTONIC_RAW, mapped to UTC */

	__KNTP_BASE_MAX,
	KNTP_BASE_MAX = __KNTP_BASE_MAX - 1
};

enum kntp_clock_state {
	KNTP_CLOCK_UNSET,	/* nobody has vouched yet: LI = 3 */
	KNTP_CLOCK_SYNC,	/* vouched for */
	KNTP_CLOCK_UNSYNC,	/* published as unsynchronised: LI = 3 */
	KNTP_CLOCK_EXPIRED,	/* the lease ran out: LI = 3 */
	KNTP_CLOCK_STEPPED,	/* stepped or suspended since: LI = 3 */
	KNTP_CLOCK_DISPERSED,	/* root distance reached 16 s: LI = 3 */

	__KNTP_CLOCK_STATE_MAX,
	KNTP_CLOCK_STATE_MAX = __KNTP_CLOCK_STATE_MAX - 1
};

enum kntp_event {
	KNTP_EVENT_CLOCK_SET = 1,
	KNTP_EVENT_CLOCK_EXPIRED,
	KNTP_EVENT_CLOCK_STEPPED,
	KNTP_EVENT_CLOCK_LEAP,	/* the system clock took its leap second */
	KNTP_EVENT_LISTEN_ADD,
	KNTP_EVENT_LISTEN_DEL,
	KNTP_EVENT_ACL,		/* the access list changed */
	KNTP_EVENT_CLOCK_DISPERSED,	/* root dispersion reached 16 s */
	KNTP_EVENT_LIMIT,	/* a client or a prefix asks too often */

	__KNTP_EVENT_MAX,
	KNTP_EVENT_MAX = __KNTP_EVENT_MAX - 1
};

/*
 * IN = ANSWERED + Σ PASS_* + Σ DROP_*, exactly, for each hook; what ingress passes
 * up local counts again. OF_* are of those answered, or whose reply was then
 * refused on its way out; OF_KISS of those dropped as DENIED, MAC, RATE or PREFIX.
 */
enum kntp_stat {
	KNTP_STAT_IN = 1,	/* datagrams to UDP/123 that the hook saw */
	KNTP_STAT_ANSWERED,

	KNTP_STAT_PASS_FRAGMENT,	/* ingress: an IP fragment */
	KNTP_STAT_PASS_OPTIONS,		/* IPv4 options, IPv6 extension header */
	KNTP_STAT_PASS_VLAN,		/* ingress: tagged, belongs to a VLAN device */
	KNTP_STAT_PASS_NOT_MINE,	/* not to this host; local: to a VRF, see above */
	KNTP_STAT_PASS_MULTICAST,	/* broadcast or multicast destination */
	KNTP_STAT_PASS_IPSEC,		/* ingress: IPsec policies are in force */
	KNTP_STAT_PASS_GSO,		/* several datagrams in one buffer */
	KNTP_STAT_PASS_SHARED,		/* ingress: somebody else holds the buffer */
	KNTP_STAT_PASS_LONG,		/* longer than any request answered here */
	KNTP_STAT_PASS_VERSION,		/* version 0 or 5 to 7 */
	KNTP_STAT_PASS_MODE,		/* neither client nor symmetric active */
	KNTP_STAT_PASS_ACL,		/* the source is under `acl pass` */
	KNTP_STAT_PASS_NTS,		/* network time security extension fields */
	KNTP_STAT_PASS_MAC,		/* a MAC whose key is not held here */

	KNTP_STAT_DROP_LENGTH,		/* IP or UDP length is untrue, or too short */
	KNTP_STAT_DROP_CHECKSUM,	/* IP or UDP checksum is wrong or missing */
	KNTP_STAT_DROP_SOURCE,		/* source is no unicast address of another */
	KNTP_STAT_DROP_PORT,		/* source port 0 */
	KNTP_STAT_DROP_IPSEC,		/* local: IPsec policy forbids it */
	KNTP_STAT_DROP_MALFORMED,	/* extension fields do not add up */
	KNTP_STAT_DROP_DENIED,		/* the access list says no */
	KNTP_STAT_DROP_AUTH,		/* it wants a MAC by a key held here */
	KNTP_STAT_DROP_MAC,		/* the MAC is wrong, by a key held here */
	KNTP_STAT_DROP_RATE,		/* the client asks too often */
	KNTP_STAT_DROP_PREFIX,		/* all of its prefix together do */
	KNTP_STAT_DROP_BUDGET,		/* as many replies as there may be */
	KNTP_STAT_DROP_NO_MEMORY,	/* no memory to write the reply */
	KNTP_STAT_DROP_NO_ROUTE,	/* local: no route back to the source */
	KNTP_STAT_DROP_TRANSMIT,	/* firewall, queue or device refused it */

	KNTP_STAT_OF_INTERLEAVED,	/* replied to in interleaved mode */
	KNTP_STAT_OF_TX_DEVICE,		/* of these, with the device's own stamp */
	KNTP_STAT_OF_RX_DEVICE,		/* whose arrival the device stamped */
	KNTP_STAT_OF_RX_UNKNOWN,	/* it did, but by a clock that is not known */
	KNTP_STAT_OF_KISS,		/* told so, by a kiss code or crypto-NAK */
	KNTP_STAT_OF_KEYED,		/* authenticated, and so the reply */
	KNTP_STAT_OF_TX_LOST,		/* basic: the last reply's stamp never came */

	__KNTP_STAT_MAX,
	KNTP_STAT_MAX = __KNTP_STAT_MAX - 1
};

enum kntp_attr_listen {
	KNTP_A_LISTEN_HOOK = 1,		/* u32, enum kntp_hook */
	KNTP_A_LISTEN_IFINDEX,		/* u32 */
	KNTP_A_LISTEN_IFNAME,		/* string, in answers */
	__KNTP_A_LISTEN_MAX,
	KNTP_A_LISTEN_MAX = __KNTP_A_LISTEN_MAX - 1
};

enum kntp_attr_acl {
	KNTP_A_ACL_ENTRY = 1,		/* nest, enum kntp_attr_acl_entry */
	KNTP_A_ACL_VERDICT,		/* u8, enum kntp_verdict, in answers */
	KNTP_A_ACL_COUNT,		/* u32, prefixes in the list, in answers */
	__KNTP_A_ACL_MAX,
	KNTP_A_ACL_MAX = __KNTP_A_ACL_MAX - 1
};

enum kntp_attr_acl_entry {
	KNTP_A_ACL_ENTRY_ADDR = 1,	/* binary, 4 or 16 bytes, network order */
	KNTP_A_ACL_ENTRY_LEN,		/* u8, 0 to 32 or 128 */
	KNTP_A_ACL_ENTRY_VERDICT,	/* u8, enum kntp_verdict but NONE */
	__KNTP_A_ACL_ENTRY_MAX,
	KNTP_A_ACL_ENTRY_MAX = __KNTP_A_ACL_ENTRY_MAX - 1
};

enum kntp_attr_clock {
	KNTP_A_CLOCK_BASE = 1,		/* u32, enum kntp_base; default SYSTEM */
	KNTP_A_CLOCK_LEAP,		/* u8, 0 to 3; default 0 */
	KNTP_A_CLOCK_STRATUM,		/* u8, 1 to 16; 16: unsynchronised */
	KNTP_A_CLOCK_REFID,		/* be32; default 0 */
	KNTP_A_CLOCK_REF_TIME,		/* s64, ns since 1970 UTC; default now */
	KNTP_A_CLOCK_ROOT_DELAY,	/* u64, ns; default 0 */
	KNTP_A_CLOCK_ROOT_DISPERSION,	/* u64, ns, at publication; default 0 */
	KNTP_A_CLOCK_GROWTH,		/* u32, ppb; default KNTP_GROWTH_DEFAULT */
	KNTP_A_CLOCK_LEASE,		/* u64, ns; default KNTP_LEASE_DEFAULT */
	KNTP_A_CLOCK_STEPS,		/* u32, steps of the system clock so far */
	KNTP_A_CLOCK_MAP_RAW,		/* s64, ns of CLOCK_MONOTONIC_RAW, not to come */
	KNTP_A_CLOCK_MAP_UTC,		/* s64, ns since 1970 UTC then; 2 s to 2^62 ns */
	KNTP_A_CLOCK_MAP_RATE,		/* s64, UTC gains on RAW, 2^-64 */
	/* in answers only */
	KNTP_A_CLOCK_STATE,		/* u32, enum kntp_clock_state */
	KNTP_A_CLOCK_TIME,		/* s64, ns since 1970 UTC: the time served */
	KNTP_A_CLOCK_PUBLISHED,		/* s64, ns since 1970 UTC */
	KNTP_A_CLOCK_LEASE_LEFT,	/* u64, ns; KNTP_LEASE_FOREVER */
	KNTP_A_CLOCK_DISPERSION_NOW,	/* u64, ns, as the next reply will say */
	KNTP_A_CLOCK_PRECISION,		/* s8, log2 s */
	KNTP_A_CLOCK_TAI_OFFSET,	/* s32, s, as the kernel holds it */
	KNTP_A_CLOCK_RAW_TIME,		/* s64, ns of CLOCK_MONOTONIC_RAW, at TIME */
	KNTP_A_CLOCK_PAD,
	__KNTP_A_CLOCK_MAX,
	KNTP_A_CLOCK_MAX = __KNTP_A_CLOCK_MAX - 1
};

enum kntp_attr_client {
	KNTP_A_CLIENT_ENTRIES = 1,	/* u32, 0 or KNTP_CLIENT_ENTRIES_MIN to _MAX */
	KNTP_A_CLIENT_PREFIX6,		/* u8, 1 to 128 */
	/* in answers only */
	KNTP_A_CLIENT_USED,		/* u32, clients in the table */
	KNTP_A_CLIENT_MEMORY,		/* u64, bytes */
	KNTP_A_CLIENT_CLIENT,		/* nest, enum kntp_attr_client_client */
	KNTP_A_CLIENT_PAD,
	/* in requests only */
	KNTP_A_CLIENT_FILTER,		/* nest, enum kntp_attr_client_filter */
	__KNTP_A_CLIENT_MAX,
	KNTP_A_CLIENT_MAX = __KNTP_A_CLIENT_MAX - 1
};

enum kntp_attr_client_client {
	KNTP_A_CLIENT_CLIENT_ADDR = 1,	/* binary, 4 or 16 bytes, network order */
	KNTP_A_CLIENT_CLIENT_REQUESTS,	/* u32, that were let in, modulo 2^32 */
	KNTP_A_CLIENT_CLIENT_INTERLEAVED,	/* u32, of these in that mode */
	KNTP_A_CLIENT_CLIENT_FIRST,	/* u32, ms ago, modulo 2^32: 49 days */
	KNTP_A_CLIENT_CLIENT_LAST,	/* u32, ms ago, likewise */
	/* not of a prefix, which no filter by MODE or VERSION matches either */
	KNTP_A_CLIENT_CLIENT_LI_VN_MODE,	/* u8, first octet of the last one */
	KNTP_A_CLIENT_CLIENT_POLL,	/* s8, log2 s, of the last one */
	KNTP_A_CLIENT_CLIENT_LEN,	/* u8, of a prefix, for its limit */
	KNTP_A_CLIENT_CLIENT_REFUSED,	/* u32, by its own limit */
	KNTP_A_CLIENT_CLIENT_IFINDEX,	/* u32, the link of a link-local client */
	__KNTP_A_CLIENT_CLIENT_MAX,
	KNTP_A_CLIENT_CLIENT_MAX = __KNTP_A_CLIENT_CLIENT_MAX - 1
};

enum kntp_attr_client_filter {
	KNTP_A_CLIENT_FILTER_ADDR = 1,	/* binary, 4 or 16 bytes, network order */
	KNTP_A_CLIENT_FILTER_LEN,	/* u8, of its prefix; default: all of it */
	KNTP_A_CLIENT_FILTER_MODE,	/* u8, of the last request */
	KNTP_A_CLIENT_FILTER_VERSION,	/* u8, of it */
	KNTP_A_CLIENT_FILTER_SEEN,	/* u32, ms ago, at most */
	KNTP_A_CLIENT_FILTER_ASKED,	/* u32, times, or more: also those refused */
	KNTP_A_CLIENT_FILTER_RATE,	/* u32, times in 1000 s since FIRST, or more */
	__KNTP_A_CLIENT_FILTER_MAX,
	KNTP_A_CLIENT_FILTER_MAX = __KNTP_A_CLIENT_FILTER_MAX - 1
};

enum kntp_attr_limit {
	KNTP_A_LIMIT_CLIENT = 1,	/* nest, enum kntp_attr_limit_one */
	KNTP_A_LIMIT_PREFIX,		/* nest, enum kntp_attr_limit_one */
	KNTP_A_LIMIT_REPLIES,		/* u32, a second; 0: no limit */
	KNTP_A_LIMIT_DENY,		/* u8, 0 to 4: log2 of the denied to one told */
	__KNTP_A_LIMIT_MAX,
	KNTP_A_LIMIT_MAX = __KNTP_A_LIMIT_MAX - 1
};

enum kntp_attr_limit_one {
	KNTP_A_LIMIT_ONE_INTERVAL = 1,	/* s8, log2 s, -19 to 12 */
	KNTP_A_LIMIT_ONE_BURST,		/* u8, requests, from 1 */
	KNTP_A_LIMIT_ONE_LEAK,		/* u8, 1 to 4; default 2 */
	KNTP_A_LIMIT_ONE_KOD,		/* u8, 0 to 4; default 0: none */
	KNTP_A_LIMIT_ONE_PREFIX4,	/* u8, 1 to 31; 0: no such limit */
	KNTP_A_LIMIT_ONE_PREFIX6,	/* u8, 1 to 63; 0: no such limit */
	__KNTP_A_LIMIT_ONE_MAX,
	KNTP_A_LIMIT_ONE_MAX = __KNTP_A_LIMIT_ONE_MAX - 1
};

enum kntp_attr_key {
	KNTP_A_KEY_ID = 1,		/* u32, from 1 */
	KNTP_A_KEY_TYPE,		/* u8, enum kntp_key_type */
	KNTP_A_KEY_SECRET,		/* binary, 1 to KNTP_KEY_SECRET_MAX octets */
	__KNTP_A_KEY_MAX,
	KNTP_A_KEY_MAX = __KNTP_A_KEY_MAX - 1
};

enum kntp_attr_phc {
	KNTP_A_PHC_IFINDEX = 1,		/* u32, the device, or one above it */
	KNTP_A_PHC_INDEX,		/* u32, of the clock: /dev/ptpN */
	KNTP_A_PHC_MAP_PHC,		/* s64, ns by that clock */
	KNTP_A_PHC_MAP_RAW,		/* s64, ns of CLOCK_MONOTONIC_RAW then */
	KNTP_A_PHC_MAP_RATE,		/* s64, RAW gains on it, as of a clock */
	KNTP_A_PHC_ERROR,		/* u64, ns, of the line */
	KNTP_A_PHC_LIFETIME,		/* u64, ns, how long it holds; or is left */
	KNTP_A_PHC_TX_COMP,		/* s64, ns, is added to transmit stamps */
	KNTP_A_PHC_RX_COMP,		/* s64, ns, is taken from receive stamps */
	KNTP_A_PHC_OCTET,		/* u32, ps that one takes on the wire, or 0 */
	KNTP_A_PHC_TX_RATE,		/* u32, transmit stamps a second, at most */
	/* in answers only */
	KNTP_A_PHC_IFNAME,		/* string */
	KNTP_A_PHC_PAD,
	__KNTP_A_PHC_MAX,
	KNTP_A_PHC_MAX = __KNTP_A_PHC_MAX - 1
};

enum kntp_attr_stats {
	KNTP_A_STATS_HOOK = 1,		/* nest, enum kntp_attr_stats_hook */
	KNTP_A_STATS_CPU,		/* u32, in answers to a dump */
	__KNTP_A_STATS_MAX,
	KNTP_A_STATS_MAX = __KNTP_A_STATS_MAX - 1
};

enum kntp_attr_stats_hook {
	KNTP_A_STATS_HOOK_HOOK = 1,	/* u32, enum kntp_hook */
	KNTP_A_STATS_HOOK_COUNTERS,	/* nest: u64 attributes, enum kntp_stat */
	KNTP_A_STATS_HOOK_PAD,
	KNTP_A_STATS_HOOK_TIMES,	/* nest: u64 attributes, buckets */
	__KNTP_A_STATS_HOOK_MAX,
	KNTP_A_STATS_HOOK_MAX = __KNTP_A_STATS_HOOK_MAX - 1
};

/* Pad u64 attributes inside COUNTERS and TIMES. */
#define KNTP_STAT_PAD		(KNTP_STAT_MAX + 1)
#define KNTP_TIME_PAD		(KNTP_TIME_MAX + 1)

enum kntp_attr_event {
	KNTP_A_EVENT_TYPE = 1,		/* u32, enum kntp_event */
	KNTP_A_EVENT_TIME,		/* s64, ns since 1970 UTC */
	KNTP_A_EVENT_HOOK,		/* u32, enum kntp_hook */
	KNTP_A_EVENT_IFINDEX,		/* u32 */
	KNTP_A_EVENT_ADDR,		/* binary, 4 or 16 bytes, network order */
	KNTP_A_EVENT_LEN,		/* u8, of a prefix */
	KNTP_A_EVENT_PAD,
	__KNTP_A_EVENT_MAX,
	KNTP_A_EVENT_MAX = __KNTP_A_EVENT_MAX - 1
};

#endif /* _UAPI_LINUX_KNTP_H */
