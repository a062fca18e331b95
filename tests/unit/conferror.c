// SPDX-License-Identifier: GPL-2.0
/* What kntpd says of mistakes in its configuration. */
#include "conf.h"

static void wrong(const char *text, const char *message)
{
	enter();
	put("t", text);
	memset(&why, 0, sizeof(why));
	says(text, conf_read(&conf, "t", &why), message);
}

struct mistake {
	const char *text, *message;
};

static void wrong_all(const struct mistake *m, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		wrong(m[i].text, m[i].message);
}

#define WRONG(...)							\
	do {								\
		static const struct mistake m[] = { __VA_ARGS__ };	\
		wrong_all(m, sizeof(m) / sizeof(m[0]));			\
	} while (0)

static void mistakes_in_groups(void)
{
	WRONG(
	{ "broadcast 64", "t:1: broadcast: INTERVAL and ADDRESS are needed" },
	{ "broadcast 0 192.0.2.255",
	  "t:1: broadcast: INTERVAL: '0' is not a whole number from 1 to 131072" },
	{ "broadcast 8 x", "t:1: broadcast: 'x' is not an IPv4 or IPv6 address; its link is said by dev" },
	{ "broadcast 8 ff02::1%eth0",
	  "t:1: broadcast: 'ff02::1%eth0' is not an IPv4 or IPv6 address; its link is said by dev" },
	{ "broadcast 8 2001:db8::1",
	  "t:1: broadcast: '2001:db8::1': IPv6 has multicast addresses alone for this" },
	{ "broadcast 8 192.0.2.255 70000",
	  "t:1: broadcast: PORT: '70000' is not a whole number from 1 to 65535" },
	{ "broadcastclient",
	  "t:1: broadcastclient: key N is missing: without one anybody can set this clock; who wants that says unauthenticated" },
	{ "broadcastclient key 1 unauthenticated",
	  "t:1: broadcastclient: key and unauthenticated contradict each other" },
	{ "multicastclient", "t:1: multicastclient: its ADDRESS is missing" },
	{ "multicastclient 192.0.2.1 key 1",
	  "t:1: multicastclient: '192.0.2.1' is no multicast address" },
	{ "manycastserver 192.0.2.1",
	  "t:1: manycastserver: '192.0.2.1' is no multicast address" },
	{ "manycastclient pool.example key 1",
	  "t:1: manycastclient: 'pool.example' is not an IPv4 or IPv6 address; its link is said by dev" },
	{ "manycastclient 239.1.1.1",
	  "t:1: manycastclient: key N is missing: without one anybody can set this clock; who wants that says unauthenticated" },
	{ "server 192.0.2.1 unauthenticated",
	  "t:1: server: ttl, dev and unauthenticated are for manycastclient" },
	{ "metrics x", "t:1: metrics: 'x' is not an IPv4 or IPv6 address" },
	{ "metrics ::1 0", "t:1: metrics: PORT: '0' is not a whole number from 1 to 65535" },
	{ "metrics 127.0.0.1 1 2", "t:1: metrics: '2' is one word too many" });
}

static void mistakes_in_values(void)
{
	WRONG(
	{ "\n\nport x\n", "t:3: port: 'x' is not a whole number from 0 to 65535" },
	{ "port 65536", "t:1: port: '65536' is not a whole number from 0 to 65535" },
	{ "port 1.0", "t:1: port: '1.0' is not a whole number from 0 to 65535" },
	{ "port 99999999999999999999",
	  "t:1: port: '99999999999999999999' is not a whole number from 0 to 65535" },
	{ "Port", "t:1: Port: its value: a word is missing" },
	{ "port 1 2", "t:1: port: '2' is one word too many" },
	{ "rtcsync 1", "t:1: rtcsync: '1' is one word too many" },
	{ "maxdistance nan", "t:1: maxdistance: 'nan' is not a number from 0 to 1e+12" },
	{ "maxdistance 0x1", "t:1: maxdistance: '0x1' is not a number from 0 to 1e+12" },
	{ "maxdistance 1e", "t:1: maxdistance: '1e' is not a number from 0 to 1e+12" },
	{ "maxdistance .", "t:1: maxdistance: '.' is not a number from 0 to 1e+12" },
	{ "maxdistance 3;", "t:1: maxdistance: '3;' is not a number from 0 to 1e+12" },
	{ "leapsecmode smear",
	  "t:1: leapsecmode: 'smear' is none of system, step, slew, ignore" },
	{ "authselectmode all",
	  "t:1: authselectmode: 'all' is none of mix, require, prefer, ignore" },
	{ "binddevice a/b", "t:1: binddevice: 'a/b' is not the name of a link" },
	{ "binddevice sixteen-letters1",
	  "t:1: binddevice: 'sixteen-letters1' is not the name of a link" },
	{ "log tracking all",
	  "t:1: log: 'all' is none of rawmeasurements, measurements, selection, statistics, tracking, rtc, refclocks, tempcomp, requests" },
	{ "servr a", "t:1: servr: there is no such directive" },
	{ "port\001 1", "t:1: port?: there is no such directive" });
}

static void mistakes_in_sources(void)
{
	char text[400] = "server ";

	WRONG(
	{ "server", "t:1: server: its name is missing, or its address" },
	{ "pool a minpol 4", "t:1: pool: 'minpol' is not an option of it" },
	{ "peer a # mine",
	  "t:1: peer: '#' is not an option of it: a comment has a line of its own" },
	{ "server a minpoll", "t:1: server: minpoll: its value is missing" },
	{ "server a key 0",
	  "t:1: server: key: '0' is not a whole number from 1 to 4294967295" },
	{ "server a key 4294967296",
	  "t:1: server: key: '4294967296' is not a whole number from 1 to 4294967295" },
	{ "server a port 0",
	  "t:1: server: port: nobody answers at port 0" },
	{ "server a minpoll 1.5",
	  "t:1: server: minpoll: '1.5' is not a whole number from -999 to 999" },
	{ "server a maxdelay x",
	  "t:1: server: maxdelay: 'x' is not a number from 0 to 1000" },
	{ "server a version 4x",
	  "t:1: server: version: '4x' is not a whole number from 1 to 4" },
	{ "server a extfield 1234",
	  "t:1: server: extfield: '1234' is none of 10A, F323, F324" },
	{ "server a nts",
	  "t:1: server: nts: Network Time Security is not spoken by kntpd" },
	{ "server a ipv4 ipv6", "t:1: server: ipv4 and ipv6 leave it no address" },
	{ "server a/b", "t:1: server: 'a/b' is neither a name nor an address" },
	{ "server fe80::1%", "t:1: server: 'fe80::1%' is neither a name nor an address" },
	{ "server ::g", "t:1: server: '::g' is neither a name nor an address" });
	memset(text + 7, 'a', 300);
	wrong(text, "t:1: server: its name is longer than 255 characters");
}

static void mistakes_in_refclocks(void)
{
	WRONG(
	{ "refclock", "t:1: refclock: DRIVER PARAMETER: a word is missing" },
	{ "refclock PPS", "t:1: refclock: DRIVER PARAMETER: a word is missing" },
	{ "refclock GPS 1",
	  "t:1: refclock: 'GPS' is not a driver: PPS, SOCK, SHM, PHC, RTC, NMEA, GPSD and ACTS are" },
	{ "refclock ACTS /dev/ttyS0",
	  "t:1: refclock: phone: there is no number to dial" },
	{ "refclock ACTS /dev/ttyS0:phone=",
	  "t:1: refclock: phone: '' is not 1 to 63 characters" },
	{ "refclock ACTS a:phone=1:phone=2:phone=3:phone=4:phone=5:phone=6:"
	  "phone=7:phone=8:phone=9",
	  "t:1: refclock: phone: there are more than 8 of them" },
	{ "refclock NMEA /dev/ttyS0:baud=50",
	  "t:1: refclock: baud: '50' is not a whole number from 300 to 230400" },
	{ "refclock PPS :clear",
	  "t:1: refclock: its parameter is missing, or too long" },
	{ "refclock PPS /dev/pps0:utc",
	  "t:1: refclock: 'utc' is not an option of driver PPS" },
	{ "refclock PPS /dev/pps0:clear=1", "t:1: refclock: clear: it has no value" },
	{ "refclock SHM 0:perm",
	  "t:1: refclock: perm: its value is missing, after =" },
	{ "refclock SHM 0:perm=0888",
	  "t:1: refclock: perm: '0888' is not a mode from 0 to 0777" },
	{ "refclock SHM x", "t:1: refclock: 'x' is not a unit from 0 to 255" },
	{ "refclock SHM 256", "t:1: refclock: '256' is not a unit from 0 to 255" },
	{ "refclock PHC eth0:pin=-2",
	  "t:1: refclock: pin: '-2' is not a whole number from -1 to 65535" },
	{ "refclock SHM 0 refid LONGER",
	  "t:1: refclock: refid: 'LONGER' is not 1 to 4 characters" },
	{ "refclock SHM 0 local\nrefclock SHM 1 local",
	  "t:2: refclock: local: another refclock is it already" },
	{ "rtcsync\nrefclock RTC /dev/rtc0",
	  "t:2: refclock: RTC: not together with rtcsync or rtcfile" },
	{ "rtcsync\nrtcfile a", "rtcsync: not together with rtcfile" });
}

static void mistakes_in_access(void)
{
	WRONG(
	{ "allow example.org/24",
	  "t:1: allow: 'example.org' is not an IPv4 or IPv6 address, nor the name of a host" },
	{ "allow 10/33",
	  "t:1: allow: '10/33': the length after '/' is not a number from 0 to 32" },
	{ "deny ::/129",
	  "t:1: deny: '::/129': the length after '/' is not a number from 0 to 128" },
	{ "deny all 10/",
	  "t:1: deny: '10/': the length after '/' is not a number from 0 to 32" },
	{ "allow 10.256",
	  "t:1: allow: '10.256' is not an IPv4 or IPv6 address, nor the name of a host" },
	{ "allow 1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20/1",
	  "t:1: allow: '1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20' is not an IPv4 or IPv6 address, nor the name of a host" },
	{ "allow all 10 11", "t:1: allow: '11' is one word too many" },
	{ "allow 10 11", "t:1: allow: '11' is one word too many" },
	{ "bindaddress", "t:1: bindaddress: ADDRESS: a word is missing" },
	{ "bindacqaddress eth0",
	  "t:1: bindacqaddress: 'eth0' is not an IPv4 or IPv6 address" },
	{ "bindaddress fe80::1%no-such-link",
	  "t:1: bindaddress: 'fe80::1%no-such-link' is not an IPv4 or IPv6 address" });
}

static void mistakes_in_our_own(void)
{
	WRONG(
	{ "spike", "t:1: spike: OFFSET [WATCH]: a word is missing" },
	{ "spike 1 2 3", "t:1: spike: '3' is one word too many" },
	{ "spike -1", "t:1: spike: OFFSET: '-1' is not a number from 0 to 1e+10" },
	{ "logfile", "t:1: logfile: FILE [SIZE]: a word is missing" },
	{ "sourcesonly here", "t:1: sourcesonly: 'here' is one word too many" },
	{ "local dispersion 16",
	  "t:1: local: dispersion: '16' is not a number from 0 to 15.999" });
}

static void mistakes_in_others(void)
{
	WRONG(
	{ "local stratum 16",
	  "t:1: local: stratum: '16' is not a whole number from 1 to 15" },
	{ "listen", "t:1: listen: hook: is missing: hook local, or hook ingress dev LINK" },
	{ "listen hook xdp", "t:1: listen: hook: 'xdp' is none of local, ingress" },
	{ "listen hook local dev lo", "t:1: listen: dev: hook local has none" },
	{ "listen hook ingress",
	  "t:1: listen: dev: is missing: hook ingress is a device's" },
	{ "follow", "t:1: follow: what is missing: chronyd, or kernel" },
	{ "follow ntpd", "t:1: follow: 'ntpd' is neither chronyd nor kernel" },
	{ "follow kernel refid GPS",
	  "t:1: follow: stratum: is missing: the kernel does not know it" },
	{ "follow kernel stratum 2",
	  "t:1: follow: refid: is missing: the kernel does not know it" },
	{ "hwtimestamp", "t:1: hwtimestamp: the name of a link is missing, or *" },
	{ "hwtimestamp * rxfilter some",
	  "t:1: hwtimestamp: rxfilter: 'some' is none of best, none, ntp, ptp, all" },
	{ "makestep", "t:1: makestep: THRESHOLD LIMIT: a word is missing" },
	{ "makestep 1", "t:1: makestep: THRESHOLD LIMIT: a word is missing" },
	{ "makestep 1 x",
	  "t:1: makestep: LIMIT: 'x' is not a whole number from -2147483648 to 2147483647" },
	{ "makestep x 1",
	  "t:1: makestep: THRESHOLD: 'x' is not a number from 0 to 1e+10" },
	{ "maxchange 1 1", "t:1: maxchange: OFFSET START IGNORE: a word is missing" },
	{ "maxchange 1 -1 1",
	  "t:1: maxchange: START: '-1' is not a whole number from 0 to 2147483647" },
	{ "driftfile", "t:1: driftfile: FILE: a word is missing" },
	{ "driftfile a b", "t:1: driftfile: 'b' is not an option of it" },
	{ "smoothtime 400",
	  "t:1: smoothtime: MAX-FREQUENCY MAX-WANDER: a word is missing" },
	{ "smoothtime 1 1 leap", "t:1: smoothtime: 'leap' is not leaponly" },
	{ "fallbackdrift 16",
	  "t:1: fallbackdrift: MIN-INTERVAL MAX-INTERVAL: a word is missing" },
	{ "fallbackdrift 16 32",
	  "t:1: fallbackdrift: MAX-INTERVAL: '32' is not a whole number from 0 to 31" },
	{ "mailonchange a", "t:1: mailonchange: EMAIL THRESHOLD: a word is missing" },
	{ "mailonchange a b",
	  "t:1: mailonchange: THRESHOLD: 'b' is not a number from 0 to 1e+09" },
	{ "ntsservercert a",
	  "t:1: ntsservercert: NTS is not spoken by kntpd: its clients would get no answer" },
	{ "ntsserverkey a",
	  "t:1: ntsserverkey: NTS is not spoken by kntpd: its clients would get no answer" },
	{ "ptpport 319", "t:1: ptpport: NTP over PTP is not spoken by kntpd" },
	{ "tempcomp a", "t:1: tempcomp: FILE INTERVAL T0 K0 K1 K2, or FILE INTERVAL POINTS-FILE: a word is missing" },
	{ "tempcomp a 1 2 3",
	  "t:1: tempcomp: FILE INTERVAL T0 K0 K1 K2, or FILE INTERVAL POINTS-FILE, is wanted" },
	{ "tempcomp a 1 2 3 4 x",
	  "t:1: tempcomp: K2: 'x' is not a number from -1e+12 to 1e+12" },
	{ "initstepslew",
	  "t:1: initstepslew: THRESHOLD NAME: a word is missing" },
	{ "initstepslew x a",
	  "t:1: initstepslew: THRESHOLD: 'x' is not a number from 0 to 1e+10" });
}

static void mistakes_in_files(void)
{
	char line[3000] = "#";
	size_t i;

	enter();
	says("missing", conf_read(&conf, "missing", &why),
	     "missing: No such file or directory");
	says(".", conf_read(&conf, ".", &why), ".: Is a directory");
	wrong("\ninclude missing", "t:2: include: missing: No such file or directory");
	wrong("include", "t:1: include: FILE or PATTERN: a word is missing");
	wrong("include t", "t:1: include: t: files are included more than 10 deep");
	wrong("confdir", "t:1: confdir: DIRECTORY: a word is missing");
	wrong("confdir a b c d e f g h i j k",
	      "t:1: confdir: 'k' is one word too many");
	wrong("sourcedir", "t:1: sourcedir: DIRECTORY: a word is missing");
	memset(line + 1, 'x', 2500);
	wrong(line, "t:1: the line is longer than 2046 characters");
	for (i = 0; i < 600; i += 2)
		memcpy(line + i, "a ", 2);
	line[600] = '\0';
	wrong(line, "t:1: a: more than 256 words are in the line");
	put_bytes("t", "port 1\n\0\n", 9);
	says("NUL", conf_read(&conf, "t", &why),
	     "t:2: a NUL byte: this is no text");
}

static void limits(void)
{
	static char text[2000 * 40];
	size_t i, len;

	for (i = 0, len = 0; i < 1025; i++)
		len += (size_t)sprintf(text + len, "server a%zu\n", i);
	wrong(text, "t:1025: server: there are more than 1024 of them");
	for (i = 0, len = 0; i < 33; i++)
		len += (size_t)sprintf(text + len, "refclock SHM %zu\n", i);
	wrong(text, "t:33: refclock: there are more than 32 of them");
	for (i = 0, len = 0; i < 65; i++)
		len += (size_t)sprintf(text + len, "listen hook local\n");
	wrong(text, "t:65: listen: there are more than 64 of them");
	for (i = 0, len = 0; i < 2000; i++)
		len += (size_t)sprintf(text + len, "cmdport 0\n");
	if (right(text))
		CHECK(conf.warnings.n == CONF_WARNINGS_MAX, "%zu warnings",
		      conf.warnings.n);
	conf_free(&conf);
}

static const struct test_case cases[] = {
	{ "sent to many", mistakes_in_groups },
	{ "values", mistakes_in_values },
	{ "sources", mistakes_in_sources },
	{ "reference clocks", mistakes_in_refclocks },
	{ "access", mistakes_in_access },
	{ "kntp's own directives", mistakes_in_our_own },
	{ "other directives", mistakes_in_others },
	{ "files", mistakes_in_files },
	{ "limits", limits },
	{ "cleaning up", clean_up },
};

TEST_MAIN(cases)
