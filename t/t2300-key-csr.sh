#!/bin/sh
# touchmark key csr and import-cert, with a corporate CA made by openssl: root
# and issuing CA.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl softhsm2-util

softhsm_new release
CONF=$XDG_CONFIG_HOME/touchmark
key() {
	v=$1
	shift
	touchmark key "$v" "$@" --pin-file "$PINFILE"
}
for a in p256 p384 rsa3072; do
	touchmark key generate "k-$a" --token release --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm $a >/dev/null || exit 1
done

exits 2 'no subject' key csr k-p256
has "hint: give --subject '/CN=" 'says how to give one'
exits 2 'a subject in another form' key csr k-p256 --subject 'CN=x'
exits 2 'a bad usage' key csr k-p256 --subject /CN=x --eku nonsense
exits 2 'a bad address' key csr k-p256 --subject /CN=x --email nonsense
exits 3 'a key that is not there' key csr nobody --subject /CN=x
for a in p256 p384 rsa3072; do
	ok "csr $a" key csr "k-$a" --subject '/CN=Release Team/O=Example' \
		--email release@example.org -o "$T/$a.csr"
	ok 'openssl verifies it' openssl req -in "$T/$a.csr" -noout -verify
	openssl req -in "$T/$a.csr" -noout -text >"$T/out" 2>&1
	has 'Subject: CN = Release Team, O = Example' 'the subject'
	has 'X509v3 Key Usage: critical' 'KU critical'
	has '^ +Code Signing$' 'EKU'
	has 'email:release@example.org' 'SAN'
done
ok 'csr to standard output, two usages' key csr k-p256 --subject /CN=x \
	--eku codeSigning --eku emailProtection
has '^-----BEGIN CERTIFICATE REQUEST-----$' 'is PEM'
openssl req -in "$T/out" -noout -text >"$T/text" 2>&1
mv "$T/text" "$T/out"
has 'Code Signing, E-mail Protection' 'has both'
ok 'csr in JSON' key csr k-p256 --subject /CN=x/O=y --json
has '"name":"k-p256","status":"ok","file":null,"request":"-----BEGIN CERT' \
	'has the request'
ok 'csr in a file, and JSON' key csr k-p256 --subject /CN=x/O=y --json \
	-o "$T/j.csr"
has '"file":"[^"]*/j.csr"\}$' 'says where'
ok 'openssl verifies that one' openssl req -in "$T/j.csr" -noout -verify
git config --file "$CONF/config" touchmark.k-p384.userId 'U Ser <u@e.org>'
ok 'csr from userId' key csr k-p384 -o "$T/u.csr"
openssl req -in "$T/u.csr" -noout -text >"$T/out" 2>&1
has 'Subject: CN = U Ser' 'the name'
has 'email:u@e.org' 'the address'
exits 4 'no room for the request' key csr k-p256 --subject /CN=x -o \
	"$T/no/such/dir"

# ---- the CA answers --------------------------------------------------------

pki_root root
pki_leaf root issuing '' basicConstraints=critical,CA:TRUE,pathlen:0 \
	keyUsage=critical,keyCertSign,cRLSign
issue() {	# CSR OUT [openssl x509 options...]
	csr=$1 out=$2
	shift 2
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		"extendedKeyUsage=${EKU:-codeSigning}" \
		subjectAltName=email:release@example.org \
		subjectKeyIdentifier=hash authorityKeyIdentifier=keyid \
		>"$T/ext"
	openssl x509 -req -in "$T/$csr" -CA "$T/pki/issuing.pem" \
		-CAkey "$T/pki/issuing.key" -sha256 \
		-set_serial "0x$(openssl rand -hex 8)" -extfile "$T/ext" \
		-out "$T/$out" "$@" 2>/dev/null
}
issue p256.csr p256.pem -days 90
issue rsa3072.csr rsa.pem -days 90
EKU=serverAuth
issue p256.csr tls.pem -days 90
unset EKU
faketime '400 days ago' openssl x509 -req -in "$T/p256.csr" \
	-CA "$T/pki/issuing.pem" -CAkey "$T/pki/issuing.key" -sha256 \
	-set_serial 77 -extfile "$T/ext" -days 90 -out "$T/old.pem" 2>/dev/null

exits 3 "another key's certificate" key import-cert k-p256 "$T/rsa.pem"
exits 3 'an expired one' key import-cert k-p256 "$T/old.pem"
exits 3 'one for TLS' key import-cert k-p256 "$T/tls.pem"
exits 4 'no certificate at all' key import-cert k-p256 "$T/p256.csr"
exits 4 'no file' key import-cert k-p256 "$T/none.pem"
exits 2 'an operand missing' key import-cert k-p256
[ ! -e "$CONF/k-p256-chain.pem" ]
tap $? 'nothing was kept'

# Order is ours to make: root and issuer before the leaf.
cat "$T/pki/root.pem" "$T/pki/issuing.pem" "$T/p256.pem" >"$T/answer.pem"
ok 'import-cert' key import-cert k-p256 "$T/answer.pem"
has 'CN=Release Team' 'says whose'
has '1 intermediate$' 'and how many above'
is "$(git config --file "$CONF/config" touchmark.k-p256.cert)" \
	k-p256-chain.pem 'the configuration names the chain'
is "$(grep -c BEGIN "$CONF/k-p256-chain.pem")" 2 'leaf and intermediate'
is "$(openssl x509 -in "$CONF/k-p256-chain.pem" -noout -fingerprint)" \
	"$(openssl x509 -in "$T/p256.pem" -noout -fingerprint)" 'leaf first'
ok 'in JSON' key import-cert k-p256 "$T/answer.pem" --json
has '^\{"name":"k-p256","status":"imported","subject":"[^"]*","fingerprint":"sha256:[0-9a-f]{64}"' \
	'one object'
is "$(unhurried "$T/out" | wc -l)" 1 'and nothing else'
ok 'again is harmless' key import-cert k-p256 "$T/p256.pem" \
	--untrusted "$T/pki/issuing.pem"
ok 'key show' key show k-p256
is "$(grep -c '^certificate (token)' "$T/out")" 1 \
	'has it on the token, once'
is "$(grep -c '^certificate (file)' "$T/out")" 1 'and in the file'

# DER, and a renewal: the newer one takes the older one's place.
issue p256.csr renewed.pem -days 180
openssl x509 -in "$T/renewed.pem" -outform DER -out "$T/renewed.der"
ok 'a renewed certificate, DER' key import-cert k-p256 "$T/renewed.der" \
	--untrusted "$T/pki/issuing.pem"
is "$(openssl x509 -in "$CONF/k-p256-chain.pem" -noout -fingerprint)" \
	"$(openssl x509 -in "$T/renewed.pem" -noout -fingerprint)" \
	'is the one in the file'

# ---- the ways to name a key ------------------------------------------------

sha1=$(openssl x509 -in "$T/renewed.pem" -noout -fingerprint -sha1 |
	sed 's/.*=//; s/://g')
sha256=$(openssl x509 -in "$T/renewed.pem" -noout -fingerprint -sha256 |
	sed 's/.*=//; s/://g' | tr A-F a-f)
for k in "$sha1" "$(echo "$sha1" | tr A-F a-f)" "sha256:$sha256" \
	release@example.org 'Somebody <Release@Example.org>'; do
	ok "by $k" key show "$k"
	has '^name: k-p256$' 'is that key'
done
exits 3 'by a prefix of a fingerprint' key show \
	"sha256:$(echo "$sha256" | cut -c1-40)"
exits 3 "by the issuer's fingerprint" key show "$(openssl x509 -in \
	"$T/pki/issuing.pem" -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')"
echo data >"$T/file"
ok 'it signs by fingerprint' touchmark sign -k "$sha1" \
	--pin-file "$PINFILE" "$T/file"
ok 'openssl takes the signature' openssl cms -verify -binary -inform DER \
	-in "$T/file.p7s" -content "$T/file" -CAfile "$T/pki/root.pem" \
	-purpose any -out /dev/null
exits 3 'a key without a certificate does not sign' touchmark sign \
	-k k-rsa3072 --pin-file "$PINFILE" "$T/file"
has 'no certificate' 'and says why'

# A key that is configured in git's file alone: there is no directory of ours.
git config --file "$HOME/.gitconfig" touchmark.elsewhere.uri \
	"$(git config --file "$CONF/config" touchmark.k-p256.uri)"
mv "$CONF" "$T/conf.away"
ok 'import-cert without a directory for it' key import-cert elsewhere \
	"$T/p256.pem"
has 'if .*CN=.* is no root .*--untrusted' 'an issuer that is missing is told'
is "$(grep -c BEGIN "$CONF/elsewhere-chain.pem")" 2 \
	'the file is there, with the intermediate that lies on the token'
is "$(git config --file "$CONF/config" touchmark.elsewhere.cert)" \
	elsewhere-chain.pem 'and configured'
ok 'key show' key show elsewhere
has '^certificate \(file\)' 'finds it'

done_testing
