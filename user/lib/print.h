/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One call per value prints it as text, JSON or CSV.
 *
 * KEY is its name in JSON: NULL leaves it out there, and stands where there is
 * none (in a list). LABEL is its name in text: NULL leaves it out of text and
 * CSV, "" prints the value alone. A value outside a row is a line of its own,
 * inside a row a word of the line.
 */
#ifndef KNTP_USER_PRINT_H
#define KNTP_USER_PRINT_H

#include <stdbool.h>
#include <stdint.h>

enum pr_format { PR_TEXT, PR_JSON, PR_CSV };

void pr_init(enum pr_format format, bool pretty);
enum pr_format pr_format(void);
/* Forgets PRETTY: every document is one line. */
void pr_compact(void);

/* One document: a JSON object on a line of its own. */
void pr_begin(void);
void pr_end(void);

/*
 * An object; HEADING is a line above its values, which are indented. "" is
 * indented below the line before it, NULL neither.
 */
void pr_object(const char *key, const char *heading);
void pr_object_end(void);

void pr_list(const char *key, const char *heading);
void pr_list_end(void);
/*
 * An object of a list, one line in text and in CSV. Outside any list it is a
 * document of its own.
 */
void pr_row(void);
void pr_row_end(void);

void pr_u64(const char *key, const char *label, uint64_t value);
void pr_i64(const char *key, const char *label, int64_t value);
void pr_bool(const char *key, const char *label, bool value);
void pr_str(const char *key, const char *label, const char *value);
/* Of letters, digits and what addresses have; less than PR_WORD. */
enum { PR_WORD = 80 };
void pr_word(const char *key, const char *label, const char *word);
/* Where the text says more than the value in JSON and CSV; NULL is null. */
void pr_text(const char *key, const char *value, const char *label,
	     const char *text);
/* Nanoseconds: seconds in text; UTC for a point in time. */
void pr_ns(const char *key, const char *label, uint64_t ns);
void pr_time(const char *key, const char *label, int64_t ns);
/* Milliseconds, which are nanoseconds in JSON as all times are. */
void pr_ms(const char *key, const char *label, uint32_t ms);
/* Text only: a sentence below the value before it. */
void pr_note(const char *sentence);

/* Writes out what is buffered: 0, or the first error as a negative errno. */
int pr_flush(void);

#endif
