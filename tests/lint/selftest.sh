#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each rule of rules.py finds what breaks it, and nothing in what does not: in
# a small tree of its own.

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1
. ../lib.sh

tree=$(mktemp -d)
defer rm -rf "$tree"
spdx='// SPDX-License-Identifier: GPL-2.0'

fresh()
{
	rm -rf "${tree:?}"/*
	mkdir -p "$tree"/{include/uapi/linux,kmod/core,user/lib,user/ctl} \
		 "$tree"/{user/daemon,tests/lint,tests/unit}
	cp rules.py "$tree/tests/lint"
	echo "$spdx" | tee "$tree"/{include/uapi/linux/kntp.h,kmod/acl.h} \
		"$tree"/{kmod/core/wire.h,user/lib/nl.h,user/ctl/ctl.h} \
		"$tree"/{user/daemon/d.h,tests/unit/harness.h} >/dev/null
}

# finds RULE NAME FILE LINE...: the lines, below the licence, break the rule.
finds()
{
	local rule=$1 name=$2 file=$3 said
	shift 3

	fresh
	check "$rule: quiet before: $name" "$tree/tests/lint/rules.py" "$rule"
	printf '%s\n' "$spdx" "$@" >"$tree/$file"
	if said=$("$tree/tests/lint/rules.py" "$rule"); then
		not_ok "$rule: $name"
	else
		check_equal "$rule: $name" "$(cut -d : -f 1 <<<"$said" |
					      sort -u)" "$file"
	fi
}

ktap_begin
long=$(yes 'int x;' | head -n 800)
body=$(yes '	x++;' | head -n 57)
blank=' '
finds file-size "801 lines" kmod/a.c "$long"
finds function-size "61 lines of C" kmod/a.c 'int f(int a,' '      int b)' \
      '{' "$body" '}'
finds function-size "61 lines of shell" tests/a.sh 'f()' '{' "$body" \
      ':' '}'
finds includes "core includes the module" kmod/core/a.c '#include "../acl.h"'
finds includes "core includes the kernel" kmod/core/a.c '#include <linux/skbuff.h>'
finds includes "core asks where it is" kmod/core/a.c '#ifdef __KERNEL__' '#endif'
finds includes "the contract includes more than types" \
      include/uapi/linux/a.h '#include <linux/skbuff.h>'
finds includes "the contract includes the module" include/uapi/linux/a.h \
      '#include "../../../kmod/acl.h"'
finds includes "ctl includes the daemon" user/ctl/a.c '#include "d.h"'
finds includes "the daemon includes ctl" user/daemon/a.c '#include "../ctl/ctl.h"'
finds includes "the library includes ctl" user/lib/a.c '#include "ctl.h"'
finds includes "the module includes a test" kmod/a.c \
      '#include "../tests/unit/harness.h"'
finds kernel-version "a version of the kernel" kmod/a.c \
      "#if LINUX_VERSION_""CODE >= 1" '#endif'
finds machine-paths "a home directory" user/a.c '/* see /ho''me/me/x */'
finds machine-paths "a mirror" tests/a.sh 'curl http://deb.deb''ian.org/'
finds blanks "blanks at the end" kmod/a.c "int x;$blank"
finds blanks "a space before a tab" kmod/a.c "$blank	int x;"
finds blanks "an empty line at the end" kmod/a.c 'int x;' ''

fresh
echo 'int x;' >"$tree/kmod/a.c"
check_fails "spdx: a file without" "$tree/tests/lint/rules.py" spdx
printf '%s\nint x;' "$spdx" >"$tree/kmod/a.c"
check_fails "blanks: no newline at the end" "$tree/tests/lint/rules.py" blanks
ktap_end
