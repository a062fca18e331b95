# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash

# The guest's results become ours.
results() # name, its log, its status
{
	local line

	while IFS= read -r line; do
		case $line in
		"ok "*)	    ok "$1: ${line#ok * }" ;;
		"not ok "*) not_ok "$1: ${line#not ok * }" ;;
		KTAP*|1..*) ;;
		*)	    note "$1: ${line#\# }" ;;
		esac
	done <"$2"
	check_equal "$1: comes to its end" "$3" 0
}
