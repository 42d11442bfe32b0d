#!/bin/sh
# touchmark sign --embed on the repomd.xml of a repository of rpms:
# repomd.xml.asc, which dnf takes with repo_gpgcheck, in a root of its own.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=flow-lib.sh
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv rpmbuild createrepo_c dnf git

flow_key yum
R=$T/repo
mkdir "$R" "$T/dnf" || exit 1
for d in root log none cache persist; do
	mkdir "$T/dnf/$d"
done
printf '%s\n' 'Name: demo' 'Version: 1.0' 'Release: 1' 'Summary: x' \
	'License: MIT' 'BuildArch: noarch' '%description' x '%files' \
	>"$T/demo.spec"
rpmbuild -bb --define "_topdir $T/rpm" --define "_rpmdir $R" "$T/demo.spec" \
	>"$T/setup.log" 2>&1 || exit 1
indices() {
	rm -rf "$R/repodata"
	createrepo_c -q "$@" "$R" >"$T/setup.log" 2>&1 || exit 1
}
dnf_ask() {
	rm -rf "$T/dnf/cache" "$T/dnf/persist"
	mkdir "$T/dnf/cache" "$T/dnf/persist"
	timeout 180 dnf -q -y --installroot="$T/dnf/root" --releasever=1 \
		--setopt=reposdir="$T/dnf/none" \
		--setopt=cachedir="$T/dnf/cache" \
		--setopt=logdir="$T/dnf/log" \
		--setopt=persistdir="$T/dnf/persist" \
		--repofrompath=demo,"file://$R" --disablerepo='*' \
		--enablerepo=demo --setopt=demo.repo_gpgcheck=1 \
		--setopt=demo.skip_if_unavailable=0 \
		--setopt=demo.gpgkey="file://$T/yum.asc" "$@"
}

indices
cd "$R" || exit 1
exits 1 'dnf refuses what is unsigned' dnf_ask repoquery demo
ok 'the repomd.xml is signed' embed repodata/repomd.xml
has '^repodata/repomd.xml: signed by Key yum <yum@example.org>, no timestamp, in repodata/repomd.xml.asc$' \
	'says where'
ok 'gpgv takes it' gpgv --status-fd 1 --keyring "$T/yum.gpg" \
	repodata/repomd.xml.asc repodata/repomd.xml
has "^\[GNUPG:\] VALIDSIG $FPR .* 00 $FPR\$" 'as of this key'
ok 'dnf takes it' dnf_ask repoquery demo
has '^demo-0:1.0-1.noarch$' 'and finds the package'
sed -i s/revision/rewision/ repodata/repomd.xml
exits 1 'dnf refuses other bytes' dnf_ask repoquery demo

indices
cd repodata || exit 1
ok 'from within its directory' embed repomd.xml
sums ./* >"$T/before"
exits 1 'not twice' embed repomd.xml
has 'repomd.xml: this key has signed it already' 'says why'
ok '--resume leaves it alone' embed --resume repomd.xml
has '^repomd.xml: is signed already, left alone$' 'says so'
ok 'to the byte' sha256sum -c "$T/before"
ok '--resign' embed --resign repomd.xml
ok 'makes a good one' gpgv --keyring "$T/yum.gpg" repomd.xml.asc repomd.xml

# ---- what it says must be so ------------------------------------------------
refused() {	# WHY PATTERN
	cp repomd.xml.asc "$T/before"
	exits 1 "$1" embed --resign repomd.xml
	has "$2" 'says why'
	ok 'nothing was touched' cmp repomd.xml.asc "$T/before"
}
good() {
	cp "$T/good/"* .
}
cp -a . "$T/good"
F=$(echo ./*-filelists.xml.gz)
printf x >>"$F"
refused 'a file that has grown' \
	'content-mismatch: repomd.xml names repodata/.*-filelists.xml.gz, which has [0-9]+ bytes instead of'
good
tr '\0-\377' '\1-\377\0' <"$F" >x && mv x "$F"
refused 'a file with other bytes' \
	'content-mismatch: repomd.xml names repodata/.*, which has another SHA-256 digest'
good
rm "$F"
ok 'a file that is not there is no fault' embed --resign repomd.xml
good
sed -i 's|href="repodata/|href="../repodata/|' repomd.xml
refused 'a path that leads out' 'object-malformed: .* leads out'
good
sed -i 's|^<repomd|<!DOCTYPE repomd [<!ENTITY x "y">]>&|' repomd.xml
refused 'a document type' 'object-malformed: .* document type'
good
sed -i 's|</repomd>||' repomd.xml
refused 'one that is cut off' 'object-malformed: .* is cut off'
cd .. || exit 1
indices --checksum sha1
embed repodata/repomd.xml >"$T/out" 2>&1
is $? 1 'weak digests'
has 'digest-weak: .* by (sha|sha1) alone' 'says why'
indices --checksum sha512
ok 'strong ones' embed repodata/repomd.xml
ok 'dnf takes them' dnf_ask repoquery demo
done_testing
