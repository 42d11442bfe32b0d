#!/bin/sh
# Where what is signed goes: -o, links, modes, names, and what a person at a
# terminal sees of many files.
. "${0%/*}/lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/flow-lib.sh"
# SoftHSM keeps a few bytes of each Ed25519 signature: only the whole stack
# tells the leak checker that they are not ours.
ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0
need softhsm2-util gpg gpgv dpkg-deb ar script minisign

flow_key release p256
flow_key small ed25519
git config -f "$CONFIG" touchmark.key release
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE
cd "$T" || exit 1
mkdir -p root/DEBIAN
printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: X <x@example.org>\nDescription: x\n' \
	>root/DEBIAN/control
dpkg-deb --root-owner-group -b root x.deb >"$T/out" 2>&1 || exit 1

holds() {
	ar p "$1" debian-binary control.tar.xz data.tar.xz >signed.x &&
	ar p "$1" "${2:-_gpgorigin}" >sig.x &&
	gpgv --keyring "$T/release.gpg" sig.x signed.x
}

# ---- -o --------------------------------------------------------------------------
before=$(sha256sum <x.deb)
ok 'a package into another file' touchmark sign --embed -o y.deb x.deb
has '^x\.deb: signed by Key release .* in .*y\.deb$' 'which is named'
is "$(sha256sum <x.deb)" "$before" 'the first stays as it is'
ok 'the other one holds' holds y.deb
exits 2 'not to standard output' touchmark sign --embed -o - x.deb
exits 4 'nor into a device' touchmark sign --embed -o /dev/null x.deb
[ -c /dev/null ]
tap $? 'which stays'
cp x.deb f
ok 'content counts, not the name' touchmark sign --embed f
ok 'it holds' holds f
[ ! -e f.asc ]
tap $? 'and has no signature beside it'
echo text >text.deb
ok 'a text that is called a deb' touchmark sign --embed text.deb
ok 'gets its signature beside it' gpgv --keyring "$T/release.gpg" \
	text.deb.asc text.deb
cp x.deb role.deb
ok 'a role' touchmark sign --embed --role builder role.deb
ok 'is in the package' holds role.deb _gpgbuilder
cp x.deb bad.deb
exits 2 'one that cannot be' touchmark sign --embed --role 'a/b' bad.deb
is "$(sha256sum <bad.deb)" "$before" 'changes nothing'

# ---- links, modes ------------------------------------------------------------------
mkdir real
cp x.deb real/l.deb
chmod 640 real/l.deb
ln -s real/l.deb l.deb
ok 'a package through a link' touchmark sign --embed l.deb
has '^l\.deb: signed by .*, in l\.deb$' 'is told as it was named'
[ -L l.deb ] && [ ! -L real/l.deb ]
tap $? 'the link stays one'
ok 'what it leads to is signed' holds real/l.deb
is "$(stat -c %a real/l.deb)" 640 'and keeps its mode'
is "$(find . -name '*.tmk-*')" '' 'with nothing beside'
echo x >old
touchmark sign -t openpgp old >"$T/x" 2>&1
chmod 600 old.asc
ok 'a signature that is replaced' touchmark sign -t openpgp old
is "$(stat -c %a old.asc)" 600 'keeps its mode'
(umask 077 && cd real && echo >u && touchmark sign -t openpgp u) >"$T/x" 2>&1
is "$(stat -c %a real/u.asc)" 600 'a new one has that of the umask'
cp x.deb h1.deb
ln h1.deb h2.deb
ok 'one of two names of a file' touchmark sign --embed h1.deb
is "$(sha256sum <h2.deb)" "$before" 'the other one stays as it was'

# ---- the same file twice --------------------------------------------------------------
cp x.deb t1.deb
run touchmark sign --embed --jobs 1 t1.deb ./t1.deb
[ "$RC" = 1 ] || [ "$RC" = 4 ]
tap $? "named twice: one of them fails ($RC)"
ok 'and the file is whole' holds t1.deb
is "$(ar t t1.deb | grep -c _gpg)" 1 'with one signature'

# ---- several types, and all sizes at once -----------------------------------------------
mkdir s && cd s || exit 1
for i in 1 2 3 4 5 6 7 8 9; do
	head -c $((i * 40000)) /dev/zero >"f$i"
done
ok 'three types of one key' touchmark sign -k small --jobs 3 \
	-t openpgp,minisign,ssh ./f?
is "$(grep -c ': signed by' "$T/out")" 27 'a line for each'
touchmark key export small --type minisign >../key.pub 2>"$T/x"
bad=
for f in f?; do
	gpgv --keyring ../small.gpg "$f.asc" "$f" >"$T/x" 2>&1 &&
	minisign -Vq -p ../key.pub -m "$f" >"$T/x" 2>&1 || bad="$bad $f"
done
is "$bad" '' 'each of them holds'
rm f3.minisig f4.asc
echo >>f5
touchmark sign -k small --resume -t openpgp,minisign,ssh ./* \
	>"$T/lines" 2>&1
is "$?" 0 'resumed'
is "$(sed -n 's/: signed by.*in / /p' "$T/lines" | tr '\n' '|')" \
	'./f3 ./f3.minisig|./f4 ./f4.asc|./f5 ./f5.asc|./f5 ./f5.minisig|./f5 ./f5.sig|' \
	'what is missing or stale is made'
bad=
for f in f?; do
	gpgv --keyring ../small.gpg "$f.asc" "$f" >"$T/x" 2>&1 &&
	minisign -Vq -p ../key.pub -m "$f" >"$T/x" 2>&1 || bad="$bad $f"
done
is "$bad" '' 'each of them holds'
ok 'a signature by another key' touchmark sign -k release --resume \
	-t openpgp f1
has '^f1: signed by Key release' 'is not ours: it is replaced'
head -c 1048577 /dev/zero >large
exits 4 'more than signify takes' touchmark sign -k small -t signify large
has 'hint: sign a list of SHA-256 sums instead' 'what to do instead'
head -c 1048576 /dev/zero >edge
ok 'as much as it takes' touchmark sign -k small -t signify edge
cd ..

# ---- a terminal ---------------------------------------------------------------------------
use_shim
mkdir p && cd p || exit 1
i=10
while [ $i -lt 40 ]; do
	echo $i >$i
	i=$((i + 1))
done
cat >../slow.sh <<END
TMK_SHIM=C_Sign=delay:60 touchmark sign --jobs 1 -t openpgp ??
END
script -qec 'sh ../slow.sh' /dev/null >"$T/out" 2>&1 </dev/null
has '[0-9]+ of 30 files, [0-9]+ files/s, [0-9]+ s left' \
	'a line of progress on a terminal'
has 'touchmark: 30 of 30 files signed' 'and a summary'
run sh ../slow.sh
hasnt 'files' 'neither in a pipe'
cd ..

done_testing
