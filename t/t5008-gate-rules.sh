#!/bin/sh
# Several rules on one ref, roles for tags, and servers that keep their objects
# and refs in other ways.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
tsa_new tsa
cp "$T/pki/tsa-root.pem" "$T/tsa-roots.pem"
TRUST="roots = roots.pem
	tsaRoots = tsa-roots.pem
	crl = ca.crl"
pki_leaf ca boss boss@example.org
pki_leaf ca dev2 dev2@example.org
POLICY='[role "developers"]
	member = dev@example.org
	member = dev2@example.org
	member = boss@example.org
[role "release"]
	member = boss@example.org
[ref "refs/heads/*"]
	require = commits
	role = developers
	force = allow
	delete = allow
[ref "refs/heads/main"]
	require = commits
	role = release
	force = deny
	identity = off
[ref "refs/heads/lax/*"]
	require = nothing
[ref "refs/tags/v*"]
	require = tag
	role = release
	timestamp = always
[ref "refs/tags/*"]
	require = tip
	identity = off'
echo "$POLICY" | gate_policy
gate_repo srv
by() {	# KEY MAIL COMMAND...
	key=$1 mail=$2
	shift 2
	(
		GIT_COMMITTER_EMAIL=$mail
		export GIT_COMMITTER_EMAIL
		git -c user.signingKey="$key" "$@"
	)
}

# ---- every rule that matches must be met -----------------------------------------
by dev dev@example.org commit -q --allow-empty -m 'by dev'
accept 'one rule' main:refs/heads/topic
refuse signer-not-allowed 'the second rule wants another role' main
git reset -q --hard
by boss boss@example.org commit -q --amend --allow-empty -m 'by boss'
accept 'both rules are met' main
refuse ref-delete 'one rule allows it, the other does not' :refs/heads/main
by boss dev@example.org commit -q --allow-empty -m 'boss as dev'
refuse identity-mismatch 'one rule does not care who, the other does' main
git reset -q --hard HEAD~1
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
refuse signature-missing 'a rule for nothing opens nothing' \
	main:refs/heads/lax/x
push main
is "$(grep -c 'touchmark: refuse' "$T/out")" 1 \
	'what two rules refuse for one reason is told once'
git reset -q --hard HEAD~1

# what came in under the weaker of two rules is judged again for the stricter
by dev dev@example.org commit -q --allow-empty -m 'dev again'
accept 'a developer on a topic' main:refs/heads/topic2
refuse signer-not-allowed 'and then on main' main
has 'no member of the role "release"' 'main names its own role'
git reset -q --hard HEAD~1

# ---- tags ----------------------------------------------------------------------------
SIGN_TSA=tsa
export SIGN_TSA
by boss boss@example.org tag -s -m one v1
accept 'a release tag with a token, by its role' v1
by dev dev@example.org tag -s -m two v2
refuse signer-not-allowed 'a release tag by a developer' v2
by boss dev@example.org tag -s -m three v3
refuse identity-mismatch 'a tagger that is not the signer' v3
unset SIGN_TSA
by boss boss@example.org tag -s -m four v4
refuse timestamp-missing 'a release tag without a token' v4
by dev2 dev2@example.org tag -s -m nightly nightly
accept 'another tag by anyone under the roots' nightly
git tag light main
accept 'a lightweight tag of a signed commit, where tip is asked' light
git tag -a -m unsigned plain main
refuse tag-unsigned 'an unsigned tag where tip is asked' plain
# a member whom the role does not know by mail, but by certificate
sha=$(openssl x509 -in "$T/pki/dev2.pem" -outform DER | sha256sum | cut -c1-64)
echo "$POLICY" | sed "/\"release\"/a\\
	member = sha256:$sha" | gate_policy
SIGN_TSA=tsa
export SIGN_TSA
by dev2 dev2@example.org tag -s -m five v5
accept 'a release tag by a certificate that the role names' v5
unset SIGN_TSA

# ---- other servers -----------------------------------------------------------------------
echo "$POLICY" | gate_policy
git checkout -q --detach
gate_repo packed
git -C "$SRV" config receive.unpackLimit 1
by dev dev@example.org commit -q --allow-empty -m p1
accept 'objects that stay in a pack' HEAD:refs/heads/p
git -C "$SRV" gc -q 2>/dev/null
by dev dev@example.org commit -q --allow-empty -m p2
accept 'packed refs, packed objects' HEAD:refs/heads/p
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
refuse signature-missing 'and an unsigned commit' HEAD:refs/heads/p
is "$(find "$SRV/objects" -name 'tmp_objdir*' | wc -l)" 0 \
	'the refused objects are gone'
packed=$SRV
git reset -q --hard HEAD~1
gate_repo fork
echo "$packed/objects" >"$SRV/objects/info/alternates"
by dev dev@example.org commit -q --allow-empty -m p3
accept 'objects that lie in an alternate' HEAD:refs/heads/p
git -C "$packed" fetch -q "$T/work" +main:refs/tmp/x
git checkout -q -B unsigned
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
git -C "$packed" fetch -q "$T/work" unsigned:refs/tmp/y
refuse signature-missing 'an unsigned commit that only the alternate had' \
	unsigned:refs/heads/p

# ten thousand refs do not slow a push of one commit down
gate_repo many
git checkout -q -B many HEAD~1
accept 'a first branch' many
tip=$(git -C "$SRV" rev-parse many)
i=0
while [ $i -lt 10000 ]; do
	i=$((i + 1))
	echo "$tip refs/heads/r/$i"
done >"$T/refs"
{ echo '# pack-refs with: peeled fully-peeled sorted'
	sort -k2 "$T/refs"; } >"$SRV/packed-refs"
by dev dev@example.org commit -q --allow-empty -m next
# The processor's seconds that our children took: those of other tests do not
# count. In no subshell, which would have children of its own.
work_done() {
	times >"$T/times"
	work=$(awk -F'[ms ]+' 'NR == 2 { print int(60 * ($1 + $3) + $2 + $4) }' \
		"$T/times")
}
work_done
before=$work
accept 'beside ten thousand refs' many
work_done
[ $((work - before)) -lt 20 ]
tap $? 'in good time'
refuse signature-missing 'and a refusal, which looks at all of them' \
	unsigned:refs/heads/z
done_testing
