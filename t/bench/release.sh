#!/bin/sh
# release.sh - the figures of releases, against the token's own rate or a peer
# in the same run.
#
#   make bench [DEBS=1000] [RPMS=1000] [FILES=4000] [MIB=1024] [XZ_MIB=300]
#              [SAMPLE=50]
#
# Nothing here asserts a time: the machine is not ours. Prints one table.
. "${0%/*}/../lib.sh"
need openssl softhsm2-util rpmbuild rpmkeys dpkg-deb xz gpg
TESTS=1	# no TAP here
DEBS=${DEBS:-1000}
RPMS=${RPMS:-1000}
FILES=${FILES:-4000}
MIB=${MIB:-1024}
XZ_MIB=${XZ_MIB:-300}
SAMPLE=${SAMPLE:-50}
cd "$T" || exit 1
# Nothing is removed before the end: some filesystems do not give the inode of
# a removed file away at once, and look for others all the longer.
mkdir kept
floors=0

die() {
	echo "release: $1" >&2
	tail -n 20 "$T/out" | sed 's/^/  /' >&2
	exit 1
}

# took COMMAND...: wall seconds in SECS, those of processors in CPU, peak KiB in
# PEAK; its output in $T/out
took() {
	began=$(date +%s%N)
	/usr/bin/time -f '%U %S %M' -o "$T/took" "$@" >"$T/out" 2>&1 \
		</dev/null || die "this fails: $*"
	ended=$(date +%s%N)
	SECS=$(awk -v a="$began" -v b="$ended" \
		'BEGIN { printf "%.3f", (b - a) / 1e9 }')
	read -r user system PEAK <"$T/took"
	CPU=$(sum "$user" "$system")
}

rate() {	# N SECONDS
	awk -v n="$1" -v s="$2" 'BEGIN { printf "%.1f", n / (s > 0 ? s : .01) }'
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / (b > 0 ? b : .01) }'
}

sum() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a + b }'
}

row() {
	printf '%-46s %12s %12s %8s\n' "$1" "$2" "$3" "$4"
}

# The token's own rate in one session, signatures per second, at this moment.
token_rate() {	# LABEL rsa|ec N
	ms=$("$B/benchbin/minimal" "$MODULE" bench "$1" test-PIN "$2" "$3") ||
		die "the token does not sign with $1"
	awk -v n="$3" -v ms="$ms" 'BEGIN { printf "%.1f", n * 1000 / ms }'
}

# The disk's own rate: so many files of that size made, synced and renamed.
disk_rate() {	# N BYTES
	mkdir "$T/floor" || die 'no room'
	ms=$("$B/benchbin/floor" "$T/floor" "$1" "$2" 64) ||
		die 'the disk takes no files'
	mv "$T/floor" "$T/kept/floor.$1.$2.$$.$((floors += 1))"
	awk -v n="$1" -v ms="$ms" 'BEGIN { printf "%.1f", n * 1000 / ms }'
}

each() {	# N SECONDS: milliseconds
	awk -v n="$1" -v s="$2" 'BEGIN { printf "%.2f", s * 1000 / n }'
}

# ---- keys --------------------------------------------------------------------
softhsm_new bench
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE
pki_root ca
for k in r3:rsa3072 e2:p256; do
	name=${k%:*}
	took touchmark key generate "$name" --token bench \
		--algorithm "${k#*:}" --pin-file "$PINFILE" --module "$MODULE"
	took git config -f "$XDG_CONFIG_HOME/touchmark/config" \
		"touchmark.$name.userId" "Bench $name <$name@example.org>"
	took touchmark key csr "$name" --subject "/O=Bench/CN=$name" \
		--email "$name@example.org" -o "$name.csr"
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=codeSigning,emailProtection \
		"subjectAltName=email:$name@example.org" \
		subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >ext
	took openssl x509 -req -in "$name.csr" -CA "$T/pki/ca.pem" \
		-CAkey "$T/pki/ca.key" -set_serial "0x$(openssl rand -hex 8)" \
		-days 300 -extfile ext -out "$name.pem"
	took touchmark key import-cert "$name" "$name.pem"
	touchmark key export "$name" --type openpgp >"$name.asc" 2>"$T/out" ||
		die "no OpenPGP certificate of $name"
done
# What was configured this moment is parsed each time (core/config_cache.h).
sleep 4
printf '%-46s %12s %12s %8s\n' figure ours peer ratio

# ---- small files ---------------------------------------------------------------
mkdir small
i=0
while [ $i -lt "$FILES" ]; do
	head -c 10000 /dev/urandom >"small/$i"
	i=$((i + 1))
done
for type in openpgp cms; do
	disk=$(disk_rate "$FILES" 800)
	# shellcheck disable=SC2046 # names of ours, to be split
	took touchmark sign -t "$type" -k e2 \
		$(find small -type f -name '*[0-9]')
	ours=$(rate "$FILES" "$SECS")
	row "sign $FILES files of 10 KB, P-256, $type: per s" "$ours" 2000 \
		"$(ratio "$ours" 2000)"
	row '  against files made and synced, no more' "$ours" "$disk" \
		"$(ratio "$ours" "$disk")"
	row '  processor ms each; peak KiB' "$(each "$FILES" "$CPU")" "$PEAK" ''
done

# ---- packages: against the token's own rate -----------------------------------
mkdir -p tree/DEBIAN tree/usr/share/hello debs debs256 rpms \
	rpms.agent
printf 'Package: hello\nVersion: 1\nArchitecture: all\nMaintainer: B <b@example.org>\nDescription: x\n' \
	>tree/DEBIAN/control
head -c 20000 /dev/urandom >tree/usr/share/hello/data
took dpkg-deb --root-owner-group -b tree one.deb
cat >one.spec <<'EOS'
Name: hello
Version: 1
Release: 1
Summary: x
License: MIT
BuildArch: noarch
%description
x
%install
mkdir -p %{buildroot}/usr/share/hello
head -c 20000 /dev/urandom >%{buildroot}/usr/share/hello/data
%files
/usr/share/hello
EOS
took rpmbuild -bb --define "_topdir $T/top" one.spec
cp top/RPMS/noarch/*.rpm one.rpm || die 'no rpm'
copies() {	# FILE FOLDER N
	i=0
	while [ $i -lt "$3" ]; do
		cp "$1" "$2/$i.${1##*.}" || die 'no room'
		i=$((i + 1))
	done
}
copies one.deb debs "$DEBS"
copies one.deb debs256 "$DEBS"
copies one.rpm rpms "$RPMS"
copies one.rpm rpms.agent "$RPMS"
# sign_them DIRECTORY KIND KEY rsa|ec TEXT: what is in there
sign_them() {
	n=$(find "$1" -type f | wc -l)
	disk=$(disk_rate "$n" "$(wc -c <"one.$2")")
	before=$(token_rate "$3" "$4" 200)
	# shellcheck disable=SC2046 # names of ours, to be split
	took touchmark sign --embed -k "$3" $(find "$1" -type f)
	secs=$SECS cpu=$CPU peak=$PEAK
	after=$(token_rate "$3" "$4" 200)
	raw=$(awk -v a="$before" -v b="$after" 'BEGIN { print (a + b) / 2 }')
	ours=$(rate "$n" "$secs")
	row "sign $n ${2}s, $5: per s against C_Sign" "$ours" "$raw" \
		"$(ratio "$ours" "$raw")"
	row '  against files made and synced, no more' "$ours" "$disk" \
		"$(ratio "$ours" "$disk")"
	# On a machine with other work this says more.
	took "$B/benchbin/minimal" "$MODULE" bench "$3" test-PIN "$4" 200
	row '  processor ms each, against C_Sign alone' \
		"$(each "$n" "$cpu")" "$(each 200 "$CPU")" \
		"$(ratio "$(each "$n" "$cpu")" "$(each 200 "$CPU")")"
	row '  peak KiB' "$peak" 24576 ''
}
sign_them debs256 deb e2 ec P-256
sign_them debs deb r3 rsa RSA-3072
sign_them rpms rpm r3 rsa RSA-3072
agent_world
took touchmark agent start
sign_them rpms.agent rpm r3 rsa 'RSA-3072, by the agent'
took touchmark agent stop
unset XDG_RUNTIME_DIR

# ---- a large file --------------------------------------------------------------
head -c "${MIB}M" /dev/urandom >big
took openssl dgst -sha256 big
sha256=$SECS
took openssl dgst -sha512 big
both=$(sum "$sha256" "$SECS")
took touchmark sign -t cms,openpgp,ssh -k r3 big
row "sign $MIB MiB, three types: s against two digests" "$SECS" "$both" \
	"$(ratio "$SECS" "$both")"
row "  peak KiB" "$PEAK" 24576 ''
rm -f big big.*

# ---- a manifest ----------------------------------------------------------------
mkdir in
i=0
while [ $i -lt 10 ]; do
	head -c "$((XZ_MIB * 1024 * 1024 / 10))" /dev/urandom | base64 -w 76 \
		>"in/$i"
	i=$((i + 1))
done
tar -cf - in | xz -0 -T2 >in.tar.xz || die 'no tarball'
rm -rf in
took sh -c 'xz -dc -T1 in.tar.xz >/dev/null'
alone=$SECS
took touchmark sign --manifest -k r3 in.tar.xz
row "manifest of $(($(wc -c <in.tar.xz) / 1000000)) MB .tar.xz: s against xz -dc" \
	"$SECS" "$alone" "$(ratio "$SECS" "$alone")"
row "  peak KiB" "$PEAK" 24576 ''
rm -f in.tar.xz*

# ---- verifying rpms --------------------------------------------------------------
took rpmkeys --dbpath "$T/db" --import r3.asc
find rpms -type f | head -n "$SAMPLE" >list
took sh -c "while read -r f; do rpmkeys --dbpath '$T/db' -K \"\$f\" || exit 1; done <list"
loop=$(rate "$(wc -l <list)" "$SECS")
# In turn, since both are done in a moment.
echo "exec rpmkeys --dbpath '$T/db' -K rpms/*" >all.sh
"$B/benchbin/rounds" 9 /dev/null \
	ours 'touchmark verify --keyring r3.asc rpms' \
	once 'sh all.sh' >rounds 2>"$T/out" || die 'no rounds of verifying'
median() {	# NAME FIELD: seconds
	awk -F '\t' -v n="$1" -v f="$2" '$1 == n { print $f / 1000 }' rounds
}
ours=$(rate "$RPMS" "$(median ours 2)")
row "verify $RPMS rpms: per s against rpmkeys in a loop" "$ours" "$loop" \
	"$(ratio "$ours" "$loop")"
once=$(rate "$RPMS" "$(median once 2)")
row '  against one rpmkeys of all' "$ours" "$once" "$(ratio "$ours" "$once")"
ours=$(each "$RPMS" "$(median ours 6)")
once=$(each "$RPMS" "$(median once 6)")
row '  processor ms each, against that one' "$ours" "$once" \
	"$(ratio "$ours" "$once")"

# ---- how others sign ---------------------------------------------------------------
took gpg --batch --quiet --passphrase '' --quick-generate-key \
	'Soft <soft@example.org>' rsa3072 sign never
mkdir peer
copies one.rpm peer "$SAMPLE"
took rpmsign --define '_gpg_name soft@example.org' \
	--define "__gpg $(command -v gpg)" --addsign peer/*.rpm
row 'rpmsign with a software key of gpg: per s' \
	"$(rate "$SAMPLE" "$SECS")" '' ''
rm -f peer/*
copies one.rpm peer "$SAMPLE"
agent_world
took touchmark agent start
took rpmsign --define '_gpg_name r3' \
	--define "__gpg $BIN/touchmark-gpg" --addsign peer/*.rpm
row 'rpmsign with touchmark-gpg: per s' "$(rate "$SAMPLE" "$SECS")" '' ''
