#!/bin/sh
# touchmark doctor asks the timestamp authorities, unless it is told not to.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
need git openssl softhsm2-util pkcs11-tool

mkdir "$T/repo"
cd "$T/repo" || exit 1
git init -q -b main .
token_key dev dev@example.org
pki_crl ca
tsa_new tsa
tsa_new other
policy_for ca "crl = $T/pki/ca.crl" "tsaRoots = $T/pki/tsa-root.pem"
cat >>"$POLICY" <<'END'
[ref "refs/heads/main"]
	require = commits
	timestamp = always
[ref "refs/heads/plain"]
	require = commits
	timestamp = off
END
git_uses_touchmark
git config --global user.signingKey dev
conf() {
	git config -f "$CONFIG" "$@"
}
conf touchmark.tsaDeadline 60
seen() {
	has "^$1 +$2 +.*$3" "$4"
}

exits 0 'no authority' touchmark doctor
seen warn tsa 'no timestamp authority is configured' 'is a warning'
conf touchmark.timestamp require
exits 1 'none, and one is required' touchmark doctor
seen fail tsa 'no timestamp authority is configured' 'is a failure'
tsa_start tsa
conf touchmark.tsa "$TSA_URL"
exits 0 'one that answers' touchmark doctor
seen ok tsa 'answers in [0-9]+ ms' 'is told with its time'
seen ok tsa 'under a root of the policy' 'and held against the policy'
conf --unset touchmark.policy
exits 0 'without any roots' touchmark doctor
seen warn tsa 'answers are believed whoever made them' 'there is a warning'
conf touchmark.policy "$POLICY"
conf touchmark.tsaRoots "$T/pki/tsa-root.pem"
exits 0 'with its roots' touchmark doctor
seen ok tsa 'under a root of touchmark.tsaRoots' 'is good'
seen ok receiver-gate 'refs/heads/main: would show verified: yes' 'the gate agrees'
before=$(wc -l <"$T/tsa.tsalog")
exits 0 'offline' touchmark doctor --offline
seen skip tsa '1 timestamp authority is not asked: --offline' 'says so'
seen warn receiver-gate 'refs/heads/main: would show verified: unknown because a timestamp' \
	'and the gate is not known to agree'
seen ok receiver-gate 'refs/heads/plain: would show verified: yes' \
	'where it wants none it is'
is "$(wc -l <"$T/tsa.tsalog")" "$before" 'nobody was asked'
conf touchmark.tsaRoots "$T/pki/other-root.pem"
exits 1 'an authority under another root' touchmark doctor
seen fail tsa 'http://127.0.0.1' 'is named'
conf touchmark.tsaRoots "$T/none.pem"
exits 1 'roots that are not there' touchmark doctor
seen fail tsa 'touchmark.tsaRoots' 'are named'
conf touchmark.tsaRoots "$T/pki/tsa-root.pem"
sed -i 's/^.*tsaRoots.*$//' "$POLICY"
exits 0 'a policy that trusts no authority' touchmark doctor
seen warn receiver-gate 'refs/heads/main: .*no because timestamp-untrusted' 'is said'
sed -i "s|^\[trust\]|[trust]\n	tsaRoots = $T/pki/other-root.pem|" "$POLICY"
exits 0 'a policy that trusts another one' touchmark doctor
seen warn receiver-gate 'refs/heads/main: .*no because timestamp-untrusted' 'is said'
tsa_stop
exits 1 'one that is away' touchmark doctor
seen fail tsa 'http://127.0.0.1' 'is named'
conf touchmark.timestamp prefer
exits 0 'where it is not required' touchmark doctor
seen warn tsa 'http://127.0.0.1' 'is a warning'
conf touchmark.tsa 'http://user:secret@127.0.0.1:1/'
run touchmark doctor
hasnt 'secret' 'a password in a URL is not shown'
conf touchmark.timestamp never
exits 0 'no stamps wanted' touchmark doctor
seen ok tsa 'touchmark.timestamp = never' 'is said'
done_testing
