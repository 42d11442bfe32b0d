#!/bin/sh
# A run that is killed at any place leaves whole files and names that can be
# told from them; --resume does the rest.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv strace dpkg-deb ar

flow_key release p256
git config -f "$CONFIG" touchmark.key release
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE
cd "$T" || exit 1
mkdir -p root/DEBIAN
printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: X <x@example.org>\nDescription: x\n' \
	>root/DEBIAN/control
dpkg-deb --root-owner-group -b root x.deb >"$T/out" 2>&1 || exit 1
deb=$(sha256sum <x.deb)

fill() {
	rm -rf d && mkdir d && cd d || exit 1
	for i in 0 1 2 3 4 5 6 7 8 9; do
		echo "file $i" >"f$i.txt"
		cp ../x.deb "p$i.deb"
	done
	cd ..
}

# state FILE: "signed", "untouched" or what is wrong.
state() {
	case $1 in
	*.deb)
		if [ "$(sha256sum <"$1")" = "$deb" ]; then
			echo untouched
			return
		fi
		ar p "$1" debian-binary control.tar.xz data.tar.xz >signed.x &&
		ar p "$1" _gpgorigin >sig.x ;;
	*)
		if [ ! -e "$1.asc" ]; then
			echo untouched
			return
		fi
		cp "$1" signed.x && cp "$1.asc" sig.x ;;
	esac
	if gpgv --keyring "$T/release.gpg" sig.x signed.x >x 2>&1; then
		echo signed
	else
		echo "damaged: $1"
	fi
	rm -f signed.x sig.x x
}

states() {
	for f in ./f*.txt ./p*.deb; do
		state "$f"
	done
}

# One thread alone, so that the n-th call is the same each time.
for at in rename:1 rename:2 rename:9 rename:14 fsync:1 fsync:7 fsync:20 \
	fsync:21 sync_file_range:3 write:5; do
	call=${at%:*} n=${at#*:}
	fill
	cd d || exit 1
	traced -o /dev/null -e "trace=$call" \
		-e "inject=$call:signal=SIGKILL:when=$n" touchmark sign \
		--embed --jobs 1 ./* >"$T/lines" 2>&1
	is "$?" 137 "killed at $at"
	states | sort | uniq -c >"$T/out"
	hasnt damaged 'every file is whole or untouched'
	done=$(states | grep -c signed)
	told=$(grep -c ': signed by' "$T/lines")
	[ "$told" -le "$done" ]
	tap $? "what was told is so ($told of $done)"
	unhurried "$T/lines" >"$T/out"
	hasnt 'touchmark:' 'and no more was told'
	[ "$(find . -type f ! -name 'f?.txt' ! -name 'p?.deb' \
		! -name 'f?.txt.asc' ! -name '*.tmk-??????')" = '' ]
	tap $? 'what is left behind is named so that it can be told'
	ok 'the next run' touchmark sign --embed --resume --jobs 2 ./*
	cp "$T/out" "$T/lines"
	is "$(grep -c 'is signed already' "$T/lines")" "$done" \
		'leaves alone what is done'
	is "$(grep -c ': signed by' "$T/lines")" $((20 - done)) \
		'and does the rest'
	is "$(grep -c 'cut off, left alone' "$T/lines")" \
		"$(find . -name '*.tmk-??????' | wc -l)" 'names what is left'
	is "$(states | sort -u)" signed 'all are signed'
	cd ..
done

# Several at once: wherever it falls.
for n in 1 3; do
	fill
	cd d || exit 1
	traced -f -o /dev/null -e trace=rename \
		-e "inject=rename:signal=SIGKILL:when=$n" touchmark sign \
		--embed --jobs 3 ./* >"$T/lines" 2>&1
	is "$?" 137 "killed at the rename number $n of a thread"
	states | sort | uniq -c >"$T/out"
	hasnt damaged 'every file is whole or untouched'
	ok 'the next run' touchmark sign --embed --resume ./*
	is "$(states | sort -u)" signed 'all are signed'
	cd ..
done

done_testing
