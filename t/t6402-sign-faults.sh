#!/bin/sh
# Every call that can fail fails once: a file is signed and holds, or it is as
# it was; nothing is left behind, and what is told is true.
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
mkdir d

fill() {
	rm -f d/*
	echo one >d/a
	echo two >d/b
	cp x.deb d/p.deb
	cp x.deb d/q.deb
	chmod 600 d/p.deb
}

# signed FILE: whether there is a signature, which must hold.
signed() {
	case $1 in
	*.deb)
		[ "$(sha256sum <"$1")" != "$deb" ] || return 1
		ar p "$1" debian-binary control.tar.xz data.tar.xz \
			>"$T/signed.x"
		ar p "$1" _gpgorigin >"$T/sig.x" ;;
	*)
		[ -e "$1.asc" ] || return 1
		cp "$1" "$T/signed.x"
		cp "$1.asc" "$T/sig.x" ;;
	esac
	gpgv --keyring "$T/release.gpg" "$T/sig.x" "$T/signed.x" \
		>"$T/gpgv.x" 2>&1 || echo "$1 is damaged"
}

# What is wrong after a run of which $T/lines tells, which ended with $1; ""
# when all is well. A directory that cannot be synced is told after the file
# is in place.
faults() {
	n=0 silent=false
	! grep -q 'cannot write standard output' "$T/lines" || silent=true
	for f in a b p.deb q.deb; do
		if signed "$f"; then
			n=$((n + 1))
			grep -q "^$f: signed by" "$T/lines" || $silent ||
				echo "$f was not told"
		else
			! grep -q "^$f: signed by" "$T/lines" || echo "$f was told"
			[ "$1" != 0 ] || echo "the code is 0 without $f"
		fi
	done
	find . -name '*.tmk-*'
	[ "$n" != 4 ] || [ "$1" = 0 ] || $silent ||
		grep -q 'cannot sync the directory' "$T/lines" || echo "the code is $1, but all are signed"
	[ "$1" != 0 ] || ! unhurried "$T/lines" | grep -q '^touchmark: ' ||
		echo 'the code is 0, but something was told'
}

sweep() {	# CALL ERROR TIMES WHERE...: only calls on what WHERE says
	call=$1 error=$2 times=$3
	shift 3
	i=0
	while [ $i -lt "$times" ]; do
		i=$((i + 1))
		fill
		cd d || exit 1
		traced -o "$T/trace" -e "trace=$call" \
			-e "inject=$call:error=$error:when=$i" touchmark sign \
			--embed --jobs 1 a b p.deb q.deb >"$T/lines" 2>&1
		code=$?
		faults $code >"$T/found"
		cd ..
		[ -s "$T/found" ] && break
		grep -q INJECTED "$T/trace" || break
		[ $code -lt 70 ] || break
	done
	if [ -s "$T/found" ] || [ "$code" -ge 70 ] || [ $i -lt 2 ]; then
		cat "$T/found" "$T/lines" "$T/trace" >"$T/out"
		tap 1 "$call number $i fails with $error: code $code"
	else
		tap 0 "each $call fails with $error ($i tries)"
	fi
}

sweep fsync EIO 20
sweep rename EIO 20
sweep rename EROFS 20
sweep write ENOSPC 30
sweep sync_file_range EIO 10
sweep fchmod EPERM 10

# The temporary file cannot be made: no place for a name, a directory that is
# read-only, no descriptor left.
for e in ENOSPC EROFS EMFILE; do
	fill
	cd d || exit 1
	# Only what is opened to be made anew; the names are for root alone.
	traced -o "$T/trace" -e trace=openat touchmark sign --embed --jobs 1 \
		a b p.deb q.deb >"$T/lines" 2>&1
	n=$(grep -n 'O_CREAT|O_EXCL' "$T/trace" | sed -n '2s/:.*//p')
	cd ..
	fill
	cd d || exit 1
	traced -o "$T/trace" -e trace=openat \
		-e "inject=openat:error=$e:when=$n" touchmark sign \
		--embed --jobs 1 a b p.deb q.deb >"$T/lines" 2>&1
	code=$?
	faults $code >"$T/found"
	cp "$T/lines" "$T/out"
	is "$code" 4 "$e when a file is made: 4"
	is "$(cat "$T/found")" '' 'and the others are signed'
	is "$(grep -c ': signed by' "$T/lines")" 3 'all three'
	cd ..
done

# A limit on the size of files, which a signature keeps and a package does not.
fill
head -c 60000 /dev/urandom >big
mkdir -p root2/DEBIAN root2/usr
cp root/DEBIAN/control root2/DEBIAN
cp big root2/usr
dpkg-deb --root-owner-group -Znone -b root2 d/big.deb >"$T/out" 2>&1
before=$(sha256sum <d/big.deb)
cd d || exit 1
(
	ulimit -f 64
	trap '' XFSZ
	touchmark sign --embed --jobs 2 a big.deb b p.deb q.deb >"$T/lines" 2>&1
)
is "$?" 4 'a file that grows too large: 4'
is "$(sha256sum <big.deb)" "$before" 'it is as it was'
for f in a b p.deb q.deb; do
	is "$(signed $f && echo holds)" holds "$f is signed"
done
is "$(grep -c ': signed by' "$T/lines")" 4 'and nothing else was told'
cd ..

# Few descriptors.
fill
cd d || exit 1
i=0
while [ $i -lt 100 ]; do
	i=$((i + 1))
	echo $i >n$i
done
(
	# shellcheck disable=SC3045 # dash and bash know it
	ulimit -n 80
	touchmark sign --embed --jobs 8 ./n* >"$T/lines" 2>&1
)
is "$?" 0 'with 80 descriptors'
is "$(grep -c ': signed by' "$T/lines")" 100 'all are signed'
cd ..

# Somebody writes to a package while it is signed: when the new one is whole,
# and before it is in place. There it is stopped.
fill
cd d || exit 1
cat >../sign.sh <<'END'
echo $$ >../pid
exec touchmark sign --embed --jobs 1 p.deb
END
size=$(stat -c %s p.deb)
traced -o /dev/null -e trace=fsync -e inject=fsync:signal=SIGSTOP:when=1 \
	sh ../sign.sh >"$T/lines" 2>&1 &
pid=$!
i=0
while [ -z "$(find . -name 'p.deb.tmk-*' -size "+${size}c")" ] &&
	kill -0 $pid 2>"$T/x" && [ $i -lt 1200 ]; do
	i=$((i + 1))
	sleep 0.05
done
echo changed >>p.deb
after=$(sha256sum <p.deb)
i=0
while kill -0 $pid 2>"$T/x" && [ $i -lt 1200 ]; do
	i=$((i + 1))
	kill -CONT "$(cat ../pid)" 2>"$T/x"
	sleep 0.05
done
[ $i -lt 1200 ] || kill -KILL "$(cat ../pid)"
wait $pid
is "$?" 4 'a package that changes while it is signed: 4'
cp "$T/lines" "$T/out"
has 'p\.deb: changed while it was signed' 'is told'
is "$(sha256sum <p.deb)" "$after" 'and stays as it was written'
is "$(find . -name '*.tmk-*')" '' 'with nothing beside'
cd ..

done_testing
