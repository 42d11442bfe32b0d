#!/bin/sh
# touchmark signs debs inside: debsig-verify takes them, dpkg-deb reads them,
# our own verifier too; what is broken is refused and stays as it is.
. "${0%/*}/lib.sh"
. "${0%/*}/flow-lib.sh"
. "${0%/*}/package-lib.sh"
need softhsm2-util gpg gpgv dpkg-deb ar debsig-verify debsigs perl

flow_key release rsa3072
git config -f "$CONFIG" touchmark.key release
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE
cd "$T" || exit 1
KEY=$(gpg --batch --quiet --with-colons --show-keys release.gpg |
	sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1)
debsig_trusts release.gpg "$KEY"

verify() {
	touchmark verify --keyring release.gpg "$@"
}

for z in none gzip xz zstd; do
	deb_new $z -Z$z --uniform-compression
	cp $z.deb plain.deb
	ok "$z: signed" touchmark sign --embed $z.deb
	ok "$z: debsig-verify" debsig $z.deb
	ok "$z: our own verifier" verify $z.deb
	has "good signature .*$KEY.*role origin" "$z: in its role"
	ok "$z: not a byte of it is changed" cmp \
		-n "$(wc -c <plain.deb)" plain.deb "$z.deb"
	ok "$z: dpkg-deb" dpkg-deb -I $z.deb
done
is "$(find . -name '*.asc' ! -name release.asc)" '' 'nothing lies beside'

# ---- again, and in other roles ----------------------------------------------
cp xz.deb once.deb
exits 1 'signed twice' touchmark sign --embed xz.deb
ok 'it is as it was' cmp xz.deb once.deb
ok 'with --resume it is left alone' touchmark sign --embed --resume xz.deb
ok 'it is as it was' cmp xz.deb once.deb
ok 'anew' touchmark sign --embed --resign xz.deb
is "$(ar t xz.deb | grep -c _gpg)" 1 'one signature'
ok 'debsig-verify' debsig xz.deb
ok 'another role' touchmark sign --embed --role maint plain.deb
is "$(ar t plain.deb | tail -n 1)" _gpgmaint 'its member'
ok 'our own verifier' verify plain.deb
has 'role maint' 'names it'
exits 10 'debsig-verify wants an origin' debsig plain.deb
for role in a_b abcdefghijk 'a b' ../x ''; do
	exits 2 "the role '$role'" touchmark sign --embed --role "$role" \
		gzip.deb
done

# ---- debsigs' beside ours ---------------------------------------------------
gpg_key maint@example.org
deb_new both
ok 'debsigs signs' debsigs --sign=maint -k "$KEY" both.deb
ok 'and we' touchmark sign --embed both.deb
ok 'debsig-verify' debsig both.deb
ok 'our own verifier, with ours' verify both.deb
cat release.gpg maint@example.org.pgp >ring.gpg
ok 'with both' touchmark verify --keyring ring.gpg both.deb
has 'role maint' 'debsigs'\'''
has 'role origin' 'ours'

# ---- broken -----------------------------------------------------------------
deb_new good
broken() {	# NAME: bad.deb is neither signed nor changed
	cp bad.deb kept.deb
	exits 1 "$1" touchmark sign --embed bad.deb
	has 'object-malformed' "$1: the reason"
	ok "$1: stays as it is" cmp bad.deb kept.deb
	exits 1 "$1: verified" verify bad.deb
	has 'object-malformed' "$1: the same reason"
}
cp good.deb bad.deb
echo x >extra
ar q bad.deb extra 2>setup.log
broken 'a member more'
cp good.deb bad.deb
mkdir parts
(cd parts && ar x ../good.deb && ar q ../bad.deb data.tar.xz) 2>setup.log
broken 'a second data.tar'
rm -f bad.deb
(cd parts && ar qc ../bad.deb debian-binary data.tar.xz control.tar.xz) \
	2>setup.log
broken 'another order'
(cat good.deb; echo) >bad.deb
broken 'a byte behind the end'
head -c 400 good.deb >bad.deb
broken 'cut off'
mkdir long
: >long/a-name-of-more-than-sixteen-bytes
cp good.deb bad.deb
ar q bad.deb long/a-name-of-more-than-sixteen-bytes 2>setup.log
broken 'a table of long names'

# ---- changed after it was signed --------------------------------------------
cp once.deb bad.deb
flip bad.deb 300
exits 1 'another content' verify bad.deb
has 'signature-bad|object-malformed' 'the reason'
exits 13 'so says debsig-verify' debsig bad.deb

done_testing
