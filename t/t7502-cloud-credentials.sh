#!/bin/sh
# Who we are to a cloud service: every way in which its own tools find
# credentials, wrong and missing ones, and where the secrets are to be seen.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=cloud-lib.sh
. "${0%/*}/cloud-lib.sh"
need openssl git strace

cloud_start
cloud_key p256 p256
cd "$T" || exit 1
echo 'what is signed' >f
git config -f "$CONFIG" touchmark.serviceDeadline 30
for s in azurekv gcpkms vault; do
	cloud_config "$s" "$(cloud_uri "$s" p256)"
	git config -f "$CONFIG" "touchmark.$s.userId" 'Dev <dev@example.org>'
	git config -f "$CONFIG" "touchmark.$s.created" 1700000000
done
sign() {	# KEY
	rm -f f.asc
	timeout 120 touchmark sign -k "$1" -t openpgp --no-timestamp f
}
unsigned() {	# NAME
	[ ! -e f.asc ] && ! cloud_secret out >/dev/null
	tap $? "$1: nothing is written, no secret shown"
}
asked() {	# PATTERN NAME
	grep -q "$1" "$CLOUD_DIR/log"
	tap $? "$2"
	: >"$CLOUD_DIR/log"
}

# ---- Azure --------------------------------------------------------------------

cloud_azure
ok 'azurekv: a client and its secret' sign azurekv
asked 'POST /11111111.*/oauth2/v2.0/token 200' 'asked for at the authority'
AZURE_CLIENT_SECRET=wrong-Secret
exits 3 'azurekv: a wrong secret' sign azurekv
has 'Azure gives no token \(HTTP 401, invalid_client\): AADSTS7000215' \
	'in its words'
unsigned 'a wrong secret'
unset AZURE_CLIENT_SECRET
(umask 077 && echo federated.Secret.token >"$T/federated")
AZURE_FEDERATED_TOKEN_FILE=$T/federated
export AZURE_FEDERATED_TOKEN_FILE
ok 'azurekv: a federated token' sign azurekv
printf 'two lines\nof Secret' >"$T/federated"
exits 2 'azurekv: a file that holds none' sign azurekv
unsigned 'no token'
rm "$T/federated"
exits 4 'azurekv: a file that is not there' sign azurekv
unset AZURE_FEDERATED_TOKEN_FILE
AZURE_CLIENT_SECRET='azure+Secret/value=&'
export AZURE_CLIENT_SECRET
AZURE_TENANT_ID=contoso.example
exits 3 'azurekv: a tenant that is not there' sign azurekv
has 'AADSTS90002' 'in its words'
unset AZURE_TENANT_ID
exits 2 'azurekv: no tenant' sign azurekv
has 'AZURE_TENANT_ID is not set' 'says so'
AZURE_TENANT_ID=11111111-2222-3333-4444-555555555555
export AZURE_TENANT_ID
unset AZURE_AUTHORITY_HOST
exits 3 'azurekv: an authority that nobody named' sign azurekv
has 'no authority of Azure' 'is not asked'
unsigned 'a foreign authority'
AZURE_AUTHORITY_HOST=$CLOUD
export AZURE_AUTHORITY_HOST
unset AZURE_CLIENT_SECRET AZURE_TENANT_ID AZURE_CLIENT_ID
AZURE_POD_IDENTITY_AUTHORITY_HOST=$CLOUD
export AZURE_POD_IDENTITY_AUTHORITY_HOST
: >"$CLOUD_DIR/log"
ok 'azurekv: the identity of a virtual machine' sign azurekv
asked '/metadata/identity/oauth2/token 200' 'asked for at its metadata'
IDENTITY_ENDPOINT=$CLOUD/msi/token
IDENTITY_HEADER=identity-Secret
export IDENTITY_ENDPOINT IDENTITY_HEADER
ok "azurekv: the identity of an application's host" sign azurekv
asked '/msi/token 200' 'asked for there'
IDENTITY_HEADER=wrong-Secret
exits 3 'azurekv: a wrong header' sign azurekv
unsigned 'a wrong header'
IDENTITY_ENDPOINT=http://192.0.2.1/msi/token
exits 2 'azurekv: an identity over plain http from elsewhere' sign azurekv
has 'plain http is not spoken with 192.0.2.1' 'is refused'
unsigned 'plain http'
unset IDENTITY_ENDPOINT IDENTITY_HEADER AZURE_POD_IDENTITY_AUTHORITY_HOST

# ---- Google -------------------------------------------------------------------

cloud_google
: >"$CLOUD_DIR/log"
ok 'gcpkms: a service account' sign gcpkms
asked 'POST /google/token 200' 'whose assertion is accepted'
cp google.json good.json
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null |
	awk '{ printf "%s\\n", $0 }' >other.key
sed "s|\"private_key\": .*|\"private_key\": \"$(sed 's/\\/\\\\/g' other.key)\",|" \
	good.json >google.json
exits 3 'gcpkms: the key of another account' sign gcpkms
has 'Google gives no token \(HTTP 400, invalid_grant\): Invalid JWT' \
	'in its words'
unsigned 'another account'
sed 's/"private_key": .*/"private_key": "no Secret",/' good.json >google.json
exits 2 'gcpkms: a private key that is none' sign gcpkms
has 'private key in the file of Google credentials cannot be used' 'says so'
unsigned 'no private key'
sed 's|"token_uri": .*|"token_uri": "http://192.0.2.1/token",|' \
	good.json >google.json
exits 2 'gcpkms: tokens over plain http' sign gcpkms
unsigned 'plain http'
sed 's/service_account/external_account/' good.json >google.json
exits 2 'gcpkms: credentials of another type' sign gcpkms
has 'type external_account cannot be used' 'says which'
echo 'no Secret JSON' >google.json
exits 2 'gcpkms: no JSON' sign gcpkms
unsigned 'no JSON'
rm google.json
exits 4 'gcpkms: a file that is not there' sign gcpkms
unset GOOGLE_APPLICATION_CREDENTIALS
person() {	# REFRESH-TOKEN
	mkdir -p "$HOME/.config/gcloud"
	cat >"$HOME/.config/gcloud/application_default_credentials.json" <<-END
	{ "type": "authorized_user", "client_id": "person",
	  "client_secret": "person-Secret", "refresh_token": "$1",
	  "token_uri": "$CLOUD/google/token" }
	END
}
person 1//refresh-Secret
ok "gcpkms: a person's refresh token, where gcloud keeps it" sign gcpkms
person revoked-Secret
exits 3 'gcpkms: one that was revoked' sign gcpkms
has 'expired or revoked' 'in its words'
unsigned 'a revoked token'
rm -r "$HOME/.config/gcloud"
GCE_METADATA_HOST=${CLOUD#http://}
export GCE_METADATA_HOST
: >"$CLOUD_DIR/log"
ok 'gcpkms: the metadata of the machine' sign gcpkms
asked 'GET /computeMetadata/v1/instance/service-accounts/default/token 200' \
	'asked for there'
GCE_METADATA_HOST=metadata.example.org
exits 2 'gcpkms: metadata from elsewhere' sign gcpkms
GCE_METADATA_HOST='127.0.0.1:1/../x'
exits 2 'gcpkms: a host that is none' sign gcpkms
unset GCE_METADATA_HOST
CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS=http://kms.example.org/
exits 2 'gcpkms: an endpoint over plain http' sign gcpkms

# ---- Vault --------------------------------------------------------------------

cloud_vault
ok 'vault: a token in the environment' sign vault
VAULT_TOKEN=wrong-Secret
exits 3 'vault: a wrong one' sign vault
has 'refuses \(HTTP 403\): permission denied' 'in its words'
unsigned 'a wrong token'
VAULT_TOKEN='two
lines of Secret'
exits 2 'vault: one that cannot be sent' sign vault
unsigned 'two lines'
unset VAULT_TOKEN
exits 3 'vault: none at all' sign vault
has 'hint: set VAULT_TOKEN, or log in with vault login' 'what to do'
(umask 077 && echo hvs.vault-Secret >"$HOME/.vault-token")
ok 'vault: the token of vault login' sign vault
VAULT_ADDR=http://vault.example.org:8200
exits 2 'vault: plain http' sign vault
VAULT_ADDR=http://127.0.0.1:9
exits 5 'vault: nobody there' sign vault
unsigned 'nobody there'
VAULT_ADDR=$CLOUD/
ok "vault: an address with a '/' at its end" sign vault
VAULT_NAMESPACE='two
lines'
export VAULT_NAMESPACE
exits 2 'vault: a namespace that is none' sign vault
VAULT_NAMESPACE=team/a
ok 'vault: a namespace' sign vault
unset VAULT_NAMESPACE

# ---- where the secrets are -------------------------------------------------------

# What the program that talks to the network is started with: nothing secret.
cloud_azure
cloud_google
VAULT_TOKEN=hvs.vault-Secret
export VAULT_TOKEN
for s in azurekv gcpkms vault; do
	rm -f f.asc trace
	run env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
		timeout 120 strace -f -b execve -v -s 4096 -e trace=execve -o trace \
		touchmark sign -k "$s" -t openpgp --no-timestamp f
	is "$RC" 0 "$s: signed under strace"
	# The first is the one that the test starts, with the test's own
	# environment.
	grep 'execve(' trace | sed 1d >started
	grep -q touchmark-fetch started
	tap $? "$s: touchmark-fetch was started"
	! cloud_secret started >/dev/null
	tap $? "$s: with no secret among its words or in its environment"
done
! cloud_secret out f.asc "$CLOUD_DIR/log" >/dev/null
tap $? 'nor is one in what is written'

done_testing
