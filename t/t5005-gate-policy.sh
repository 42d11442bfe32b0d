#!/bin/sh
# The policy file on the server: where it comes from, what makes it invalid,
# and that an invalid one lets nothing in.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

need gpg
gate_setup
gate_repo srv
commit one

# invalid PATTERN WHAT: refused as a whole, and the text says why
invalid() {
	push main
	[ "$RC" != 0 ] && grep -Eq \
		"touchmark: refuse - - policy-invalid: .*$1.*; .+" "$T/out"
	tap $? "policy-invalid: $2"
}
valid() {
	accept "$1" main
	git -C "$SRV" update-ref -d refs/heads/main
}
BASE='[trust]
	roots = roots.pem
	crl = ca.crl
[ref "refs/heads/*"]
	require = commits'

rm -f "$T/policy"
push main
has 'refuse - - policy-invalid: there is no policy .*/policy; ' \
	'a policy that is not there'
git -C "$SRV" config --unset touchmark.policy
push main
[ "$RC" != 0 ]
tap $? 'no policy is named, none at /etc: nothing comes in'
has 'refuse - - policy-invalid: .*/etc/touchmark/policy' 'the text names it'
git -C "$SRV" config touchmark.policy "$T"
push main
has 'refuse - - policy-invalid: ' 'a folder as policy'
cp "$T/roots.pem" "$T/ca.crl" "$SRV/"
echo "$BASE" >"$SRV/rules"
git -C "$SRV" config touchmark.policy rules
accept 'a relative name is seen from the repository' main
git -C "$SRV" update-ref -d refs/heads/main
git -C "$SRV" config --unset touchmark.policy
git config --global touchmark.policy "$T/policy"
echo "$BASE" >"$T/policy"
valid 'the configuration of the server user'
git config --global --unset touchmark.policy
git -C "$SRV" config touchmark.policy "$T/policy"

# ---- what is pushed has no say ---------------------------------------------------
echo "$BASE" >"$T/policy"
mkdir -p etc
printf '[ref "*"]\n\trequire = nothing\n' >policy
printf '[touchmark]\n\tpolicy = policy\n' >.gitmodules
cp .gitmodules config
git add . && git -c commit.gpgSign=false commit -q -m 'policy of my own'
refuse signature-missing 'a policy inside the push' main
TOUCHMARK_CONFIG=$PWD/config refuse signature-missing \
	'a configuration of the pusher' main
git reset -q --hard HEAD~1
gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
	--quick-generate-key dev@example.org ed25519 sign never 2>/dev/null
gpg --export >"$T/keys.gpg"
# a server with a working tree: what lies in it is pushed
bare=$SRV
git init -q -b main "$T/tree"
SRV=$T/tree/.git REMOTE=file://$T/tree
git -C "$SRV" config receive.denyCurrentBranch updateInstead
ln -s "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"
cp "$T/roots.pem" "$T/ca.crl" "$T/tree/"
echo "$BASE" >"$T/tree/rules"
git -C "$SRV" config touchmark.policy ../rules
invalid 'rules lies in the working tree' 'a policy in the working tree'
ln -s tree/rules "$T/link"
git -C "$SRV" config touchmark.policy "$T/link"
invalid 'link lies in the working tree' 'a link to one'
echo "$BASE" | sed 's/ca.crl/tree\/ca.crl/' >"$T/policy"
git -C "$SRV" config touchmark.policy "$T/policy"
invalid 'ca.crl lies in the working tree' 'a CRL there'
touch "$T/tree/signers"
for f in keyring:keys.gpg allowedSigners:signers; do
	{ echo "$BASE"; printf '[trust]\n\t%s = tree/%s\n' "${f%:*}" \
		"${f#*:}"; } >"$T/policy"
	cp "$T/keys.gpg" "$T/tree/" 2>/dev/null
	invalid "${f#*:} lies in the working tree" "${f%:*} there"
done
rm "$T/tree/roots.pem" "$T/tree/ca.crl" "$T/tree/rules" "$T/tree/signers" \
	"$T/tree/keys.gpg"
cp "$T/roots.pem" "$T/ca.crl" "$SRV/"
echo "$BASE" >"$SRV/rules"
git -C "$SRV" config touchmark.policy rules
accept 'a policy beside the configuration' main
{ echo "$BASE"; printf '[policy]\n\tversion = 2\n'; } >"$SRV/rules"
accept 'its second version' main:refs/heads/second
git -C "$T/tree" worktree add -q -b linked "$T/linked" main
REMOTE=file://$T/linked
accept 'the same through a linked working tree' main:refs/heads/third
echo "$BASE" >"$SRV/rules"
push main:refs/heads/fourth
has 'policy-invalid: the policy has no version, but 2 was seen' \
	'and what was seen counts there as well'
SRV=$bare REMOTE=file://$bare

# ---- syntax and names --------------------------------------------------------------
echo "$BASE" >"$T/policy"
valid 'a small policy'
{ echo "$BASE"; echo '[nonsense]'; } >"$T/policy"
invalid 'policy:6: unknown section' 'an unknown section without keys'
{ echo "$BASE"; printf '[nonsense]\n\tx = 1\n'; } >"$T/policy"
invalid 'policy:6: unknown section \[nonsense\]' 'an unknown section'
{ echo "$BASE"; printf '\trequired = commits\n'; } >"$T/policy"
invalid 'policy:6: unknown key "required"' 'an unknown key'
printf '[ref "refs/heads/*"]\n\trequire = nothing\n' >"$T/inc"
{ echo "$BASE"; printf '[include]\n\tpath = %s\n' "$T/inc"; } >"$T/policy"
invalid 'policy:6: unknown section \[include\]' 'an include'
{ echo "$BASE"; printf '[a][InClude] path = %s\n' "$T/inc"; } >"$T/policy"
invalid 'unknown section' 'an include behind another header'
{ echo "$BASE"; printf '[includeIf "gitdir:/**"]\n\tpath = %s\n' "$T/inc"; } >"$T/policy"
invalid 'policy:6: unknown section' 'a conditional include'
{ echo "$BASE"; echo '[ref "x'; } >"$T/policy"
invalid 'policy' 'a header that is not closed'
{ echo "$BASE"; echo 'require commits'; } >"$T/policy"
invalid 'policy' 'no equals sign'
{ echo "$BASE"; printf '[ref]\n\trequire = tip\n'; } >"$T/policy"
invalid 'policy:6: \[ref\] needs a name' 'a ref without a name'
{ echo "$BASE"; printf '[trust "x"]\n\tcrl = a\n'; } >"$T/policy"
invalid 'policy:6: \[trust\] takes no name' 'a name where none belongs'
{ echo "$BASE"; printf '\trequire = tip\n'; } >"$T/policy"
invalid 'policy:6: "require" is given twice' 'a key twice'
{ echo "$BASE"; printf '[ref "refs/heads/*"]\n\trequire = tip\n'; } >"$T/policy"
invalid 'policy:7: "require" is given twice' 'a key twice, in two sections'
{ echo "$BASE"; printf '[ref "refs/tags/*"]\n\tforce = deny\n'; } >"$T/policy"
invalid 'policy:6: .*does not say what it requires' 'a ref without require'
{ echo "$BASE"; printf '[ref "refs/tags/*"]\n'; } >"$T/policy"
invalid 'policy:6: .*does not say what it requires' 'a ref without any key'
{ echo "$BASE"; printf '\trole = nobody\n'; } >"$T/policy"
invalid 'policy:6: there is no \[role "nobody"\]' 'a role that is not there'
{ echo "$BASE"; printf '\trole = r\n[role "r"]\n'; } >"$T/policy"
invalid '\[role "r"\] has no member' 'a role without members'
{ echo "$BASE"; printf '[role "r"]\n\tmember = sha256:12\n'; } >"$T/policy"
invalid 'policy:7: .*64 hex' 'a fingerprint that is too short'
{ echo "$BASE"; printf '[role "r"]\n\tmember = alice\n'; } >"$T/policy"
invalid 'policy:7: "alice" is no' 'a member that is nothing'
{ echo "$BASE"; printf '\tforce\n'; } >"$T/policy"
invalid 'policy:6: "force" has no value' 'a key without a value'
for bad in 'require = all' 'force = yes' 'identity = on' 'timestamp = on' \
	'merges = some' 'format = pgp' 'threshold = 0' 'threshold = two' \
	'threshold = 17' 'threshold = -1'; do
	printf '%s\n[ref "refs/x/*"]\n\t%s\n' "$BASE" "$bad" >"$T/policy"
	invalid 'policy:7: ' "$bad"
done
for bad in 'object = 16x' 'object = -1' 'seconds = 0' 'commits =' \
	'tagDepth = 1000' 'clockSkew = 1h' 'certificates = 0'; do
	printf '%s\n[limits]\n\t%s\n' "$BASE" "$bad" >"$T/policy"
	invalid 'policy:7: ' "$bad"
done
for bad in 'revocation = maybe' 'eku = codeSining' 'minRsa = 1024' \
	'digest = sha1' 'digest = sha256 md5' 'tsaRevocation = no'; do
	printf '[trust]\n\troots = roots.pem\n\t%s\n' "$bad" >"$T/policy"
	invalid 'policy:3: ' "$bad"
done
printf '[ref "refs/heads/*"]\n\trequire = tip\n' >"$T/policy"
invalid '\[trust\] names no roots' 'signatures without roots'
for f in openpgp:keyring ssh:allowedSigners; do
	printf '%s\n\tformat = %s\n' "$BASE" "${f%:*}" >"$T/policy"
	invalid "policy:4: .*format ${f%:*}.*names no ${f#*:}" \
		"format ${f%:*} without ${f#*:}"
done
for bad in ssh:abc ssh:SHA256:abc openpgp:0123456789abcdef openpgp: ssh: \
	"openpgp:$(printf %041d 0)" "ssh:SHA256:$(printf %044d 0)"; do
	printf '%s\n[role "r"]\n\tmember = %s\n' "$BASE" "$bad" >"$T/policy"
	invalid 'policy:7: ' "member = $bad"
done
printf '[exempt]\n\tcommit = 1a2b\n' >"$T/policy"
invalid 'policy:2: ' 'a short object id'

# ---- files it names ---------------------------------------------------------------
printf '[trust]\n\troots = none.pem\n' >"$T/policy"
invalid 'none.pem' 'roots that are not there'
echo junk >"$T/junk.pem"
printf '[trust]\n\troots = junk.pem\n' >"$T/policy"
invalid 'junk.pem' 'roots that are none'
printf '[trust]\n\troots = roots.pem\n\tcrl = junk.pem\n' >"$T/policy"
invalid 'junk.pem' 'a CRL that is none'
printf '[trust]\n\troots = roots.pem\n\ttsaRoots = none.pem\n' >"$T/policy"
invalid 'none.pem' 'TSA roots that are not there'
mkdir -p "$T/crls"
cp "$T/ca.crl" "$T/crls/"
echo "$BASE" | sed 's/ca.crl/crls/' >"$T/policy"
valid 'a folder of CRLs'
echo junk >"$T/crls/zz"
echo "$BASE" | sed 's/ca.crl/crls/' >"$T/policy"
invalid 'zz' 'a folder with a bad CRL'

# ---- push certificates ---------------------------------------------------------------
{ echo "$BASE"; printf '[push]\n\tcertificate = require\n'; } >"$T/policy"
refuse push-cert 'push certificates, require' main
{ echo "$BASE"; printf '[push]\n\tcertificate = check\n'; } >"$T/policy"
valid 'push certificates, check'
{ echo "$BASE"; printf '[push]\n\tcertificate = maybe\n'; } >"$T/policy"
invalid 'policy:7: ' 'push certificates, maybe'
{ echo "$BASE"; printf '[push]\n\tcertificate = off\n\turl = ssh://a/b\n'; } >"$T/policy"
valid 'push certificates off'

# ---- version ------------------------------------------------------------------------
echo "$BASE" >"$T/policy"
valid 'no version'
{ echo "$BASE"; printf '[policy]\n\tversion = 3\n'; } >"$T/policy"
valid 'version 3'
{ echo "$BASE"; printf '[policy]\n\tversion = 3\n'; } >"$T/policy"
valid 'version 3 again'
{ echo "$BASE"; printf '[policy]\n\tversion = 2\n'; } >"$T/policy"
invalid 'version 2 is lower than 3' 'an older version'
echo "$BASE" >"$T/policy"
invalid 'no version, but 3 was seen' 'a version taken away'
{ echo "$BASE"; printf '[policy]\n\tversion = 4\n'; } >"$T/policy"
valid 'version 4'
is "$(cat "$SRV/touchmark/policy-version")" 4 'the highest is remembered'
echo x >"$SRV/touchmark/policy-version"
{ echo "$BASE"; printf '[policy]\n\tversion = 5\n'; } >"$T/policy"
invalid 'holds no version' 'a memory that was spoiled'
rm -r "$SRV/touchmark"

# ---- not enforced ---------------------------------------------------------------------
{ echo "$BASE"; printf '[policy]\n\tenforce = false\n'; } >"$T/policy"
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
push main
is "$RC" 0 'enforce = false lets it in'
has 'touchmark: refuse refs/heads/main [0-9a-f]{12} signature-missing' \
	'and says what it would have refused'
has 'WARNING: the policy is not enforced' 'loudly'
git reset -q --hard HEAD~1

# ---- exempt history ------------------------------------------------------------
gate_repo adopt
git checkout -q --orphan legacy
git -c commit.gpgSign=false commit -q --allow-empty -m 'old 1'
git -c commit.gpgSign=false commit -q --allow-empty -m 'old 2'
old=$(git rev-parse HEAD)
commit 'new'
echo "$BASE" >"$T/policy"
refuse signature-missing 'unsigned history' legacy:refs/heads/main
{ echo "$BASE"; printf '[exempt]\n\tcommit = %s\n' "$old"; } >"$T/policy"
accept 'the same, exempt from there' legacy:refs/heads/main
accept 'the exempt commit itself' "$old:refs/heads/old"
git checkout -q -b fork "$old~1"
git -c commit.gpgSign=false commit -q --allow-empty -m 'beside it'
refuse signature-missing 'a commit beside what is exempt' fork
printf '%s\n[ref "refs/tip/*"]\n\trequire = tip\n[exempt]\n\tcommit = %s\n' \
	"$BASE" "$old" >"$T/policy"
accept 'an exempt tip' "$old:refs/tip/a"
accept 'an older one' "$old~1:refs/tip/b"
refuse signature-missing 'a tip that is not exempt' fork:refs/tip/c
done_testing
