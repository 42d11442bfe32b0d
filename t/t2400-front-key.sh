#!/bin/sh
# From a name to a signer: what is refused before the token is logged in to,
# and where a key is looked for.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl softhsm2-util git faketime

softhsm_new release
CONF=$XDG_CONFIG_HOME/touchmark/config
touchmark key generate rel --token release --module "$MODULE" \
	--pin-file "$PINFILE" --algorithm p256 >/dev/null || exit 1
touchmark key csr rel --pin-file "$PINFILE" --subject /CN=rel \
	--email rel@e.org -o "$T/rel.csr" || exit 1
pki_root ca
AT=
leaf() {	# OUT EKU [openssl x509 options...]
	out=$1 eku=$2
	shift 2
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature "extendedKeyUsage=$eku" \
		subjectAltName=email:rel@e.org subjectKeyIdentifier=hash \
		authorityKeyIdentifier=keyid >"$T/ext"
	${AT:+faketime "$AT"} openssl x509 -req -in "$T/rel.csr" \
		-CA "$T/pki/ca.pem" -CAkey "$T/pki/ca.key" -sha256 \
		-extfile "$T/ext" \
		-set_serial "0x$(openssl rand -hex 8)" -out "$T/$out" "$@" \
		2>/dev/null
}
cert() {
	git config --file "$CONF" touchmark.rel.cert "$1"
}
leaf good.pem codeSigning -days 90
leaf tls.pem serverAuth -days 90
leaf soon.pem codeSigning -days 10
AT='30 days ago'
leaf past.pem codeSigning -days 5
AT='+10 days'
leaf future.pem codeSigning -days 5
AT=
pki_leaf ca other rel@e.org
echo data >"$T/file"
# A wrong PIN: an answer about the certificate shows that it was not used.
echo other-PIN >"$T/wrong" && chmod 600 "$T/wrong"
sign() {
	pin=$1
	touchmark sign -k rel --no-timestamp --pin-file "$T/$pin" "$T/file"
}

cert "$T/tls.pem"
exits 3 'a TLS certificate' sign wrong
hasnt '\bPIN\b' 'is refused before the login'
cert "$T/past.pem"
exits 3 'an expired certificate' sign wrong
has 'expired' 'is refused'
hasnt '\bPIN\b' 'before the login'
cert "$T/future.pem"
exits 3 'one that is not valid yet' sign wrong
has 'not valid before' 'is refused as well'
hasnt '\bPIN\b' 'before the login'
cert "$T/none.pem"
exits 4 'a certificate file that is not there' sign wrong
has 'none.pem' 'is named'
cert "$T/pki/ca.pem"
exits 3 "a CA's certificate alone" sign wrong
has 'no certificate is known' 'is none'
cert "$T/pki/other.pem"
exits 3 "another key's certificate" sign pin
has 'for another key' 'is refused'
[ ! -e "$T/file.p7s" ]
tap $? 'none of these left a file'
cert "$T/good.pem"
exits 3 'a wrong PIN' sign wrong
has '\bPIN\b' 'is said to be wrong'
ok 'the right certificate and PIN' sign pin
cert "$T/soon.pem"
ok 'a certificate that ends soon' sign pin
has 'expires|warning' 'signs with a warning'

# Several certificates of one key: the newest valid one signs.
cat "$T/pki/ca.pem" "$T/past.pem" "$T/good.pem" >"$T/both.pem"
cert "$T/both.pem"
ok 'several certificates are not ambiguous' sign pin
git config --file "$CONF" touchmark.twin.uri \
	"$(git config --file "$CONF" touchmark.rel.uri)"
git config --file "$CONF" touchmark.twin.cert "$T/good.pem"
exits 3 'two keys of one e-mail are' touchmark sign -k rel@e.org \
	--pin-file "$PINFILE" "$T/file"
has "'rel' and 'twin'" 'both are listed'
git config --file "$CONF" --remove-section touchmark.twin

# The same key elsewhere: the first place that answers.
U=$(git config --file "$CONF" touchmark.rel.uri)
git config --file "$CONF" --unset touchmark.rel.uri
git config --file "$CONF" --add touchmark.rel.uri \
	"pkcs11:token=gone;type=private?module-path=$MODULE"
git config --file "$CONF" --add touchmark.rel.uri "$U"
ok 'the first place is gone, the second signs' sign pin
ok 'so does csr' touchmark key csr rel --subject /CN=x --pin-file "$PINFILE"
ok 'so does show' touchmark key show rel --pin-file "$PINFILE"
ok 'so does import-cert' touchmark key import-cert rel "$T/good.pem" \
	--pin-file "$PINFILE"
git config --file "$CONF" --unset touchmark.rel.cert
ok 'and the certificate on its token names it' touchmark sign -k "$(openssl \
	x509 -in "$T/good.pem" -noout -fingerprint -sha1 |
	sed 's/.*=//; s/://g')" --pin-file "$PINFILE" "$T/file"
cert "$T/both.pem"
git config --file "$CONF" --unset-all touchmark.rel.uri
for x in gone away; do
	git config --file "$CONF" --add touchmark.rel.uri \
		"pkcs11:token=$x;type=private?module-path=$MODULE"
done
exits 3 'both places are gone' sign pin
has "key 'rel'.* is in none of its 2 places: ." 'and the reason is said'

# A PIN in a URI is used, and shown nowhere.
git config --file "$CONF" --unset-all touchmark.rel.uri
git config --file "$CONF" touchmark.rel.uri \
	"$U&pin-value=test-PIN"
ok 'a pin-value signs' touchmark sign -k rel --no-timestamp "$T/file"
for c in 'list' 'list --json' 'show rel' 'show rel --json'; do
	# shellcheck disable=SC2086 # several words
	ok "key $c" touchmark key $c
	hasnt 'pin-value|test-PIN' 'does not show it'
done
exits 3 'a bare URI with a PIN that fits no key' touchmark key show \
	'pkcs11:token=release;object=no?pin-value=test-PIN'
hasnt 'test-PIN' 'is shown without it'
for u in 'pkcs11:token=release;object=no?pin-value=test-PIN' \
	'pkcs12:object=x?pin-value=test-PIN' 'object=x;Pin-Value=test-PIN'; do
	exits 3 "sign -k $u" touchmark sign -k "$u" "$T/file"
	hasnt 'test-PIN' 'does not show it'
done
run_in "$T/file" touchmark-gpgsm --status-fd=2 -bsau \
	'pkcs11:token=release;object=no?pin-value=test-PIN'
has '^\[GNUPG:\] INV_SGNR 0 pkcs11:token=release;object=no$' \
	'the status line tells who'
hasnt 'test-PIN' 'without it'
git config --file "$CONF" touchmark.key 'x?pin-value=test-PIN'
exits 2 'a default key that is no key' touchmark sign "$T/file"
hasnt 'test-PIN' 'is shown without it'

done_testing
