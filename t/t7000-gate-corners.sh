#!/bin/sh
# What a ref may hold and what a tag may be called, where the difference is
# small: names that begin alike, objects under a rule that asks for nothing.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
pki_leaf ca next dev@example.org
POLICY='[ref "refs/heads/main"]
	require = commits
	role = signers
[ref "refs/heads/release/*"]
	require = commits
	role = signers
[ref "refs/heads/free/*"]
	require = nothing
[ref "refs/tags/*"]
	require = nothing
[ref "refs/tags/v*"]
	require = tag
[ref "refs/other/*"]
	require = nothing
[ref "refs/snap/*"]
	require = commits
[ref "refs/heads/r*"]
	require = nothing
	force = allow
[ref "refs/tip/*"]
	require = tip
[role "signers"]
	member = sha256:'
signers() {	# KEY: the one member of the role
	sha=$(openssl x509 -in "$T/pki/$1.pem" -outform DER | sha256sum)
	printf '%s%s\n' "$POLICY" "${sha%% *}" | gate_policy
}
signers dev
gate_repo srv
commit one
accept 'a signed commit' main

# ---- a rule for nothing does not make a branch or a tag of anything ---------
blob=$(echo blob | git hash-object -w --stdin)
tree=$(git rev-parse 'HEAD^{tree}')
refuse tag-target 'a blob as a branch' "$blob:refs/heads/free/blob"
refuse tag-target 'a tree as a branch' "$tree:refs/heads/free/tree"
refuse tag-target 'a blob as a tag' "$blob:refs/tags/blob"
accept 'a blob elsewhere' "$blob:refs/other/blob"

# ---- names that begin alike --------------------------------------------------
git tag -s -m m v1
git tag -s -m m v1.0
refuse tag-name 'the ref has more than the tag says' v1:refs/tags/v1.1
refuse tag-name 'the ref has less than the tag says' v1.0:refs/tags/v1
refuse tag-name 'the ref has a folder more' v1:refs/tags/v/v1
accept 'each under its own name' v1 v1.0

# ---- history that a rule as strict let in ------------------------------------
signers next
accept 'a branch from it, though its signer is no member any more' \
	main:refs/heads/release/1
git checkout -q --orphan apart
commit 'by dev, and new'
refuse signer-not-allowed 'what is new is judged by the rule of today' \
	apart:refs/heads/release/2
git -c user.signingKey=next commit -q --allow-empty --amend -m 'by next'
accept 'and by the member of today' apart:refs/heads/release/2

# ---- what a rule asks of every object, and every rule of a ref -----------------
signers dev
git checkout -q -B more main
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
git tag -s -m m snap1
refuse signature-missing 'a signed tag over unsigned history' \
	snap1:refs/snap/snap1
git tag --no-sign -a -m m snap2 main
refuse tag-unsigned 'an unsigned tag over signed history' \
	snap2:refs/snap/snap2
refuse signature-missing 'an unsigned tip' more:refs/tip/x
git checkout -q -B back main~0
commit 'beside it'
accept 'a release branch moves on' back:refs/heads/release/1
refuse ref-force 'one rule lets it jump, the other does not' \
	+apart:refs/heads/release/1
printf 'object %s\ntype tree\ntag v9\ntagger Dev <dev@example.org> 1750000000 +0000\n\nm\n' \
	"$(git rev-parse main)" >"$T/lie"
sealed dev <"$T/lie" >"$T/lie.sig"
id=$(cat "$T/lie" "$T/lie.sig" | git hash-object -t tag -w --stdin --literally)
echo "$ZERO $id refs/tags/v9" >"$T/line"
git -C "$SRV" hash-object -t tag -w --stdin --literally \
	>/dev/null <<EOF2
$(cat "$T/lie" "$T/lie.sig")
EOF2
hook() {
	(cd "$SRV" && GIT_DIR=. hooks/pre-receive <"$T/line")
}
exits 1 'a tag that lies about what it points at' hook
has 'refs/tags/v9 [0-9a-f]{12} tag-target: ' 'is tag-target'
id=$(plain | sed "1s/ .*/ $(id_of 1)/" |
	seal_commit dev | git -C "$SRV" hash-object -t commit -w --stdin \
	--literally)
echo "$ZERO $id refs/tip/t" >"$T/line"
exits 1 'a commit whose tree is not there' hook
has 'refs/tip/t [0-9a-f]{12} object-missing: ' 'is object-missing'
echo "$ZERO $(git rev-parse main) refs/tip/n" \
	>"$T/line"
exits 1 'a namespace' env GIT_NAMESPACE=x GIT_DIR="$SRV" sh -c \
	"cd \"\$GIT_DIR\" && hooks/pre-receive <\"$T/line\""
has 'refuse - - internal-error: git namespaces' 'is refused whole'
done_testing
