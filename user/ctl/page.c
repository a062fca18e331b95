// SPDX-License-Identifier: GPL-2.0
/* kntp report: one HTML page that needs no other file. */
#include "columns.h"
#include "names.h"
#include "plot.h"
#include "stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

static const char style[] =
	"body{font:15px/1.45 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
	"h1{font-size:1.6em;margin-bottom:0}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #ccc}"
	"table{border-collapse:collapse}th,td{padding:.2em .8em;text-align:left;border-bottom:1px solid #e4e4e4}"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
	"img{max-width:100%;height:auto;border:1px solid #e4e4e4}"
	".bar{background:#4477aa;height:.8em;min-width:1px}.none{color:#666}"
	"figure{margin:1em 0}figcaption{color:#555;font-size:.9em}";

static void put_text(FILE *to, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
		}
}

static void put_base64(FILE *to, const char *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = (const uint8_t *)data;
	uint32_t bits;
	size_t i;

	for (i = 0; i < len; i += 3) {
		bits = (uint32_t)p[i] << 16;
		bits |= i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0;
		bits |= i + 2 < len ? p[i + 2] : 0;
		fputc(digits[bits >> 18], to);
		fputc(digits[bits >> 12 & 63], to);
		fputc(i + 1 < len ? digits[bits >> 6 & 63] : '=', to);
		fputc(i + 2 < len ? digits[bits & 63] : '=', to);
	}
}

static void put_cell(FILE *to, const char *value, bool number)
{
	fputs(number ? "<td class=\"n\">" : "<td>", to);
	put_text(to, value);
	fputs("</td>", to);
}

static void put_row(FILE *to, const char *name, const char *value)
{
	fputs("<tr><th scope=\"row\">", to);
	put_text(to, name);
	fputs("</th>", to);
	put_cell(to, value, false);
	fputs("</tr>\n", to);
}

static void put_none(FILE *to, const char *why)
{
	fputs("<p class=\"none\">", to);
	put_text(to, why);
	fputs("</p>\n", to);
}

static char *human(double s, char buf[COLUMN])
{
	return col_seconds(s, "µs", buf);
}

static void put_clock(FILE *to)
{
	struct json_object *o = daemon_peek("tracking");
	char buf[COLUMN], text[64];

	fputs("<h2>Clock</h2>\n", to);
	if (!o) {
		put_none(to, "kntpd is not running.");
		return;
	}
	fputs("<table>\n", to);
	put_row(to, "State", member_bool(o, "synchronised") ? "synchronised" :
		"not synchronised");
	put_row(to, "Follows", *member_str(o, "name") ? member_str(o, "name") :
		"nobody");
	snprintf(text, sizeof(text), "%" PRId64, member_i64(o, "stratum"));
	put_row(to, "Stratum", text);
	put_row(to, "Leap second", leap_long(o));
	put_row(to, "Left to be corrected", human(seconds_of(o, "correction_ns"), buf));
	put_row(to, "RMS offset", human(seconds_of(o, "rms_offset_ns"), buf));
	snprintf(text, sizeof(text), "%.3f ppm (skew %.3f ppm)",
		 ppm_of(o, "frequency_ppb"), ppm_of(o, "skew_ppb"));
	put_row(to, "Frequency", text);
	put_row(to, "Root delay", human(seconds_of(o, "root_delay_ns"), buf));
	put_row(to, "Root dispersion",
		human(seconds_of(o, "root_dispersion_ns"), buf));
	fputs("</table>\n", to);
	json_object_put(o);
}

static void put_source(FILE *to, struct json_object *s)
{
	char buf[COLUMN], text[32];
	bool sampled = member_has(s, "offset_ns");

	fputs("<tr>", to);
	put_cell(to, member_str(s, "mark"), false);
	put_cell(to, member_str(s, "name"), false);
	snprintf(text, sizeof(text), "%" PRId64, member_i64(s, "stratum"));
	put_cell(to, text, true);
	snprintf(text, sizeof(text), "%" PRIo64, member_i64(s, "reach"));
	put_cell(to, text, true);
	put_cell(to, sampled ? human(seconds_of(s, "offset_ns"), buf) : "-", true);
	put_cell(to, sampled ? human(seconds_of(s, "error_ns"), buf) : "-", true);
	fputs("</tr>\n", to);
}

static void put_sources(FILE *to)
{
	struct json_object *o = daemon_peek("sources"), *list = NULL;
	size_t i, n = 0;

	if (o && json_object_object_get_ex(o, "sources", &list))
		n = json_object_array_length(list);
	fputs("<h2>Sources</h2>\n", to);
	if (!n)
		put_none(to, o ? "There are none." : "kntpd is not running.");
	else
		fputs("<table>\n<tr><th>Mark</th><th>Name</th><th class=\"n\">Stratum</th>"
		      "<th class=\"n\">Reach</th><th class=\"n\">This clock is ahead</th>"
		      "<th class=\"n\">Bound</th></tr>\n", to);
	for (i = 0; i < n; i++)
		put_source(to, json_object_array_get_idx(list, i));
	if (n)
		fputs("</table>\n", to);
	json_object_put(o);
}

static void put_counter(FILE *to, const char *name, uint64_t count)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, count);
	fputs("<tr><th scope=\"row\">", to);
	put_text(to, name);
	fputs("</th>", to);
	put_cell(to, text, true);
	fputs("</tr>\n", to);
}

static void put_reasons(FILE *to, const struct hook_stats *h, const char *what,
			enum counter_group group)
{
	char name[64];
	int i;

	FOR_EACH_COUNTER(i, group) {
		if (!h->count[i])
			continue;
		snprintf(name, sizeof(name), "%s: %s", what, counters[i].name);
		put_counter(to, name, h->count[i]);
	}
}

/* Buckets from the first to the last that has anything in it. */
static void put_times(FILE *to, const struct hook_stats *h)
{
	int first = time_quantile(h, 0), last = time_quantile(h, 1), i;
	uint64_t most = 0;
	char buf[COLUMN];

	for (i = 1; i <= KNTP_TIME_MAX; i++)
		most = h->times[i] > most ? h->times[i] : most;
	if (!most)
		return;
	fputs("<table>\n<caption>Response time, from arrival to reply</caption>\n"
	      "<tr><th>below</th><th class=\"n\">replies</th><th style=\"width:20em\"></th></tr>\n",
	      to);
	for (i = first; i <= last; i++)
		fprintf(to, "<tr><td class=\"n\">%s</td><td class=\"n\">%" PRIu64 "</td><td><div class=\"bar\" style=\"width:%.1f%%\"></div></td></tr>\n",
			human(time_bucket(i), buf), h->times[i],
			100.0 * (double)h->times[i] / (double)most);
	fputs("</table>\n", to);
}

static void put_requests(FILE *to, struct ctl *ctl)
{
	const struct hook_stats *h;
	struct stats s;

	fputs("<h2>Requests</h2>\n", to);
	if (nl_open(&ctl->nl) || stats_fetch(ctl, &s)) {
		put_none(to, "The module is not loaded.");
		return;
	}
	for (h = s.hook; h < s.hook + s.n; h++) {
		fprintf(to, "<h3>%s</h3>\n", hook_name(h->hook));
		if (!h->count[KNTP_STAT_IN]) {
			put_none(to, "Nothing came here.");
			continue;
		}
		fputs("<table>\n", to);
		put_counter(to, "came", h->count[KNTP_STAT_IN]);
		put_counter(to, "answered", h->count[KNTP_STAT_ANSWERED]);
		put_reasons(to, h, "passed up", COUNTER_PASS);
		put_reasons(to, h, "dropped", COUNTER_DROP);
		put_reasons(to, h, "of these", COUNTER_OF);
		fputs("</table>\n", to);
		put_times(to, h);
	}
}

static void put_plot(FILE *to, const struct plot_request *r)
{
	char why[PLOT_WHY] = "", *data = NULL;
	size_t len = 0;

	fputs("<h2>", to);
	put_text(to, plot_title(r->what));
	fputs("</h2>\n", to);
	if (plot_draw(r, &data, &len, why)) {
		put_none(to, why);
		return;
	}
	fputs("<figure><img alt=\"", to);
	put_text(to, plot_title(r->what));
	fputs("\" src=\"data:image/svg+xml;base64,", to);
	put_base64(to, data, len);
	fputs("\"></figure>\n", to);
	free(data);
}

static void put_page(FILE *to, struct ctl *ctl, struct plot_request *r)
{
	char date[COLUMN];
	struct utsname name = { .nodename = "" };
	int what;

	uname(&name);
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>kntp: ",
	      to);
	put_text(to, name.nodename);
	fprintf(to, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
	put_text(to, name.nodename);
	fprintf(to, "</h1>\n<p>%s UTC, kntp %s, Linux ",
		col_date(time(NULL) * INT64_C(1000000000), date), KNTP_VERSION);
	put_text(to, name.release);
	fputs("</p>\n", to);
	put_clock(to);
	put_sources(to);
	put_requests(to, ctl);
	for (what = 0; what < PLOTS; what++) {
		r->what = (enum plot)what;
		put_plot(to, r);
	}
	fputs("</body>\n</html>\n", to);
}

int cmd_report(struct ctl *ctl, int argc, char **argv)
{
	struct plot_request r = { .what = PLOT_OFFSET };
	char *text = NULL;
	size_t len = 0;
	FILE *to;
	int status;

	if (!argc)
		return ctl_usage(ctl, "FILE is wanted, such as report.html");
	/* A word that was meant as an option or as a verb makes no file. */
	if ((argv[0][0] == '-' && argv[0][1]) || (strcmp(argv[0], "-") && !strpbrk(argv[0], "./")))
		return ctl_usage(ctl, "'%s' is no file: a name with a '.' or '/' is wanted, such as report.html",
				 argv[0]);
	status = plot_words(ctl, &r, false, argc - 1, argv + 1);
	if (status)
		return status;
	to = open_memstream(&text, &len);
	if (!to)
		return ctl_failed(ctl, "%s", strerror(errno));
	put_page(to, ctl, &r);
	if (fclose(to))
		status = ctl_failed(ctl, "%s", strerror(errno));
	else
		status = plot_write(ctl, argv[0], text, len);
	free(text);
	return status;
}
