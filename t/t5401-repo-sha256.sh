#!/bin/sh
# SHA-256 repositories: the gate's tests give the lines that they give in SHA-1
# ones, and what git and touchmark-gpg sign there is taken.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"

need git openssl faketime pkcs11-tool softhsm2-util

for f in t5000-gate-basic t5001-gate-objects t5002-gate-refs \
	t7000-gate-corners; do
	mkdir -p "$T/$f"
	HASH=sha256 TMPDIR=$T/$f B=$B sh "$TOP/t/$f.sh" >"$T/all" 2>&1
	RC=$?
	n=$(grep -c '^ok' "$T/all")
	[ $RC = 0 ] && [ "$n" -gt 7 ] && ! grep -q '^not ok' "$T/all"
	RC=$?
	grep -A6 '^not ok' "$T/all" >"$T/out"
	tap $RC "$f: $n lines under SHA-256"
done

# ---- an installation, as people have it ---------------------------------------
HASH=sha256
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
gate_setup
gate_policy <<'EOF2'
[ref "refs/heads/*"]
	require = commits
[ref "refs/tags/*"]
	require = tag
EOF2
gate_repo srv
is "$(git -C "$SRV" rev-parse --show-object-format)" sha256 \
	'the server has SHA-256'

softhsm_new "$TOKEN"
mkdir -p "${CONFIG%/*}"
POLICY=$T/client.policy
token_key hsm dev@example.org
policy_for ca
git_uses_touchmark
git config gpg.x509.program touchmark-gpgsm
git config user.signingKey hsm
ok 'git commit -S by touchmark-gpg' git commit -q -S --allow-empty -m one
git cat-file commit HEAD >"$T/out"
has '^gpgsig-sha256 -----BEGIN SIGNED MESSAGE' \
	'the signature has the header of SHA-256'
hasnt '^gpgsig ' 'and no other'
accept 'it comes in' main
ok 'git tag -s by touchmark-gpg' git tag -s -m t v1
accept 'the tag as well' v1
ok 'git verify-commit is content' git verify-commit HEAD
ok 'git verify-tag too' git verify-tag v1
git commit -q -S --allow-empty -m two
git cat-file commit HEAD | sed 's/^two$/twx/' >"$T/x"
id=$(put commit <"$T/x")
refuse signature-bad 'and not when a letter changes' "$id:refs/heads/x"
git cat-file commit HEAD | sed 's/^gpgsig-sha256/gpgsig/' >"$T/x"
id=$(put commit <"$T/x")
refuse object-malformed 'nor under the header of SHA-1' "$id:refs/heads/x"

# ---- asked by hand ------------------------------------------------------------
ok 'touchmark audit of what is good' touchmark audit --policy "$T/policy" main
git branch -q unsigned
git checkout -q unsigned
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
exits 1 'and of what is not' touchmark audit --policy "$T/policy" unsigned
has ' signature-missing: ' 'says the same as the gate'
ok 'touchmark policy check' touchmark policy check --repo "$SRV" "$T/policy"
has '^refs/heads/main$' 'lists the refs'
git config remote.origin.url "$REMOTE"
printf 'refs/heads/unsigned %s refs/heads/new %s\n' \
	"$(git rev-parse unsigned)" "$ZERO" >"$T/pushed"
run_in "$T/pushed" touchmark audit --policy "$T/policy" --pre-push origin \
	"$REMOTE"
is "$RC" 1 'the hook before the push holds it back'
has ' signature-missing: ' 'for the same reason'
done_testing
