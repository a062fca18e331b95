#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the guest: the packages' life there. The guest forgets all of it.

set -u
cd "$(dirname "$(realpath "$0")")" || exit 1
. ../lib.sh

debs=$KNTP_TOP/build/deb
dir=/run/kntp-dhcp
export DEBIAN_FRONTEND=noninteractive

kntp_files() # all that is called so
{
	find /etc /usr/lib /usr/bin /usr/sbin /usr/share /usr/src /var/lib/kntp \
		/var/log/kntp /var/lib/dkms /lib/systemd /run/kntp-dhcp \
		-iname '*kntp*' 2>/dev/null | sort
}

new_version() # file, version: the same package by another version
{
	local tree

	tree=$(mktemp -d)
	dpkg-deb -R "$1" "$tree" &&
		sed -i "s/^Version: .*/Version: $2/" "$tree/DEBIAN/control" &&
		dpkg-deb -b "$tree" "$tree.deb" >/dev/null && echo "$tree.deb"
}

installs() # file
{
	dpkg -i "$1" >"$tmp/dpkg" 2>&1 || {
		sed 's/^/# /' "$tmp/dpkg"
		return 1
	}
}

answers()
{
	kntp -j activity >/dev/null 2>&1
}

# What DHCP says, by the hook that dhclient reads.
dhclient_says() # reason, servers
{
	(
		# shellcheck disable=SC2034
		reason=$1 interface=eth7 new_ntp_servers=$2
		# shellcheck source=../../user/dhcp/dhclient
		. /etc/dhcp/dhclient-exit-hooks.d/kntp
	)
}

has_source() # address
{
	kntp -c sources | grep -q -- "$1"
}

test_dhcp()
{
	dhclient_says BOUND "192.0.2.7 2001:db8::7"
	check_equal "DHCP: the servers become sources" "$(cat $dir/eth7.sources)" \
		"server 192.0.2.7 iburst
server 2001:db8::7 iburst"
	check "DHCP: kntpd has them at once" slowwait 5 has_source 192.0.2.7
	dhclient_says RENEW "192.0.2.8 ;reboot \$(x) -f ../../etc/passwd a/b"
	check_equal "DHCP: nothing but names and addresses" \
		"$(cat $dir/eth7.sources)" "server 192.0.2.8 iburst"
	check "DHCP: what is no more is given up" slowwait 5 \
		eval '! has_source 192.0.2.7'
	dhclient_says RELEASE ""
	check "DHCP: a lease's end ends its sources" [ ! -e $dir/eth7.sources ]
	check_equal "a name that leaves the directory is refused" \
		"$(/usr/lib/kntp/kntp-dhcp ../x 192.0.2.1 2>&1; echo $?)" \
		"kntp-dhcp: '../x' is no link's name
1"
	DHCP4_NTP_SERVERS="192.0.2.9" \
		/usr/lib/NetworkManager/dispatcher.d/50-kntp eth8 dhcp4-change
	check_equal "NetworkManager's" "$(cat $dir/eth8.sources)" \
		"server 192.0.2.9 iburst"
	/usr/lib/NetworkManager/dispatcher.d/50-kntp eth8 down
	check "NetworkManager's end" [ ! -e $dir/eth8.sources ]
}

follows_chronyd()
{
	kntp -j tracking 2>/dev/null | grep -q '"synchronised": *true'
}

# The host that the package is most often put on: chronyd keeps its clock, and
# two links have a lease that names the same server.
test_beside_chrony()
{
	mkdir -p /run/chrony $dir
	cp "$KNTP_PEERS/usr/sbin/chronyd" /usr/sbin/chronyd
	/usr/sbin/chronyd -d -x -U -u root "local stratum 3" "cmdport 0" \
		"pidfile $tmp/chronyd.pid" >"$tmp/chronyd" 2>&1 &
	local chronyd=$! link
	for link in eth0 wlan0; do
		echo "server 192.0.2.7 iburst" >$dir/$link.sources
	done
	check "chrony first: kntp is installed" installs "$debs"/kntp_*.deb
	check_equal "chrony first: it is followed" \
		"$(grep -h ^follow /etc/kntp/conf.d/*.conf)" "follow chronyd"
	check_equal "chrony first: the configuration is right, and what is not used is named" \
		"$(kntpd --check 2>&1 | grep -c 'follow: .*pool.ntp.org.*eth0.sources:1')" 1
	kntpd -d >"$tmp/log" 2>&1 &
	local kntpd=$!
	check "chrony first: kntpd says chronyd's time" slowwait 10 follows_chronyd ||
		sed 's/^/# /' "$tmp/log" "$tmp/chronyd"
	check "chrony first: a source is refused" eval \
		'! kntp add server 192.0.2.1 >/dev/null 2>&1'
	kill $kntpd $chronyd
	wait $kntpd $chronyd
	check "chrony first: kntp is purged" dpkg --purge kntp
	rm -f /usr/sbin/chronyd $dir/*.sources
	rmdir $dir 2>/dev/null
}

ktap_begin
tmp=$(mktemp -d)
defer rm -rf "$tmp"

check "what keeps the clock is removed" dpkg --purge --force-depends \
	systemd-timesyncd chrony ntpsec
before=$(kntp_files)
check "kntp is installed" installs "$debs"/kntp_*.deb
check "its user is there" getent passwd kntp
check "its configuration is right" kntpd --check
check "its unit is right" eval '! grep -v modprobe@ <(systemd-analyze verify kntpd.service 2>&1) |
	grep -i kntp'
check "the command line is the package's" [ "$(hash -r; kntp -V)" = "$(/usr/bin/kntp -V)" ]
sed -i 's/^pool /#&/' /etc/kntp/kntp.conf
kntpd -x -d >"$tmp/log" 2>&1 &
daemon=$!
check "kntpd starts" slowwait 10 answers
test_dhcp

check "an upgrade" installs "$(new_version "$(echo "$debs"/kntp_*.deb)" 9.0)"
check "keeps what the operator has changed" grep -q '^#pool' /etc/kntp/kntp.conf
check "kntpd ends" kill "$daemon"
wait "$daemon"

check "kntp is purged" dpkg --purge kntp
test_beside_chrony
check_equal "nothing is left" "$(kntp_files)" "$before"
check_equal "no user either" "$(grep -h ^kntp: /etc/passwd /etc/group)" ""
ktap_end
