#!/bin/sh
# A file held against a signed manifest: the same bytes, the same content in
# other bytes, or which entries differ; and a manifest that is not good itself.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need tar gzip bzip2 xz zstd lz4 lzip zip ssh-keygen openssl perl

cd "$T" || exit 1
ssh-keygen -q -t ed25519 -N '' -C '' -f ed
ssh-keygen -q -t ed25519 -N '' -C '' -f stranger
echo "ed@example.org $(cat ed.pub)" >allowed

# signed FILE: FILE.manifest and its signature.
signed() {
	touchmark-archive manifest <"$1" >"$1.manifest" || exit 1
	resign "$1"
}
resign() {
	rm -f "$1.manifest.sig"
	ssh-keygen -q -Y sign -n file -f "${2:-ed}" "$1.manifest" 2>/dev/null
}
held() {	# CODE NAME FILE MANIFEST
	exits "$1" "$2" touchmark verify --allowed-signers allowed "$3" "$4"
}
field() {	# NAME: of the last line of output
	perl -MJSON::PP -e '$j = decode_json(<STDIN>);
		$v = $j->{$ARGV[0]}; print defined $v ?
		ref $v ? join("|", @$v) : $v : "null"' "$1" <out
}

mkdir d
for n in one two three four; do
	echo $n >d/$n
done
ln -s one d/link
tar --sort=name -cf t.tar d
cp t.tar orig.tar
xz -k t.tar
signed t.tar.xz

# ---- the same ------------------------------------------------------------------

held 0 'the file itself' t.tar.xz t.tar.xz.manifest
has '^t\.tar\.xz: good signature of ed@example.org .*same bytes' 'same bytes'
ok 'found by its name' touchmark verify --allowed-signers allowed t.tar.xz
has 'same bytes' 'told so'
cp t.tar.xz other.name
held 0 'a copy of another name' other.name t.tar.xz.manifest
has 'same bytes' 'is the same bytes'

gzip -k t.tar
bzip2 -k t.tar
zstd -qk t.tar -o t.tar.zst
lz4 -qk t.tar t.tar.lz4
lzip -k t.tar
xz -9 -c t.tar >again.xz
for v in t.tar t.tar.gz t.tar.bz2 t.tar.zst t.tar.lz4 t.tar.lz; do
	held 0 "recompressed: $v" "$v" t.tar.xz.manifest
	has "^$v: good signature of .*same content" 'is the same content'
done
held 0 'the same compression, other bytes' again.xz t.tar.xz.manifest
for v in gnu posix ustar; do
	tar --sort=name --format=$v --mtime=@0 --owner=x --group=y \
		-b 40 -cf framed.tar d
	held 0 "another framing: $v" framed.tar t.tar.xz.manifest
	has 'same content' 'is the same content'
done
run touchmark verify --json --allowed-signers allowed t.tar.gz \
	t.tar.xz.manifest
is "$(field same)" 'same content' 'JSON: how it is the same'
is "$(field form)" manifest 'JSON: by a manifest'
is "$(field status)" good 'JSON: good'

# ---- what differs --------------------------------------------------------------------

differs() {	# NAME COUNTS [LINE...]: d as it is now against the manifest
	name=$1 counts=$2
	shift 2
	tar --sort=name -cf n.tar d
	held 1 "$name" n.tar t.tar.xz.manifest
	has "^n\.tar: refused content-mismatch: .*$counts" 'content-mismatch'
	for l; do
		has "^n\.tar: $l\$" "named: $l"
	done
	is "$(grep -cE '^n\.tar: (missing|added|changed): ' out)" $# \
		'and no other'
	rm -rf d
	tar xf orig.tar
}
echo 2 >d/two
differs 'a changed file' '0 missing, 0 added, 1 changed' \
	'changed: d/two \(size 2, signed 4\)'
echo owt >d/two
differs 'a changed file of the same size' '1 changed' \
	'changed: d/two \(content differs\)'
chmod 755 d/two
differs 'another mode' '1 changed' \
	'changed: d/two \(mode 0755, signed 0644\)'
chmod 4644 d/two
differs 'setuid' '1 changed' 'changed: d/two \(mode 4644, signed 0644\)'
ln -sf two d/link
differs 'another target' '1 changed' 'changed: d/link \(target differs\)'
rm d/link
cp d/one d/link
differs 'another type' '1 changed' 'changed: d/link \(type file, signed link\)'
rm d/two
differs 'a file less' '1 missing, 0 added, 0 changed' 'missing: d/two'
echo x >d/zz
differs 'a file more' '0 missing, 1 added, 0 changed' 'added: d/zz'
mv d/two d/owt
echo 33 >d/three
differs 'all of it' '1 missing, 1 added, 1 changed' 'missing: d/two' \
	'added: d/owt' 'changed: d/three \(size 3, signed 6\)'
tar --sort=name -cf n.tar d d/two
held 1 'a name twice' n.tar t.tar.xz.manifest
has '1 added' 'is one more'
tar -cf n.tar d/two d/one d/three d/four d/link
tar -cf m.tar d/one d/two d/three d/four d/link
signed m.tar
held 1 'another order' n.tar m.tar.manifest
has 'content-mismatch: .*another order' 'it says so'
mkdir many
for i in $(seq 30); do
	: >"many/$i"
done
tar cf n.tar many
held 1 'many differences' n.tar t.tar.xz.manifest
is "$(grep -cE '^n\.tar: (missing|added|changed): ' out)" 20 '20 are named'
has '^n\.tar: and 17 more$' 'and the rest counted'
run touchmark verify --json --allowed-signers allowed n.tar t.tar.xz.manifest
is "$(field different)" 37 'JSON: all of them'
is "$(field reason)" content-mismatch 'JSON: why'
printf 'x' >"d/a	b"
tar --sort=name -cf n.tar d
held 1 'a control byte in a name' n.tar t.tar.xz.manifest
has '^n\.tar: added: d/a\\x09b$' 'is escaped'
rm "d/a	b"

# ---- what cannot be compared ---------------------------------------------------------------

head -c 200 t.tar.xz >cut.xz
held 1 'a file that was cut' cut.xz t.tar.xz.manifest
has 'content-mismatch: other bytes .*cannot be told: cut\.xz: xz: ' \
	'it says so'
{ cat t.tar.xz; echo; } >more.xz
held 1 'a byte more' more.xz t.tar.xz.manifest
has 'content-mismatch: ' 'is not the same'
{ cat t.tar; head -c 512 /dev/zero; } >zeros.tar
held 0 'zeros at the end' zeros.tar t.tar.xz.manifest
has 'same content' 'are the same content, not the same bytes'
echo text >text
held 1 'no archive' text t.tar.xz.manifest
has 'content-mismatch: the content is none, and tar was signed' 'it says so'
signed text
held 0 'a manifest of what is no archive' text text.manifest
has 'same bytes' 'same bytes'
gzip -k text
held 0 'the same, compressed' text.gz text.manifest
has 'same content' 'same content'
echo other >text
held 1 'other text' text text.manifest
has 'content-mismatch: other bytes than were signed$' 'is another'
head -c 90000000 /dev/zero | gzip >bomb
held 1 'a bomb' bomb t.tar.xz.manifest
has 'refused limit-exceeded: ' 'is a limit'
zip -qr z.zip d
signed z.zip
held 0 'a zip' z.zip z.zip.manifest
has 'same bytes' 'same bytes'
zip -q0r y.zip d
held 1 'a zip packed again' y.zip z.zip.manifest
has 'content-mismatch: the entries are those that were signed, but' \
	'proves nothing'
exits 4 'a file that is not there' touchmark verify \
	--allowed-signers allowed nowhere.tar t.tar.xz.manifest

# ---- the manifest ------------------------------------------------------------------------------

cp t.tar.xz.manifest keep
sed 's/d\/two$/d\/owt/' keep >t.tar.xz.manifest
held 1 'a changed manifest' t.tar.xz t.tar.xz.manifest
has 'refused signature-bad' 'is signature-bad'
malformed() {	# NAME
	resign t.tar.xz
	held 1 "signed, and malformed: $1" t.tar.xz t.tar.xz.manifest
	has 'refused object-malformed: .*manifest line' 'it says where'
}
sed '$d' keep >t.tar.xz.manifest
malformed 'without its end'
sed 's/ 0644 / 644 /' keep >t.tar.xz.manifest
malformed 'another form'
{ cat keep; echo; } >t.tar.xz.manifest
malformed 'a line more'
sed 's/ d\/two$/ ..\/two/' keep >t.tar.xz.manifest
malformed 'a path that leads out'
: >t.tar.xz.manifest
malformed 'empty'
cp keep t.tar.xz.manifest
resign t.tar.xz stranger
held 1 'signed by a stranger' t.tar.xz t.tar.xz.manifest
has 'refused cert-missing: .*is not in allowed' 'is not believed'
rm t.tar.xz.manifest.sig
held 1 'without a signature' t.tar.xz t.tar.xz.manifest
has 'refused signature-missing' 'is signature-missing'
held 1 'no manifest' t.tar.xz nowhere.manifest
has 'refused signature-missing' 'is signature-missing'

# The same by a certificate.
pki_root ca
pki_leaf ca leaf dev@example.org
openssl cms -sign -binary -in t.tar.xz.manifest -outform DER -md sha256 \
	-signer pki/leaf.pem -inkey pki/leaf.key -out t.tar.xz.manifest.p7s
ok 'a manifest signed with CMS' touchmark verify --roots pki/ca.pem \
	t.tar.gz t.tar.xz.manifest
has 'good signature of .*CN=leaf.*same content' 'same content'

done_testing
