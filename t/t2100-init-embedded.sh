#!/bin/sh
# touchmark init on the embedded token: what is made, where, and how good.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl softhsm2-util pkcs11-tool gpg git

DATA=$XDG_DATA_HOME/touchmark
CONF=$XDG_CONFIG_HOME/touchmark
exits 2 'without a user' touchmark init
has 'no e-mail address' 'is refused'
has 'hint: give --user' 'with a hint'
exits 2 'a user without an address' touchmark init --user Alice
exits 2 'a weak algorithm' touchmark init --user a@e.org --algorithm rsa2048
has 'too weak' 'is named so'
exits 2 'ed25519' touchmark init --user a@e.org --algorithm ed25519
has 'CMS cannot be made with ed25519' 'is no key for CMS'
has 'hint: touchmark key generate ' 'with a way to one'
exits 2 'a name with a slash' touchmark init --user a@e.org --name ../x
exits 2 'a name too long for a label' touchmark init --user a@e.org \
	--name abcdefghijklmnopqrstuvwxyz
[ ! -e "$DATA" ] && [ ! -e "$CONF" ]
tap $? 'nothing was made by any of these'

ok 'init' touchmark init --user 'Alice Example <alice@example.org>' \
	--algorithm p256
has '^next: ' 'ends with the next command'
has '^OpenPGP: touchmark key export dev --type openpgp \| gpg --import$' \
	'and how to use it with OpenPGP'
has '^SSH: touchmark key export dev --type ssh --allowed-signers$' 'and SSH'
hasnt '[0-9a-f]{32}' 'shows no PIN'
is "$(stat -c %a "$DATA/touchmark-dev.pin")" 600 'the PIN file is private'
is "$(stat -c %a "$DATA/touchmark-dev.so-pin")" 600 'so is the SO PIN file'
is "$(stat -c %a "$CONF/config")" 600 'and the configuration'
[ "$(cat "$DATA/touchmark-dev.pin")" != "$(cat "$DATA/touchmark-dev.so-pin")" ]
tap $? 'the PINs differ'

C=$CONF/dev-chain.pem
openssl x509 -in "$C" -noout -text >"$T/out" 2>&1
has 'Subject: CN = Alice Example' 'the subject'
has 'email:alice@example.org' 'the SAN'
has 'Code Signing, E-mail Protection' 'the EKU'
has 'X509v3 Key Usage: critical' 'KU critical'
has '  Digital Signature$' 'for signatures alone'
has 'CA:FALSE' 'no CA'
has 'Subject Key Identifier' 'SKI'
has 'Authority Key Identifier' 'AKI'
openssl x509 -in "$CONF/dev-ca.pem" -noout -text >"$T/out" 2>&1
has 'development CA \(not for production\)' 'the CA says what it is'
has 'CA:TRUE, pathlen:0' 'and issues leaves alone'
has 'Certificate Sign, CRL Sign' 'KU of the CA'
ok 'openssl verifies the chain, strictly, with the CRL' openssl verify \
	-x509_strict -check_ss_sig -crl_check -CAfile "$CONF/dev-ca.pem" \
	-CRLfile "$CONF/dev-ca.crl" "$C"
ok 'the leaf lasts 396 days' openssl x509 -in "$C" -noout \
	-checkend $((396 * 86400))
exits 1 'and not 398' openssl x509 -in "$C" -noout \
	-checkend $((398 * 86400))

ok 'the configuration is readable' git config --file "$CONF/config" -l
has '^touchmark.key=dev$' 'the default key'
has '^touchmark.policy=policy$' 'the policy'
has '^touchmark.dev.uri=pkcs11:token=touchmark-dev;' 'the URI'
has 'pin-source=file:' 'with its PIN source'
has '^touchmark.dev.userid=Alice Example <alice@example.org>$' 'the user'

created=$(git config --file "$CONF/config" touchmark.dev.created)
SOFTHSM2_CONF=$DATA/softhsm2.conf pkcs11-tool --module "$MODULE" \
	--token-label touchmark-dev --read-object --type data \
	--application-label touchmark --label "$(SOFTHSM2_CONF=$DATA/softhsm2.conf \
	pkcs11-tool --module "$MODULE" --token-label touchmark-dev -O \
	--type data 2>/dev/null | sed -n "s/^ *label: *'\(.*\)'/\1/p")" \
	>"$T/object" 2>/dev/null
printf 'touchmark openpgp 1\ncreated %s\nuserid Alice Example <alice@example.org>\n' \
	"$created" >"$T/want"
ok 'the token keeps creation time and user id' cmp "$T/object" "$T/want"
touchmark key export --type openpgp >"$T/key.asc" 2>"$T/out"
ok 'the OpenPGP key' gpg --batch --import "$T/key.asc"
touchmark key export --type x509 >"$T/chain.pem" 2>"$T/out"
ok 'the certificates' cmp "$T/chain.pem" "$C"

ok 'key show' touchmark key show --json
has '"CKA_SENSITIVE":true' 'sensitive'
has '"CKA_EXTRACTABLE":false' 'not extractable'
has '"CKA_NEVER_EXTRACTABLE":true' 'never was'
has '"CKA_LOCAL":true' 'born there'
has '"CKA_SIGN":true' 'signs'
has '"CKA_DECRYPT":false' 'does not decrypt'
has '"CKA_UNWRAP":false' 'does not unwrap'
has '"where":"token"' 'its certificate is on the token'
hasnt "$(cat "$DATA/touchmark-dev.pin")" 'no PIN in the answer'

SOFTHSM2_CONF=$DATA/softhsm2.conf pkcs11-tool --module "$MODULE" \
	--token-label touchmark-dev --login \
	--pin "$(cat "$DATA/touchmark-dev.pin")" -O >"$T/out" 2>&1
RC=$?
is "$(grep -c '^Private Key Object' "$T/out")" 2 \
	'pkcs11-tool sees two private keys'
is "$(grep -c '^Certificate Object' "$T/out")" 2 'and two certificates'

exits 2 'the same name again' touchmark init --user a@e.org
has "a key 'dev' is configured already" 'is refused'
ok 'another name' touchmark init --name second --user b@e.org --algorithm p384
has 'default key: unchanged' 'leaves the default'
has 'policy: the one that is configured stays' 'and the policy'
next=$(sed -n 's/^next: //p' "$T/out" | sed "s|FILE|'$T/pin me'|g")
echo text >"$T/pin me"
ok 'the next command works as it is printed' sh -c "$next"
has 'good signature' 'with the policy of the new key'
ok 'its own policy is there' test -f "$CONF/second-policy"
ok 'key list' touchmark key list
has '^dev +p256 ' 'shows the first'
has '^second +p384 ' 'and the second'

# A failure takes back what was made: no room for the configuration.
touch "$CONF/config.lock"
exits 2 'the configuration is locked' touchmark init --name third \
	--user c@e.org --algorithm p256
has 'config.lock' 'is said'
rm "$CONF/config.lock"
for f in "$CONF"/third* "$DATA"/*third*; do
	[ ! -e "$f" ]
	tap $? "nothing is left behind (${f##*/})"
done
SOFTHSM2_CONF=$DATA/softhsm2.conf softhsm2-util --show-slots >"$T/out" 2>&1
hasnt 'touchmark-third' 'not even the token'
ok 'and the name is free' touchmark init --name third --user c@e.org \
	--algorithm p256

# The module makes the token and then does not like the PIN.
(umask 077 && printf '%0300d\n' 1 >"$T/long")
exits 3 'a PIN that is too long' touchmark init --name long --user d@e.org \
	--pin-file "$T/long" --algorithm p256
has 'too short or too long' 'is said'
SOFTHSM2_CONF=$DATA/softhsm2.conf softhsm2-util --show-slots >"$T/out" 2>&1
hasnt 'touchmark-long' 'no half-made token is left'

# The user's own PIN file, and bad ones.
echo 123456 >"$T/open"
exits 3 'a PIN file that others may read' touchmark init --name four \
	--user d@e.org --pin-file "$T/open" --algorithm p256
has 'chmod 600|chmod go-' 'is refused with a hint'
(umask 077 && echo 123456 >"$T/mine" && echo 1 >"$T/short")
exits 3 'a PIN that is too short' touchmark init --name four --user d@e.org \
	--pin-file "$T/short" --algorithm p256
exits 2 'a PIN file that is not there' touchmark init --name four \
	--user d@e.org --pin-file "$T/none" --algorithm p256
ok '--pin-file' touchmark init --name four --user d@e.org \
	--pin-file "$T/mine" --algorithm p256
has "PIN: read from $T/mine" 'is kept in the URI'
ok 'the key opens with it' touchmark key show four
[ ! -e "$DATA/touchmark-four.pin" ]
tap $? 'no other PIN file is made'

done_testing
