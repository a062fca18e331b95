# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What the lint's checks share. Each is a function that prints what it finds:
# status 0 and nothing printed is a pass, SKIP (4) a skip with the reason
# printed, anything else a failure.

SKIP=4
out=build/lint
checks=0
failed=0
mkdir -p "$out"

# check NAME FUNCTION ARG...
check()
{
	local name=$1 status=0 text
	shift

	text=$("$@" 2>&1) || status=$?
	checks=$((checks + 1))
	if [ $status -eq "$SKIP" ]; then
		echo "ok $checks $name # SKIP $text"
	elif [ $status -eq 0 ] && [ -z "$text" ]; then
		echo "ok $checks $name"
	else
		head -n 60 <<<"${text:-status $status, without a word}" |
			sed 's/^/# /'
		echo "not ok $checks $name"
		failed=1
	fi
}

need() # tool
{
	command -v "$1" >/dev/null && return
	echo "$1 is not installed"
	return "$SKIP"
}

# All files of the project, one a line; those that match, with an argument.
files() # [extended regular expression]
{
	python3 tests/lint/rules.py files | grep -E "${1:-.}"
}
