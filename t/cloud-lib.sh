# shellcheck shell=sh disable=SC2034 # some of these are for the tests
# cloud-lib.sh - cloud key services on loopback and keys in them. Sourced after
# lib.sh.
#
#   cloud_start            the mock; $CLOUD is its URL, $CLOUD_DIR its state
#   cloud_key NAME KIND    a key in all of its services: rsa, rsa4096, p256,
#                          p384, p521, ed25519; its public half $T/NAME.pub.pem
#   cloud_mode WORD        what is to go wrong (t/mock/cloud-httpd.c)
#   cloud_uri SERVICE NAME the key's URI: azurekv, gcpkms or vault
#   cloud_config NAME URI  its section in the configuration
#   cloud_secret FILE...   whether a secret is in one of these files
#   cloud_azure, cloud_google, cloud_vault
#                          the credentials of each in the environment

CONFIG=$XDG_CONFIG_HOME/touchmark/config
CLOUD_DIR=$T/cloud
AZURE_VERSION=0123456789abcdef0123456789abcdef
for v in $(env | sed -n 's/^\(AZURE_[A-Z_]*\|IDENTITY_[A-Z_]*\|GOOGLE_[A-Z_]*\|CLOUDSDK_[A-Z_]*\|GCE_[A-Z_]*\|VAULT_[A-Z_]*\)=.*/\1/p'); do
	unset "$v"
done

cloud_start() {
	mkdir -p "$CLOUD_DIR" "${CONFIG%/*}"
	rm -f "$T/cloud.port"
	echo ok >"$CLOUD_DIR/mode"
	: >"$CLOUD_DIR/log"
	"$MOCK/cloud-httpd" --port-file "$T/cloud.port" --state "$CLOUD_DIR" \
		2>"$T/cloud.err" &
	CLOUD_PID=$!
	PIDS="$PIDS $CLOUD_PID"
	i=0
	while [ ! -s "$T/cloud.port" ]; do
		i=$((i + 1))
		[ $i -lt 600 ] || {
			echo 'not ok - prepared: the mock of cloud services does not start'
			exit 1
		}
		sleep 0.05
	done
	CLOUD=http://127.0.0.1:$(cat "$T/cloud.port")
}

cloud_key() {
	case $2 in
	rsa*) set -- "$1" "-algorithm RSA -pkeyopt rsa_keygen_bits:$(
		[ "$2" = rsa4096 ] && echo 4096 || echo 3072)" ;;
	p*) set -- "$1" "-algorithm EC -pkeyopt ec_paramgen_curve:P-${2#p}" ;;
	*) set -- "$1" '-algorithm ED25519' ;;
	esac
	# Options, to be split.
	# shellcheck disable=SC2086
	openssl genpkey $2 -out "$CLOUD_DIR/$1.pem" 2>/dev/null &&
	openssl pkey -in "$CLOUD_DIR/$1.pem" -pubout -out "$T/$1.pub.pem"
}

cloud_mode() {
	echo "$1" >"$CLOUD_DIR/mode"
}

cloud_uri() {
	case $1 in
	azurekv) echo "azurekv:$CLOUD/keys/$2" ;;
	gcpkms) echo "gcpkms:projects/project/locations/global/keyRings/ring/cryptoKeys/$2/cryptoKeyVersions/1" ;;
	vault) echo "vault:transit/$2" ;;
	esac
}

cloud_config() {
	git config -f "$CONFIG" --add "touchmark.$1.uri" "$2"
}

# Every secret of the mock has this word in it.
cloud_secret() {
	grep -lE 'Secret|BEGIN (RSA |EC |)PRIVATE' "$@" 2>/dev/null
}

cloud_azure() {
	AZURE_TENANT_ID=11111111-2222-3333-4444-555555555555
	AZURE_CLIENT_ID=66666666-7777-8888-9999-000000000000
	AZURE_CLIENT_SECRET='azure+Secret/value=&'
	AZURE_AUTHORITY_HOST=$CLOUD
	export AZURE_TENANT_ID AZURE_CLIENT_ID AZURE_CLIENT_SECRET \
		AZURE_AUTHORITY_HOST
}

# The key of a service account, whose public half the mock has.
cloud_google() {
	CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS=$CLOUD/
	GOOGLE_APPLICATION_CREDENTIALS=$T/google.json
	export CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS \
		GOOGLE_APPLICATION_CREDENTIALS
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
		-out "$T/google.key" 2>/dev/null
	openssl pkey -in "$T/google.key" -pubout -out "$CLOUD_DIR/google.pub"
	cat >"$T/google.json" <<-END
	{
	  "type": "service_account",
	  "project_id": "project",
	  "private_key_id": "key-id",
	  "private_key": "$(awk '{ printf "%s\\n", $0 }' "$T/google.key")",
	  "client_email": "signer@project.iam.gserviceaccount.com",
	  "client_id": "123456789012345678901",
	  "token_uri": "$CLOUD/google/token",
	  "universe_domain": "googleapis.com"
	}
	END
}

cloud_vault() {
	VAULT_ADDR=$CLOUD
	VAULT_TOKEN=hvs.vault-Secret
	export VAULT_ADDR VAULT_TOKEN
}

# The last request that the mock answered.
cloud_last() {
	tail -n 1 "$CLOUD_DIR/log"
}
