#!/bin/sh
# The room that an rpm reserves for signatures: enough of it, too little, none;
# and packages that rpmsign signed or is to sign again.
. "${0%/*}/lib.sh"
. "${0%/*}/package-lib.sh"
. "${0%/*}/rpm-lib.sh"
need rpm rpmbuild rpmkeys rpmsign gpg gpgv

gpg_key rsa@example.org rsa3072
gpg --batch --armor --export rsa@example.org >"$T/rsa.asc"
gpg_key ed@example.org ed25519
gpg --batch --armor --export ed@example.org >"$T/ed.asc"
for m in rsa ed; do
	ok "rpm takes the $m key" rpm_trusts "$T/$m.asc"
done

judged_good() {	# NAME FILE: with one good signature of the header
	ok "$1: rpmkeys takes it" judged "$2"
	has 'Header V4 [A-Za-z]*/SHA.* Signature, key ID .*: OK' \
		"$1: signed"
	hasnt 'BAD|NOKEY' "$1: nothing is wrong"
	ok "$1: rpm reads it" rpm -qp --dbpath "$T/rpmdb" "$2"
}

# ---- every amount of room ----------------------------------------------------

# rpmbuild reserves 32 bytes more than it is told. A signature of RSA-3072 has
# 455 bytes or hardly less, its entry 16, and so has that of the room.
for room in 0 1 422 423 424 431 439 440 1000; do
	rpm_new "room$room" --define "__gpg_reserved_space $room" \
		--define '_binary_payload w.ufdio'
	in=$T/room$room.rpm out=$T/signed$room.rpm
	ok "room $room: signed" sign_rpm rsa@example.org "$in" "$out"
	judged_good "room $room" "$out"
	ok "room $room: nothing else changed" same_rest "$in" "$out"
	rm -f "$T/again.rpm"
	ok "room $room: another in its place" \
		sign_rpm rsa@example.org "$out" "$T/again.rpm" -d 0
	judged_good "room $room: again" "$T/again.rpm"
	ok "room $room: the other kind beside it" \
		sign_rpm ed@example.org "$T/again.rpm" "$T/both.rpm"
	judged_good "room $room: both" "$T/both.rpm"
done
is "$(size_of "$T/signed1000.rpm")" "$(size_of "$T/room1000.rpm")" \
	'with enough room the size stays'
[ "$(size_of "$T/signed0.rpm")" -gt "$(size_of "$T/room0.rpm")" ]
tap $? 'without it the file becomes larger'

# ---- rpmsign before us ------------------------------------------------------

cat >"$HOME/.rpmmacros" <<-EOF
	%__gpg $(command -v gpg)
	%_gpg_name rsa@example.org
	%_dbpath $T/rpmdb
EOF
cp "$T/room1000.rpm" "$T/theirs.rpm"
ok 'rpmsign signs' rpmsign --addsign "$T/theirs.rpm"
ok 'what it made is read' rpm_tool show "$T/theirs.rpm"
has '^seal 0 rsa [0-9]*$' 'with its signature'
tool seal "$T/theirs.rpm" 0 >"$T/seal"
tool content "$T/theirs.rpm" 0 >"$T/content"
ok 'which gpgv finds good over what we say it is over' \
	gpgv --keyring "$T/rsa@example.org.pgp" "$T/seal" "$T/content"
# The signature of header and payload that older rpms look for.
cp "$T/room1000.rpm" "$T/old.rpm"
ok 'rpmsign signs the old way too' rpmsign --rpmv3 --addsign "$T/old.rpm"
ok 'what it made is read' rpm_tool show "$T/old.rpm"
has '^seal 0 rsa [0-9]*$' 'with the signature of the header'
has '^seal 1 rsa-payload [0-9]*$' 'and that of everything'
for i in 0 1; do
	tool seal "$T/old.rpm" $i >"$T/seal"
	tool content "$T/old.rpm" $i >"$T/content"
	ok "gpgv finds signature $i good" \
		gpgv --keyring "$T/rsa@example.org.pgp" "$T/seal" "$T/content"
done
[ "$(size_of "$T/content")" -gt 100000 ]
tap $? 'the second one is over the payload too'
exits 2 'its place is taken' sign_rpm rsa@example.org "$T/old.rpm" "$T/x.rpm"
has 'only place' 'and that is said'
has 'delsign' 'with what to do'
ok 'ours instead of both' sign_rpm rsa@example.org "$T/old.rpm" "$T/ours.rpm" \
	-d 0 -d 1
judged_good 'ours instead' "$T/ours.rpm"
ok 'nothing else changed' same_rest "$T/room1000.rpm" "$T/ours.rpm"
is "$(size_of "$T/ours.rpm")" "$(size_of "$T/room1000.rpm")" \
	'and the size is that of the unsigned package'

# ---- rpmsign after us -------------------------------------------------------

cp "$T/signed1000.rpm" "$T/after.rpm"
ok 'rpmsign removes ours' rpmsign --delsign "$T/after.rpm"
ok 'the package is what it was' same_rest "$T/room1000.rpm" "$T/after.rpm"
ok 'and is read' rpm_tool show "$T/after.rpm"
hasnt '^seal' 'without a signature'
cp "$T/signed0.rpm" "$T/after.rpm"
ok 'rpmsign replaces ours where there was no room' \
	rpmsign --resign "$T/after.rpm"
judged_good 'replaced' "$T/after.rpm"
ok 'and we read it' rpm_tool show "$T/after.rpm"
has '^seal 0 rsa' 'with its signature'

# ---- what rpm itself makes of what we wrote ----------------------------------

# rpm's own reader, tag by tag.
for f in signed0 signed424 signed1000; do
	rpm -qp --dbpath "$T/rpmdb" --qf \
		'%{NAME} %{SIGSIZE} %{SHA256HEADER} %{SIGMD5}\n' \
		"$T/$f.rpm" >"$T/said" 2>/dev/null
	rpm -qp --dbpath "$T/rpmdb" --qf \
		'%{NAME} %{SIGSIZE} %{SHA256HEADER} %{SIGMD5}\n' \
		"$T/room${f#signed}.rpm" >"$T/before" 2>/dev/null
	ok "$f: rpm reads the other entries as before" \
		cmp "$T/said" "$T/before"
	[ -s "$T/said" ]
	tap $? "$f: there are some"
done

# ---- format 6 -----------------------------------------------------------------

# rpmbuild here makes none; the keys that it refuses above have their place in
# it.
gpg_key ec@example.org nistp256
six=$TOP/t/fuzz/seeds/rpm/format6
ok 'format 6: signed' sign_rpm ec@example.org "$six" "$T/six.rpm"
cp "$T/content.sig" "$T/six.sig"
ok 'format 6: rpmkeys finds the digests right' judged "$T/six.rpm"
ok 'format 6: nothing else changed' same_rest "$six" "$T/six.rpm"
grep -aqF "$(base64 -w 0 "$T/six.sig")" "$T/six.rpm"
tap $? 'format 6: the signature stands there in base64'
ok 'format 6: signed by another one too' \
	sign_rpm rsa@example.org "$T/six.rpm" "$T/six2.rpm"
is "$(rpm_tool show "$T/six2.rpm" | grep -c '^seal . openpgp ')" 2 \
	'format 6: two signatures in one place'
i=0
for m in ec rsa; do
	tool seal "$T/six2.rpm" $i >"$T/seal"
	tool content "$T/six2.rpm" $i >"$T/content"
	ok "format 6: gpgv finds the $m signature good" \
		gpgv --keyring "$T/$m@example.org.pgp" "$T/seal" "$T/content"
	i=$((i + 1))
done
ok 'format 6: any key may sign' rpm_tool fits "$six" ec

done_testing
