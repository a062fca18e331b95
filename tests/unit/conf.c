// SPDX-License-Identifier: GPL-2.0
/* What kntpd makes of its configuration. */
#include "conf.h"

#define IS(field, value)						\
	CHECK(conf.field == (value), #field " is %g", (double)conf.field)

static bool warns(const char *text)
{
	size_t i;

	for (i = 0; i < conf.warnings.n; i++)
		if (!strcmp(conf.warnings.at[i], text))
			return true;
	return false;
}

static void defaults(void)
{
	if (!right("# nothing\n! x\n; y\n% z\n   # w\n\n"))
		return;
	IS(port, 123);
	IS(acquisitionport, -1);
	IS(hwtstimeout, 0.001);
	IS(refresh, 1209600);
	IS(clientloglimit, 0);
	IS(authselectmode, CONF_AUTH_MIX);
	IS(combinelimit, 3);
	IS(maxdistance, 3);
	IS(maxjitter, 1);
	IS(reselectdist, 1e-4);
	IS(stratumweight, 1e-3);
	IS(minsources, 1);
	IS(minsamples, 6);
	IS(maxsamples, 0);
	IS(maxstratum, 15);
	IS(makestep_limit, 0);
	IS(maxchange, 0);
	IS(maxslewrate, 83333.333);
	IS(maxclockerror, 1);
	IS(maxdrift, 100000);
	IS(maxupdateskew, 1000);
	IS(corrtimeratio, 3);
	IS(driftfile_interval, 3600);
	IS(leapsecmode, CONF_LEAP_SYSTEM);
	IS(logbanner, 32);
	IS(logchange, 1);
	IS(local.enabled, false);
	IS(ratelimit.enabled, false);
	IS(follow.what, CONF_FOLLOW_NOTHING);
	IS(sources.n, 0);
	IS(access.n, 0);
	IS(warnings.n, 0);
	CHECK(!strcmp(conf.pidfile, "/run/kntp/kntpd.pid"), "%s", conf.pidfile);
	CHECK(!strcmp(conf.controlsocket, "/run/kntp/kntpd.sock"), "%s",
	      conf.controlsocket);
	CHECK(!conf.driftfile && !conf.user, "paths that nobody gave");
	conf_free(&conf);
}

static void debian(void)
{
	if (!right("# Welcome\nconfdir /no/such/conf.d\n"
		   "pool 2.debian.pool.ntp.org iburst\n"
		   "sourcedir /no/such/dhcp\nsourcedir /no/such/sources.d\n"
		   "keyfile /etc/chrony/chrony.keys\n"
		   "driftfile /var/lib/chrony/chrony.drift\n"
		   "ntsdumpdir /var/lib/chrony\n#log tracking\n"
		   "logdir /var/log/chrony\nmaxupdateskew 100.0\nrtcsync\n"
		   "makestep 1 3\nleapsectz right/UTC\n"))
		return;
	IS(sources.n, 1);
	IS(sources.at[0].is_pool, true);
	IS(sources.at[0].iburst, true);
	IS(sources.at[0].maxsources, 4);
	IS(maxupdateskew, 100);
	IS(rtcsync, true);
	IS(makestep, 1);
	IS(makestep_limit, 3);
	IS(warnings.n, 1);
	CHECK(!strcmp(conf.leapsectz, "right/UTC"), "%s", conf.leapsectz);
	CHECK(!strcmp(conf.warnings.at[0],
		      "t:8: ntsdumpdir: has no effect: NTS is not spoken by kntpd"),
	      "%s", conf.warnings.at[0]);
	conf_free(&conf);
}

static void sources(void)
{
	const struct source_conf *s;

	if (!right("server a\n"
		   "SERVER 192.0.2.1 MinPoll -2 maxpoll 3 iburst burst key 7 "
		   "maxdelay 0.5 maxdelayratio 2 maxdelaydevratio 4 "
		   "maxdelayquant 0.5 mindelay 1e-4 asymmetry -0.5 "
		   "offset -.00005 minsamples 8 maxsamples 16 maxunreach 9 "
		   "filter 5 offline auto_offline prefer noselect trust "
		   "require xleave polltarget 30 port 1234 presend 9 "
		   "minstratum 2 version 3 copy extfield f323 extfield 10A "
		   "extfield F323 ipv4 certset 1 ntsport 4460\n"
		   "peer fe80::1%eth0 ipv6 iburst\nserver b maxpoll 4\n"
		   "server c minpoll 12\n"))
		return;
	IS(sources.n, 5);
	s = conf.sources.at;
	CHECK(s[0].minpoll == 6 && s[0].maxpoll == 10 && s[0].port == 123 &&
	      s[0].presend == 100 && s[0].minsamples == -1 &&
	      s[0].maxsamples == -1 && s[0].maxdelay == 3 &&
	      s[0].maxdelayratio == 0 && s[0].maxdelaydevratio == 10 &&
	      s[0].polltarget == 8 && !s[0].has_asymmetry && !s[0].version,
	      "the defaults of a source");
	CHECK(s[1].minpoll == -2 && s[1].maxpoll == 3 && s[1].key == 7 &&
	      s[1].iburst && s[1].burst && s[1].maxdelay == 0.5 &&
	      s[1].maxdelayratio == 2 && s[1].maxdelaydevratio == 4 &&
	      s[1].maxdelayquant == 0.5 && s[1].mindelay == 1e-4 &&
	      s[1].has_asymmetry && s[1].asymmetry == -0.5 &&
	      s[1].offset == -5e-5 && s[1].minsamples == 8, "numbers");
	CHECK(s[1].maxsamples == 16 && s[1].maxunreach == 9 &&
	      s[1].filter == 5 && s[1].offline && s[1].auto_offline &&
	      s[1].prefer && s[1].noselect && s[1].trust && s[1].require &&
	      s[1].xleave && s[1].polltarget == 30 && s[1].port == 1234 &&
	      s[1].presend == 9 && s[1].minstratum == 2 && s[1].version == 3 &&
	      s[1].copy && s[1].ipv4 && s[1].n_extfield == 2, "options");
	CHECK(s[2].is_peer && s[2].ipv6 && !s[2].iburst, "a peer");
	CHECK(s[3].minpoll == 6 && s[3].maxpoll == 6, "maxpoll alone");
	CHECK(s[4].minpoll == 12 && s[4].maxpoll == 12, "minpoll alone");
	IS(warnings.n, 4);
	CHECK(!strcmp(conf.warnings.at[0],
		      "t:2: SERVER: extfield: has no effect: kntpd sends no extension fields, and the source is used without them"),
	      "%s", conf.warnings.at[0]);
	CHECK(!strcmp(conf.warnings.at[1],
		      "t:2: SERVER: certset, ntsport: have no effect: NTS is not spoken by kntpd"),
	      "%s", conf.warnings.at[1]);
	CHECK(!strcmp(conf.warnings.at[2],
		      "t:3: peer: iburst, burst, presend and copy have no effect on a peer"),
	      "%s", conf.warnings.at[2]);
	CHECK(!strcmp(conf.warnings.at[3],
		      "t:4: server: maxpoll: 4 is less than minpoll, which is 6 and is taken for both"),
	      "%s", conf.warnings.at[3]);
	conf_free(&conf);
}

static void refclocks(void)
{
	const struct refclock_conf *r;

	if (!right("refclock PPS /dev/pps0:clear lock NMEA refid GPS1 rate 5 "
		   "maxlockage 3 width 0.1\n"
		   "refclock SOCK /run/a.sock refid NMEA offset 0.5 delay 0.2 "
		   "noselect precision 1e-7 maxdispersion 0.1\n"
		   "refclock SHM 1:perm=0644 poll 3 dpoll -2 filter 16 tai\n"
		   "refclock PHC eth0:nocrossts:extpps:pin=-1:channel=2:clear "
		   "pps local stratum 1 prefer trust require minsamples 3 "
		   "maxsamples 4 maxunreach 5\n"
		   "refclock RTC /dev/rtc0:utc\n"
		   "refclock NMEA /dev/ttyS0:baud=4800\n"
		   "refclock GPSD 127.0.0.1:device=/dev/a:pps:port=9\n"
		   "refclock ACTS /dev/ttyS1:phone=1,2:dial=ATDP:phone=3:"
		   "init=ATZ:baud=1200 delay 0.5\n"))
		return;
	IS(n_refclock, 8);
	r = conf.refclock;
	CHECK(r[0].driver == CONF_PPS && r[0].clear &&
	      r[0].refid == 0x47505331 && r[0].lock == 0x4e4d4541 &&
	      r[0].rate == 5 && r[0].maxlockage == 3 && r[0].width == 0.1 &&
	      r[0].poll == 4 && r[0].dpoll == 0 && r[0].filter == 64 &&
	      r[0].delay == 1e-9 && !strcmp(r[0].parameter, "/dev/pps0"),
	      "PPS");
	CHECK(r[1].driver == CONF_SOCK && r[1].offset == 0.5 &&
	      r[1].delay == 0.2 && r[1].noselect && r[1].precision == 1e-7 &&
	      r[1].maxdispersion == 0.1, "SOCK");
	CHECK(r[2].driver == CONF_SHM && r[2].perm == 0644 && r[2].poll == 3 &&
	      r[2].dpoll == -2 && r[2].filter == 16 && r[2].tai &&
	      r[2].refid == 0x53484d32 && !strcmp(r[2].parameter, "1"), "SHM");
	CHECK(r[3].driver == CONF_PHC && r[3].nocrossts && r[3].extpps &&
	      r[3].pin == -1 && r[3].channel == 2 && r[3].clear && r[3].pps &&
	      r[3].local && r[3].stratum == 1 && r[3].prefer && r[3].trust &&
	      r[3].require && r[3].minsamples == 3 && r[3].maxsamples == 4 &&
	      r[3].maxunreach == 5, "PHC");
	CHECK(r[4].driver == CONF_RTC && r[4].utc, "RTC");
	CHECK(r[5].driver == CONF_NMEA && r[5].baud == 4800 &&
	      r[5].delay == 1 && r[5].poll == 4, "NMEA");
	CHECK(r[6].driver == CONF_GPSD && r[6].gpsd_pps && r[6].port == 9 &&
	      r[6].delay == 1e-9 && !strcmp(r[6].device, "/dev/a"), "GPSD");
	CHECK(r[7].driver == CONF_ACTS && r[7].n_phones == 2 &&
	      !strcmp(r[7].phone[0], "1,2") && !strcmp(r[7].phone[1], "3") &&
	      !strcmp(r[7].init, "ATZ") && !strcmp(r[7].dial, "ATDP") &&
	      r[7].baud == 1200 && r[7].poll == 12 && r[7].delay == 0.5,
	      "ACTS");
	conf_free(&conf);
}

static void access_list(void)
{
	static const u8 four[] = { 192, 0, 2 }, six[] = { 0x20, 1, 0xd, 0xb8 };
	const struct access_conf *a;

	if (!right("allow\ndeny all 192.0.2\nallow 192.0.2.9/24\n"
		   "deny 2001:db8::1/32\nallow 0/0\nallow 192.0.2.1\n"
		   "allow auth all 10\ncmdallow 11\nntpqallow 10\n"))
		return;
	IS(access.n, 8);
	a = conf.access.at;
	CHECK(a[0].family == AF_INET && a[1].family == AF_INET6 && !a[0].len &&
	      !a[1].len && a[0].allow && !a[0].all, "allow");
	CHECK(a[2].all && !a[2].allow && a[2].len == 24 &&
	      !memcmp(a[2].addr, four, 3), "deny all 192.0.2");
	CHECK(a[3].len == 24 && !a[3].addr[3], "host bits are cut");
	CHECK(a[4].len == 32 && a[4].family == AF_INET6 && !a[4].addr[15] &&
	      !memcmp(a[4].addr, six, 4), "IPv6");
	CHECK(!a[5].len && a[5].family == AF_INET, "0/0");
	CHECK(a[6].len == 32 && !a[6].auth, "a host");
	CHECK(a[7].allow && a[7].auth && a[7].all && a[7].len == 8, "auth");
	/* chronyd's cmdallow opens no port, so it must not open mode 6. */
	IS(cmdaccess.n, 1);
	CHECK(conf.cmdaccess.at[0].addr[0] == 10, "ntpqallow");
	CHECK(warns("t:8: cmdallow: has no effect: kntpd has a local control socket only; for ntpq there is ntpqallow"),
	      "cmdallow");
	conf_free(&conf);
}

static const struct sockaddr_in *v4(const struct group_conf *g)
{
	return (const void *)&g->address;
}

static void groups(void)
{
	const struct source_conf *s;
	const struct group_conf *g;

	if (!right("broadcast 64 192.0.2.255\n"
		   "broadcast 1 224.0.1.1 1123 key 7 ttl 9 dev eth0 version 3\n"
		   "broadcast 16 ff05::101\nbroadcastclient unauthenticated\n"
		   "broadcastclient dev eth1 key 4294967295\n"
		   "multicastclient ff02::101 key 3 dev eth0\n"
		   "manycastserver 239.1.1.1 dev eth0\n"
		   "manycastclient 239.1.1.1 unauthenticated ttl 4 dev eth0 minpoll 4\n"
		   "manycastclient ff05::101 key 9\nserver 192.0.2.1\n"))
		return;
	IS(n_group, 7);
	g = conf.group;
	CHECK(g[0].what == CONF_BROADCAST && g[0].interval == 64 &&
	      g[0].port == 123 && g[0].ttl == 1 && g[0].version == 4 &&
	      !g[0].key && !*g[0].dev && v4(g)->sin_port == htons(123) &&
	      v4(g)->sin_addr.s_addr == htonl(0xc00002ff), "broadcast");
	CHECK(g[1].interval == 1 && g[1].port == 1123 && g[1].key == 7 &&
	      g[1].ttl == 9 && g[1].version == 3 && !strcmp(g[1].dev, "eth0") &&
	      v4(g + 1)->sin_port == htons(1123), "its options");
	CHECK(g[2].address.ss_family == AF_INET6 && conf_is_multicast(&g[2].address),
	      "IPv6");
	CHECK(g[3].what == CONF_BROADCAST_CLIENT && g[3].unauthenticated &&
	      !g[3].key && g[3].address.ss_family == AF_UNSPEC, "in words");
	CHECK(g[4].key == 4294967295 && !strcmp(g[4].dev, "eth1"), "by a key");
	CHECK(g[5].what == CONF_BROADCAST_CLIENT && g[5].key == 3 &&
	      g[5].address.ss_family == AF_INET6, "multicastclient");
	CHECK(g[6].what == CONF_MANYCAST_SERVER && !strcmp(g[6].dev, "eth0"),
	      "manycastserver");
	IS(sources.n, 3);
	s = conf.sources.at;
	CHECK(s[0].manycast && s[0].is_pool && s[0].unauthenticated &&
	      s[0].ttl == 4 && !strcmp(s[0].dev, "eth0") && s[0].minpoll == 4,
	      "manycastclient");
	CHECK(s[1].manycast && s[1].key == 9 && !s[1].ttl, "with a key");
	CHECK(!s[2].manycast, "a server");
	conf_free(&conf);
}

static void watched(void)
{
	static const struct {
		const char *line;
		int family;
		u16 port;
	} lines[] = {
		{ "metrics\n", AF_INET, 9975 }, { "metrics 9100\n", AF_INET, 9100 },
		{ "metrics ::1\n", AF_INET6, 9975 },
		{ "metrics 192.0.2.1 80\n", AF_INET, 80 },
		{ "port 123\n", AF_UNSPEC, 0 },
	};
	const struct sockaddr_in *in = (const void *)&conf.metrics;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!right(lines[i].line))
			return;
		CHECK(conf.metrics.ss_family == lines[i].family &&
		      in->sin_port == htons(lines[i].port), "%s", lines[i].line);
		conf_free(&conf);
	}
}

static void others(void)
{
	if (!right("local orphan activate 0.5 dispersion 3\nspike 0.25\nlogfile /l 1e6\nmakestep 0.1 -1\n"
		   "maxchange 1000 1 2\ndriftfile /d interval 60\n"
		   "smoothtime 400 0.001 leaponly\nfallbackdrift 16 19\n"
		   "mailonchange root 0.5\nlog tracking rtc\nlog statistics requests\n"
		   "listen hook local\nlisten hook ingress dev eth0\n"
		   "hwtimestamp * minpoll 2 rxfilter ptp nocrossts\n"
		   "ratelimit interval 1 burst 16 kod 2\npidfile /\n"
		   "bindaddress 192.0.2.1\nbindaddress ::1\nbindaddress 192.0.2.2\n"
		   "bindacqaddress 0.0.0.0\nclientloglimit 8589934592\n"
		   "dscp 46\nleapsecmode SLEW\nauthselectmode ignore\n"))
		return;
	IS(local.stratum, 10);
	IS(local.waitunsynced, 300);
	IS(local.activate, 0.5);
	IS(local.dispersion, 3);
	IS(spike, 0.25);
	IS(spike_watch, 900);
	IS(logfile_size, 1e6);
	IS(sourcesonly[0], '\0');
	IS(makestep_limit, -1);
	IS(maxchange, 1000);
	IS(maxchange_start, 1);
	IS(maxchange_ignore, 2);
	IS(driftfile_interval, 60);
	IS(smoothtime_wander, 0.001);
	IS(smoothtime_leaponly, true);
	IS(fallbackdrift_max, 19);
	IS(mailonchange_limit, 0.5);
	IS(log, CONF_LOG_TRACKING | CONF_LOG_RTC | CONF_LOG_STATISTICS |
	   CONF_LOG_REQUESTS);
	IS(n_listen, 2);
	IS(listen[1].hook, CONF_HOOK_INGRESS);
	CHECK(!strcmp(conf.listen[1].dev, "eth0"), "%s", conf.listen[1].dev);
	IS(hwtimestamp[0].minpoll, 2);
	IS(hwtimestamp[0].maxpoll, 2);
	IS(hwtimestamp[0].rxfilter, CONF_RX_PTP);
	IS(ratelimit.burst, 16);
	IS(ratelimit.leak, 2);
	IS(ratelimit.kod, 2);
	IS(n_bind, 3);
	IS(bind[0].ss_family, AF_INET);
	IS(bind[1].ss_family, AF_INET6);
	IS(bind[2].ss_family, AF_INET);
	IS(bindacq4.ss_family, AF_INET);
	IS(bindacq6.ss_family, 0);
	IS(clientloglimit, 8589934592ULL);
	IS(dscp, 46);
	IS(leapsecmode, CONF_LEAP_SLEW);
	IS(authselectmode, CONF_AUTH_IGNORE);
	CHECK(!*conf.pidfile, "%s", conf.pidfile);
	conf_free(&conf);
	if (right("follow kernel stratum 2 refid GPS"))
		IS(follow.refid, 0x47505300);
	conf_free(&conf);
	if (right("follow chronyd socket /a port 324"))
		IS(follow.port, 324);
	conf_free(&conf);
}

/*
 * `follow` wins over sources, whoever wrote them: the Debian package ships a
 * pool line, and DHCP leases come as files of sourcedir.
 */
static void follow_and_sources(void)
{
	char text[4000] = "follow chronyd\n";
	size_t i;

	enter();
	CHECK(!mkdir("leases", 0700), "%s", strerror(errno));
	put("leases/eth0.sources", "server 192.0.2.9 iburst\n");
	if (right("follow chronyd\npool pool.ntp.org iburst\nrefclock SHM 0\n"
		  "broadcast 64 192.0.2.255\nbroadcastclient key 1\n"
		  "peer 192.0.2.1\nsourcedir leases\n")) {
		IS(follow.what, CONF_FOLLOW_CHRONYD);
		IS(sources.n, 0);
		IS(n_refclock, 0);
		IS(n_group, 1);
		IS(group[0].what, CONF_BROADCAST);
		IS(warnings.n, 1);
		CHECK(!strcmp(conf.warnings.at[0],
			      "follow: the other daemon keeps the time: these sources are not used: "
			      "pool pool.ntp.org (t:2), peer 192.0.2.1 (t:6), "
			      "server 192.0.2.9 (leases/eth0.sources:1), "
			      "refclock 0 (t:3), broadcastclient (t:5)"),
		      "%s", conf.warnings.at[0]);
	}
	conf_free(&conf);
	for (i = 0; i < 100; i++)
		sprintf(text + strlen(text), "server host%zu.example\n", i);
	if (right(text))
		CHECK(conf.warnings.n == 1 &&
		      strstr(conf.warnings.at[0], "server host0.example (t:2), ") &&
		      strstr(conf.warnings.at[0], " more"), "%s",
		      conf.warnings.at[0]);
	conf_free(&conf);
}

/*
 * Packages and DHCP leases write there: chronyd's load_source_file() skips a
 * bad line and an unreadable file, and has the others.
 */
static void bad_source_files(void)
{
	static const char nul[] = "server five\n\0\nserver six\n";

	enter();
	CHECK(!mkdir("s", 0700) && !mkdir("s/4.sources", 0700), "%s",
	      strerror(errno));
	put("s/1.sources", "server one\nserver a:b\nport 1\nserver two nts\n"
	    "server three iburst\n");
	put_bytes("s/2.sources", nul, sizeof(nul) - 1);
	put("s/3.sources", "server four\n");
	if (right("sourcedir s\nserver zero\n")) {
		IS(sources.n, 5);
		CHECK(!strcmp(conf.sources.at[2].name, "three") &&
		      !strcmp(conf.sources.at[3].name, "five") &&
		      !strcmp(conf.sources.at[4].name, "four"), "the good ones");
		CHECK(warns("s/1.sources:2: server: 'a:b' is neither a name nor an address: the line is not used") &&
		      warns("s/1.sources:3: port: only server, pool and peer may stand in a file of sourcedir: the line is not used") &&
		      warns("s/1.sources:4: server: nts: Network Time Security is not spoken by kntpd: the line is not used") &&
		      warns("s/2.sources:2: a NUL byte: this is no text: the rest of the file is not used") &&
		      warns("s/4.sources: Is a directory: the file is not used"),
		      "%zu warnings, the first is %s", conf.warnings.n,
		      conf.warnings.n ? conf.warnings.at[0] : "none");
	}
	conf_free(&conf);
	if (right("include no-such-dir/*.conf\nport 5\n"))
		IS(warnings.n, 1);
	conf_free(&conf);
	/* SUSE's chrony.conf includes an empty directory. */
	if (right("include s/*.conf\nport 5\n"))
		CHECK(conf.port == 5 &&
		      warns("t:1: include: s/*.conf: no file matches"),
		      "a pattern without a match");
	conf_free(&conf);
	if (right("\xef\xbb\xbfport 6\n"))
		IS(port, 6);
	conf_free(&conf);
}

/* What chronyd clamps (ntp_core.c, clientlog.c, refclock.c) or has no limit of. */
static void out_of_range(void)
{
	const struct source_conf *s;

	if (!right("server a minpoll -9 maxpoll 30 version 5 filter 99 "
		   "maxsources 17 maxdelay 2000 asymmetry 0.6 offset +410227200 "
		   "polltarget 0 maxdelayquant 0\n"
		   "maxdistance 94608000.0\nminsources 0\nmaxstratum 20\n"
		   "ratelimit interval -30 burst 1000 leak 0 kod 9\n"
		   "hwtimestamp eth0 minpoll -9 minsamples 1\n"
		   "refclock SHM 0 filter 0 poll -40 offset 619315200\n"
		   "clockprecision 0\nlogbanner -1\nserver b maxdelayquant 0.96\n"))
		return;
	s = conf.sources.at;
	CHECK(s->minpoll == 6 && s->maxpoll == 24 && s->version == 4 &&
	      s->filter == 32 && s->maxsources == 16 && s->maxdelay == 1000 &&
	      s->asymmetry == 0.5 && s->has_asymmetry &&
	      s->offset == 410227200 && s->polltarget == 1 &&
	      !s->maxdelayquant, "of a server");
	IS(maxdistance, 94608000);
	IS(minsources, 1);
	IS(maxstratum, 15);
	IS(ratelimit.interval, -19);
	IS(ratelimit.burst, 255);
	IS(ratelimit.leak, 1);
	IS(ratelimit.kod, 4);
	IS(hwtimestamp[0].minpoll, -6);
	IS(hwtimestamp[0].minsamples, 2);
	IS(refclock[0].filter, 1);
	IS(refclock[0].poll, -31);
	IS(refclock[0].offset, 619315200);
	IS(clockprecision, 0);
	IS(logbanner, -1);
	CHECK(warns("t:1: server: minpoll: -9 is outside -7 to 24: 6 is used") &&
	      warns("t:1: server: maxsources: 17 is outside 1 to 16: 16 is used") &&
	      warns("t:3: minsources: 0 is outside 1 to 2147483647: 1 is used"),
	      "%s", conf.warnings.at[0]);
	IS(warnings.n, 19);
	conf_free(&conf);
}

/* The module knows neither: who limits NTP to an inner address is told. */
static void listeners(void)
{
	if (right("listen hook local\nbindaddress 192.0.2.1\nbinddevice d9\nallow all\n"))
		CHECK(conf.warnings.n == 2 &&
		      warns("bindaddress does not apply to 'listen hook local': the module answers at all addresses of this host") &&
		      warns("binddevice does not apply to 'listen hook local': the module answers what comes in by any device: 'listen hook ingress dev d9' limits it"),
		      "%zu warnings", conf.warnings.n);
	conf_free(&conf);
	if (right("listen hook ingress dev d9\nport 0\nbindaddress 192.0.2.1\n"))
		CHECK(conf.warnings.n == 1 &&
		      warns("port 0 does not apply to 'listen': the module answers at port 123"),
		      "port 0");
	conf_free(&conf);
	if (right("allow 192.0.2.0/24\n"))
		CHECK(warns("allow without 'listen': kntpd answers requests itself, and not the module ('listen hook local' makes it)"),
		      "allow alone");
	conf_free(&conf);
	if (right("deny all\n"))
		IS(warnings.n, 0);
	conf_free(&conf);
	enter();
	put("t", "port 1123\nlisten hook local\n");
	says("port 1123", conf_read(&conf, "t", &why),
	     "port 1123 does not apply to 'listen': the module answers at port 123 only: remove one of both");
}

/* Directives that were once ignored with a warning. */
static void acted_on(void)
{
	if (right("maxupdateskew 10\ncorrtimeratio 5\nclockprecision 1e-6\n"
		  "hwtimestamp eth0 minpoll 1 maxpoll 4\nlog tempcomp\n"
		  "fallbackdrift 16 19\ntempcomp a 1 b\nmailonchange a 1\n"
		  "initstepslew 1 a b\nallow auth a.example\nlisten hook local\n"))
		CHECK(!conf.warnings.n && conf.initstep.n == 2 &&
		      conf.names.n == 1 && conf.access.at[0].name == 1 &&
		      conf.access.at[0].auth, "%zu warnings",
		      conf.warnings.n);
	conf_free(&conf);
}

/*
 * As chronyd: a lock that leads nowhere is not used, and two refclocks may have
 * one refid.
 */
static void refclocks_that_clash(void)
{
	if (!right("refclock PPS a lock GPS\nrefclock SHM 0 refid A\n"
		   "refclock SHM 1 refid A\n"))
		return;
	IS(n_refclock, 3);
	IS(refclock[0].lock, 0);
	IS(warnings.n, 2);
	CHECK(warns("t:1: refclock: lock: no other refclock has that refid: lock is not used") &&
	      warns("t:3: refclock: refid: another refclock has it already: lock means the first one"),
	      "%s", conf.warnings.at[0]);
	conf_free(&conf);
}

/* Every directive is known to be one, whatever it wants. */
static void all_directives(void)
{
	const char *name;
	char text[200];
	size_t i;
	int err;

	enter();
	for (i = 0; (name = conf_directive(i)); i++) {
		if (!strcmp(name, "include"))
			continue;
		snprintf(text, sizeof(text), "%s 1 1 1", name);
		put("t", text);
		memset(&why, 0, sizeof(why));
		err = conf_read(&conf, "t", &why);
		CHECK(!err || !strstr(why.text, "no such directive"), "%s",
		      why.text);
		CHECK(!err || !strncmp(why.text, "t:1: ", 5), "%s", why.text);
		conf_free(&conf);
	}
	CHECK(i > 90, "only %zu directives", i);
}

static void directories(void)
{
	struct conf_sources list;

	enter();
	CHECK(!mkdir("a", 0700) && !mkdir("b", 0700), "%s", strerror(errno));
	put("a/10.conf", "port 10\n");
	put("b/10.conf", "port 11\n");
	put("b/20.conf", "dscp 20");
	put("b/.x.conf", "no");
	put("b/x.con", "no");
	put("a/1.sources", "server one\nserver unfin");
	put("b/1.sources", "server hidden\n");
	put("b/0.sources", "server zero\n");
	if (!right("confdir a b none\nsourcedir a b\nserver first\n"))
		return;
	IS(port, 10);
	IS(dscp, 20);
	IS(sources.n, 3);
	CHECK(!strcmp(conf.sources.at[0].name, "first") &&
	      !strcmp(conf.sources.at[1].name, "zero") &&
	      !strcmp(conf.sources.at[2].name, "one"), "the order");
	put("a/1.sources", "server two\n\npeer three\n");
	CHECK(!conf_sources_read(&conf, &list, &why), "%s", why.text);
	CHECK(list.n == 3 && conf_source_equal(&list.at[0],
					       &conf.sources.at[1]), "zero");
	CHECK(!conf_source_equal(&list.at[1], &conf.sources.at[2]), "two");
	conf_sources_free(&list);
	conf_free(&conf);
	put("b/20.conf", "sourcesonly\nserver only\n");
	if (right("server before\nconfdir a b\nsourcedir a b\nserver after\n"))
		CHECK(conf.sources.n == 1 && !conf.sourcedirs.n &&
		      !strcmp(conf.sources.at[0].name, "only"), "sourcesonly");
	conf_free(&conf);
	put("20.inc", "dscp 21\n");
	if (right("include *.inc\n"))
		IS(dscp, 21);
	conf_free(&conf);
}

static void command_line(void)
{
	static const char *const good[] = { "pool a iburst", "port 0", "" };
	static const char *const bad[] = { "port 0", "port x" };
	struct source_conf s;

	CHECK(!conf_parse_lines(&conf, good, 3, &why), "%s", why.text);
	IS(sources.n, 1);
	IS(port, 0);
	conf_free(&conf);
	says("port x", conf_parse_lines(&conf, bad, 2, &why),
	     "command line:2: port: 'x' is not a whole number from 0 to 65535");
	CHECK(!conf_source_parse(&s, "peer 192.0.2.1 minpoll 4", &why) &&
	      s.is_peer && s.minpoll == 4 && !strcmp(s.name, "192.0.2.1"),
	      "a source by hand");
	CHECK(conf_source_parse(&s, "server a minpoll x", &why) &&
	      !strcmp(why.text, "server: minpoll: 'x' is not a whole number from -999 to 999"),
	      "%s", why.text);
	CHECK(conf_source_parse(&s, " # x", &why) &&
	      !strcmp(why.text, "server, pool or peer is missing"), "%s",
	      why.text);
	CHECK(conf_source_parse(&s, "port 1", &why), "a port is no source");
}

static const struct test_case cases[] = {
	{ "defaults", defaults },
	{ "Debian's default file", debian },
	{ "sources", sources },
	{ "reference clocks", refclocks },
	{ "access", access_list },
	{ "sent to many", groups },
	{ "watched", watched },
	{ "the other directives", others },
	{ "bad files of sources", bad_source_files },
	{ "out of range", out_of_range },
	{ "what the module does not know", listeners },
	{ "refclocks that clash", refclocks_that_clash },
	{ "acted on", acted_on },
	{ "follow and sources", follow_and_sources },
	{ "all directives", all_directives },
	{ "directories", directories },
	{ "command line", command_line },
	{ "cleaning up", clean_up },
};

TEST_MAIN(cases)
