#!/bin/sh
# Key commands over a module that fails, lies or hangs: a clear answer, soon,
# and nothing half-made.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need softhsm2-util openssl git

CONF=$XDG_CONFIG_HOME/touchmark
softhsm_new release
SHIM=$MOCK/shim.so
[ -f "$SHIM" ] || {
	echo "Bail out! $SHIM is missing: make mocks"
	exit 1
}
TMK_SHIM_MODULE=$MODULE
TMK_SHIM_LOG=$T/calls
export TMK_SHIM_MODULE TMK_SHIM_LOG
: >"$T/calls"
with() {	# TMK_SHIM CMD...
	shim=$1
	shift
	TMK_SHIM=$shim "$@"
}
init() {
	touchmark init --name "$1" --user a@e.org --token release \
		--module "$SHIM" --pin-file "$PINFILE" --algorithm p256
}

exits 3 'a token that makes extractable keys' \
	with C_GetAttributeValue=extractable init bad
has 'extractable|EXTRACTABLE' 'is refused, and why'
exits 3 'a token that lies when it signs' with C_Sign=lie init lies
has 'does not verify' 'is found out'
has "warning: .*new keys? .*token 'release'" 'what stays there is said'
exits 3 'a token that fails at the first certificate' \
	with C_CreateObject=0x31 init full
[ ! -e "$CONF/config" ] && [ -z "$(ls "$CONF" 2>/dev/null)" ]
tap $? 'nothing is configured by any of these'
ok 'the same token, well' init good
hasnt 'warning' 'without complaint'

csr() {
	rm -f "$T/csr"
	touchmark key csr good -o "$T/csr"
}
no_csr() {
	[ ! -e "$T/csr" ]
	tap $? 'no request is left'
}
exits 3 'a lie in a request' with C_Sign=lie csr
has "key 'good': .*does not verify" 'names the key and the fault'
no_csr
exits 3 'a signature that is too short' with C_Sign=short csr
no_csr
exits 3 'a token that was pulled out' with C_Sign=0x32 csr
no_csr
exits 3 'no session' with C_OpenSession=0x30 csr
no_csr

: >"$T/calls"
exits 3 'the last PIN try' with C_GetTokenInfo=final-try csr
has 'last' 'is not spent'
cp "$T/calls" "$T/out"
hasnt '^C_Login' 'the token is not asked'
no_csr

git config --file "$CONF/config" touchmark.moduleDeadline 3
before=$(date +%s)
exits 3 'a token that hangs' with C_Sign=hang csr
has 'did not answer .*within 3 s' 'says so'
exits 3 'a token that hangs when it is looked at' \
	with C_OpenSession=hang touchmark key show good
exits 3 'and when keys are made' with C_GenerateKeyPair=hang \
	touchmark key generate more --token release --module "$SHIM" \
	--pin-file "$PINFILE" --algorithm p256
after=$(date +%s)
[ $((after - before)) -lt 90 ]
tap $? 'none of it took long'
no_csr
is "$(git config --file "$CONF/config" touchmark.more.uri)" '' \
	'no key was configured'
git config --file "$CONF/config" --unset touchmark.moduleDeadline
ok 'afterwards all is well' csr

done_testing
