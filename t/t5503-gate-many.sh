#!/bin/sh
# In a push so large that commits are judged while they are still being found,
# what follows from a good signature is asked all the same; and a tag's name.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
gate_policy <<END
[ref "refs/heads/*"]
	require = commits
[ref "refs/rel/*"]
	require = tag
END
gate_repo srv
git -C "$SRV" config touchmark.gateLog "$T/log"
tree=$(git mktree </dev/null)

hook() {
	(cd "$SRV" && GIT_DIR=. hooks/pre-receive <"$T/line")
}
# below TREE: three hundred unsigned commits on a signed one, whose tree is
# $1; nobody sees the line about it, but the record has it.
below() {
	git -C "$SRV" mktree </dev/null >/dev/null
	root=$(plain | sed "1s/ .*/ $1/" | seal_commit dev |
		git -C "$SRV" hash-object -t commit -w --stdin --literally)
	tip=$root i=0
	while [ $((i += 1)) -le 300 ]; do
		tip=$(git -C "$SRV" commit-tree -p "$tip" -m x "$tree")
	done
	rm -f "$T"/log*
	echo "$ZERO $tip refs/heads/x" >"$T/line"
	exits 1 "three hundred commits on one with the tree $1" hook
	has 'touchmark: refuse refs/heads/x .* signature-missing: ' \
		'they are not signed'
	sed 's/"oids":\[[^]]*\]}/&\n/g' "$T/log" | grep -F "$root" >"$T/out"
}
below "$tree"
has 'good' 'the signed one is good'
hasnt 'object-missing' 'and all there'
below "$(id_of 1)"
has 'object-missing' 'a good signature over a tree that is not there'

commit one
git tag -s -m 'release' 1.0
refuse tag-name 'a tag under a name that only ends like its own' \
	1.0:refs/rel/v1.0
accept 'under its own' 1.0:refs/rel/1.0
done_testing
