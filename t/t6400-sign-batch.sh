#!/bin/sh
# Hundreds of files of every kind in one login: each gets its signature and its
# line, in order, whatever becomes of the others.
. "${0%/*}/lib.sh"
. "${0%/*}/flow-lib.sh"
. "${0%/*}/drop-lib.sh"
need softhsm2-util gpg gpgv dpkg-deb ar rpmkeys rpmbuild mkfifo

flow_key release rsa3072
git config -f "$CONFIG" touchmark.key release
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE
cd "$T" || exit 1
drop_rpm
cp "$RPM" "$T/x.rpm"
mkdir -p root/DEBIAN root/usr/share
printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: X <x@example.org>\nDescription: x\n' \
	>root/DEBIAN/control
dpkg-deb --root-owner-group -b root x.deb >"$T/out" 2>&1 || exit 1

# whole FILE: signed as its ecosystem asks for it.
whole() {
	case $1 in
	*.deb)
		ar p "$1" debian-binary control.tar.xz data.tar.xz \
			>"$T/signed" &&
		ar p "$1" _gpgorigin >"$T/sig" &&
		gpgv --keyring "$T/release.gpg" "$T/sig" "$T/signed" ;;
	*.rpm)
		rpmkeys --define "_dbpath $T/rpmdb" -K "$1" | grep -q ' signatures OK$' ;;
	*)
		gpgv --keyring "$T/release.gpg" "$1.asc" "$1" ;;
	esac >"$T/out" 2>&1
}
rpmkeys --define "_dbpath $T/rpmdb" --import release.asc || exit 1

fill() {	# a directory of 100 files
	rm -rf d && mkdir -p d/sub && cd d || exit 1
	for i in 0 1 2 3 4 5 6 7 8 9; do
		for j in 0 1 2 3 4 5 6; do
			echo "file $i$j" >"f$i$j.txt"
		done
		cp ../x.deb "p$i.deb"
		cp ../x.rpm "r$i.rpm"
	done
	echo odd >'a name with  blanks'
	echo odd >"$(printf 'a\nnewline')"
	echo odd >-dash
	: >empty
	tar -cf t.tar ./*.txt
	echo below >sub/below
	for i in 1 2 3 4; do echo "$i" >"sub/$i"; done
	cd ..
}

# ---- all goes well -----------------------------------------------------------
for jobs in 1 4; do
	fill
	cd d || exit 1
	# Names as they are shown, in the order in which they are given.
	printf '%s\0' ./[!s]* sub/* | tr '\n\0' '|\n' |
		sed 's/|/\\x0a/' >"$T/want"
	ok "100 files, $jobs at a time" touchmark sign --embed --jobs $jobs \
		./[!s]* sub/*
	unhurried "$T/out" >"$T/lines"
	is "$(grep -c ': signed by Key release .*, no timestamp, in ' "$T/lines")" \
		100 'a line for each'
	is "$(wc -l <"$T/lines")" 100 'and nothing else'
	sed 's/: signed by.*//' "$T/lines" | cmp -s - "$T/want"
	tap $? 'in the order of the call'
	bad=
	for f in f*.txt *.deb *.rpm 'a name with  blanks' empty t.tar sub/[1-4] \
		./-dash "$(printf 'a\nnewline')"; do
		whole "$f" || bad="$bad $f"
	done
	is "$bad" '' 'every one of them holds'
	is "$(find . -name '*.tmk-*')" '' 'and nothing is left behind'
	cd ..
done

# ---- once more ----------------------------------------------------------------
cd d || exit 1
find . -type f -exec sha256sum {} + | sort >"$T/before"
ok 'resumed' touchmark sign --embed --resume --jobs 3 ./[!s]* sub/*
cp "$T/out" "$T/lines"
is "$(grep -c ': is signed already, left alone$' "$T/lines")" 100 'all are done'
is "$(grep -c ': belongs to the file beside it, left alone$' "$T/lines")" 80 \
	'and what was made is not signed in turn'
find . -type f -exec sha256sum {} + | sort | cmp -s - "$T/before"
tap $? 'not a byte is another'
echo other >f42.txt
rm f43.txt.asc
head -3 f41.txt.asc >f44.txt.asc
ar d p4.deb _gpgorigin
ok 'some of them changed' touchmark sign --embed --resume --jobs 3 ./[!s]*
is "$(grep ': signed by' "$T/out" | sed 's/: .*//' | tr '\n' ' ')" \
	'./f42.txt ./f43.txt ./f44.txt ./p4.deb ' 'those are signed'
for f in f42.txt f43.txt f44.txt p4.deb; do
	ok "$f holds" whole $f
done
exits 1 'a package that is signed already' touchmark sign --embed p1.deb r1.rpm
is "$(grep -c 'this key has signed it already' "$T/out")" 2 'is not signed twice'
has 'hint: --resign replaces' 'and what to do is told'
ok 'but with --resign' touchmark sign --embed --resign p1.deb r1.rpm
is "$(ar t p1.deb | grep -c _gpg)" 1 'in the place of the old one'
for f in p1.deb r1.rpm; do
	ok "$f holds" whole $f
done
cd ..

# ---- what cannot be signed -----------------------------------------------------
fill
cd d || exit 1
printf x >>p3.deb
dd if=/dev/zero of=r3.rpm bs=1 seek=9000 count=8 conv=notrunc 2>"$T/x"
mkdir f11.txt.asc
before=$(sha256sum p3.deb r3.rpm)
set -- absent ./* sub/* absent2
run touchmark sign --embed --jobs 4 "$@"
is "$RC" 4 'the worst code'
cp "$T/out" "$T/lines"
is "$(grep -c ': signed by' "$T/lines")" 97 'the others are signed'
cp "$T/lines" "$T/out"
has '^touchmark: absent: No such file' 'a file that is not there'
has '^touchmark: .*r3\.rpm: ' 'a damaged rpm'
has '^touchmark: cannot write \./f11\.txt\.asc: it is a directory' \
	'no place for the signature'
has '^touchmark: \./sub: is a directory' \
	'a directory'
has "^touchmark: 97 of $# files signed, [0-9]+ failed\$" 'a summary'
signed=$(grep -c ': signed by' "$T/lines")
failed=$(sed -n 's/.* signed, \([0-9]*\) failed$/\1/p' "$T/lines")
is "$((signed + failed))" "$#" 'which is true'
is "$(sha256sum p3.deb r3.rpm)" "$before" 'what was not signed is as it was'
is "$(find . -name '*.tmk-*')" '' 'and nothing is left behind'
touchmark sign --embed --json --resume ./* 2>"$T/err" >"$T/json"
is "$(unhurried "$T/err")" '' 'as JSON nothing is said beside it'
is "$(grep -c '"status":"skipped"' "$T/json")" \
	"$(($(grep -c . "$T/json") - $(grep -c '"status":"\(error\|refused\)"' "$T/json")))" \
	'every line has its status'
cp "$T/json" "$T/out"
has '"file":"./r3.rpm","status":"refused","reason":"[a-z-]+"' \
	'and the reason of a refusal'
cd ..

# ---- a pipe among them -----------------------------------------------------------
mkdir s && cd s || exit 1
mkfifo pipe
for i in 1 2 3; do echo $i >$i; done
cat ../x.rpm >pipe &
ok 'a pipe among files' touchmark sign -t openpgp 1 2 pipe 3
wait $!
ok 'is signed as it comes' gpgv --keyring ../release.gpg pipe.asc ../x.rpm
is "$(sed 's/:.*//' "$T/out" | head -1)" gpgv 'by the key'
cd ..
echo data >k
: >k.asc.tmk-abc123
ok 'what a killed run left' touchmark sign -t openpgp k k.asc.tmk-abc123
has 'k\.asc\.tmk-abc123: left behind by a run that was cut off, left alone' \
	'is told and not signed'
[ ! -e k.asc.tmk-abc123.asc ]
tap $? 'nor is there a signature of it'

done_testing
