#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The configuration of kntpd, by each compiler under its sanitizers, and that
# the manual and the tables of the parser have the same words.

set -u
cd "$(dirname "$0")" || exit 1

daemon=../../user/daemon
man=../../user/man/kntp.conf.5
drivers=(../../user/man/kntp-refclock.7 ../../user/man/kntp-broadcast.7
	 ../../user/man/kntp-metrics.7 ../../user/man/kntp-clock.7)
out=${KNTP_BUILD:-../../build}/tests/unit/conf
flags=(-std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wshadow -Werror
       -fno-omit-frame-pointer -fsanitize=address -fsanitize=undefined
       -fno-sanitize-recover=undefined
       -I../../include/uapi -I../../user/lib)
export KNTP_SEED=${KNTP_SEED:-$(date +%s)}

# shellcheck source=../ktap.sh
. ../ktap.sh

usable() # compiler
{
	command -v "$1" >/dev/null || return 1
	echo 'int main(void) { return 0; }' |
		"$1" -fsanitize=address,undefined -x c -o "$out/$1/usable" - \
		     2>/dev/null && "$out/$1/usable"
}

run_one() # compiler, program
{
	local exe=$out/$1/$2 log=$out/$1/$2.log status=0

	if ! "$1" "${flags[@]}" -o "$exe" "$2.c" "$daemon"/conf*.c \
	     >"$log" 2>&1; then
		sed 's/^/# /' "$log"
		result "not ok" "$1 $2: builds"
		return
	fi
	"$exe" >"$log" 2>"$log.err" || status=$?
	merge "$1 $2" <"$log"
	# A sanitizer ends the program before it can say what failed.
	if [ $status -gt 1 ] || ! grep -q '^\(not \)\?ok' "$log" ||
	   grep -q 'Sanitizer\|runtime error' "$log.err"; then
		tail -n 40 "$log.err" | sed 's/^/# /'
		result "not ok" "$1 $2: runs to its end (status $status)"
	fi
}

# The words of the tables: directives and options as they stand in the rows.
words()
{
	{
		grep -oE '\b(OPT_)?(FLAG|INT|NUMBER|NEAR_INT|NEAR_NUMBER|TEXT|LINK|WORD|CHOICE|FUNCTION|SOURCE|IGNORED|REFUSED)\([a-z_0-9]+' \
			"$daemon"/conf_*.c | sed 's/.*(//'
		grep -ohE '\bOPTION\([a-z]+_conf, [a-z]+' "$daemon"/conf_*.c |
			sed 's/.* //'
		grep -ohE '\{ "[a-z]+"' "$daemon"/conf_*.c | tr -d '{ "'
	} | grep -vx word | sort -u
}

# What the manual has in the first place of an entry, but for the table of
# chrony's words, which chronyconf.py reads.
entries()
{
	sed -nE -e '/^\.SH "?CHRONY/q' -e '/^\.TP$/{n;s/^\.BI? "?([a-z_0-9]+).*/\1/p;}' \
		-e 's/^\\fB([a-z_0-9]+)\\fR.*/\1/p' "$man" | sort -u
}

in_step()
{
	local text word missing='' unknown

	if ! command -v mandoc >/dev/null; then
		checks=$((checks + 1))
		echo "ok $checks manual # SKIP mandoc is not installed"
		return
	fi
	text=$(mandoc -Tascii "$man" "${drivers[@]}" | col -b)
	for word in $(words); do
		grep -qw -- "$word" <<<"$text" || missing+=" $word"
	done
	[ -z "$missing" ] || echo "# the manual lacks:$missing"
	[ "$(words | wc -l)" -gt 150 ] || missing+=" the tables"
	result "$([ -z "$missing" ] && echo ok || echo "not ok")" \
	       "manual: has all words of the tables"
	unknown=$(comm -13 <(words) <(entries) | tr '\n' ' ')
	[ -z "$unknown" ] || echo "# no table has: $unknown"
	result "$([ -z "$unknown" ] && echo ok || echo "not ok")" \
	       "manual: has no words besides"
	result "$([ -z "$(mandoc -Tlint -W warning "$man" "${drivers[@]}" 2>&1)" ] && echo ok ||
		  echo "not ok")" "manual: is clean"
}

echo "KTAP version 1"
for cc in ${CC:-gcc clang}; do
	mkdir -p "$out/$cc"
	if ! usable "$cc"; then
		checks=$((checks + 1))
		echo "ok $checks $cc # SKIP $cc or its sanitizers are not installed"
		continue
	fi
	for program in conf conferror; do
		run_one "$cc" "$program"
	done
done
in_step
finish
