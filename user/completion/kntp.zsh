#compdef kntp
# SPDX-License-Identifier: GPL-2.0
# zsh completion for kntp(8): what the program's own help lists.

# Lines of "OBJECT [VERB] WORDS" as the help has them.
_kntp_usage() {
	kntp help 2>/dev/null | command grep '^  [a-z]'
}

# What may stand at the N-th place behind words that are there already.
_kntp_next() {
	local -a line offered
	local -i n=${#given}
	local rest word

	while read -r rest; do
		line=(${=rest})
		((n == 0)) || [[ "${line[1,n]}" == "${given[1,n]}" ]] || continue
		word=${line[n+1]}
		[[ $word == [a-z0-9]## ]] && offered+=($word)
	done < <(_kntp_usage)
	reply=(${(u)offered})
}

# The words of a command that are typed as they stand.
_kntp_words() {
	local rest

	reply=()
	while read -r rest; do
		[[ "$rest" == "$1 "* ]] || continue
		reply+=(${(f)"$(print -r -- ${${rest#$1 }//FILE.[a-z]##/} |
			command grep -o '[a-z-][a-z0-9-]\{1,\}')"})
	done < <(_kntp_usage)
	reply=(${(u)reply})
}

_kntp() {
	setopt localoptions extendedglob
	local -a given reply
	local -i i
	local word

	for ((i = 2; i < CURRENT; i++)); do
		word=${words[i]}
		if [[ $word == -* && ${#given} == 0 ]]; then
			[[ $word == -*n ]] && ((i++))
			continue
		fi
		given+=($word)
	done
	case ${words[CURRENT-1]} in
	-*n) _path_files -W /run/netns; return ;;
	dev) _path_files -W /sys/class/net; return ;;
	load|file|plot|report) [[ ${#given} -gt 1 ]] && { _files; return } ;;
	esac
	if ((${#given} < 2)); then
		_kntp_next
		((${#given})) && [[ ${#reply} == 0 ]] && _kntp_words $given[1]
		((${#given})) || reply+=(help -j --json -c -v -p -n -V -h)
	else
		_kntp_words "$given[1] $given[2]"
		((${#reply})) || _kntp_words $given[1]
	fi
	compadd -a reply
}

_kntp "$@"
