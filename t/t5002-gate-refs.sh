#!/bin/sh
# What may happen to a ref, and the ways around judging what it brings in.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
POLICY='[role "developers"]
	member = dev@example.org
[ref "refs/heads/main"]
	require = commits
	role = developers
[ref "refs/heads/release/*"]
	require = commits
	role = developers
[ref "refs/heads/wip/*"]
	require = nothing
	force = allow
	delete = allow
[ref "refs/heads/tip/*"]
	require = tip
[ref "refs/heads/fp/*"]
	require = commits
	merges = first-parent
[ref "refs/heads/frozen"]
	require = nothing
	update = deny
[ref "refs/heads/known/*"]
	require = nothing
	create = deny
[ref "refs/tags/v*"]
	require = tag
[ref "refs/tags/moving"]
	require = tag
	update = allow
	force = allow
	delete = allow
[ref "refs/notes/*"]
	require = nothing'
echo "$POLICY" | gate_policy
gate_repo srv
unsigned() {
	git -c commit.gpgSign=false commit -q --allow-empty -m "$1"
}
commit one
commit two
accept 'signed history' main

# ---- create, update, force, delete ---------------------------------------------
refuse ref-unmatched 'a ref that no rule matches' main:refs/heads/other
refuse ref-unmatched 'another namespace' main:refs/custom/x
refuse ref-delete 'deleting what is protected' :refs/heads/main
git checkout -q -b side HEAD~1
commit 'two again'
refuse ref-force 'a forced update' +side:refs/heads/main
refuse ref-force 'a reset to an older signed commit' +HEAD~1:refs/heads/main
is "$(git -C "$SRV" rev-parse main)" "$(git rev-parse main)" \
	'the branch stayed where it was'
unsigned loose
accept 'anything to a free branch' side:refs/heads/wip/a
git commit -q --allow-empty --amend -m 'rewritten'
accept 'force where it is allowed' +side:refs/heads/wip/a
accept 'delete where it is allowed' :refs/heads/wip/a
accept 'a frozen ref is made once' main:refs/heads/frozen
git checkout -q -b frozen main
commit more
refuse ref-force 'a frozen ref moves' frozen:refs/heads/frozen
refuse ref-namespace 'a ref that must exist already' main:refs/heads/known/x

# ---- laundering ---------------------------------------------------------------
git checkout -q -B dirty main
unsigned 'not signed'
commit 'signed on top'
accept 'unsigned history parked on a free branch' dirty:refs/heads/wip/park
refuse signature-missing 'then fast-forwarded into main' dirty:refs/heads/main
is "$(grep -c 'touchmark: refuse' "$T/out")" 1 'only the unsigned commit is named'
refuse signature-missing 'both refs in one push' dirty:refs/heads/wip/other \
	dirty:refs/heads/main
accept 'a tip alone is judged where only tip is asked' dirty:refs/heads/tip/x
refuse signature-missing 'history let in by its tip, then to main' \
	dirty:refs/heads/main
refuse signature-missing 'a new protected branch from it' \
	dirty:refs/heads/release/1
git checkout -q -B viamerge main
git merge -q --no-ff -m merge dirty
refuse signature-missing 'through a merge' viamerge:refs/heads/main
git checkout -q -B fpm main
git merge -q --no-ff -m merge dirty
accept 'first-parent judges the first parents' fpm:refs/heads/fp/1
refuse signature-missing 'what came in behind a merge is not vouched for' \
	dirty:refs/heads/fp/2
refuse signature-missing 'nor for a rule that judges all of it' \
	fpm:refs/heads/release/2
# the line that was judged is known to other refs of that rule: a policy that
# would refuse it today does not make them say it again
(TRUST="$TRUST
	digest = sha512"; echo "$POLICY" | gate_policy)
accept 'a line of first parents that is known' fpm:refs/heads/fp/3
refuse signature-missing 'what it merged is not' dirty~1:refs/heads/fp/4
echo "$POLICY" | gate_policy
# a merge the other way round, after which the merged branch is the main line
git checkout -q fpm
commit 'on the main line'
accept 'first-parent goes on' fpm:refs/heads/fp/1
git checkout -q -B foxtrot dirty
git merge -q --no-ff -m 'the other way round' fpm
refuse signature-missing 'what was only merged becomes the main line' \
	foxtrot:refs/heads/fp/1
has "fp/1 $(git rev-parse --short=12 dirty~1) " 'the unsigned one is named'
is "$(grep -c 'touchmark: refuse' "$T/out")" 1 'and no other'
accept 'a protected branch from protected history' main:refs/heads/release/3
accept 'signed history to main after all' main:refs/heads/main
# objects that are there already and reachable from nothing
git push -q "$REMOTE" dirty:refs/heads/wip/gone 2>/dev/null
git push -q "$REMOTE" :refs/heads/wip/gone :refs/heads/wip/park 2>/dev/null
refuse signature-missing 'objects that the server had, unreachable' \
	dirty:refs/heads/main

# dates that lie: the parent claims to be younger than its children
git checkout -q -B dates main
GIT_COMMITTER_DATE='2030-01-01T00:00:00Z' git -c commit.gpgSign=false \
	commit -q --allow-empty -m 'unsigned, from the future'
GIT_COMMITTER_DATE='2001-01-01T00:00:00Z' commit 'signed, from the past'
refuse signature-missing 'dates that run backwards hide nothing' \
	dates:refs/heads/main

# ---- namespaces ---------------------------------------------------------------
refuse ref-namespace 'a replace ref' \
	"main:refs/replace/$(git rev-parse HEAD)"
refuse ref-namespace 'notes of grafts' main:refs/notes/grafts
accept 'other notes' main:refs/notes/commits
printf '%s\n[ref "refs/*"]\n\trequire = nothing\n\tdelete = allow\n' \
	'' | gate_policy
refuse ref-namespace 'a pattern with a star does not open it' \
	"main:refs/replace/$(git rev-parse HEAD)"
printf '[ref "refs/replace/*"]\n\trequire = nothing\n' | gate_policy
accept 'a rule that names it does' \
	"main:refs/replace/$(git rev-parse dirty)"
echo "$POLICY" | gate_policy
# the server now shows a signed commit for the unsigned one; the gate does not
refuse signature-missing 'a replace ref on the server fools nobody' \
	dirty:refs/heads/main
git -C "$SRV" update-ref -d "refs/replace/$(git rev-parse dirty)"
printf '%s\n' "$(git rev-parse dirty)" >"$SRV/info/grafts"
refuse signature-missing 'nor does a graft' dirty:refs/heads/main
rm "$SRV/info/grafts"

# ---- a symbolic ref ------------------------------------------------------------
git -C "$SRV" symbolic-ref refs/heads/wip/alias refs/heads/main
refuse signature-missing 'a free name that is a link to a protected one' \
	dirty:refs/heads/wip/alias
git -C "$SRV" symbolic-ref -d refs/heads/wip/alias
# as core.preferSymlinkRefs writes them, to a ref that is not there yet
mkdir -p "$SRV/refs/heads/wip"
ln -s refs/heads/release/soon "$SRV/refs/heads/wip/alias"
refuse signature-missing 'one that is a link in the file system' \
	dirty:refs/heads/wip/alias
rm "$SRV/refs/heads/wip/alias"
git checkout -q main
printf '%s\n[ref "refs/x/*"]\n\trequire = nothing\n\tforce = allow\n' "$POLICY" |
	sed 's/^.ref "refs.tags.v.*/&\n\tforce = allow/' | gate_policy
git tag -s -m 'behind a link' vlink
accept 'a tag to which a link leads' vlink
git -C "$SRV" symbolic-ref refs/x/vlink refs/tags/vlink
git tag -f -s -m 'behind a link, again' vlink >/dev/null
refuse tag-moved 'a published tag, moved through a link' +vlink:refs/x/vlink
has 'tag-moved: .ref "refs/tags/v' 'the rule that keeps it is named'
git -C "$SRV" update-ref -d refs/tags/vlink
git -C "$SRV" symbolic-ref refs/x/vlink refs/tags/vother
refuse tag-name 'a tag that the link gives another name' vlink:refs/x/vlink
git -C "$SRV" symbolic-ref refs/x/vlink refs/heads/release/link
refuse tag-target 'a tag object through a link into refs/heads' \
	vlink:refs/x/vlink
git -C "$SRV" symbolic-ref -d refs/x/vlink
echo "$POLICY" | gate_policy

# ---- tags -----------------------------------------------------------------------
git checkout -q main
git tag -s -m 'version 1' v1
accept 'a signed tag' v1
commit three
git tag -f -s -m 'version 1 again' v1 >/dev/null
refuse tag-moved 'a release tag that moves' +v1
refuse ref-delete 'a release tag that is deleted' :refs/tags/v1
git tag -s -m m moving
accept 'a tag that may move' moving
git tag -f -s -m m moving HEAD~1 >/dev/null
accept 'moved' +moving
accept 'deleted' :refs/tags/moving
git tag v2
refuse tag-unsigned 'a lightweight tag' v2
git -c advice.nestedTag=false tag -a -m outer v3 v1
refuse tag-unsigned 'an unsigned tag around a signed one' v3
git tag -s -m outer v4 v1 2>/dev/null
accept 'a signed tag of a tag' v4
n=4
for i in 5 6 7 8; do
	git tag -s -m outer "v$i" "v$n" 2>/dev/null
	n=$i
done
refuse tag-target 'tags nested too deep' v8
refuse tag-name 'a signed tag under another name' v1:refs/tags/v99
refuse tag-target 'a tag object in refs/heads' v1:refs/heads/wip/tag
blob=$(echo blob | git hash-object -w --stdin)
refuse tag-target 'a lightweight tag of a blob' "$blob:refs/tags/vblob"

# ---- shallow and incomplete -----------------------------------------------------
git init -q -b main "$T/long"
cd "$T/long" || exit 1
git config gpg.format x509
git config gpg.x509.program "$T/signer"
git config user.signingKey dev
for i in 1 2 3 4; do commit "$i" -S; done
git clone -q --depth 2 "file://$T/long" "$T/shallow" 2>/dev/null
cd "$T/shallow" || exit 1
gate_repo srv2
refuse push-shallow 'a shallow history' HEAD:refs/heads/main
git -C "$SRV" config receive.shallowUpdate true
refuse push-shallow 'a shallow history that git would take' HEAD:refs/heads/main
refuse push-shallow 'even to a free branch' HEAD:refs/heads/wip/x
cd "$T/long" || exit 1
accept 'the whole of it' HEAD:refs/heads/main
cd "$T/shallow" || exit 1
git config gpg.format x509
git config gpg.x509.program "$T/signer"
git config user.signingKey dev
commit 5 -S
accept 'from a shallow clone, when the server has the rest' HEAD:refs/heads/main

# missing parents: what git would notice later anyway, the gate says by name
hook() {
	(cd "$SRV" && GIT_DIR=. hooks/pre-receive <"$T/line")
}
gate_repo srv3
id=$(plain "$(id_of 1)" | seal_commit dev |
	git -C "$SRV" hash-object -t commit -w --stdin --literally)
echo "$ZERO $id refs/heads/main" >"$T/line"
exits 1 'a commit without its parent' hook
has 'refuse refs/heads/main [0-9a-f]{12} (object-missing): ' \
	'it is object-missing'
echo "$ZERO $(id_of 2) refs/heads/main" \
	>"$T/line"
exits 1 'a tip that is not there' hook
has 'object-missing: ' 'it is object-missing'
echo "$id $id refs/heads/main" >"$T/line"
exits 1 'an old value that the ref does not have' hook
has 'ref-force: ' 'it is ref-force'
done_testing
