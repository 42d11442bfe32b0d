#!/bin/sh
# What cloud services refuse, and what is refused of their answers: nothing is
# written, the reason is said, and no secret is in it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=cloud-lib.sh
. "${0%/*}/cloud-lib.sh"
need openssl git

cloud_start
cloud_azure
cloud_google
cloud_vault
cloud_key p256 p256
cloud_key rsa rsa
cloud_key other p256
cd "$T" || exit 1
echo 'what is signed' >f
# What is asked again without an end waits for as long as it may; whatever else
# comes to an end by itself, on a slow machine too.
deadline() {
	git config -f "$CONFIG" touchmark.serviceDeadline "$1"
}
deadline 30
for s in azurekv gcpkms vault; do
	cloud_config "$s" "$(cloud_uri "$s" p256)"
	git config -f "$CONFIG" "touchmark.$s.userId" 'Dev <dev@example.org>'
	git config -f "$CONFIG" "touchmark.$s.created" 1700000000
done

sign() {	# KEY
	rm -f f.asc
	timeout 120 touchmark sign -k "$1" -t openpgp --no-timestamp f
}
# refuses CODE KEY MODE PATTERN NAME
refuses() {
	cloud_mode "$3"
	exits "$1" "$2, $3: $5" sign "$2"
	has "$4" "$2, $3: says so"
	[ ! -e f.asc ] && ! cloud_secret out >/dev/null
	tap $? "$2, $3: nothing is written, and no secret shown"
}

for s in azurekv gcpkms vault; do
	cloud_mode ok
	ok "$s: all is well" sign "$s"
	refuses 3 "$s" forbidden 'refuses \(HTTP 403\): .*(not authorized|[Pp]ermission)' \
		'no right to sign'
	has 'hint: .*docs/CLOUD.md lists the rights' "$s: where the rights are"
	refuses 3 "$s" status:404 'refuses \(HTTP 404\)' 'no such key'
	refuses 3 "$s" status:409 'refuses \(HTTP 409\)' 'a key in another state'
	deadline 3
	refuses 5 "$s" status:503 'cannot answer now \(HTTP 503\)' \
		'a service that is away for long'
	deadline 30
	refuses 3 "$s" bit 'wrong signature|no ECDSA signature|another length' \
		'a signature of something else'
	refuses 3 "$s" other-key 'wrong signature' 'a signature of another key'
	cloud_mode once:429
	ok "$s: who asks too often waits and is answered" sign "$s"
	cloud_mode once:503
	ok "$s: a short absence too" sign "$s"
	cloud_mode garbage
	run sign "$s"
	[ "$RC" = 3 ] || [ "$RC" = 5 ]
	tap $? "$s: an answer that is no JSON ($RC)"
	[ ! -e f.asc ]
	tap $? "$s: and nothing is written"
done

# ---- Azure --------------------------------------------------------------------

K=azurekv
refuses 3 $K disabled 'the key is disabled in the vault' 'a disabled key'
refuses 3 $K early 'cannot be used before 2' 'a key of the future'
refuses 3 $K late 'the key has expired in the vault' 'a key of the past'
refuses 3 $K no-sign 'may not sign' 'a key for other things'
refuses 3 $K kid 'another key' 'another key is shown'
refuses 3 $K sign-kid 'another key' 'another key has signed'
refuses 3 $K short 'another length' 'a signature that is too short'
refuses 3 $K open 'does not ask who we are' 'a vault that asks for no token'
refuses 3 $K authority 'login.example.org.*no authority of Azure' \
	'a challenge that leads elsewhere'
refuses 3 $K resource 'which it is no part of' \
	'a challenge for a token that is good elsewhere'
grep -c 'POST /.*token' "$CLOUD_DIR/log" >"$T/before"
refuses 3 $K tenant 'belongs to the tenant 99999999.*is another' \
	'a vault of another tenant'
grep -c 'POST /.*token' "$CLOUD_DIR/log" >"$T/after"
is "$(cat "$T/after")" "$(cat "$T/before")" 'and nobody was sent the secret'
cloud_mode expired
: >"$CLOUD_DIR/log"
ok 'a token that ran out is renewed' sign $K
is "$(grep -c 'POST /.*token' "$CLOUD_DIR/log")" 2 'once'

# ---- Google -------------------------------------------------------------------

K=gcpkms
refuses 3 $K name 'another key' 'another key is shown'
refuses 3 $K sign-name 'another key' 'another key has signed'
refuses 3 $K pem-crc 'public key that was changed on the way' \
	'a public key with a wrong checksum'
refuses 3 $K sig-crc 'signature that was changed on the way' \
	'a signature with a wrong checksum'
refuses 3 $K unverified 'did not check what it was sent' \
	'a service that does not check'
refuses 3 $K pss 'RSA_SIGN_PSS_3072_SHA256 are not signed with' \
	'a key for RSA-PSS'
has 'hint: .*RSA_SIGN_PKCS1 or EC_SIGN_P256_SHA256' 'which keys are'
refuses 3 $K algorithm 'public key of another algorithm' \
	'an algorithm that the key is not of'
refuses 3 $K disabled 'not enabled, current state is: DISABLED' \
	'a disabled version'
cloud_mode expired
: >"$CLOUD_DIR/log"
ok 'a token that ran out is renewed' sign $K
is "$(grep -c 'POST /google/token' "$CLOUD_DIR/log")" 2 'once'

# ---- Vault --------------------------------------------------------------------

K=vault
refuses 3 $K version 'another version of the key' \
	'a signature of another version'
refuses 3 $K derived 'from which others are derived' 'a derived key'
deadline 3
refuses 5 $K sealed 'Vault is sealed' 'a sealed Vault'
deadline 30
cloud_mode ok
cp "$CLOUD_DIR/other.pem" "$CLOUD_DIR/p256-v2.pem"
run touchmark key export vault --type ssh
cp out newest
cloud_config first 'vault:transit/p256?version=1'
run touchmark key export first --type ssh
! cmp -s out newest
tap $? 'a version that is named is another key than the newest'
ssh-keygen -i -m PKCS8 -f "$T/p256.pub.pem" >want
is "$(cut -d' ' -f1,2 out)" "$(cut -d' ' -f1,2 want)" 'it is the first'
ssh-keygen -i -m PKCS8 -f "$T/other.pub.pem" >want
is "$(cut -d' ' -f1,2 newest)" "$(cut -d' ' -f1,2 want)" \
	'without one it is the newest'
cloud_config third 'vault:transit/p256?version=3'
exits 3 'a version that there is not' touchmark key export third --type ssh
has 'version 3 of the key does not sign: Vault has versions up to 2' 'says so'
rm "$CLOUD_DIR/p256-v2.pem"
cloud_config mount 'vault:team/transit/p256'
git config -f "$CONFIG" touchmark.mount.userId 'Dev <dev@example.org>'
git config -f "$CONFIG" touchmark.mount.created 1700000000
ok 'a mount of two names' sign mount

# ---- names that mean something else ------------------------------------------------

bad_uri() {	# URI WHY
	git config -f "$CONFIG" touchmark.bad.uri "$1"
	: >"$CLOUD_DIR/log"
	exits 2 "$2: $1" touchmark key export bad --type ssh
	[ ! -s "$CLOUD_DIR/log" ]
	tap $? 'nobody was asked'
}
H=azurekv:$CLOUD
bad_uri "$H/keys/p256/" 'an empty version'
bad_uri "$H/keys/p256/../rsa" 'a way up'
bad_uri "$H/keys/p_256" 'a name that no key has'
bad_uri "$H/secrets/p256" 'no key'
bad_uri "$H/keys/p256?x=y" 'a query'
bad_uri 'azurekv:https://user@vault.azure.net/keys/p256' 'a user'
bad_uri 'azurekv:http://vault.azure.net/keys/p256' 'plain http'
bad_uri 'azurekv:vault.azure.net/keys/p256' 'no https'
G=gcpkms:projects/project/locations/global/keyRings/ring/cryptoKeys/p256
bad_uri "$G" 'no version'
bad_uri "$G/cryptoKeyVersions/0" 'version 0'
bad_uri "$G/cryptoKeyVersions/1/publicKey" 'more than a version'
bad_uri "$G/cryptoKeyVersions/1?alt=media" 'a query'
bad_uri 'gcpkms:projects/../locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1' \
	'a way up'
bad_uri vault:p256 'no mount'
bad_uri vault:transit/../sys/p256 'a way up'
bad_uri vault:/p256 'an empty mount'
bad_uri 'vault:transit/p256?version=0' 'version 0'
bad_uri 'vault:transit/p256?version=1&x=2' 'more than a version'

done_testing
