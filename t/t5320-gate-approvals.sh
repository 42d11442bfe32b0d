#!/bin/sh
# threshold: approvals beside a tag, made by touchmark approve and pushed with
# it or before it.
. "${0%/*}/lib.sh"
. "${0%/*}/gate-lib.sh"

gate_setup
for n in bob carol dave; do
	pki_leaf ca "$n" "$n@example.org"
done
pki_root other
pki_leaf other mallory carol@example.org
pki_leaf ca bob2 bob@example.org
REFS=refs/touchmark/approvals
gate_policy <<END
[role "release"]
	member = dev@example.org
	member = bob@example.org
	member = carol@example.org
[ref "refs/tags/v*"]
	require = tag
	role = release
	threshold = 2
	delete = allow
	update = allow
	force = allow
[ref "refs/tags/w*"]
	require = tag
	role = release
	threshold = 3
[ref "$REFS/*"]
	require = nothing
	delete = allow
	force = allow
END
gate_repo p
commit one

# approve TAG WHO [NAME]: as touchmark approve does, with a software key
approve() {
	git cat-file tag "$1" >"$T/raw"
	openssl cms -sign -binary -signer "$T/pki/$2.pem" \
		-inkey "$T/pki/$2.key" -md sha256 -nosmimecap -in "$T/raw" \
		-outform DER -out "$T/p7s" || return 1
	git update-ref "$REFS/$(git rev-parse "$1")/${3:-$2}" \
		"$(git hash-object -w "$T/p7s")"
}
ALL="$REFS/*:$REFS/*"

git tag -s -m x v1
refuse threshold-unmet 'one signer of two' v1
has '1 of 2 different signers of the role .release.' 'counts'
has 'touchmark approve --tag NAME' 'says what to do'
approve v1 bob
refuse threshold-unmet 'an approval that stays at home' v1
accept 'with the approval' v1 "$ALL"
is "$(git -C "$SRV" for-each-ref | wc -l)" 2 'both are there'

git tag -s -m x v2
approve v2 bob
accept 'the approval first' "$ALL"
accept 'then the tag' v2
git tag -s -m x v3
approve v3 bob
push "$ALL"
refuse threshold-unmet 'an approval that goes with this push' v3 \
	":$REFS/$(git rev-parse v3)/bob"
accept 'it stays' v3
git tag -s -m x v4
approve v4 bob
push "$ALL"
git tag -s -m x v5
approve v5 bob
git update-ref "$REFS/$(git rev-parse v4)/bob" \
	"$(git rev-parse "$REFS/$(git rev-parse v5)/bob")"
refuse threshold-unmet 'an approval that this push makes another' v4 \
	"+$REFS/*:$REFS/*"
has 'an approval does not count, signature-bad' 'says why'
git update-ref -d "$REFS/$(git rev-parse v4)/bob"

# ---- who approves ------------------------------------------------------------
n=5
try() {	# REASON WHAT APPROVER
	n=$((n + 1))
	git tag -s -m x "v$n"
	approve "v$n" "$3"
	refuse "$1" "$2" "v$n" "$REFS/$(git rev-parse "v$n")/*:$REFS/$(
		git rev-parse "v$n")/*"
	WHY=$4
	has "$WHY" 'says why'
}
try threshold-unmet 'by who signed the tag' dev 'by one person'
try threshold-unmet 'by nobody of the role' dave 'signer-not-allowed'
try threshold-unmet 'under another root' mallory 'chain-untrusted'
GIT_COMMITTER_EMAIL=bob@example.org git -c user.signingKey=bob \
	tag -s -m y v21
approve v21 bob2
refuse threshold-unmet 'one person with two certificates' v21 "$ALL"
# over something else: the commit, the tag without its signature
git tag -s -m x v22
git rev-parse v22 >"$T/id"
git cat-file tag v22 | sed '/^-----BEGIN/,$d' >"$T/raw"
openssl cms -sign -binary -signer "$T/pki/bob.pem" -inkey "$T/pki/bob.key" \
	-md sha256 -in "$T/raw" -outform DER -out "$T/p7s"
git update-ref "$REFS/$(cat "$T/id")/bob" "$(git hash-object -w "$T/p7s")"
refuse threshold-unmet 'over the tag without its signature' v22 "$ALL"
has 'signature-bad' 'says why'
# an approval of another tag under this one's name
git tag -s -m x v23
git update-ref "$REFS/$(git rev-parse v23)/bob" \
	"$(git rev-parse "$REFS/$(git rev-parse v1)/bob")"
refuse threshold-unmet 'the approval of another tag' v23 "$ALL"

# ---- rubbish -----------------------------------------------------------------
git tag -s -m x v30
D=$REFS/$(git rev-parse v30)
for i in 1 2 3; do
	echo "rubbish $i" | git hash-object -w --stdin >"$T/id"
	git update-ref "$D/r$i" "$(cat "$T/id")"
done
git update-ref "$D/commit" HEAD
git update-ref "$D/tag" v30
git update-ref "$D/tree" 'HEAD^{tree}'
: | git hash-object -w --stdin >"$T/id"
git update-ref "$D/empty" "$(cat "$T/id")"
head -c 1100000 /dev/zero | git hash-object -w --stdin >"$T/id"
git update-ref "$D/large" "$(cat "$T/id")"
approve v30 bob sub/folder
accept 'rubbish beside a good one does no harm' v30 "$D/*:$D/*"
git tag -s -m x v31
D=$REFS/$(git rev-parse v31)
approve v31 bob
i=0
while [ $i -lt 64 ]; do
	i=$((i + 1))
	printf 'update %s/x%s %s\n' "$D" $i \
		"$(echo "x$i" | git hash-object -w --stdin)"
done >"$T/refs"
git update-ref --stdin <"$T/refs"
refuse limit-exceeded 'more than there may be' v31 "$D/*:$D/*"
git for-each-ref --format='delete %(refname)' "$D/x1*" | git update-ref --stdin
accept 'fewer' v31 "$D/*:$D/*"
# the same blob under many names is one
git tag -s -m x v32
D=$REFS/$(git rev-parse v32)
approve v32 bob
i=0
while [ $i -lt 80 ]; do
	i=$((i + 1))
	printf 'update %s/y%s %s\n' "$D" $i "$(git rev-parse "$D/bob")"
done >"$T/refs"
git update-ref --stdin <"$T/refs"
accept 'one under many names' v32 "$D/*:$D/*"
# a name that only begins alike
git tag -s -m x v33
D=$(git rev-parse v33)
approve v33 bob
git update-ref "$REFS/${D}0/bob" "$(git rev-parse "$REFS/$D/bob")"
git update-ref -d "$REFS/$D/bob"
refuse threshold-unmet 'beside another name' v33 "$ALL"

# ---- three -------------------------------------------------------------------
git tag -s -m x w1
approve w1 bob
D=$REFS/$(git rev-parse w1)
refuse threshold-unmet 'two of three' w1 "$D/*:$D/*"
has '2 of 3' 'counts'
approve w1 carol
accept 'three of three' w1 "$D/*:$D/*"
# two signers inside the tag
git cat-file tag w1 >"$T/raw"
git tag -s -m x w2
git cat-file tag w2 | sed '/^-----BEGIN/,$d' >"$T/raw"
openssl cms -sign -binary -signer "$T/pki/dev.pem" -inkey "$T/pki/dev.key" \
	-signer "$T/pki/bob.pem" -inkey "$T/pki/bob.key" \
	-signer "$T/pki/carol.pem" -inkey "$T/pki/carol.key" \
	-md sha256 -in "$T/raw" -outform DER -out "$T/p7s"
{
	cat "$T/raw"
	echo '-----BEGIN SIGNED MESSAGE-----'
	openssl base64 -in "$T/p7s"
	echo '-----END SIGNED MESSAGE-----'
} | git hash-object -t tag -w --stdin >"$T/id"
git update-ref refs/tags/w2 "$(cat "$T/id")"
accept 'three signers inside the tag' w2
# refs of approvals need a rule as every ref
sed "/$(echo "$REFS" | sed 's,/,.,g')/,\$d" "$T/policy" >"$T/p2"
cp "$T/p2" "$T/policy"
git tag -s -m x v40
approve v40 bob
D=$REFS/$(git rev-parse v40)
refuse ref-unmatched 'no rule for the approvals' v40 "$D/*:$D/*"
done_testing
