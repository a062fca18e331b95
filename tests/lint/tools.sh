# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Checks by other people's tools, of text alone.

scripts()
{
	local file

	files . | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*) head -n 3 "$file" | grep -qE \
			'^#!.*(/| )(ba)?sh\b|^# shellcheck shell=' &&
			echo "$file" ;;
		esac
	done
}

lint_shellcheck()
{
	need shellcheck || return
	scripts | xargs -r -d '\n' shellcheck --external-sources \
					      --source-path=SCRIPTDIR --exclude=SC2317
}

lint_python()
{
	local file

	files . | while read -r file; do
		case $file in
		*.py) ;;
		*) head -n 1 "$file" | grep -q '^#!.*python' || continue ;;
		esac
		python3 -W error - "$file" <<-'END' || echo "$file"
			import sys
			with open(sys.argv[1]) as file:
			    compile(file.read(), sys.argv[1], 'exec')
		END
	done
}

manuals()
{
	files '\.[1-9]$'
}

# STYLE is taste, and what a page refers to need not be installed here.
lint_mandoc()
{
	need mandoc || return
	if [ -z "$(manuals)" ]; then
		echo "there is no manual page yet"
		return "$SKIP"
	fi
	manuals | xargs -d '\n' mandoc -T lint -W warning
}

lint_groff()
{
	local page

	need groff || return
	if [ -z "$(manuals)" ]; then
		echo "there is no manual page yet"
		return "$SKIP"
	fi
	manuals | while read -r page; do
		groff -ww -man -Tutf8 -z "$page" 2>&1
	done
}

# The script and its word lists: of the cache, or of kernel sources at hand.
checkpatch()
{
	local dir

	for dir in "$KNTP_CACHE"/checkpatch "$KNTP_CACHE"/debug/source-*/scripts \
		   /usr/src/linux-source-*/scripts; do
		if [ -e "$dir/checkpatch.pl" ]; then
			echo "$dir/checkpatch.pl"
			return
		fi
	done
	tests/lint/fetch >&2 && echo "$KNTP_CACHE/checkpatch/checkpatch.pl"
}

# What is not asked, and why. Of any file:
#   FILE_PATH_CHANGES  there is no MAINTAINERS file
#   SPDX_LICENSE_TAG   looks in the kernel's tree; the lint has a rule of its own
# and of one:
checkpatch_ignores() # file
{
	local types=FILE_PATH_CHANGES,SPDX_LICENSE_TAG

	case $1 in
	kmod/trace.[ch])
		# Trace events are macros that are neither calls nor functions.
		types+=,CAMELCASE,COMPLEX_MACRO,FUNCTION_ARGUMENTS
		types+=,MACRO_ARG_REUSE,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
		types+=,SPACING,TRAILING_SEMICOLON
		;;
	kmod/core/plat.h)
		# Defines, for userspace, the very words that are preferred, and
		# uses a 128-bit type that checkpatch does not know.
		types+=,NEW_TYPEDEFS,PREFER_DEFINED_ATTRIBUTE_MACRO
		types+=,UNSPECIFIED_INT
		;;
	kmod/compat/*)
		# An older kernel's call may take less than a newer one's.
		types+=,MACRO_ARG_UNUSED
		;;
	esac
	echo "$types"
}

lint_checkpatch()
{
	local script file

	need perl || return
	if ! script=$(checkpatch 2>/dev/null); then
		echo "checkpatch.pl is neither cached nor to be had"
		return "$SKIP"
	fi
	# In a copy, because it leaves files where it is run.
	rm -rf "$out/checkpatch"
	mkdir -p "$out/checkpatch"
	files '^(kmod|include|tests/[^/]+/kmod)/.*\.[ch]$' |
		xargs -d '\n' cp -p --parents -t "$out/checkpatch"
	cd "$out/checkpatch" || return
	find . -type f -printf '%P\n' | sort | while read -r file; do
		perl "$script" --no-tree --root=. --strict --terse --quiet \
		     --no-summary --show-types \
		     --ignore "$(checkpatch_ignores "$file")" -f "$file"
	done
	return 0
}

kernel_doc()
{
	local kernel

	for kernel in "$KNTP_CACHE"/kernels/*/usr/lib/linux-kbuild-*; do
		[ ! -e "$kernel/scripts/kernel-doc" ] ||
			echo "$kernel/scripts/kernel-doc"
	done | tail -n 1
}

lint_kernel_doc()
{
	local script

	need perl || return
	script=$(kernel_doc)
	if [ -z "$script" ]; then
		echo "no kernel's headers are cached"
		return "$SKIP"
	fi
	files '^(kmod|include)/.*\.[ch]$' |
		xargs -d '\n' perl "$script" -none
}
