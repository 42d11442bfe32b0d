#!/bin/sh
# touchmark verify DIRECTORY: everything below it, in the order of the names;
# what is unsigned, what signs nothing, and what is not looked at.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
need gpg openssl ssh-keygen ar dpkg-deb xz perl mkfifo

cd "$T" || exit 1
gpg_key maint@example.org
pki_root ca
pki_leaf ca dev dev@example.org
ssh-keygen -q -t ed25519 -N '' -C '' -f ssh
echo "ssh@example.org $(cat ssh.pub)" >allowed

verify() {
	touchmark verify --roots pki/ca.pem --keyring maint@example.org.pgp \
		--allowed-signers allowed "$@"
}

cms() {
	openssl cms -sign -binary -md sha256 -in "$1" -signer pki/dev.pem \
		-inkey pki/dev.key -outform DER -out "$1.p7s" 2>setup.log
}

pgp() {	# OPTION... FILE
	gpg --quiet --batch -u maint@example.org "$@" 2>setup.log
}

json() {	# EXPRESSION: of each object, $_
	perl -MJSON::PP -ne 'BEGIN { $e = shift @ARGV } $_ = decode_json($_);
		print eval($e), "\n"' "$1" <out
}

mkdir -p dist/sub dist/empty
echo a >dist/a.bin
cms dist/a.bin
echo b >dist/b.bin
pgp --armor --detach-sign dist/b.bin
echo c >dist/sub/c.bin
ssh-keygen -q -Y sign -n file -f ssh dist/sub/c.bin 2>setup.log
tar cf dist/d.tar pki/ca.pem
pgp --armor --detach-sign dist/d.tar
xz dist/d.tar
deb_new plain
(mkdir p && cd p && ar x ../plain.deb &&
	cat debian-binary control.tar.* data.tar.* >../content)
pgp --detach-sign -o _gpgorigin content
cp plain.deb dist/e.deb
ar q dist/e.deb _gpgorigin 2>setup.log
ok 'a directory in which all is signed' verify dist
is "$(grep -c ': good signature of' out)" 5 'each file has its line'
is "$(sed -n 's/: good.*//p' out | tr '\n' ' ')" \
	'dist/a.bin dist/b.bin dist/d.tar.xz dist/e.deb dist/sub/c.bin ' \
	'in the order of their names'
has '^dist: 5 files: 5 good, 0 refused$' 'and there is a sum'
has '^dist/d\.tar\.xz: .*signs the uncompressed content$' \
	'the signature of the tar is none without a file'
ok 'a slash at the end' verify dist/
has '^dist/sub/c\.bin: good' 'is no second one'
ok 'as JSON' verify --json dist
# shellcheck disable=SC2016 # Perl's
is "$(json '"$_->{file}:$_->{status}:" . ($_->{form} || "-")' | tr '\n' ' ')" \
	'dist/a.bin:good:- dist/b.bin:good:- dist/d.tar.xz:good:- '\
'dist/e.deb:good:deb dist/sub/c.bin:good:- ' 'one object for each file'
ok 'a directory without files' verify dist/empty
has '^dist/empty: 0 files: 0 good, 0 refused$' 'which is said'

cp plain.deb dist/f.deb
echo g >dist/g.bin
exits 1 'two without signature' verify dist
has '^dist/f\.deb: refused signature-missing' 'a deb'
has '^dist/g\.bin: refused signature-missing' 'and a file'
has '^dist: 7 files: 5 good, 2 refused$' 'the others are good'
rm dist/f.deb
cms dist/g.bin
echo changed >>dist/g.bin
exits 1 'one that was changed' verify dist
has '^dist/g\.bin: refused signature-bad' 'is signature-bad'
rm dist/g.bin
exits 1 'a signature without its file' verify dist
has '^dist/g\.bin\.p7s: refused object-missing' 'is object-missing'
rm dist/g.bin.p7s

# What only has the name of a signature hides nothing.
echo 'run me' >dist/a.bin.asc
exits 1 'a program that is called like a signature' verify dist
has '^dist/a\.bin\.asc: refused signature-missing' 'is judged as a file'
rm dist/a.bin.asc
pgp --armor --detach-sign dist/a.bin
ok 'two signatures of one file' verify dist
has '^dist/a\.bin: good signature of CN=dev' 'one is told'
has '^dist/a\.bin: good signature of Test' 'and the other'
cp dist/b.bin.asc dist/a.bin.asc
exits 1 'one of them is bad' verify dist
has '^dist/a\.bin: refused signature-bad' 'and refuses the file'
rm dist/a.bin.asc
pgp --armor --export >dist/KEY.asc
exits 1 'a key' verify dist
has '^dist/KEY\.asc: refused signature-missing' 'is no signature'
cms dist/KEY.asc
ok 'and can have one' verify dist
rm dist/KEY.asc dist/KEY.asc.p7s

ln -s a.bin dist/link.bin
ln -s /etc dist/out
mkfifo dist/pipe
ok 'links and pipes' verify dist
has '^dist/link\.bin: not looked at: a link is not followed$' 'a link'
has '^dist/out: not looked at: a link is not followed$' \
	'a link to a directory'
has '^dist/pipe: not looked at: no regular file$' 'a pipe'
has '^dist: 5 files: 5 good, 0 refused; 3 not looked at$' 'the sum says so'
ok 'as JSON' verify --json dist
# shellcheck disable=SC2016 # Perl's
is "$(json '$_->{status}' | sort | uniq -c | tr -s ' ' | tr '\n' ,)" \
	' 5 good, 3 skipped,' 'the same'
rm dist/link.bin dist/out dist/pipe
forged='dist/new
line: good'
echo x >"$forged"
exits 1 'a name that forges a line' verify dist
has '^dist/new.x0aline: good: refused signature-missing' 'is escaped'
rm "$forged"

# Unreadable is worse than refused. Root reads everything, so it is a
# directory that goes too deep.
deep=dist
i=0
while [ $i -lt 66 ]; do
	deep=$deep/d
	i=$((i + 1))
done
mkdir -p "$deep"
exits 4 'too deep' verify dist
has 'more than 64 directories deep' 'is said'
rm -r dist/d
exits 4 'no such directory' verify absent/
exits 2 'a directory and a signature' verify dist dist/a.bin.p7s
exits 2 'nobody is trusted' touchmark verify dist

# ---- lists that name files ------------------------------------------------------

mkdir up
cp plain.deb up/hello.deb
echo source >up/hello.tar.xz
entry() {
	printf ' %s %s %s\n' "$(sha256sum "up/$1" | cut -d' ' -f1)" \
		"$(stat -c %s "up/$1")" "$1"
}
{
	printf 'Format: 1.8\nSource: hello\nChecksums-Sha256:\n'
	entry hello.deb
	entry hello.tar.xz
} >list
pgp --clearsign -o up/hello.changes list
ok 'a .changes that names what is there' verify up/hello.changes
ok 'the same in its directory' verify up
has '^up/hello\.deb: good, named by up/hello\.changes$' 'the deb is named'
has '^up/hello\.tar\.xz: good, named by up/hello\.changes$' 'the source too'
has '^up: 3 files: 3 good, 0 refused$' 'all is good'
ok 'as JSON' verify --json up
# shellcheck disable=SC2016 # Perl's
is "$(json '$_->{namedBy} || "-"' | tr '\n' ' ')" \
	'- up/hello.changes up/hello.changes ' 'the same'
exits 1 'a file alone' verify up/hello.tar.xz
has 'refused signature-missing' 'has no signature'
echo more >>up/hello.tar.xz
exits 1 'one that has changed' verify up/hello.changes
has 'refused content-mismatch: it names hello\.tar\.xz, which has another' \
	'is content-mismatch'
exits 1 'then nothing counts' verify up
has '^up/hello\.deb: refused signature-missing' 'not even what is right'
printf 'sourcf\n' >up/hello.tar.xz
exits 1 'other bytes of the same number' verify up/hello.changes
has 'which has other bytes' 'is content-mismatch'
rm up/hello.tar.xz
exits 1 'one that is missing' verify up/hello.changes
has 'refused content-mismatch: .*hello\.tar\.xz, which is not here' \
	'is content-mismatch'
echo source >elsewhere
ln -s ../elsewhere up/hello.tar.xz
exits 1 'a link in its place' verify up/hello.changes
has 'refused content-mismatch' 'is not followed'
rm up/hello.tar.xz
printf 'Format: 1.8\nSource: hello\nFiles:\n %s 7 x y hello.deb\n' \
	"$(md5sum <plain.deb | cut -d' ' -f1)" >list
rm up/hello.changes
pgp --clearsign -o up/hello.changes list
exits 1 'a list by MD5 alone' verify up/hello.changes
has 'refused digest-weak' 'is digest-weak'
printf 'Format: 1.8\nChecksums-Sha256:\n %s 4 ../elsewhere\n' \
	"$(printf '%064d' 0)" >list
rm up/hello.changes
pgp --clearsign -o up/hello.changes list
exits 1 'a name that leads elsewhere' verify up/hello.changes
has 'refused object-malformed' 'is object-malformed'
echo 'A letter.' >list
pgp --clearsign -o letter list
ok 'a text that names nothing' verify letter
done_testing
