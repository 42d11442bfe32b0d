#!/bin/sh
# Foreign judges: what we sign is accepted by openssl and gpgsm, timestamps by
# openssl ts; what they sign is accepted by us, or refused with its reason.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util gpgsm gpg-agent
unset http_proxy all_proxy ALL_PROXY

cd "$T" || exit 1
echo 'what is signed' >f
echo 'something else' >g

# ---- a chain of three ----------------------------------------------------------
token_key p256 p256@example.org
export TOUCHMARK_PIN_FILE="$PINFILE"
# pkcs11-tool cannot write this one's public key.
touchmark key generate p384 --token "$TOKEN" --algorithm p384 \
	--module "$MODULE" --pin-file "$PINFILE" >setup.log 2>&1 ||
	bail 'no P-384 key'
touchmark key csr p384 --subject /O=Test/CN=p384 >pki/p384.csr \
	2>setup.log || bail 'no request'
openssl req -in pki/p384.csr -pubkey -noout >pki/p384.pub
cp pki/p256.ext pki/p384.ext
git config -f "$CONFIG" touchmark.p384.cert "$T/pki/p384.pem"
TOKEN_TYPE=rsa:3072 token_key rsa rsa@example.org
pki_leaf ca mid '' basicConstraints=critical,CA:TRUE \
	keyUsage=critical,keyCertSign,cRLSign
for k in p256 p384 rsa; do
	openssl x509 -req -in "pki/$k.csr" -force_pubkey "pki/$k.pub" \
		-CA pki/mid.pem -CAkey pki/mid.key -sha256 -days 365 \
		-set_serial "0x$(openssl rand -hex 8)" \
		-extfile "pki/$k.ext" -out "pki/$k.pem" 2>setup.log ||
		bail 'no certificate under the intermediate'
	cat pki/mid.pem >>"pki/$k.pem"
done
tsa_new tsa
tsa_start tsa
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"

# gpgsm that trusts our root and asks no server.
printf 'disable-crl-checks\ndisable-dirmngr\nbatch\n' >"$GNUPGHOME/gpgsm.conf"
echo allow-loopback-pinentry >"$GNUPGHOME/gpg-agent.conf"
root=$(openssl x509 -in pki/ca.pem -noout -fingerprint -sha1 |
	sed 's/.*=//; s/://g')
echo "$root S relax" >"$GNUPGHOME/trustlist.txt"
gpgsm --import pki/ca.pem >setup.log 2>&1 || bail 'gpgsm imports no root'

# element FILE NAME: the DER of the first value of the attribute NAME.
element() {
	openssl asn1parse -inform DER -in "$1" | awk -v name="$2" '
		found && /SEQUENCE/ { split($0, p, /[:= ]+/)
			for (i = 1; i in p; i++) {
				if (p[i] == "hl") hl = p[i + 1]
				if (p[i] == "l") l = p[i + 1]
			}
			print p[1] == "" ? p[2] : p[1], hl + l
			exit }
		index($0, name) { found = 1 }' >where.txt
	read -r offset length <where.txt
	tail -c "+$((offset + 1))" "$1" | head -c "$length"
}

# signature FILE: the last OCTET STRING before the unsigned attributes.
signature() {
	openssl asn1parse -inform DER -in "$1" | awk '
		/d=5 .*cons: cont \[ 1 \]/ { exit }
		/d=5 .*prim: OCTET STRING/ { line = $0 }
		END { split(line, p, /[:= ]+/)
			for (i = 1; i in p; i++) {
				if (p[i] == "hl") hl = p[i + 1]
				if (p[i] == "l") l = p[i + 1]
			}
			print (p[1] == "" ? p[2] : p[1]) + hl, l }' >where.txt
	read -r offset length <where.txt
	tail -c "+$((offset + 1))" "$1" | head -c "$length"
}

# ---- ours, judged by them --------------------------------------------------------
for k in p256 p384 rsa; do
	ok "$k: signed and stamped" touchmark sign -k "$k" \
		--timestamp=require -o "$k.p7s" f
	openssl cms -cmsout -print -inform DER -in "$k.p7s" >"$T/out" 2>&1
	has 'eContent: <ABSENT>' "$k: detached"
	has 'd.issuerAndSerialNumber' "$k: issuer and serial"
	for a in contentType signingTime messageDigest \
		id-smime-aa-signingCertificateV2 id-smime-aa-timeStampToken
	do
		is "$(grep -c "object: $a " "$T/out")" 1 "$k: one $a"
	done
	case $k in
	rsa) want='rsaEncryption' ;;
	p256) want='ecdsa-with-SHA256' ;;
	p384) want='ecdsa-with-SHA384' ;;
	esac
	sed -n '/signatureAlgorithm/,/parameter/p' "$T/out" | tail -2 >"$T/out2"
	mv "$T/out2" "$T/out"
	has "algorithm: $want" "$k: $want"
	ok "$k: openssl cms verifies it" openssl cms -verify -binary \
		-inform DER -in "$k.p7s" -content f -CAfile pki/ca.pem \
		-out /dev/null
	ok "$k: as CAdES too" openssl cms -verify -cades -binary \
		-inform DER -in "$k.p7s" -content f -CAfile pki/ca.pem \
		-out /dev/null
	run openssl cms -verify -binary -inform DER -in "$k.p7s" -content g \
		-CAfile pki/ca.pem -out /dev/null
	[ "$RC" != 0 ]
	tap $? "$k: but not over other bytes"
	ok "$k: gpgsm verifies it" gpgsm --verify "$k.p7s" f
	has 'Good signature' "$k: as good"
	run gpgsm --verify "$k.p7s" g
	[ "$RC" != 0 ]
	tap $? "$k: but not over other bytes"
	element "$k.p7s" id-smime-aa-timeStampToken >token
	signature "$k.p7s" >value
	ok "$k: openssl ts verifies the token over the signature" \
		openssl ts -verify -data value -in token -token_in \
		-CAfile pki/tsa-root.pem
	run openssl ts -verify -data f -in token -token_in \
		-CAfile pki/tsa-root.pem
	[ "$RC" != 0 ]
	tap $? "$k: and not over the content"
done

# ---- theirs, judged by us ----------------------------------------------------------
TRUST='--roots pki/ca.pem --tsa-roots pki/tsa-root.pem'

# theirs OUT OPTION...: a signature by openssl cms.
theirs() {
	out=$1
	shift
	openssl cms -sign -binary -in f -outform DER -out "$out" \
		-certfile pki/mid.pem "$@" >setup.log 2>&1 ||
		bail "openssl cms -sign $*"
}

accepts() {	# NAME FILE
	# shellcheck disable=SC2086 # options
	ok "$1" touchmark verify $TRUST f "$2"
	# shellcheck disable=SC2086
	exits 1 "$1: not over other bytes" touchmark verify $TRUST g "$2"
	has 'refused signature-bad' "$1: signature-bad"
}

refuses() {	# NAME REASON FILE
	# shellcheck disable=SC2086
	exits 1 "$1" touchmark verify $TRUST f "$3"
	has "refused $2: " "$1: $2"
}

pki_leaf mid soft soft@example.org
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:3072' \
	pki_leaf mid softrsa softrsa@example.org
by_ec='-signer pki/soft.pem -inkey pki/soft.key'
by_rsa='-signer pki/softrsa.pem -inkey pki/softrsa.key'
# shellcheck disable=SC2086 # options, to be split
{
	theirs s.p7s $by_ec
	accepts 'openssl with P-256' s.p7s
	theirs s.p7s $by_rsa
	accepts 'openssl with RSA' s.p7s
	theirs s.p7s $by_rsa -md sha512
	accepts 'openssl with SHA-512' s.p7s
	theirs s.p7s $by_ec -keyid
	accepts 'openssl with a key id' s.p7s
	theirs s.p7s $by_ec -cades
	accepts 'openssl as CAdES' s.p7s
	theirs s.p7s $by_rsa -keyopt rsa_padding_mode:pss
	accepts 'openssl with RSA-PSS' s.p7s
	theirs s.p7s $by_rsa -keyopt rsa_padding_mode:pss \
		-keyopt rsa_pss_saltlen:-1
	accepts 'openssl with RSA-PSS and a salt as long as the digest' s.p7s
	theirs s.p7s $by_ec -stream
	refuses 'BER with content attached' signature-malformed s.p7s
	theirs s.p7s $by_rsa -keyopt rsa_padding_mode:pss \
		-keyopt rsa_pss_saltlen:20
	refuses 'RSA-PSS with a short salt' signature-malformed s.p7s
	theirs s.p7s $by_ec -noattr
	refuses 'no signed attributes' signature-malformed s.p7s
	theirs s.p7s $by_ec -nodetach
	refuses 'content attached' signature-malformed s.p7s
	theirs s.p7s $by_ec -nocerts
	refuses 'no certificate' cert-missing s.p7s
	theirs s.p7s $by_rsa -md sha1
	refuses 'SHA-1' digest-weak s.p7s
	theirs s.p7s $by_rsa -md sha224
	refuses 'SHA-224' digest-weak s.p7s
	theirs s.p7s $by_ec -econtent_type 1.2.840.113549.1.9.16.1.4
	refuses 'content of another type' signature-malformed s.p7s
	theirs s.p7s $by_ec $by_rsa
	accepts 'two signers' s.p7s
	run touchmark verify $TRUST f s.p7s
	is "$(grep -c ': good' "$T/out")" 2 'each of them is told'
}
openssl cms -encrypt -binary -in f -outform DER -out s.p7s pki/softrsa.pem ||
	bail 'openssl cms -encrypt'
refuses 'an encrypted message' signature-malformed s.p7s
openssl crl2pkcs7 -nocrl -certfile pki/soft.pem -outform DER -out s.p7s ||
	bail 'openssl crl2pkcs7'
refuses 'certificates and no signer' signature-malformed s.p7s

# gpgsm writes BER of indefinite length.
openssl pkcs12 -export -legacy -in pki/softrsa.pem -inkey pki/softrsa.key \
	-certfile pki/mid.pem -passout pass:x -out soft.p12 2>setup.log ||
	bail 'openssl pkcs12'
echo x | gpgsm --pinentry-mode loopback --passphrase-fd 0 \
	--import soft.p12 >setup.log 2>&1 || bail 'gpgsm imports no key'
echo x | gpgsm --pinentry-mode loopback --passphrase-fd 0 \
	--include-certs -1 --local-user softrsa@example.org \
	--output s.p7s --detach-sign f >setup.log 2>&1 ||
	bail 'gpgsm does not sign'
openssl asn1parse -inform DER -in s.p7s 2>&1 | head -1 | grep -q 'l=inf'
tap $? 'gpgsm writes indefinite lengths'
accepts 'gpgsm with RSA' s.p7s
done_testing
