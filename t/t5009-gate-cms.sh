#!/bin/sh
# What stands in a signature's place and is none, or none that counts; and an
# environment that claims it was checked already.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
printf '[ref "refs/heads/*"]\n\trequire = commits\n' | gate_policy
gate_repo srv
plain >"$T/p"

# offer REASON WHAT: the DER in $T/der as signature of $T/p
offer() {
	{
		echo '-----BEGIN SIGNED MESSAGE-----'
		openssl base64 -in "$T/der"
		echo '-----END SIGNED MESSAGE-----'
	} | fold "$GPGSIG" >"$T/h"
	with_header "$T/h" <"$T/p" >"$T/x"
	id=$(put commit <"$T/x")
	if [ "$1" = good ]; then
		accept "$2" "$id:refs/heads/x"
	else
		refuse "$1" "$2" "$id:refs/heads/x"
	fi
	git -C "$SRV" update-ref -d refs/heads/x
}
sign() {	# KEY [OPTION...]: a detached signature of $T/p in $T/der
	key=$1
	shift
	openssl cms -sign -binary -signer "$T/pki/$key.pem" \
		-inkey "$T/pki/$key.key" -outform DER -nosmimecap \
		-in "$T/p" -out "$T/der" "$@" 2>"$T/err"
}

sign dev
offer good 'a signature'
cp "$T/der" "$T/der.good"
sign dev -cades
offer good 'with signingCertificateV2'

# ---- other things in DER ------------------------------------------------------------
openssl crl2pkcs7 -nocrl -certfile "$T/pki/dev.pem" -outform DER -out "$T/der"
offer signature-malformed 'no signer at all'
openssl cms -encrypt -binary -aes256 -outform DER -in "$T/p" -out "$T/der" \
	"$T/pki/dev.pem" 2>/dev/null || cp "$T/pki/ca.crl" "$T/der"
offer signature-malformed 'an envelope instead of a signature'
openssl cms -digest_create -binary -outform DER -in "$T/p" -out "$T/der"
offer signature-malformed 'a digest instead of a signature'
openssl cms -data_create -binary -outform DER -in "$T/p" -out "$T/der"
offer signature-malformed 'data instead of a signature'
openssl x509 -in "$T/pki/dev.pem" -outform DER -out "$T/der"
offer signature-malformed 'a certificate instead of a signature'
sign dev -econtent_type 1.2.3.4
offer signature-malformed 'another content type'
{ cat "$T/der.good"; printf 'x'; } >"$T/der"
offer signature-malformed 'a byte behind the signature'
head -c 100 "$T/der.good" >"$T/der"
offer signature-malformed 'a signature that is cut off'
# fifty thousand nested sequences of indefinite length
awk 'BEGIN { for (i = 0; i < 50000; i++) printf "0\200" }' >"$T/der"
offer limit-exceeded 'nesting without end'
printf '0\204\177\377\377\377' >"$T/der"
offer signature-malformed 'a length of two gigabytes'
printf 'message\n' >"$T/other"
openssl cms -sign -binary -signer "$T/pki/dev.pem" -inkey "$T/pki/dev.key" \
	-outform DER -nosmimecap -in "$T/other" -out "$T/der"
offer signature-bad 'a signature of something else'
# one bit of the signature itself
len=$(wc -c <"$T/der.good")
{
	head -c $((len - 1)) "$T/der.good"
	tail -c 1 "$T/der.good" | tr '\000-\377' '\001-\377\000'
} >"$T/der"
offer signature-bad 'a signature with a bit changed'

# ---- keys and chains ----------------------------------------------------------------------
PKI_KEY='-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit' \
	pki_leaf ca explicit dev@example.org
if sign explicit; then
	offer key-weak 'a curve given by its parameters'
else
	tap 1 'the test cannot sign with explicit parameters'
fi
PKI_KEY='-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1' \
	pki_leaf ca koblitz dev@example.org
sign koblitz
offer key-weak 'a curve that is not allowed'
pki_leaf ca sha1leaf dev@example.org
openssl x509 -req -in "$T/pki/sha1leaf.csr" -CA "$T/pki/ca.pem" \
	-CAkey "$T/pki/ca.key" -sha1 -set_serial 77 -days 30 \
	-extfile "$T/pki/sha1leaf.ext" -out "$T/pki/sha1leaf.pem" 2>/dev/null
sign sha1leaf
offer digest-weak 'a certificate signed with SHA-1'
up=ca
: >"$T/chain"
cp "$T/pki/ca.crl" "$T/ca.crl"
for i in 1 2 3 4 5 6 7 8 9 10; do
	pki_leaf $up "step$i" '' basicConstraints=critical,CA:TRUE \
		keyUsage=critical,keyCertSign,cRLSign
	pki_crl "step$i"
	cat "$T/pki/step$i.crl" >>"$T/ca.crl"
	cat "$T/pki/step$i.pem" >>"$T/chain"
	up=step$i
done
pki_leaf $up far dev@example.org
sign far -certfile "$T/chain"
offer chain-untrusted 'a chain of ten intermediates'
cp "$T/pki/ca.crl" "$T/ca.crl"
# a CA that may not issue below itself does so
pki_leaf ca short '' basicConstraints=critical,CA:TRUE,pathlen:0 \
	keyUsage=critical,keyCertSign,cRLSign
pki_leaf short below '' basicConstraints=critical,CA:TRUE \
	keyUsage=critical,keyCertSign,cRLSign
pki_leaf below toofar dev@example.org
pki_crl short
pki_crl below
cat "$T/pki/ca.crl" "$T/pki/short.crl" "$T/pki/below.crl" >"$T/ca.crl"
cat "$T/pki/short.pem" "$T/pki/below.pem" >"$T/chain"
sign toofar -certfile "$T/chain"
offer chain-untrusted 'a path longer than its CA allows'
cp "$T/pki/ca.crl" "$T/ca.crl"

# ---- words of others do not count ------------------------------------------------------------
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
GIT_PUSH_CERT=1 GIT_PUSH_CERT_STATUS=G GIT_PUSH_CERT_SIGNER=boss \
	GIT_PUSH_CERT_KEY=1 GIT_PUSH_CERT_NONCE_STATUS=OK
export GIT_PUSH_CERT GIT_PUSH_CERT_STATUS GIT_PUSH_CERT_SIGNER \
	GIT_PUSH_CERT_KEY GIT_PUSH_CERT_NONCE_STATUS
refuse signature-missing 'a good push certificate, says the environment' main
unset GIT_PUSH_CERT GIT_PUSH_CERT_STATUS GIT_PUSH_CERT_SIGNER \
	GIT_PUSH_CERT_KEY GIT_PUSH_CERT_NONCE_STATUS
printf '#!/bin/sh\nexit 0\n' >"$T/yes"
chmod +x "$T/yes"
git -C "$SRV" config gpg.x509.program "$T/yes"
git -C "$SRV" config gpg.program "$T/yes"
refuse signature-missing 'a verifier that says yes to everything' main
# programs of the PATH are not asked: none is run
mkdir "$T/evil"
for p in git openssl gpg gpgsm gpgv sh; do
	printf '#!/bin/sh\ntouch %s\nexit 0\n' "$T/was-run" >"$T/evil/$p"
	chmod +x "$T/evil/$p"
done
# but for git itself, where git is to read
evil=$T/evil
[ "${READER-}" != git ] || {
	rm "$T/evil/git"
	evil=$evil:$(git --exec-path)
}
echo "$ZERO $(git rev-parse main) refs/heads/z" >"$T/line"
git -C "$SRV" fetch -q "$T/work" main 2>/dev/null
hook() {
	(cd "$SRV" && PATH=$evil GIT_DIR=. hooks/pre-receive <"$T/line")
}
exits 1 'the gate with other programs in its PATH' hook
has 'signature-missing' 'judges by itself'
[ ! -e "$T/was-run" ]
tap $? 'and runs none of them'
done_testing
