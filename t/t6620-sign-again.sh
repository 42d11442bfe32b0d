#!/bin/sh
# A directory that is named again and again, interrupted in between: what is
# made of files is no file to be signed, and what is no signature stays.
. "${0%/*}/lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv dpkg-deb dpkg-buildpackage ar

flow_key release p256
git config -f "$CONFIG" touchmark.key release
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE
cd "$T" || exit 1
mkdir -p root/DEBIAN
printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: X <x@example.org>\nDescription: x\n' \
	>root/DEBIAN/control
dpkg-deb --root-owner-group -b root x.deb >"$T/out" 2>&1 || exit 1

# ---- the same directory again ------------------------------------------------------
mkdir dist
cp x.deb dist
echo notes >dist/notes.txt
tar -cf dist/x.tar root
echo '<assembly/>' >dist/app.manifest
echo program >dist/app
printf 'Origin: Test\nDate: Tue, 02 Jan 2024 12:00:00 UTC\nSHA256:\n %s 6 %s\n' \
	"$(sha256sum <dist/notes.txt | cut -d' ' -f1)" notes.txt >dist/Release
ok 'a directory' touchmark sign --embed --no-timestamp dist/*
ok 'and a manifest' touchmark sign --manifest -t openpgp dist/x.tar
is "$(unhurried "$T/out")" "dist/x.tar: signed by Key release <release@example.org>, no timestamp, in dist/x.tar.manifest.asc" \
	'which is one line'
find dist | sort >first
exits 1 'the same again' touchmark sign --embed --no-timestamp dist/*
find dist | sort >second
ok 'makes nothing of what was made' cmp first second
for f in notes.txt.asc x.tar.asc x.tar.manifest x.tar.manifest.asc \
	app.manifest.asc InRelease Release.gpg; do
	echo "dist/$f: belongs to the file beside it, left alone"
done | sort >want
touchmark sign --embed --no-timestamp dist/* 2>"$T/x" |
	grep 'belongs to' | sort >got
grep -v 'app\.asc' got >told
ok 'each is named' cmp want told
ok 'what only looks like it is signed' grep -q app.manifest.asc first
ok 'all are good' touchmark verify --keyring release.asc dist
echo '-----BEGIN PGP PUBLIC KEY BLOCK-----' >dist/notes.asc
echo >dist/notes
run touchmark sign -t openpgp dist/notes.asc dist/notes.txt
has '^dist/notes\.asc: signed by' 'a key of such a name is a file like others'
rm dist/notes dist/notes.asc*
ok 'a signature that is named alone' touchmark sign -t openpgp \
	dist/notes.txt.asc
has 'in dist/notes\.txt\.asc\.asc$' 'is signed'
ok 'but not with --resume' touchmark sign -t openpgp --resume \
	dist/notes.txt.asc
has 'belongs to the file beside it' 'as told'
ok 'in JSON' touchmark sign -t openpgp --json dist/notes.txt.asc dist/app
has '"file":"dist/notes.txt.asc","status":"skipped"' 'it is skipped'

# ---- what would be lost -------------------------------------------------------------
mkdir lost && cd lost || exit 1
echo program >demo
cp ../release.asc demo.asc
exits 4 'a key where the signature goes' touchmark sign -t openpgp demo
has 'demo\.asc: it is there, and no signature' 'is not replaced'
has 'hint: move it away' 'with a way out'
ok 'it is as it was' cmp ../release.asc demo.asc
exits 4 'nor with others' touchmark sign -t openpgp,ssh demo
is "$(find . -name '*.sig')" '' 'which are not made either'
ok 'unless it is named' touchmark sign -t openpgp -o demo.asc demo
ok 'then it holds' gpgv --keyring "$T/release.gpg" demo.asc demo
ok 'and is replaced without a question' touchmark sign -t openpgp demo
: >demo.sig
ok 'an empty file is no loss' touchmark sign -t ssh demo
ok 'a signature of SSH is replaced' touchmark sign -t ssh demo
echo '<assembly/>' >demo.manifest
exits 4 'a manifest of another kind' touchmark sign --manifest -t openpgp demo
has 'demo\.manifest: it is there, and no manifest' 'is not replaced'
is "$(cat demo.manifest)" '<assembly/>' 'it is as it was'
rm demo.manifest
ok 'without it' touchmark sign --manifest -t openpgp demo
ok 'ours is replaced' touchmark sign --manifest -t openpgp demo
cd ..

mkdir dir
exits 4 'a directory' touchmark sign --embed dir
has 'hint: name the files in it' 'with what to do'
git config -f "$CONFIG" touchmark.key release
exits 3 'no certificate' touchmark sign dist/notes.txt
has 'hint: .*OpenPGP \(-t openpgp\) needs none' 'with what needs none'

# ---- one line for each file ----------------------------------------------------------
upload "$T/upload"
ok 'an upload, all of it named' touchmark sign --embed --no-timestamp \
	upload/*.dsc upload/*.buildinfo upload/*.changes
is "$(grep -c ': signed by' "$T/out")-$(unhurried "$T/out" | wc -l)" 3-3 \
	'has one line for each'

# ---- interrupted ------------------------------------------------------------------------
use_shim
# stopped SIGNAL JOBS EXIT
stopped() {
	rm -rf many && mkdir many || exit 1
	i=100
	while [ $i -lt 300 ]; do
		cp x.deb "many/$i.deb"
		i=$((i + 1))
	done
	: >lines
	# A shell that starts something in the background has it ignore SIGINT.
	TMK_SHIM=C_Sign=delay:60 env --default-signal=INT touchmark sign \
		--embed --jobs "$2" many/* >lines 2>err &
	pid=$!
	while [ ! -s lines ] && kill -0 $pid 2>"$T/x"; do
		sleep 0.02
	done
	kill "-$1" $pid
	wait $pid
	code=$?
	have=0
	for f in many/*.deb; do
		ar t "$f" | grep -q _gpgorigin && have=$((have + 1))
	done
	cp err "$T/out"
	is "$(find many -name '*tmk-*')" '' "$1, $2 at once: nothing is left"
	cp err "$T/out"
	is "$(grep -c ': signed by' lines)" "$have" 'each that is signed was told'
	has "^touchmark: $have of 200 files signed, $((200 - have)) not begun" \
		'and how many are not'
	is "$code" "$3" 'it ends by the signal'
}
stopped TERM 1 143
stopped INT 3 130
ok 'resumed' touchmark sign --embed --resume many/*
is "$(grep -c ': signed by' "$T/out")" $((200 - have)) 'the rest is signed'
ok 'all are good' touchmark verify --keyring release.asc many

done_testing
