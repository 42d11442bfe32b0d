#!/bin/sh
# touchmark approve FILE FILE.asc: OpenPGP signatures of several people in one
# file, read by gpg, gpgv and sqv; what does not hold gets none beside it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# SoftHSM keeps a few bytes of each Ed25519 signature: only the whole stack
# tells the leak checker that they are not ours.
ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0
need softhsm2-util pkcs11-tool openssl gpg gpgv sqv gpg-agent

token_key dev dev@example.org
export TOUCHMARK_PIN_FILE="$PINFILE"
cd "$T" || exit 1
for a in rsa3072 ed25519 p256; do
	touchmark key generate "k-$a" --token "$TOKEN" --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm "$a" \
		--user "Key $a <$a@example.org>" >setup.log 2>&1 ||
		bail "no $a key"
	touchmark key export "k-$a" --type openpgp --no-armor \
		>"k-$a.gpg" 2>setup.log || bail "no $a export"
done
cat k-rsa3072.gpg k-ed25519.gpg k-p256.gpg >ring.gpg
cat k-rsa3072.gpg k-ed25519.gpg >two.gpg

# how many packets that are signatures
packets() {	# FILE
	gpg --batch --list-packets "$1" 2>/dev/null | grep -c '^:signature'
}
good() {	# how many good signatures gpgv says that there are
	gpgv --status-fd 1 --keyring ./ring.gpg "$1" f 2>/dev/null |
		grep -c '^\[GNUPG:\] GOODSIG '
}
same() {	# FILE WHAT: nothing was written
	cmp -s "$1" "$1.before"
	tap $? "$2"
}

# ---- one more, and a third --------------------------------------------------
echo release >f
touchmark sign -k k-rsa3072 --no-timestamp -t openpgp f >setup.log 2>&1 ||
	bail 'no signature'
cp f.asc f.asc.before
cp f.asc one.asc
chmod 640 f.asc
exits 2 'without a keyring' touchmark approve -k k-ed25519 --no-timestamp \
	f f.asc
has 'no OpenPGP keyring says whose the signatures are' 'says what is missing'
same f.asc 'and nothing is written'
exits 2 'a keyring that is none' touchmark approve -k k-ed25519 \
	--keyring f --no-timestamp f f.asc
exits 1 'a keyring without that key' touchmark approve -k k-ed25519 \
	--keyring k-p256.gpg --no-timestamp f f.asc
has 'refused cert-missing' 'is refused'
same f.asc 'and nothing is written'
ok 'a second signer' touchmark approve -k k-ed25519 --keyring two.gpg \
	--no-timestamp f f.asc
has '^f: approved by Key ed25519 <ed25519@example.org>, no timestamp, in f\.asc$' \
	'says who and where'
has '^f: 2 signers$' 'and how many there are'
is "$(stat -c %a f.asc)" 640 'the mode is kept'
is "$(packets f.asc)" 2 'two packets'
is "$(grep -c 'BEGIN PGP SIGNATURE' f.asc)" 1 'in one armour'
is "$(good f.asc)" 2 'gpgv says: two good signatures'
ok 'gpgv takes the file' gpgv --keyring ./ring.gpg f.asc f
ok 'sqv wants two and gets them' sqv --keyring ring.gpg -n 2 f.asc f
gpg --batch --quiet --import ring.gpg 2>setup.log || bail 'gpg imports none'
gpg --batch --status-fd 1 --verify f.asc f >out.gpg 2>/dev/null
is "$?" 0 'gpg takes it'
is "$(grep -c '^\[GNUPG:\] VALIDSIG ' out.gpg)" 2 'both of them'
cp f.asc f.asc.before
exits 1 'nobody signs twice' touchmark approve -k k-ed25519 \
	--keyring two.gpg --no-timestamp f f.asc
has 'refused signer-not-allowed: .* has signed it already' 'says why'
same f.asc 'and nothing is written'
ok 'a third, from a pipe' sh -c 'cat f | touchmark approve -k k-p256 \
	--keyring ring.gpg --no-timestamp -o three.asc - f.asc'
same f.asc 'into another file'
is "$(good three.asc)" 3 'gpgv says: three good signatures'
gpg --batch --dearmor <one.asc >f.sig 2>/dev/null
ok 'a binary signature' touchmark approve -k k-ed25519 --keyring two.gpg \
	--no-timestamp f f.sig
is "$(packets f.sig)" 2 'two packets'
is "$(head -c 1 f.sig | od -An -tx1)" ' 89' 'it stays binary'
is "$(good f.sig)" 2 'gpgv says: two good signatures'

printf '[policy]\n\tversion = 1\n[trust]\n\tkeyring = two.gpg\n' >policy
git config -f "$CONFIG" touchmark.policy "$T/policy"
cp one.asc by-policy.asc
ok 'with the keyring of the policy' touchmark approve -k k-ed25519 \
	--no-timestamp f by-policy.asc
is "$(good by-policy.asc)" 2 'gpgv says: two good signatures'
ok 'both verify' touchmark verify --keyring ring.gpg f by-policy.asc
has 'ed25519@example\.org' 'and are named'
git config -f "$CONFIG" --unset touchmark.policy

# ---- beside those of gpg ----------------------------------------------------
gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
	--quick-generate-key 'Other <other@example.org>' ed25519 sign never \
	2>setup.log || bail 'no key of gpg'
gpg --batch --export >all.gpg 2>/dev/null
gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
	-u other@example.org -abo g.asc f 2>setup.log || bail 'gpg signs not'
ok 'beside a signature of gpg' touchmark approve -k k-p256 --keyring all.gpg \
	--no-timestamp f g.asc
gpg --batch --status-fd 1 --verify g.asc f >out.gpg 2>/dev/null
is "$(grep -c '^\[GNUPG:\] GOODSIG ' out.gpg)" 2 'gpg says: two good signatures'
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --textmode \
	-u other@example.org -abo t.asc f 2>setup.log || bail 'gpg signs not'
exits 2 'a signature of text' touchmark approve -k k-p256 --keyring all.gpg \
	--no-timestamp f t.asc
has 'is a signature of text' 'is not approved as one of bytes'

# ---- what does not hold -----------------------------------------------------
cp one.asc bad.asc
echo other >o
cp bad.asc bad.asc.before
exits 1 'other content' touchmark approve -k k-ed25519 --keyring two.gpg \
	--no-timestamp o bad.asc
has 'refused signature-bad' 'is refused'
same bad.asc 'and nothing is written'
{ cat one.asc; echo more; } >bad.asc
exits 1 'text behind it' touchmark approve -k k-ed25519 --keyring two.gpg \
	--no-timestamp f bad.asc
has 'refused signature-malformed' 'is refused'
gpg --batch --dearmor <one.asc >one.sig 2>/dev/null
n=0
: >many.sig
while [ "$n" -lt 16 ]; do
	cat one.sig >>many.sig
	n=$((n + 1))
done
exits 4 'a seventeenth' touchmark approve -k k-ed25519 --keyring two.gpg \
	--no-timestamp f many.sig
has '16 signers at most' 'has no place'
cat one.sig >>many.sig
exits 1 'seventeen' touchmark approve -k k-ed25519 --keyring two.gpg \
	--no-timestamp f many.sig
has 'refused limit-exceeded' 'are not read'
exits 2 'a keyring goes with a file' touchmark approve --tag v1 \
	--keyring two.gpg

done_testing
