#!/bin/sh
# A signature of a tar verifies the same tar in every compression, and nothing
# that was put behind it; a signature of text knows no line ends.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
need gpg openssl gzip bzip2 xz zstd lz4 lzip perl ssh-keygen

cd "$T" || exit 1
gpg_key maint@example.org
pki_root ca
pki_leaf ca dev dev@example.org
ssh-keygen -q -t ed25519 -N '' -C '' -f ssh
echo "ssh@example.org $(cat ssh.pub)" >allowed

verify() {
	touchmark verify --keyring maint@example.org.pgp "$@"
}

cms() {
	openssl cms -sign -binary -md sha256 -in "$1" -signer pki/dev.pem \
		-inkey pki/dev.key -outform DER -out "$2" 2>setup.log
}

pgp() {	# OPTION... FILE
	gpg --quiet --batch --yes -u maint@example.org "$@" 2>setup.log
}

seq 1 20000 >numbers
tar cf a.tar numbers
pgp --armor --detach-sign a.tar
for c in 'gzip -n:gz' bzip2:bz2 xz:xz 'zstd -q:zst' 'lz4 -q:lz4' 'lzip:lz'; do
	e=${c#*:}
	# shellcheck disable=SC2086 # a program and its option
	${c%:*} <a.tar >"a.tar.$e"
	ok "$e" verify "a.tar.$e"
	has 'good signature of Test .*, signs the uncompressed content$' \
		'says what was signed'
	ok 'named' verify "a.tar.$e" a.tar.asc
	{ cat "a.tar.$e"; echo more; } >"b.tar.$e"
	cp a.tar.asc b.tar.asc
	exits 1 'with bytes behind it' verify "b.tar.$e"
	has 'refused signature-bad: .*the uncompressed content cannot be judged' \
		'is signature-bad'
	head -c "$(($(stat -c %s "a.tar.$e") / 2))" "a.tar.$e" >"c.tar.$e"
	exits 1 'half of it' verify "c.tar.$e" a.tar.asc
	has 'refused signature-bad' 'is signature-bad'
done
ok 'as JSON' verify --json a.tar.xz
is "$(perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	print $j->{uncompressed} ? "yes" : "no"' <out)" yes 'the same'
ok 'the tar itself' verify --json a.tar
is "$(perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	print $j->{uncompressed} ? "yes" : "no"' <out)" no 'is no such case'

# Two streams in one file are what every reader takes for one.
{ head -c 5000 a.tar | gzip -n; tail -c +5001 a.tar | gzip -n; } >two.tar.gz
ok 'two members' verify two.tar.gz a.tar.asc
echo other >numbers
tar cf other.tar numbers
xz -k other.tar
exits 1 'another tar' verify other.tar.xz a.tar.asc
has 'refused signature-bad' 'is signature-bad'

# A signature of the compressed file comes first.
pgp --armor --detach-sign a.tar.xz
ok 'one of the file itself' verify a.tar.xz
hasnt 'uncompressed' 'is of the file'
rm a.tar.xz.asc
mv a.tar.asc a.tar.sign
ok 'a.tar.sign' verify a.tar.xz
has 'signs the uncompressed content$' 'is another name for it'
mv a.tar.sign a.tar.asc

# CMS too; no other format.
cms a.tar a.tar.p7s
ok 'CMS' touchmark verify --roots pki/ca.pem a.tar.zst
has 'good signature of CN=dev.*signs the uncompressed content$' 'the same'
ssh-keygen -q -Y sign -n file -f ssh a.tar 2>setup.log
exits 1 'SSH' touchmark verify --allowed-signers allowed a.tar.xz a.tar.sig
has 'refused signature-bad' 'signs the bytes of a file'
cp a.tar.p7s x.p7s
printf '[trust]\nroots = pki/ca.pem\nrevocation = off\n' >policy
printf 'keyring = maint@example.org.pgp\n[artefact "*.xz"]\n' >>policy
printf 'threshold = 2\n' >>policy
ok 'two of them under a policy' touchmark verify --policy policy a.tar.xz
is "$(grep -c 'signs the uncompressed content$' out)" 2 'both are told'

# A bomb is stopped.
head -c 300000000 /dev/zero | xz -T1 -0 >bomb.tar.xz
exits 1 'much more than there seemed to be' verify bomb.tar.xz a.tar.asc
has 'refused signature-bad' 'is refused'

# ---- signatures of text -----------------------------------------------------------

printf 'one\ntwo  \n' >text
pgp --armor --textmode --detach-sign -o text.asc text
ok 'a signature of text' verify text
printf 'one\r\ntwo  \r\n' >crlf
ok 'with other line ends' verify crlf text.asc
printf 'one\ntwo\n' >trimmed
exits 1 'without its blanks' verify trimmed text.asc
has 'refused signature-bad' 'is signature-bad'
printf 'one\ntwo  \r' >cr
exits 1 'with a carriage return alone' verify cr text.asc
has 'refused signature-bad: a signature of text, and this is none' \
	'is no text'
pgp --armor --detach-sign -o bytes.asc text
exits 1 'a signature of bytes' verify crlf bytes.asc
has 'refused signature-bad' 'knows line ends'
done_testing
