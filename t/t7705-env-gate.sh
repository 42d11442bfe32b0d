#!/bin/sh
# Environments in a policy: a ref that wants prod takes no key of dev or test,
# whatever its role; what the gate, the audit and policy check say of it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
pki_root prodca
pki_leaf prodca rel dev@example.org
pki_leaf ca boss boss@example.org
pki_leaf prodca boss2 boss@example.org
pki_crl prodca
cat "$T/pki/ca.pem" "$T/pki/prodca.pem" >"$T/roots.pem"
cat "$T/pki/ca.crl" "$T/pki/prodca.crl" >"$T/ca.crl"
sha256_of() {
	openssl x509 -in "$T/pki/$1.pem" -outform DER | sha256sum | cut -c1-64
}
PROD=$(sha256_of prodca)
POLICY='[role "developers"]
	member = dev@example.org
	member = boss@example.org
[ref "refs/heads/*"]
	require = commits
	role = developers
	force = allow
[ref "refs/heads/release/*"]
	require = commits
	role = developers
	env = prod
[ref "refs/tags/*"]
	require = tag
	env = prod'
by() {	# KEY COMMAND...
	key=$1
	shift
	git -c user.signingKey="$key" "$@"
}
policy_with() {	# the [env] sections
	printf '%s\n%s\n' "$1" "$POLICY" | gate_policy
}

# ---- an environment is a CA, or people, or keys --------------------------------
policy_with "[env \"prod\"]
	issuer = sha256:$PROD"
gate_repo srv
commit one
accept 'any developer where no environment is asked for' main
refuse signer-not-allowed 'a key of another CA where prod is' main:refs/heads/release/1
has 'environment "prod"' 'the gate says which'
by rel commit -q --allow-empty -m two
refuse signer-not-allowed 'history below it counts as well' main:refs/heads/release/1
git checkout -q --orphan prod
by rel commit -q --allow-empty -m first
accept 'a key of the right CA' prod:refs/heads/release/1
by dev commit -q --allow-empty -m second
refuse signer-not-allowed 'not for long' prod:refs/heads/release/1
by dev tag -s -m x v1
refuse signer-not-allowed 'a tag by the wrong key' v1
by rel tag -f -s -m x v1 >/dev/null 2>&1
accept 'a tag by the right one' v1

# What was let in elsewhere vouches for nothing here.
by dev commit -q --allow-empty -m third
accept 'to a branch of everybody' prod:refs/heads/topic
refuse signer-not-allowed 'and from there to one of prod' prod:refs/heads/release/1

ok 'policy check knows it' touchmark policy check "$T/policy"
has 'signed commits, by role "developers", with a key of environment prod' \
	'and says what a ref needs'
ok 'the audit takes what the gate took' touchmark audit --policy "$T/policy" \
	"$SRV" refs/heads/release/1
git -C "$SRV" update-ref refs/heads/release/1 \
	"$(git -C "$SRV" rev-parse refs/heads/topic)"
exits 1 'and refuses what it did not' touchmark audit --policy "$T/policy" \
	"$SRV" refs/heads/release/1
has 'signer-not-allowed' 'for that'

# ---- members of it -----------------------------------------------------------------
git checkout -q --orphan more
policy_with '[env "prod"]
	member = boss@example.org'
gate_repo srv2
by dev commit -q --allow-empty -m a
refuse signer-not-allowed 'an address that is not of it' more:refs/heads/release/1
GIT_COMMITTER_EMAIL=boss@example.org
by boss commit -q --amend --allow-empty -m b
accept 'an address that is' more:refs/heads/release/1
policy_with "[env \"prod\"]
	member = boss@example.org
	issuer = sha256:$PROD"
gate_repo srv3
refuse signer-not-allowed 'the address under another CA' more:refs/heads/release/1
by boss2 commit -q --amend --allow-empty -m c
accept 'both' more:refs/heads/release/1
policy_with "[env \"prod\"]
	member = sha256:$(sha256_of rel)
[env \"test\"]
	member = boss@example.org"
gate_repo srv4
refuse signer-not-allowed 'of another environment' more:refs/heads/release/1
GIT_COMMITTER_EMAIL=dev@example.org
by rel commit -q --amend --allow-empty -m d
accept 'the very certificate' more:refs/heads/release/1

# ---- further signers count only when they are of it -----------------------------------
cat >"$T/threshold" <<EOF
[env "prod"]
	issuer = sha256:$PROD
[role "release"]
	member = dev@example.org
	member = boss@example.org
[ref "refs/tags/*"]
	require = tag
	role = release
	threshold = 2
	env = prod
[ref "refs/touchmark/approvals/*"]
	require = nothing
EOF
gate_policy <"$T/threshold"
gate_repo srv5
by rel tag -s -m y v2
git cat-file tag v2 >"$T/tag"
approve() {	# NAME: an approval of the tag by this key
	openssl cms -sign -binary -in "$T/tag" -signer "$T/pki/$1.pem" \
		-inkey "$T/pki/$1.key" -outform DER -nosmimecap -md sha256 \
		-out "$T/approval" &&
	git update-ref "refs/touchmark/approvals/$(git rev-parse v2)/$1" \
		"$(git hash-object -w "$T/approval")"
}
refuse threshold-unmet 'one signer' v2
approve boss
refuse threshold-unmet 'a second one with a key of no environment' v2 \
	"refs/touchmark/approvals/*:refs/touchmark/approvals/*"
git update-ref -d "refs/touchmark/approvals/$(git rev-parse v2)/boss"
approve boss2
accept 'a second one with a key of prod' v2 \
	"refs/touchmark/approvals/*:refs/touchmark/approvals/*"

# ---- what is no environment --------------------------------------------------------------
bad() {	# WHAT PATTERN, the sections on standard input
	gate_policy
	exits 2 "policy check: $1" touchmark policy check "$T/policy"
	has "$2" "$1: says why"
}
bad 'an unknown one' 'there is no \[env "prod"\]' <<EOF
[ref "refs/heads/*"]
	require = commits
	env = prod
EOF
gate_repo srv6
refuse policy-invalid 'the gate closes' prod:refs/heads/x
bad 'a name that no key can have' 'an environment is dev, test or prod' <<'EOF'
[env "production"]
	member = *
EOF
bad 'capitals' 'an environment is dev, test or prod' <<'EOF'
[env "PROD"]
	member = *
EOF
bad 'no name' '\[env\] needs a name' <<'EOF'
[env]
	member = *
EOF
bad 'an empty one' 'neither member nor issuer' <<'EOF'
[env "prod"]
[ref "refs/heads/*"]
	require = commits
	env = prod
EOF
bad 'twice' 'given twice' <<'EOF'
[env "prod"]
	member = *
[ref "refs/heads/*"]
	require = commits
	env = prod
	env = prod
EOF
bad 'a member that is none' 'is no e-mail' <<'EOF'
[env "prod"]
	member = somebody
EOF
bad 'another key' 'unknown key' <<'EOF'
[env "prod"]
	role = x
EOF
bad 'of a file' 'there is no \[env "test"\]' <<'EOF'
[artefact "*"]
	env = test
EOF

done_testing
