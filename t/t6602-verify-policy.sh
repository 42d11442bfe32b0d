#!/bin/sh
# The [artefact] sections of a policy: whose signatures a file needs, how many,
# and in which format, whatever carries them.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
need gpg openssl ssh-keygen ar dpkg-deb perl

cd "$T" || exit 1
gpg_key alice@example.org
ALICE=$KEY
gpg_key bob@example.org
cat alice@example.org.pgp bob@example.org.pgp >ring
pki_root ca
pki_leaf ca alice alice@example.org
pki_leaf ca bob bob@example.org
pki_leaf ca eve eve@example.org
ssh-keygen -q -t ed25519 -N '' -C '' -f ssh
echo "carol@example.org $(cat ssh.pub)" >allowed
SSH=$(ssh-keygen -l -f ssh.pub | cut -d' ' -f2)

trust='[trust]
	roots = pki/ca.pem
	revocation = off
	keyring = ring
	allowedSigners = allowed
[role "release"]
	member = alice@example.org
	member = bob@example.org
	member = carol@example.org
[role "keys"]
	member = openpgp:'$ALICE'
	member = ssh:'$SSH

policy() {	# LINE...: as the sections of the policy
	printf '%s\n' "$trust" "$@" >policy
}

verify() {
	touchmark verify --policy policy "$@"
}

cms() {	# FILE NAME OUT
	openssl cms -sign -binary -md sha256 -in "$1" -signer "pki/$2.pem" \
		-inkey "pki/$2.key" -outform DER -out "$3" 2>setup.log
}

pgp() {	# MAIL OPTION... FILE
	who=$1
	shift
	gpg --quiet --batch --yes -u "$who" "$@" 2>setup.log
}

echo release >a.tar
cms a.tar alice a.tar.p7s
policy
ok 'without sections [trust] is enough' verify a.tar
policy '[artefact "*.tar"]'
ok 'an empty section is [trust] too' verify a.tar
policy '[artefact "*.zip"]'
exits 1 'no section for this name' verify a.tar
has 'refused ref-unmatched: no \[artefact\] section' 'is ref-unmatched'
has 'hint: add \[artefact' 'and says what to add'
mkdir -p a.zip
cp a.tar a.tar.p7s a.zip
exits 1 'directories are not looked at' verify a.zip/a.tar
has 'refused ref-unmatched' 'is ref-unmatched'

# ---- role, format, timestamp -----------------------------------------------------

policy '[artefact "*"]' 'role = release'
ok 'a member' verify a.tar
cms a.tar eve eve.p7s
exits 1 'somebody else' verify a.tar eve.p7s
has 'refused signer-not-allowed: .*CN=eve.* "release"' 'is signer-not-allowed'
policy '[artefact "*"]' 'role = release' '[artefact "*.tar"]' 'role = keys'
exits 1 'every section that matches applies' verify a.tar
has 'refused signer-not-allowed: .*"keys"' 'the second one too'
pgp alice@example.org --armor --detach-sign a.tar
ok 'one signature for each of them' verify a.tar
policy '[artefact "*.tar"]' 'format = openpgp'
ok 'a format' verify a.tar
has 'does not count, signature-format: .*X\.509' 'another one does not count'
exits 1 'another format alone' verify a.tar a.tar.p7s
has 'refused signature-format: an X.509' 'is signature-format'
policy '[artefact "*.tar"]' 'format = x509' 'format = ssh'
ok 'two formats' verify a.tar a.tar.p7s
ssh-keygen -q -Y sign -n file -f ssh a.tar 2>setup.log
ok 'the other one' verify a.tar a.tar.sig
policy '[artefact "*.tar"]' 'timestamp = always'
exits 1 'a timestamp always' verify a.tar
has 'refused timestamp-missing' 'is timestamp-missing'
policy '[artefact "*.tar"]' 'role = keys' 'format = ssh'
printf '' >allowed
ok 'an SSH key that the role names' verify a.tar a.tar.sig
echo "carol@example.org $(cat ssh.pub)" >allowed

# ---- more than one -----------------------------------------------------------------

rm a.tar.sig a.tar.asc
policy '[artefact "*.tar"]' 'role = release' 'threshold = 2'
exits 1 'one of two' verify a.tar
has 'refused threshold-unmet: 1 of 2 different signers of the role "release"' \
	'is threshold-unmet'
pgp alice@example.org --armor --detach-sign a.tar
exits 1 'one person twice' verify a.tar
has 'refused threshold-unmet: 1 of 2 .*some good signatures are by one person' \
	'counts once'
ok 'as JSON' sh -c 'touchmark verify --policy policy --json a.tar; [ $? = 1 ]'
is "$(perl -MJSON::PP -e '$j = decode_json(<STDIN>); print join ",",
	$j->{status}, $j->{reason}, map { $_->{status} } @{$j->{signers}}' \
	<out)" refused,threshold-unmet,good,good 'the same'
pgp bob@example.org --armor --detach-sign a.tar
ok 'two people in two formats' verify a.tar
has 'good signature of CN=alice' 'one'
has 'good signature of Test <bob@example\.org>' 'and the other'
echo b >b.tar
cms b.tar alice b.tar.p7s
cp a.tar.asc b.tar.asc
exits 1 'a bad one does not count' verify b.tar
has 'refused signature-bad: signature of Test <bob' 'it is told'
has 'refused threshold-unmet: 1 of 2' 'and too few are left'
ssh-keygen -q -Y sign -n file -f ssh b.tar 2>setup.log
ok 'a third makes up for it' verify b.tar
has 'does not count, signature-bad' 'the bad one is told'
cms b.tar eve b.tar.p7s
exits 1 'one who is no member' verify b.tar
has 'threshold-unmet: 1 of 2' 'does not count'
cms b.tar alice b.tar.p7s
openssl cms -sign -binary -md sha256 -in a.tar -signer pki/alice.pem \
	-inkey pki/alice.key -signer pki/bob.pem -inkey pki/bob.key \
	-outform DER -out both.p7s 2>setup.log
ok 'two in one CMS signature' verify a.tar both.p7s
policy '[artefact "*"]' 'role = release' 'threshold = 3'
exits 1 'three are wanted' verify a.tar both.p7s
has 'threshold-unmet: 2 of 3' 'of whom two are here'

# ---- inside and beside ---------------------------------------------------------------

policy '[artefact "*.deb"]' 'role = release' 'threshold = 2'
deb_new x
(mkdir p && cd p && ar x ../x.deb &&
	cat debian-binary control.tar.* data.tar.* >../content)
pgp alice@example.org --detach-sign -o _gpgorigin content
ar q x.deb _gpgorigin 2>setup.log
exits 1 'one inside' verify x.deb
has 'refused threshold-unmet: 1 of 2' 'is one'
cms x.deb bob x.deb.p7s
ok 'and one beside it' verify x.deb
has 'good signature of Test <alice@example\.org>.*role origin' 'the inner'
has 'good signature of CN=bob' 'and the outer'
cms x.deb alice x.deb.p7s
exits 1 'by the same person' verify x.deb
has 'refused threshold-unmet: 1 of 2' 'count once'
rm x.deb.p7s
policy '[artefact "*.deb"]' 'role = release'
ok 'one is enough where one is asked for' verify x.deb
mkdir dist
cp x.deb dist
echo x >dist/x.txt
exits 1 'a directory' verify dist
has '^dist/x\.deb: good' 'what a section is for'
has '^dist/x\.txt: refused (ref-unmatched|signature-missing)' \
	'what none is for'

# ---- mistakes ------------------------------------------------------------------------

for bad in 'role = nobody:there is no \[role "nobody"\]' \
	'threshold = 0:1 to 16' 'threshold = 17:1 to 16' \
	'format = pgp:x509, openpgp' 'require = tag:unknown key' \
	'timestamp = never:off, when-expired'; do
	policy '[artefact "*"]' "${bad%%:*}"
	exits 2 "${bad%%:*}" verify a.tar
	has "${bad#*:}" 'says what is wrong'
done
policy '[artefact]' 'role = release'
exits 2 'a section without name' verify a.tar
policy '[artefact "dist/*"]' 'role = release'
exits 2 'a pattern with a directory' verify a.tar
has 'without directories' 'says that it would match nothing'
policy '[artefact "*"]' 'role = release' 'role = keys'
exits 2 'a role given twice' verify a.tar

# ---- policy check ----------------------------------------------------------------------

policy '[artefact "*.rpm"]' 'role = release' 'threshold = 2' \
	'format = openpgp' 'format = minisign' 'timestamp = always' \
	'[artefact "*"]'
ok 'policy check' touchmark policy check policy
has '^\[artefact "\*\.rpm"\] line [0-9]+$' 'shows the sections'
has '^    signed by 2 different people of role "release", format openpgp or m' \
	'and what they ask for'
has '^    signed by anybody whom \[trust\] knows, any format, ' 'the other too'
has 'warning: .*always wants a timestamp, but \[trust\] names no tsaRoots' \
	'and warns of what cannot be'
policy '[artefact "*"]' 'role = keys' 'format = x509'
ok 'members who cannot sign' touchmark policy check policy
has 'warning: .*takes no format in which a member' 'are a warning'
policy '[artefact "*"]' 'role = keys' 'threshold = 3'
ok 'fewer members than are asked for' touchmark policy check policy
has 'warning: .*wants 3 signers, but the role "keys" has 2' 'are a warning'
done_testing
