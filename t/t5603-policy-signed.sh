#!/bin/sh
# touchmark.policyRoots: a policy counts only behind a good signature over its
# own bytes, by somebody whom the server's configuration names.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
# roots of sixty days ago, for signatures that were made meanwhile
past_root() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$T/pki/$1.key"
	faketime '60 days ago' openssl req -x509 -new -key "$T/pki/$1.key" \
		-sha256 -days 3650 -subj "/O=Test/CN=$1" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-out "$T/pki/$1.pem" 2>/dev/null
}
past_root admins
pki_leaf admins admin admin@example.org
gate_policy <<'END'
[ref "refs/heads/*"]
	require = commits
END
gate_repo srv
git -C "$SRV" config touchmark.policyRoots "$T/pki/admins.pem"
commit one

# sign LEAF [OPTION...]: FILE.p7s of the policy
sign() {
	n=$1
	shift
	openssl cms -sign -binary -outform DER -nosmimecap -md sha256 \
		-signer "$T/pki/$n.pem" -inkey "$T/pki/$n.key" "$@" \
		-in "$T/policy" -out "$T/policy.p7s"
}
invalid() {	# PATTERN WHAT
	push "main:refs/heads/${3-main}"
	[ "$RC" != 0 ] && grep -Eq \
		"touchmark: refuse - - policy-invalid: .*$1.*; .+" "$T/out"
	tap $? "policy-invalid: $2"
}
valid() {
	accept "$1" main
	git -C "$SRV" update-ref -d refs/heads/main
}

invalid 'must be signed.*policy.p7s' 'no signature'
sign admin
valid 'signed by an administrator'
ok 'policy check --roots' touchmark policy check --roots "$T/pki/admins.pem" "$T/policy"
has '^signed by .*CN=admin' 'tells by whom'
exits 2 'under other roots' touchmark policy check --roots "$T/roots.pem" "$T/policy"
has 'chain-untrusted' 'it is refused'
ok 'without --roots nobody asks' touchmark policy check "$T/policy"
hasnt 'signed by' 'or tells'
echo '; a comment' >>"$T/policy"
invalid 'signature-bad' 'one more byte'
exits 2 'policy check sees it' touchmark policy check --roots "$T/pki/admins.pem" "$T/policy"
sign admin
valid 'signed again'
sign dev
invalid 'chain-untrusted' 'signed by a developer'
sign admin -nodetach
invalid 'signature-malformed' 'with the content inside'
sign admin -md sha1
invalid 'digest-weak' 'SHA-1'
sign admin -noattr
invalid 'signature-malformed' 'without signed attributes'
sign admin -signer "$T/pki/dev.pem" -inkey "$T/pki/dev.key"
invalid 'signature-malformed' 'two signers'
: >"$T/policy.p7s"
invalid 'policy.p7s' 'an empty file'
echo rubbish >"$T/policy.p7s"
invalid 'signature-malformed' 'rubbish'
pki_leaf admins tls admin@example.org basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth
sign tls
invalid 'cert-usage' 'a certificate for something else'
PKI_AT='20 days ago' PKI_DAYS=10 pki_leaf admins old admin@example.org
sign old
invalid 'cert-expired' 'an expired certificate'
sign admin
rm "$T/roots.pem"
invalid 'roots' 'a signed policy that cannot be loaded'
cp "$T/pki/ca.pem" "$T/roots.pem"

# ---- who says who may sign -----------------------------------------------------------
git -C "$SRV" config touchmark.policyRoots "$T/none.pem"
invalid 'none.pem' 'no roots'
git -C "$SRV" config touchmark.policyRoots ''
invalid 'policyRoots' 'an empty name'
cp "$T/pki/admins.pem" "$SRV/admins.pem"
git -C "$SRV" config touchmark.policyRoots admins.pem
valid 'a name seen from the repository'
printf '[touchmark]\n\tpolicyRoots = /dev/null\n' >"$T/elsewhere"
TOUCHMARK_CONFIG=$T/elsewhere accept 'the pusher has no say' main
git -C "$SRV" update-ref -d refs/heads/main
git init -q -b main "$T/tree"
git -C "$T/tree" config receive.denyCurrentBranch updateInstead
git -C "$T/tree" config touchmark.policy "$T/policy"
git -C "$T/tree" config touchmark.policyRoots "$T/tree/admins.pem"
cp "$T/pki/admins.pem" "$T/tree/"
ln -s "$BIN/touchmark-pre-receive" "$T/tree/.git/hooks/pre-receive"
run git push -q "file://$T/tree" main
has 'admins.pem lies in the working tree' 'roots that are pushed are none'

# ---- time and revocation ---------------------------------------------------------------
git -C "$SRV" config touchmark.policyRoots "$T/pki/admins.pem"
tsa_new tsa
p=$T/pki/tsa
past_root tsa-root
PKI_AT='30 days ago' pki_leaf tsa-root tsa '' basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=critical,timeStamping
sign old
"$MOCK/cms-token" signature "$T/policy.p7s" >"$T/sig"
openssl ts -query -data "$T/sig" -sha256 -cert -out "$T/q" 2>/dev/null
openssl ts -reply -config "$p.tsa.cnf" -queryfile "$T/q" -signer "$p.pem" \
	-inkey "$p.key" -token_out -out "$T/late" 2>/dev/null
faketime '15 days ago' openssl ts -reply -config "$p.tsa.cnf" -queryfile "$T/q" \
	-signer "$p.pem" -inkey "$p.key" -token_out -out "$T/intime" 2>/dev/null
cp "$T/policy.p7s" "$T/bare.p7s"
"$MOCK/cms-token" add "$T/bare.p7s" "$T/intime" >"$T/policy.p7s"
invalid 'cert-expired' 'a token counts for nothing without roots for it'
git -C "$SRV" config touchmark.policyTsaRoots "$T/pki/tsa-root.pem"
valid 'a token of its time counts with them'
"$MOCK/cms-token" add "$T/bare.p7s" "$T/late" >"$T/policy.p7s"
invalid 'cert-expired' 'a token that came too late'
git -C "$SRV" config touchmark.policyTsaRoots "$T/roots.pem"
"$MOCK/cms-token" add "$T/bare.p7s" "$T/intime" >"$T/policy.p7s"
invalid 'timestamp-untrusted' 'a token of nobody'
git -C "$SRV" config --unset touchmark.policyTsaRoots
sign admin
pki_crl admins
git -C "$SRV" config touchmark.policyCrl "$T/pki/admins.crl"
valid 'with a list of what was revoked'
pki_crl admins "$(pki_serial admin)=keyCompromise"
invalid 'cert-revoked' 'an administrator who was revoked'
rm "$T/pki/admins.crl"
invalid 'admins.crl' 'no list where one is named'
git -C "$SRV" config --unset touchmark.policyCrl
valid 'as it was'
done_testing
