# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bash completion for kntp(8)

_kntp_words() # object, verb, word before
{
	case "$1 $2 $3" in
	"listen "*" hook") echo local ingress ;;
	"listen "*" dev") command ls /sys/class/net 2>/dev/null ;;
	"listen add "*|"listen del "*) echo hook dev ;;
	"acl allow "*|"acl auth "*|"acl deny "*|"acl pass "*|"acl del "*) echo all ;;
	"clock set base") echo system map ;;
	"clock set lease") echo forever ;;
	"clock set leap") echo 0 1 2 3 ;;
	"clock set reference-time"|"clock set utc-time") echo now ;;
	"clock set stratum"|"clock set refid"|"clock set root-delay"|\
	"clock set root-dispersion"|"clock set growth"|"clock set steps"|\
	"clock set raw-time"|"clock set rate") ;;
	"clock set-rtc "*) echo utc local; command ls -d /dev/rtc? 2>/dev/null ;;
	"clock set "*)
		echo base stratum refid leap root-delay root-dispersion \
			growth lease reference-time steps raw-time utc-time \
			rate ;;
	"client set entries"|"client set prefix6") ;;
	"client set "*) echo entries prefix6 ;;
	"client show by")
		echo requests refused interleaved rate seen ;;
	"client show prefix"|"client show mode"|"client show version"|\
	"client show within"|"client show requests"|"client show rate"|\
	"client show top") ;;
	"client show "*)
		echo prefix mode version within requests rate top by ;;
	"limit set interval"|"limit set burst"|"limit set leak"|\
	"limit set kod"|"limit set prefix4"|"limit set prefix6") ;;
	"limit off "*) echo client prefix ;;
	"limit set "*) echo interval burst leak kod prefix4 prefix6 ;;
	"key add file"|"key load "*) compgen -f ;;
	"key add "*) echo MD5 SHA1 SHA256 SHA512 AES128 AES256 file ;;
	"key del "*) echo all ;;
	"stats show "*) echo --explain ;;
	"plot "*" log"|"report "*" log") compgen -d ;;
	"plot "*" last"|"plot "*" source"|"report "*" last") ;;
	"plot "*) echo log last source ;;
	"report "*) echo log last ;;
	esac
}

_kntp_verbs() # object
{
	case $1 in
	listen) echo add del show help ;;
	acl) echo allow auth deny pass del load check show flush help ;;
	clock) echo set set-rtc show help ;;
	client) echo show set flush help ;;
	limit) echo set budget deny off show help ;;
	key) echo add del load show help ;;
	phc) echo show help ;;
	stats) echo show reset help ;;
	tracking) echo -n help ;;
	sources|sourcestats|selectdata) echo -v -n help ;;
	add) echo server pool peer help ;;
	top) echo interval count help ;;
	plot) echo offset frequency delay dispersion requests help ;;
	report) compgen -f; echo help ;;
	smoothing) echo reset activate help ;;
	status|monitor|ntpdata|activity|serverstats|waitsync|makestep|burst|\
	online|offline|delete|reload) echo help ;;
	w32tm) echo /query /config /resync /monitor /stripchart /register \
		    /unregister /dumpreg /debug /tz /ntte /ntpte help ;;
	esac
}

_kntp()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local i=1 words

	while [[ $i -lt $COMP_CWORD && ${COMP_WORDS[i]} == -* ]]; do
		[[ ${COMP_WORDS[i]} != -*n ]] || ((i++))
		((i++))
	done
	if ((i > COMP_CWORD)); then
		words=$(command ls /run/netns 2>/dev/null)
	elif ((i == COMP_CWORD)); then
		words="status listen acl clock client limit key phc stats monitor help
		       tracking sources sourcestats selectdata ntpdata activity
		       serverstats smoothing waitsync makestep burst online
		       offline add delete reload top plot report w32tm
		       -j --json -c -v -p -n -V --version -h --help"
	elif ((i + 1 == COMP_CWORD)); then
		words=$(_kntp_verbs "${COMP_WORDS[i]}")
	elif [[ ${COMP_WORDS[i]} == acl && $prev == load ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	else
		words=$(_kntp_words "${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}" \
			"$prev")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _kntp kntp
