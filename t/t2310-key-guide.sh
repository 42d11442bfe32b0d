#!/bin/sh
# The sequence of every HSM guide, as written: softhsm2-util, pkcs11-tool, a
# PKCS#11 URI as the key, a request, the CA's answer, a signature.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl softhsm2-util pkcs11-tool git

mkdir -p "$T/tokens"
printf 'directories.tokendir = %s\nobjectstore.backend = file\n' \
	"$T/tokens" >"$T/softhsm2.conf"
SOFTHSM2_CONF=$T/softhsm2.conf
export SOFTHSM2_CONF
ok 'softhsm2-util --init-token' softhsm2-util --init-token --free \
	--label dev-token --so-pin 3537363231383830 --pin 648219
ok 'pkcs11-tool --keypairgen' pkcs11-tool --module "$MODULE" \
	--token-label dev-token --login --pin 648219 --keypairgen \
	--key-type rsa:3072 --label signing-key --id 01 --usage-sign
PINFILE=$T/pin
(umask 077 && printf 648219 >"$PINFILE")
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE

# No module-path: the modules that p11-kit knows are searched.
U='pkcs11:token=dev-token;id=%01;object=signing-key;type=private'
ok 'key list URI' touchmark key list "$U"
has 'rsa3072 .*token=dev-token' 'finds it'
ok 'key show URI' touchmark key show "$U" --json
has '"label":"signing-key","id":"01"' 'is the key'
ok 'key csr URI' touchmark key csr "$U" --subject '/CN=Dev/O=Example' \
	--email dev@example.org -o "$T/dev.csr"
ok 'openssl req -verify' openssl req -in "$T/dev.csr" -noout -verify

pki_root corporate
printf '%s\n' basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=codeSigning \
	subjectAltName=email:dev@example.org subjectKeyIdentifier=hash \
	authorityKeyIdentifier=keyid >"$T/ext"
ok 'the corporate CA signs' openssl x509 -req -in "$T/dev.csr" \
	-CA "$T/pki/corporate.pem" -CAkey "$T/pki/corporate.key" -sha256 \
	-set_serial 1 -days 300 -extfile "$T/ext" -out "$T/dev.pem"
echo text >"$T/file"
exits 3 'before: no certificate' touchmark sign -k "$U" "$T/file"
has 'no certificate is known' 'says why'
ok 'import-cert URI' touchmark key import-cert "$U" "$T/dev.pem"
ok 'pkcs11-tool sees it' pkcs11-tool --module "$MODULE" \
	--token-label dev-token -O --type cert
has 'ID: +01' 'beside the key'
[ ! -e "$XDG_CONFIG_HOME/touchmark/config" ]
tap $? 'nothing is configured for a bare URI'

ok 'sign -k URI' touchmark sign -k "$U" --no-timestamp "$T/file"
ok 'openssl verifies' openssl cms -verify -binary -inform DER \
	-in "$T/file.p7s" -content "$T/file" -CAfile "$T/pki/corporate.pem" \
	-purpose any -out /dev/null
ok 'touchmark verifies' touchmark verify --roots "$T/pki/corporate.pem" \
	"$T/file"

cd "$T" && git init -q repo && cd repo || exit 1
git config gpg.format x509
git config gpg.x509.program "$BIN/touchmark-gpgsm"
git config user.signingKey "$U"
ok 'git commit -S with the URI' git commit -q -S --allow-empty -m one

# The key is ambiguous as soon as a second one fits.
pkcs11-tool --module "$MODULE" --token-label dev-token --login --pin 648219 \
	--keypairgen --key-type EC:prime256v1 --label other --id 02 \
	--usage-sign >/dev/null 2>&1
exits 3 'a URI that fits two keys' touchmark key csr \
	'pkcs11:token=dev-token;type=private' --subject /CN=x
has 'signing-key' 'lists one'
has 'other' 'and the other'

# Embedded tokens do not hide those made by hand: another environment, in
# which the default SoftHSM configuration is the user's own.
unset SOFTHSM2_CONF TOUCHMARK_PIN_FILE
mkdir -p "$XDG_CONFIG_HOME/softhsm2"
cp "$T/softhsm2.conf" "$XDG_CONFIG_HOME/softhsm2/softhsm2.conf"
ok 'init beside it' touchmark init --user 'A <a@e.org>' --algorithm p256
ok 'the embedded key' touchmark key show dev
ok 'the key made by hand' touchmark key show "$U" --pin-file "$PINFILE"
ok 'key list' touchmark key list
has '^dev ' 'shows the embedded one'
has 'object=signing-key' 'and the one made by hand'

done_testing
