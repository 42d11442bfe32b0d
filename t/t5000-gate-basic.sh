#!/bin/sh
# The gate's main road: signed commits and tags come in, others do not.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
gate_policy <<'EOF2'
[role "developers"]
	member = *@example.org
[ref "refs/heads/*"]
	require = commits
	role = developers
[ref "refs/tags/v*"]
	require = tag
	role = developers
EOF2
gate_repo srv
commit one
accept 'a signed commit' main
commit two
commit three
accept 'two more' main
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
refuse signature-missing 'an unsigned commit' main
has 'touchmark: refuse refs/heads/main [0-9a-f]{12} signature-missing: .*; .*git commit' \
	'the line names ref, object, reason and what to do'
is "$(git -C "$SRV" log -1 --format=%s main)" three 'the ref did not move'
git reset -q --hard HEAD~1
git tag -s -m 'version 1' v1
accept 'a signed tag' v1
git tag -a -m 'no signature' v2
refuse tag-unsigned 'an annotated tag without a signature' v2
git tag v3
refuse tag-unsigned 'a lightweight tag' v3
done_testing
