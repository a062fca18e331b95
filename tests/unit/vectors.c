// SPDX-License-Identifier: GPL-2.0
/*
 * Replays tests/net/vectors against the core: vectors FILE... The format is
 * described in the first of those files.
 */
#include "harness.h"
#include "../../kmod/core/parse.h"
#include "../../kmod/core/reply.h"

enum {
	PAYLOAD_MAX = 1024,
	LINE_MAX_LEN = 4 * PAYLOAD_MAX,
	SERVERS_MAX = 8,
	NAME_MAX_LEN = 64,
};

struct state {
	char name[NAME_MAX_LEN];
	struct ntp_server says;
	u64 receive, transmit;
};

struct vector {
	char name[NAME_MAX_LEN];
	char outcome[NAME_MAX_LEN];
	const struct state *server;
	unsigned long port;
	u8 request[PAYLOAD_MAX], reply[PAYLOAD_MAX], ignore[PAYLOAD_MAX];
	size_t request_len, reply_len, ignore_len;
};

static struct state states[SERVERS_MAX];
static size_t state_count;
static struct vector vector;
static size_t vector_count;
static const char *where;

static const char *const outcomes[] = {
	[NTP_CLASS_PLAIN] = "answered",
	[NTP_CLASS_MAC] = "pass_mac",
	[NTP_CLASS_NTS] = "pass_nts",
	[NTP_CLASS_MODE] = "pass_mode",
	[NTP_CLASS_VERSION] = "pass_version",
	[NTP_CLASS_SHORT] = "drop_length",
	[NTP_CLASS_MALFORMED] = "drop_malformed",
};

static void copy_name(char *to, const char *from)
{
	CHECK(strlen(from) < NAME_MAX_LEN, "%s: too long: %s", where, from);
	snprintf(to, NAME_MAX_LEN, "%s", from);
}

static size_t read_hex(const char *text, u8 *to)
{
	size_t len = strlen(text) / 2;
	unsigned int octet;
	size_t i;

	if (!strcmp(text, "-"))
		return 0;
	CHECK(len && strlen(text) % 2 == 0 && len <= PAYLOAD_MAX &&
	      strspn(text, "0123456789abcdef") == 2 * len,
	      "%s: not hexadecimal: %s", where, text);
	if (failures)
		return 0;
	for (i = 0; i < len; i++) {
		sscanf(text + 2 * i, "%2x", &octet);
		to[i] = (u8)octet;
	}
	return len;
}

static void check_reply(const u8 *packet)
{
	size_t i;

	CHECK(vector.reply_len == NTP_HEADER_LEN, "%s: reply is %zu octets",
	      vector.name, vector.reply_len);
	CHECK(vector.ignore_len == vector.reply_len, "%s: ignore is %zu octets",
	      vector.name, vector.ignore_len);
	CHECK(vector.reply_len <= vector.request_len, "%s: reply is longer",
	      vector.name);
	for (i = 0; i < NTP_HEADER_LEN; i++)
		CHECK(packet[i] == vector.reply[i],
		      "%s: octet %zu is %02x, not %02x", vector.name, i,
		      packet[i], vector.reply[i]);
}

static void replay(void)
{
	const struct state *server = vector.server;
	enum ntp_class class;
	u8 *packet;

	CHECK(server, "%s: %s has no state of the server", where, vector.name);
	CHECK(vector.outcome[0], "%s: %s has no outcome", where, vector.name);
	if (!server)
		return;
	packet = flush_copy(vector.request, vector.request_len);
	class = ntp_classify(packet, vector.request_len, (u16)vector.port);
	CHECK(!strcmp(vector.outcome, outcomes[class]), "%s: %s, not %s",
	      vector.name, outcomes[class], vector.outcome);
	if (class == NTP_CLASS_PLAIN) {
		ntp_reply((struct ntp_header *)packet, &server->says,
			  server->receive, server->transmit);
		check_reply(packet);
	}
	flush_free(packet, vector.request_len);
	vector_count++;
}

/* A block ends where the next one begins. */
static void end_block(void)
{
	if (vector.name[0])
		replay();
	memset(&vector, 0, sizeof(vector));
}

static u64 hex64(const char *text)
{
	return strtoull(text, NULL, 16);
}

static void state_key(const char *key, const char *value)
{
	struct state *s = &states[state_count - 1];

	if (!strcmp(key, "leap"))
		s->says.leap = (u8)atoi(value);
	else if (!strcmp(key, "stratum"))
		s->says.stratum = (u8)atoi(value);
	else if (!strcmp(key, "precision"))
		s->says.precision = (s8)atoi(value);
	else if (!strcmp(key, "delay"))
		s->says.root_delay = cpu_to_be32((u32)hex64(value));
	else if (!strcmp(key, "dispersion"))
		s->says.root_dispersion = cpu_to_be32((u32)hex64(value));
	else if (!strcmp(key, "refid"))
		s->says.refid = cpu_to_be32((u32)hex64(value));
	else if (!strcmp(key, "reference"))
		s->says.reference = cpu_to_be64(hex64(value));
	else if (!strcmp(key, "receive"))
		s->receive = hex64(value);
	else if (!strcmp(key, "transmit"))
		s->transmit = hex64(value);
	else
		CHECK(!strcmp(key, "clock"), "%s: what is %s?", where, key);
}

static void vector_key(const char *key, const char *value)
{
	size_t i;

	if (!strcmp(key, "when")) {
		for (i = 0; i < state_count; i++)
			if (!strcmp(states[i].name, value))
				vector.server = &states[i];
	} else if (!strcmp(key, "port")) {
		vector.port = strtoul(value, NULL, 10);
	} else if (!strcmp(key, "request")) {
		vector.request_len = read_hex(value, vector.request);
	} else if (!strcmp(key, "outcome")) {
		copy_name(vector.outcome, value);
	} else if (!strcmp(key, "reply")) {
		vector.reply_len = read_hex(value, vector.reply);
	} else if (!strcmp(key, "ignore")) {
		vector.ignore_len = read_hex(value, vector.ignore);
	} else {
		CHECK(!strcmp(key, "clause"), "%s: what is %s?", where, key);
	}
}

static void read_line(char *line)
{
	char *value = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (!*line || *line == '#')
		return;
	CHECK(value, "%s: no value: %s", where, line);
	if (!value)
		return;
	*value++ = '\0';

	if (!strcmp(line, "vector")) {
		end_block();
		copy_name(vector.name, value);
	} else if (vector.name[0]) {
		vector_key(line, value);
	} else if (!strcmp(line, "server")) {
		CHECK(state_count < SERVERS_MAX, "%s: too many", where);
		if (state_count < SERVERS_MAX)
			copy_name(states[state_count++].name, value);
	} else if (state_count) {
		state_key(line, value);
	}
}

static void read_files(char **files)
{
	static char line[LINE_MAX_LEN];
	FILE *file;

	for (; *files; files++) {
		where = *files;
		file = fopen(where, "r");
		CHECK(file, "cannot read %s", where);
		if (!file)
			continue;
		while (fgets(line, sizeof(line), file))
			read_line(line);
		end_block();
		fclose(file);
	}
	CHECK(vector_count > 100, "only %zu vectors", vector_count);
	printf("# %zu vectors\n", vector_count);
}

int main(int argc, char **argv)
{
	printf("KTAP version 1\n1..1\n");
	if (argc > 1)
		read_files(argv + 1);
	CHECK(argc > 1, "usage: vectors FILE...");
	printf("%sok 1 vectors\n", failures ? "not " : "");
	return failures ? 1 : 0;
}
