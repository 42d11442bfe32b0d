#!/bin/sh
# A key in a cloud service as the one that git signs with: request,
# certificate, commits that git, gpgsm and openssl accept; the next place when
# a service is away; what is told of such a key.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=cloud-lib.sh
. "${0%/*}/cloud-lib.sh"
need git openssl gpgsm gpg

cloud_start
cloud_azure
cloud_google
cloud_vault
cloud_key release p256
cloud_key other p256
pki_root ca
git config -f "$CONFIG" touchmark.serviceDeadline 30

# ---- from a request to a commit ----------------------------------------------

git_uses_touchmark
policy_for ca
stock_trusts ca
for s in azurekv gcpkms vault; do
	cloud_config $s "$(cloud_uri $s release)"
	ok "$s: request and certificate" pki_key_cert $s dev@example.org
	git config -f "$CONFIG" --unset touchmark.$s.cert
	ok "$s: import-cert" touchmark key import-cert $s "$T/pki/$s.pem"
	[ -f "${CONFIG%/*}/$s-chain.pem" ]
	tap $? "$s: the certificate is beside the configuration"
	git config --global user.signingKey $s
	new_repo "$T/$s"
	cd "$T/$s" || exit 1
	echo one >f && git add f
	ok "$s: git commit -S" git commit -q -S -m one
	ok "$s: git verify-commit" git verify-commit HEAD
	ok "$s: git tag -s" git tag -s -m v1 v1
	ok "$s: git verify-tag" git verify-tag v1
	split_commit HEAD
	sed 's/SIGNED MESSAGE/CMS/' "$T/commit.sig" >"$T/commit.cms"
	ok "$s: openssl agrees" openssl cms -verify -binary -inform PEM \
		-in "$T/commit.cms" -content "$T/payload" \
		-CAfile "$T/pki/ca.pem" -purpose any -out /dev/null
	git config --global gpg.x509.program gpgsm
	ok "$s: and gpgsm" git verify-commit HEAD
	git config --global gpg.x509.program touchmark-gpgsm
	cd "$T" || exit 1
done
echo content >f
sign() {	# KEY
	rm -f f.p7s
	timeout 120 touchmark sign -k "$1" --no-timestamp f
}
judged() {	# NAME
	ok "$1" openssl cms -verify -binary -inform DER -in f.p7s \
		-content f -CAfile pki/ca.pem -purpose any -out /dev/null
}

# ---- a batch asks for one token -------------------------------------------------

i=0
while [ $i -lt 12 ]; do
	i=$((i + 1))
	echo $i >b$i
done
: >"$CLOUD_DIR/log"
ok 'a batch' touchmark sign -k azurekv --no-timestamp --jobs 3 b1 b2 b3 b4 b5 \
	b6 b7 b8 b9 b10 b11 b12
is "$(grep -c 'POST /keys/release/.*/sign 200' "$CLOUD_DIR/log")" 12 \
	'a request for each signature'
is "$(grep -c 'oauth2' "$CLOUD_DIR/log")" 1 'and one for a token'

# ---- places ------------------------------------------------------------------

git config -f "$CONFIG" touchmark.both.cert "$T/pki/vault.pem"
cloud_config both "$(cloud_uri vault release)"
cloud_config both "$(cloud_uri gcpkms release)"
: >"$CLOUD_DIR/log"
ok 'two places, both there' sign both
judged 'openssl verifies it'
! grep -q projects "$CLOUD_DIR/log"
tap $? 'the first has signed'
VAULT_ADDR=http://127.0.0.1:9
ok 'the first is away' sign both
judged 'openssl verifies it'
grep -q 'asymmetricSign 200' "$CLOUD_DIR/log"
tap $? 'the second has signed'
VAULT_ADDR=$CLOUD
VAULT_TOKEN=other-token
ok 'no credentials for the first' sign both
judged 'openssl verifies it'
VAULT_TOKEN=hvs.vault-Secret
VAULT_ADDR=http://127.0.0.1:9
CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS=http://127.0.0.1:9/
exits 5 'both are away' sign both
has "in none of its 2 places" 'says so'
[ ! -e f.p7s ]
tap $? 'nothing is written'
CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS=$CLOUD/
VAULT_ADDR=$CLOUD
# Another key under the name that is configured is not signed with.
cp "$CLOUD_DIR/other.pem" "$CLOUD_DIR/release.pem"
exits 3 'another key in its place' sign vault
has 'another key' 'says so'
[ ! -e f.p7s ]
tap $? 'nothing is written'

# ---- what is told ----------------------------------------------------------------

for s in azurekv gcpkms vault; do
	run touchmark key list --json "$(cloud_uri $s other)"
	tap "$RC" "$s: it is listed"
	has '"algorithm":"p256",.*"label":"other"' "$s: what it is"
	cloud_config "$s-other" "$(cloud_uri $s other)"
	run touchmark key show "$s-other"
	has '^algorithm: p256$' "$s: it is shown"
	! cloud_secret out >/dev/null
	tap $? "$s: without a secret"
done
run touchmark key show azurekv-other
has "^uri: azurekv:$CLOUD/keys/other/$AZURE_VERSION\$" 'with its version'
has 'Azure Key Vault, EC-HSM' 'and how it is kept'
run touchmark key show gcpkms-other
has 'Google Cloud KMS, HSM' 'so is one of Google'
run touchmark key show vault-other
has 'Vault transit, ecdsa-p256' 'and one of Vault'

fact() {	# KEY NAME VALUE
	run touchmark key report "$1"
	has "^ +$2 +$3\$" "$1: $2 is $3"
}
fact azurekv-other kty EC-HSM
has '^ +exportable +false$' 'azurekv-other: exportable is false'
has '^ +recoveryLevel +Recoverable$' 'azurekv-other: how it is recovered'
fact gcpkms-other protectionLevel HSM
has '^ +state +ENABLED$' 'gcpkms-other: its state'
has '^ +attestation.format +CAVIUM_V2_COMPRESSED$' \
	'gcpkms-other: the form of its attestation'
fact vault-other type ecdsa-p256
has '^ +exportable +false$' 'vault-other: exportable is false'
cloud_mode forbidden
exits 3 'no report of what may not be read' \
	touchmark key report azurekv-other
cloud_mode ok


done_testing
