#!/bin/sh
# touchmark stamp on OpenPGP signatures: the timestamp goes where nothing is
# signed, and the verifiers that everybody has still accept the signature.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl gpg gpgv sqv faketime

mkdir -p "$T/pki"
tsa_new tsa
tsa_start tsa
mkdir -p "${CONFIG%/*}"
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
# A good answer is waited for, whatever else the machine does.
git config -f "$CONFIG" touchmark.tsaDeadline 60
cd "$T" || exit 1
echo data >f
echo other >g
echo allow-loopback-pinentry >"$GNUPGHOME/gpg-agent.conf"

notations() {	# FILE: ours in it
	gpg --list-packets "$1" 2>/dev/null |
		grep -c 'timestamp-token@touchmark.org'
}

accepted() {	# NAME SIG
	ok "$1: gpg" gpg --batch --verify "$2" f
	ok "$1: gpgv" gpgv --keyring "$T/$k.gpg" "$2" f
	ok "$1: sqv" sqv --keyring "$T/$k.gpg" "$2" f
	run gpgv --keyring "$T/$k.gpg" "$2" g
	[ "$RC" != 0 ]
	tap $? "$1: but not of another file"
}

for k in rsa3072 nistp256 ed25519; do
	gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
		--quick-generate-key "$k <$k@example.org>" "$k" sign never \
		>setup.log 2>&1 || bail 'gpg makes no key'
	gpg --batch --export "$k@example.org" >"$k.gpg"
	sign() {
		gpg --batch --quiet --yes --pinentry-mode loopback \
			--passphrase '' -u "$k@example.org" "$@" f \
			>setup.log 2>&1 || bail 'gpg does not sign'
	}
	sign --armor --output f.asc --detach-sign
	ok "$k: armoured" touchmark stamp f.asc
	has '^f\.asc: timestamped at .* by .*CN=tsa.* \(the signature itself was not verified\)$' \
		'says what it could not know'
	is "$(notations f.asc)" 1 'one notation'
	is "$(head -1 f.asc)" '-----BEGIN PGP SIGNATURE-----' 'still armoured'
	accepted "$k, armoured" f.asc
	ok "$k: we too" touchmark verify --keyring "$k.gpg" \
		--roots pki/tsa-root.pem --tsa-roots pki/tsa-root.pem f f.asc
	has 'timestamp by .*CN=tsa' 'with the timestamp'
	sign --output f.sig --detach-sign
	ok "$k: binary" touchmark stamp --keyring "$k.gpg" f.sig
	hasnt 'not verified' 'verified before'
	[ "$(head -c 5 f.sig)" != '-----' ] && [ "$(notations f.sig)" = 1 ]
	tap $? 'still binary'
	accepted "$k, binary" f.sig
	cp f.sig before
	exits 1 "$k: again" touchmark stamp --keyring "$k.gpg" f.sig
	has 'it has a valid timestamp' 'it is there'
	ok "$k: --renew" touchmark stamp --renew --keyring "$k.gpg" f.sig
	is "$(notations f.sig)" 2 'two notations'
	accepted "$k, two" f.sig
	cp f.sig before
	exits 1 "$k: another file" touchmark stamp --renew --keyring "$k.gpg" \
		f.sig g
	has 'refused signature-bad' 'is signature-bad'
	cmp -s f.sig before
	tap $? 'and stays as it is'
	rm f.sig f.asc
done

# By another key than those of the keyring.
sign --output f.sig --detach-sign
cp f.sig before
exits 1 'a key that is not there' touchmark stamp --keyring rsa3072.gpg f.sig
has 'refused cert-missing' 'is cert-missing'
cmp -s f.sig before
tap $? 'and the file stays as it is'
exits 4 'no such keyring' touchmark stamp --keyring absent.gpg f.sig

# More than gpg reads where nothing is signed: refused, not broken.
touchmark stamp f.sig >"$T/out" 2>&1
i=0
while touchmark stamp --renew f.sig >"$T/out" 2>&1 && [ $i -lt 12 ]; do
	i=$((i + 1))
	cp f.sig before
done
has 'more than 10000 bytes|8 timestamps at most' 'there is an end'
cmp -s f.sig before
tap $? 'at which the file stays as it is'
accepted 'as much as fits' f.sig
done_testing
