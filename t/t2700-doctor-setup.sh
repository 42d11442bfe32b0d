#!/bin/sh
# touchmark doctor: each thing that can be wrong with a set-up is seen, and no
# token is logged in to.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
need git openssl softhsm2-util pkcs11-tool faketime python3 timeout

mkdir "$T/repo"
cd "$T/repo" || exit 1
git init -q .

# seen STATUS ID PATTERN WHAT: a line of the last run
seen() {
	has "^$1 +$2 +.*$3" "$4"
}
conf() {
	git config -f "$CONFIG" "$@"
}

# ---- nothing is set up -------------------------------------------------------------
exits 1 'a fresh machine' touchmark doctor --offline
seen fail config 'no key is configured; touchmark init' 'no key, and what to do'
seen fail git-program 'gpg.openpgp.program is .*; git config --global gpg.program touchmark-gpg' \
	'git signs with another program'
seen fail git-key 'no key of ours' 'git has no key'
seen warn git-sign 'commit.gpgSign is not set' 'commits are not signed by themselves'
seen warn policy 'no policy is configured' 'no policy'
seen ok version "touchmark .*OpenSSL" 'versions'
seen ok git 'git version' "git's version"
seen warn receiver-github 'no because git signs with no key of ours' \
	'a receiver sees nothing'
is "$(ls -A "$GNUPGHOME")" '' 'nothing was made in the home of GnuPG'

# ---- everything is right -------------------------------------------------------------
token_key dev dev@example.org
pki_crl ca
policy_for ca "crl = $T/pki/ca.crl"
cat >>"$POLICY" <<'END'
[ref "refs/heads/*"]
	require = commits
END
git_uses_touchmark
git config --global user.signingKey dev
git config --global commit.gpgSign true
git config --global tag.gpgSign true
conf touchmark.timestamp never
exits 0 'a whole set-up' touchmark doctor --offline
hasnt '^fail' 'no failure'
seen ok module 'SoftHSM' 'the module with its name'
seen ok token "key 'dev': token $TOKEN .* is there" 'the token'
seen ok pin "token $TOKEN: set" 'its PIN'
seen ok pin "PIN file .* is there" 'the PIN file'
seen ok key "key 'dev': dev is in token $TOKEN" 'the key'
seen ok certificate "key 'dev': CN=dev,O=Test, valid until" 'the certificate'
seen ok chain 'CN=dev,O=Test <- CN=ca,O=Test' 'the chain'
seen ok revocation 'CN=ca,O=Test is current until' 'the CRL'
seen ok git-key "git signs with the key 'dev'" 'the key of git'
seen ok git-program 'gpg.x509.program is touchmark-gpgsm, ours' 'the program'
seen ok receiver-gate 'refs/heads/\*: would show verified: yes' 'the gate'
touchmark doctor --offline --json >"$T/json" 2>"$T/out"
is $? 0 'the same as JSON'
ok 'one object per check' python3 -c 'import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
assert len(rows) > 15
for r in rows:
    assert set(r) == {"id", "status", "text", "hint"}, r
    assert r["status"] in ("ok", "warn", "fail", "skip") and r["text"]
    assert r["hint"] is None or r["hint"]
    assert r["status"] == "ok" or r["hint"] or r["id"] == "tsa", r
' "$T/json"

# ---- no PIN, no login ------------------------------------------------------------------
TMK_SHIM_MODULE=$MODULE
TMK_SHIM_LOG=$T/shim.log
export TMK_SHIM_MODULE TMK_SHIM_LOG
URI=$(conf touchmark.dev.uri)
SHIM=$(echo "$URI" | sed "s|$MODULE|$MOCK/shim.so|")
conf touchmark.dev.uri "$SHIM"
rm -f "$TMK_SHIM_LOG"
exits 0 'through a module that keeps a log' touchmark doctor --offline
grep -q '^C_GetTokenInfo' "$TMK_SHIM_LOG"
tap $? 'the token was asked'
cp "$TMK_SHIM_LOG" "$T/out"
hasnt '^C_(Login|SetPIN|InitPIN|InitToken|CreateObject|Sign|GenerateKey)' \
	'nobody logged in, nothing was changed'
if command -v setsid >/dev/null; then
	exits 0 'without a terminal' setsid -w touchmark doctor --offline
fi

# shim WHAT-IT-DOES EXIT STATUS ID PATTERN WHAT
shim() {
	TMK_SHIM=$1
	export TMK_SHIM
	exits "$2" "$6" touchmark doctor --offline
	seen "$3" "$4" "$5" 'the line says so'
	unset TMK_SHIM
}
shim C_GetTokenInfo=locked 1 fail pin 'its PIN is locked' 'a locked PIN'
shim C_GetTokenInfo=final-try 1 fail pin 'one try is left' 'one try left'
shim C_GetTokenInfo=count-low 0 warn pin 'a wrong PIN was given' \
	'a wrong PIN was given'
shim C_GetTokenInfo=pad 0 ok pin 'at its own keypad' 'a keypad'
shim C_FindObjectsInit=no-public 0 warn key 'none that fits before a login' \
	'a token that hides its keys'
shim C_Initialize=0x5 1 fail module "key 'dev'" 'a module that does not start'
conf touchmark.moduleDeadline 3
shim C_GetSlotList=hang 1 fail module "key 'dev'" 'a module that hangs'
shim C_GetInfo=hang 1 fail token 'no token' 'a module that hangs later'
conf --unset touchmark.moduleDeadline

# ---- modules, tokens, keys ---------------------------------------------------------------
conf touchmark.dev.uri "$(echo "$URI" | sed "s|$MODULE|/nowhere/module.so|")"
exits 1 'a module that is not there' touchmark doctor --offline
seen fail module '/nowhere/module.so' 'is named'
conf touchmark.dev.uri "$(echo "$URI" | sed 's|token=[^;]*|token=other|')"
exits 1 'a token that is not there' touchmark doctor --offline
seen fail token "key 'dev': no token" 'is said'
seen ok certificate 'CN=dev' 'the certificate is looked at all the same'
conf touchmark.dev.uri "$(echo "$URI" | sed 's|;id=[^;]*|;object=other|')"
exits 0 'a key that is not to be seen' touchmark doctor --offline
seen warn key 'none that fits before a login' 'is a warning'
conf --replace-all touchmark.dev.uri \
	"$(echo "$URI" | sed 's|token=[^;]*|token=other|')"
conf --add touchmark.dev.uri "$URI"
exits 0 'a key in two places, one of them away' touchmark doctor --offline
seen warn token "key 'dev': no token" 'is a warning'
seen ok key "key 'dev': dev is in token" 'and the other is found'
conf --replace-all touchmark.dev.uri "$URI"
chmod 644 "$PINFILE"
exits 1 'a PIN file open to others' touchmark doctor --offline
seen fail pin 'PIN file .*is open to others' 'is said'
rm "$PINFILE"
exits 1 'a PIN file that is not there' touchmark doctor --offline
seen fail pin 'PIN file .*No such file' 'is said'
(umask 077 && echo test-PIN >"$PINFILE")
conf touchmark.dev.uri "${URI%%&pin-source*}&pin-value=test-PIN"
exits 0 'a PIN in the configuration' touchmark doctor --offline
seen warn pin 'its PIN stands in the configuration' 'is a warning'
hasnt 'test-PIN' 'and is not shown'
conf touchmark.dev.uri 'pkcs11:token=x;bogus=y'
exits 1 'a URI that is wrong' touchmark doctor --offline
conf touchmark.dev.uri "$URI"

# ---- certificates ---------------------------------------------------------------------------
# cert WHAT EXIT STATUS PATTERN: with the certificate as it is now
cert() {
	exits "$2" "$1" touchmark doctor --offline
	seen "$3" certificate "$4" 'the line says so'
}
PKI_DAYS=20 token_leaf dev dev@example.org
cert 'a certificate that expires soon' 0 warn 'expires at .*; have it renewed'
PKI_AT='60 days ago' PKI_DAYS=30 token_leaf dev dev@example.org
cert 'an expired certificate' 1 fail 'expired at'
seen fail chain 'cert-expired: ' 'the judge says so too'
seen warn receiver-gate 'no because cert-expired' 'and the gate'
token_leaf dev dev@example.org basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth
cert 'a certificate for servers' 1 fail 'neither for codeSigning nor'
conf touchmark.dev.cert "$T/none.pem"
cert 'a certificate file that is not there' 1 fail 'none.pem'
pki_leaf ca foreign dev@example.org
conf touchmark.dev.cert "$T/pki/foreign.pem"
cert 'the certificate of another key' 1 fail "key 'dev'"
conf --unset touchmark.dev.cert
cert 'no certificate' 1 fail 'no certificate is known; touchmark key csr'
conf touchmark.dev.cert "$T/pki/dev.pem"
pki_leaf ca inter '' basicConstraints=critical,CA:TRUE \
	keyUsage=critical,keyCertSign,cRLSign
openssl x509 -req -in "$T/pki/dev.csr" -force_pubkey "$T/pki/dev.pub" \
	-CA "$T/pki/inter.pem" -CAkey "$T/pki/inter.key" -days 90 \
	-extfile "$T/pki/foreign.ext" -out "$T/pki/dev.pem" 2>/dev/null
exits 1 'an intermediate that is missing' touchmark doctor --offline
seen fail chain 'chain-untrusted' 'is seen by the judge'
token_leaf dev dev@example.org

# ---- trust -----------------------------------------------------------------------------------
CRL_DAYS=2 pki_crl ca
exits 0 'a CRL that ends soon' touchmark doctor --offline
seen warn revocation 'is current until .* only' 'is a warning'
faketime '10 days ago' openssl ca -config "$T/pki/ca.cnf" -gencrl \
	-keyfile "$T/pki/ca.key" -cert "$T/pki/ca.pem" -crldays 1 \
	-out "$T/pki/ca.crl" 2>/dev/null
exits 1 'a stale CRL' touchmark doctor --offline
seen fail revocation 'is stale since' 'is a failure where one is required'
seen fail chain 'revocation-unknown' 'as the judge says'
pki_crl ca "$(pki_serial dev)=keyCompromise"
exits 1 'a revoked certificate' touchmark doctor --offline
seen fail chain 'cert-revoked' 'is seen'
pki_crl ca
sed 's/require/requite/' "$POLICY" >"$T/broken"
conf touchmark.policy "$T/broken"
exits 1 'a policy that cannot be read' touchmark doctor --offline
seen fail policy 'broken:.*requite' 'with file and line'
conf touchmark.policy "$POLICY"

# ---- the configuration, git, the agent ---------------------------------------------------------
chmod 666 "$CONFIG"
exits 1 'a configuration that anybody may write' touchmark doctor --offline
seen fail config 'anybody may write this file' 'is not read'
chmod 660 "$CONFIG"
exits 0 'one that its group may write' touchmark doctor --offline
seen warn config 'its group may write .*; chmod go-w' 'is a warning'
chmod 600 "$CONFIG"
cp "$CONFIG" "$T/config.kept"
conf touchmark.nonsense 1
exits 1 'a configuration that cannot be read' touchmark doctor --offline
seen fail config 'nonsense' 'is said'
seen ok git 'git version' 'and the rest is looked at'
cp "$T/config.kept" "$CONFIG"
git config --global gpg.x509.program gpgsm
exits 1 'git with another gpgsm' touchmark doctor --offline
seen fail git-program 'gpg.x509.program is .*: git does not sign with touchmark' \
	'is said'
git config --global gpg.x509.program "$T/nothere"
exits 1 'a program that is not there' touchmark doctor --offline
seen fail git-program 'not there or cannot be run' 'is said'
git config --global gpg.x509.program touchmark-gpgsm
git config --global user.signingKey nobody
exits 1 'a signing key that nobody has' touchmark doctor --offline
seen fail git-key "user.signingKey 'nobody'" 'is said'
git config --global --unset user.signingKey
exits 0 'no signing key: the committer' touchmark doctor --offline
seen ok git-key "'dev', found by the committer's address" 'is found'
exits 1 'a committer that has no key' \
	env GIT_COMMITTER_EMAIL=other@example.org touchmark doctor --offline
seen fail git-key "the committer" 'is said'
git config --global user.signingKey dev
exits 0 'another committer' \
	env GIT_COMMITTER_EMAIL=other@example.org touchmark doctor --offline
seen warn receiver-gate 'no because identity-mismatch' 'is seen'
conf touchmark.agent never
ok 'no agent wanted' touchmark doctor --offline
seen ok agent 'touchmark.agent = never' 'is said'
conf --unset touchmark.agent
agent_world
ok 'an agent may be started' touchmark doctor --offline
seen ok agent 'not running, started at' 'is said'
mkdir -p "$T/run/touchmark" && chmod 777 "$T/run/touchmark"
exits 1 'a place for sockets that is open to others' touchmark doctor --offline
seen fail agent '.' 'is a failure'
chmod 700 "$T/run/touchmark"
unset XDG_RUNTIME_DIR

# ---- the command ---------------------------------------------------------------------------------
exits 2 'an operand' touchmark doctor dev
exits 2 'an unknown receiver' touchmark doctor --receiver nobody
exits 4 'a full disk' sh -c 'touchmark doctor --offline >/dev/full'
done_testing
