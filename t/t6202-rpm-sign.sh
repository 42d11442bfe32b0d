#!/bin/sh
# touchmark sign --embed of rpms: in place, with a timestamp inside, all at
# once; rpm's own tools are the judges. What is broken, signed already or not
# to be checked is refused, and stays as it was.
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
# shellcheck source=rpm-lib.sh
. "${0%/*}/rpm-lib.sh"
# SoftHSM keeps a few bytes of each Ed25519 signature.
ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0
need rpm rpmbuild rpmkeys rpmsign softhsm2-util gpg openssl time nm perl

softhsm_new "$TOKEN"
for a in rsa3072 ed25519 p256; do
	touchmark key generate "k-$a" --token "$TOKEN" --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm "$a" \
		--user "Key $a <$a@example.org>" >"$T/setup.log" 2>&1 ||
		bail 'no key'
	touchmark key export "k-$a" --type openpgp --pin-file "$PINFILE" \
		>"$T/$a.asc" 2>"$T/setup.log" || bail 'no certificate'
done
for a in rsa3072 ed25519; do
	ok "rpm takes the $a key" rpm_trusts "$T/$a.asc"
done
tsa_new tsa
sign() {
	touchmark sign --embed --pin-file "$PINFILE" "$@"
}

# ---- several at once ----------------------------------------------------------

mkdir "$T/dist" "$T/keep"
for payload in gzdio xzdio zstdio bzdio ufdio; do
	rpm_new "p-$payload" --define "_binary_payload w3.$payload"
	mv "$T/p-$payload.rpm" "$T/dist/"
done
rpm_new none --define '__gpg_reserved_space 0'
rpm_new_source source
mv "$T/none.rpm" "$T/source.rpm" "$T/dist/"
cp "$T"/dist/*.rpm "$T/keep/"
ok 'all of dist/ is signed' sign -k k-rsa3072 --no-timestamp "$T"/dist/*.rpm
is "$(grep -c ': signed by Key rsa3072 ' "$T/out")" 7 'one line for each'
for f in "$T"/dist/*.rpm; do
	name=${f##*/}
	ok "$name: rpmkeys takes it" judged "$f"
	has 'Header V4 RSA/SHA.* Signature, key ID .*: OK' "$name: signed"
	hasnt 'BAD|NOKEY' "$name: nothing is wrong"
	ok "$name: nothing else changed" same_rest "$T/keep/$name" "$f"
done

# ---- with a timestamp inside ---------------------------------------------------

tsa_start tsa
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
for name in p-gzdio none source; do
	f=$T/dist/$name.rpm
	plain=$(rpm_tool show "$f" | sed -n 's/^seal 0 rsa //p')
	ok "$name: signed anew with a timestamp" sign -k k-rsa3072 --resign \
		--timestamp=require "$f"
	has 'timestamped' "$name: says so"
	stamped=$(rpm_tool show "$f" | sed -n 's/^seal 0 rsa //p')
	[ "${stamped:-0}" -gt $((plain + 500)) ]
	tap $? "$name: it is inside the signature"
	ok "$name: rpmkeys takes it" judged "$f"
	has 'Header V4 RSA/SHA.* Signature, key ID .*: OK' "$name: signed"
	hasnt 'BAD|NOKEY' "$name: nothing is wrong"
	ok "$name: nothing else changed" same_rest "$T/keep/$name.rpm" "$f"
done
tsa_stop
is "$(find "$T/dist" -type f | wc -l)" 7 'no other file is left'

# ---- one key after the other -----------------------------------------------------

git config -f "$CONFIG" touchmark.timestamp never
f=$T/dist/p-gzdio.rpm
cp "$f" "$T/first.rpm"
exits 1 'signed by this key already' sign -k k-rsa3072 "$f"
ok 'it stays as it was' cmp "$f" "$T/first.rpm"
ok '--resume leaves it alone' sign --resume -k k-rsa3072 "$f"
ok 'it stays as it was' cmp "$f" "$T/first.rpm"
ok '--resign' sign --resign -k k-rsa3072 "$f"
ok 'replaces it' judged "$f"
ok 'and nothing else' same_rest "$T/keep/p-gzdio.rpm" "$f"
is "$(rpm_tool show "$f" | grep -c '^seal')" 1 'there is one signature'
ok 'an Ed25519 key beside it' sign -k k-ed25519 "$f"
ok 'rpmkeys takes both' judged "$f"
has 'Header V4 RSA/.*: OK' 'one'
has 'Header V4 EdDSA/.*: OK' 'the other'
ok 'the size is what it was' [ "$(size_of "$f")" = \
	"$(size_of "$T/keep/p-gzdio.rpm")" ]

# ---- what rpmsign made with the same key -----------------------------------------

# The old way: a signature of the header and one of everything.
cat >"$HOME/.rpmmacros" <<EOM
%__gpg $BIN/touchmark-gpg
%_gpg_name rsa3072@example.org
%_dbpath $T/rpmdb
EOM
git config -f "$CONFIG" touchmark.k-rsa3072.uri "$(git config -f "$CONFIG" \
	touchmark.k-rsa3072.uri)&pin-source=file:$PINFILE"
cp "$T/keep/p-zstdio.rpm" "$T/theirs.rpm"
ok 'rpmsign signs twice' rpmsign --rpmv3 --addsign "$T/theirs.rpm"
is "$(rpm_tool show "$T/theirs.rpm" | sed -n 's/^seal . \([a-z-]*\) .*/\1/p' |
	tr '\n' ' ')" 'rsa rsa-payload ' 'there are two signatures'
exits 1 'signed by this key already' sign -k k-rsa3072 "$T/theirs.rpm"
ok '--resign' sign --resign -k k-rsa3072 "$T/theirs.rpm"
is "$(rpm_tool show "$T/theirs.rpm" | grep -c '^seal')" 1 'replaces both'
ok 'rpmkeys takes it' judged "$T/theirs.rpm"
has 'Header V4 RSA/.*: OK' 'signed'
ok 'nothing else changed' same_rest "$T/keep/p-zstdio.rpm" "$T/theirs.rpm"
is "$(size_of "$T/theirs.rpm")" "$(size_of "$T/keep/p-zstdio.rpm")" \
	'nor the size'

# ---- a large one ------------------------------------------------------------------

# 32 MiB in a process that may have three quarters of that with all it links.
head -c 33554432 /dev/zero >"$T/rpm/data"
rpm_new large --define '_binary_payload w.ufdio'
cp "$T/large.rpm" "$T/large.was"
ok 'a large package is signed in little memory' \
	command time -f '%M KiB' -o "$T/rss" \
	touchmark sign --embed --pin-file "$PINFILE" -k k-rsa3072 "$T/large.rpm"
rss=$(sed -n 's/ KiB//p' "$T/rss")
most=24576
! nm "$BIN/touchmark" | grep -q __asan_init || most=500000
[ "${rss:-999999}" -lt "$most" ]
tap $? "not more than 24 MiB ($rss KiB)"
ok 'rpmkeys takes it' judged "$T/large.rpm"
has 'Header V4 RSA/.*: OK' 'signed'
ok 'nothing else changed' same_rest "$T/large.was" "$T/large.rpm"
rm -f "$T"/large.* "$T"/rest.*

# ---- what is refused ----------------------------------------------------------------

# refused CODE NAME PATTERN FILE [OPTION...]: it stays as it was, alone.
refused() {
	code=$1 rname=$2 pattern=$3 rfile=$4
	shift 4
	cp "$rfile" "$T/was.rpm"
	exits "$code" "$rname" sign -k k-rsa3072 "$@" "$rfile"
	has "$pattern" "$rname: says why"
	cmp -s "$rfile" "$T/was.rpm"
	tap $? "$rname: it stays as it was"
}
bad=$T/bad/bad.rpm
mkdir "$T/bad"
cp "$T/keep/p-gzdio.rpm" "$bad"
exits 3 'ECDSA' sign -k k-p256 "$bad"
has 'rpm 4.18' 'says why'
has 'RSA or Ed25519' 'and what to do'
ok 'it stays as it was' cmp "$bad" "$T/keep/p-gzdio.rpm"
printf x >>"$bad"
refused 1 'a byte more' 'content-mismatch' "$bad"
head -c 3000 "$T/keep/p-gzdio.rpm" >"$bad"
refused 1 'cut off' 'object-malformed' "$bad"
end=$(rpm_tool show "$T/keep/p-gzdio.rpm" | sed -n 's/^main [0-9]* //p')
cp "$T/keep/p-gzdio.rpm" "$bad"
flip "$bad" $((end + 20))
refused 1 'another payload' 'content-mismatch' "$bad"
cp "$T/keep/p-gzdio.rpm" "$bad"
flip "$bad" $((end - 200))
refused 1 'another header' 'content-mismatch|object-malformed' "$bad"
cp "$T/first.rpm" "$bad"
refused 2 'a role that rpms do not have' 'role|origin' "$bad" --role origin \
	--resign
is "$(find "$T/bad" -type f | wc -l)" 1 'nothing is left beside it'

# Good ones beside a bad one are signed all the same.
cp "$T/keep/p-xzdio.rpm" "$T/bad/good.rpm"
printf x >>"$bad"
exits 1 'a bad one among others' sign -k k-rsa3072 "$bad" "$T/bad/good.rpm"
ok 'the good one is signed' judged "$T/bad/good.rpm"
has 'Header V4 RSA/.*: OK' 'by the key'

done_testing
