#!/bin/sh
# OpenPGP keys that have expired or were revoked, and the packages and texts
# that they signed: what counts is the time that can be proved.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
need gpg ar dpkg-deb faketime openssl

cd "$T" || exit 1
CONFIG=$XDG_CONFIG_HOME/touchmark/config
mkdir -p "${CONFIG%/*}"
# faketime comes before the sanitizer's own library.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
deb_new plain

verify() {
	touchmark verify "$@"
}

at() {	# TIME COMMAND...
	when=$1
	shift
	faketime -f "@$when" "$@"
}

# gpg has a clock of its own to be set: its agent must not live in the past.
gpg_at() {	# TIME ARGUMENT...
	when=$(echo "$1" | sed 's/[-:]//g;s/ /T/')
	shift
	gpg --faked-system-time "$when!" "$@" 2>>setup.log
}

# key_at TIME MAIL EXPIRE: a key that was made then.
key_at() {
	gpg_at "$1" --batch --quiet --passphrase '' \
		--pinentry-mode loopback --quick-generate-key "Test <$2>" \
		ed25519 sign "$3" >setup.log 2>&1
	gpg --batch --export "$2" >"$2.pgp"
}

# sign_at TIME MAIL: FILE.sig over the three members of plain.deb.
mkdir parts
(cd parts && ar x ../plain.deb && cat debian-binary control.tar.* data.tar.*) \
	>content
sign_at() {
	rm -f "$2.sig"
	gpg_at "$1" --batch --quiet -u "$2" --detach-sign -o "$2.sig" content
}

# put SIGNATURE DEB
put() {
	cp "$1" _gpgorigin
	cp plain.deb "$2"
	ar q "$2" _gpgorigin 2>setup.log
}

# ---- expired --------------------------------------------------------------------

key_at '2020-03-01 12:00:00' past@example.org 7d
sign_at '2020-03-02 12:00:00' past@example.org
put past@example.org.sig past.deb
exits 1 'a key that has expired' verify --keyring past@example.org.pgp past.deb
has 'refused cert-expired' 'is cert-expired'
ok 'judged in its time' verify --keyring past@example.org.pgp \
	--at 2020-03-03 past.deb
exits 1 'judged after it' verify --keyring past@example.org.pgp \
	--at 2020-03-09 past.deb
has 'refused cert-expired' 'is cert-expired'
exits 1 'judged before it' verify --keyring past@example.org.pgp \
	--at 2020-02-03 past.deb
has 'refused cert-not-yet-valid' 'is cert-not-yet-valid'

mkdir pki
PKI_AT='2020-01-01 00:00:00' PKI_DAYS=3650
openssl ecparam -name prime256v1 -genkey -noout -out pki/old-root.key
at "$PKI_AT" openssl req -x509 -new -key pki/old-root.key -sha256 -days 7300 \
	-subj /O=Test/CN=old-root -addext basicConstraints=critical,CA:TRUE \
	-addext keyUsage=critical,keyCertSign,cRLSign -out pki/old-root.pem \
	2>setup.log
pki_leaf old-root tsa '' basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature \
	extendedKeyUsage=critical,timeStamping
cat >pki/tsa.tsa.cnf <<-EOS
	[tsa]
	default_tsa = t
	[t]
	serial = $T/pki/tsa.tsaserial
	signer_digest = sha256
	default_policy = 1.3.6.1.4.1.99999.1
	digests = sha256, sha384, sha512
	accuracy = secs:1
	ess_cert_id_alg = sha256
	EOS
echo 01 >pki/tsa.tsaserial

# stamp_at TIME SIGNATURE
stamp_at() {
	tsa_start tsa "$1"
	git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
	run at "$1" touchmark stamp "$2"
	tsa_stop
	[ "$RC" = 0 ]
}

cp past@example.org.sig in-time.sig
stamp_at '2020-03-03 12:00:00' in-time.sig
tap $? 'the signature gets a timestamp of that week'
put in-time.sig in-time.deb
ok 'a timestamp outlasts the key' verify --keyring past@example.org.pgp \
	--tsa-roots pki/old-root.pem in-time.deb
has 'good signature .*, made before 2020-03-03T' 'and gives the time'
exits 1 'unless no authority is trusted' verify \
	--keyring past@example.org.pgp in-time.deb
has 'refused timestamp-untrusted' 'which is timestamp-untrusted'
cp past@example.org.sig late.sig
stamp_at '2020-03-20 12:00:00' late.sig
tap $? 'another one comes too late'
put late.sig late.deb
exits 1 'a timestamp after the key expired' verify \
	--keyring past@example.org.pgp --tsa-roots pki/old-root.pem late.deb
has 'refused cert-expired: the timestamp' 'is cert-expired'

# ---- revoked --------------------------------------------------------------------

# revoke MAIL REASON TIME: the certificate with it in MAIL.REASON.pgp. 1 is
# "compromised" and ends everything, 2 is "superseded".
revoke() {
	rm -rf "gpg-$2" && mkdir -m 700 "gpg-$2"
	printf 'y\n%s\n\ny\n' "$2" | gpg_at "$3" --no-tty --command-fd 0 \
		--pinentry-mode loopback --passphrase '' --yes \
		-o "$1.$2.rev" --gen-revoke "$1" >setup.log 2>&1
	gpg_at "$3" --homedir "$T/gpg-$2" --quiet --batch \
		--import "$1.pgp" "$1.$2.rev" 2>>setup.log
	gpg --homedir "$T/gpg-$2" --batch --export "$1" >"$1.$2.pgp"
	[ "$(gpg --show-keys --with-colons "$1.$2.pgp" 2>>setup.log |
		grep -c '^pub:r:')" = 1 ] || {
		cat setup.log
		echo 'not ok - prepared: gpg revokes no key'
		exit 1
	}
}

key_at '2021-03-01 12:00:00' gone@example.org never
sign_at '2021-03-02 12:00:00' gone@example.org
put gone@example.org.sig gone.deb
ok 'a key that nobody revoked' verify --keyring gone@example.org.pgp gone.deb
revoke gone@example.org 1 '2021-06-01 12:00:00'
revoke gone@example.org 2 '2021-06-01 12:00:00'
for r in 1 2; do
	exits 1 "revoked, reason $r" verify \
		--keyring gone@example.org.$r.pgp gone.deb
	has 'refused cert-revoked' 'is cert-revoked'
done
ok 'superseded later than the time of judgement' verify \
	--keyring gone@example.org.2.pgp --at 2021-05-01 gone.deb
exits 1 'compromised at any time' verify \
	--keyring gone@example.org.1.pgp --at 2021-05-01 gone.deb
has 'refused cert-revoked: .*ends all its signatures' 'is cert-revoked'
cp gone@example.org.sig in-time.sig
stamp_at '2021-05-01 12:00:00' in-time.sig
tap $? 'a timestamp before the revocation'
put in-time.sig stamped.deb
ok 'saves what was superseded' verify --keyring gone@example.org.2.pgp \
	--tsa-roots pki/old-root.pem stamped.deb
exits 1 'and nothing that was compromised' verify \
	--keyring gone@example.org.1.pgp --tsa-roots pki/old-root.pem \
	stamped.deb
has 'refused cert-revoked' 'is cert-revoked'

# ---- the same for a text that carries its signature ------------------------------

echo 'Hello: world' >text
gpg_at '2020-03-02 12:00:00' --batch --quiet -u past@example.org \
	--clearsign -o text.signed text
exits 1 'a text by an expired key' verify --keyring past@example.org.pgp \
	text.signed
has 'refused cert-expired' 'is cert-expired'
ok 'judged in its time' verify --keyring past@example.org.pgp \
	--at 2020-03-03 text.signed
done_testing
