#!/bin/sh
# Approvals for what git signs: a tag waits as a file does, and is met again
# when it says the same time; another second is another tag.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=approval-lib.sh
. "${0%/*}/approval-lib.sh"
need openssl git gpg pkcs11-tool softhsm2-util

token_key release release@example.org
approver ann
approver bob
approver cid
git config -f "$CONFIG" touchmark.release.created 1700000000
git config -f "$CONFIG" touchmark.release.userId 'Release <release@example.org>'
policy_for ca
git_uses_touchmark
cd "$T" || exit 1
touchmark key export release --type openpgp >release.asc || exit 1
gpg --batch --quiet --import release.asc
needs release 2 ann@example.org bob@example.org cid@example.org
new_repo repo
cd repo || exit 1
git config user.signingKey release
git commit -q --allow-empty -m one

# git before 2.41 keeps to itself what its program says: the list has the id.
tag() {	# NAME DATE
	GIT_COMMITTER_DATE=$2 git tag -s -m 'release' "$1"
}
waits() {	# WHAT NAME DATE
	touchmark approve --list | sort >"$T/before"
	exits 128 "$1" tag "$2" "$3"
	git rev-parse -q --verify "refs/tags/$2" >"$T/out"
	is "$?" 1 'there is no tag'
	touchmark approve --list | sort >"$T/after"
	diff "$T/before" "$T/after" | sed -n 's/^> \([0-9a-f]\{32\}\) .*/\1/p' \
		>"$T/new"
}

for f in x509 openpgp; do
	git config gpg.format "$f"
	waits "$f: a tag without approvals" "v-$f" '1790000000 +0000'
	ID=$(cat "$T/new")
	grep "^$ID " "$T/after" >"$T/out"
	has "asks key 'release' for .* of a git-tag  v-$f  until" \
		"$f: the list says which tag it is"
	approves ann "$ID"
	approves cid "$ID"
	waits "$f: the same tag in another second" "v-$f" '1790000001 +0000'
	is "$(wc -l <"$T/new")" 1 "$f: is another request"
	ok "$f: the tag that was approved" tag "v-$f" '1790000000 +0000'
	ok "$f: is good" git verify-tag "v-$f"
	git tag -d "v-$f" >"$T/out"
	waits "$f: once" "v-$f" '1790000000 +0000'
	is "$(wc -l <"$T/new")" 1 "$f: and needs new approvals"
done
done_testing
