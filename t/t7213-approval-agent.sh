#!/bin/sh
# Approvals where an agent has the login: the same request, the same answers,
# for a file and for git; and approvals that take longer than a day.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util git faketime

agent_world
token_key release release@example.org
approver ann
approver bob
cd "$T" || exit 1
needs release 2 ann@example.org bob@example.org
git config -f "$CONFIG" touchmark.release.created 1700000000

echo release >f
asks touchmark sign -k release f
first=$ID
[ -n "$(agent_pid)" ]
tap $? 'an agent serves'
approves ann "$ID"
asks touchmark sign -k release f
is "$ID" "$first" 'the agent meets the request again'
has '1 of 2' 'and knows its approvals'
approves bob "$ID" --file f
ok 'the agent signs it' touchmark sign -k release f
ok 'and it is good' touchmark verify --roots pki/ca.pem f
asks touchmark sign -k release --resign f
[ "$ID" != "$first" ]
tap $? 'once'

# ---- git, content in hand ------------------------------------------------------------
git_uses_touchmark
git config --global gpg.format openpgp
git config --global user.signingKey release
git config --global user.name a
git config --global user.email a@example.org
new_repo repo
git -C repo commit -q --allow-empty -m x
GIT_COMMITTER_DATE='1700000000 +0000'
export GIT_COMMITTER_DATE
exits 128 'a tag waits' git -C repo tag -s -m v1 v1
touchmark approve --list >out
has '^[0-9a-f]{32}  waiting, .* for openpgp of a git-tag  -' 'as what it is'
tag=$(sed -n 's/^\([0-9a-f]*\) .* of a git-tag .*/\1/p' out)
now=$(date +%s)
until [ "$(date +%s)" != "$now" ]; do sleep 0.1; done
exits 128 'another tag' git -C repo tag -s -m v2 v2
is "$(touchmark approve --list | grep -c git-tag)" 2 'is another request'
exits 128 'the first one again' git -C repo tag -s -m v1 v1
is "$(touchmark approve --list | grep -c git-tag)" 2 'meets its own'
approves ann "$tag"
approves bob "$tag"
ok 'and is made' git -C repo tag -s -m v1 v1
git -C repo cat-file tag v1 >out
has 'BEGIN PGP SIGNATURE' 'with its signature'
exits 128 'the other one still waits' git -C repo tag -s -m v2 v2

# ---- longer than a day ---------------------------------------------------------------
touchmark agent stop >/dev/null 2>&1
git config -f "$CONFIG" touchmark.agent never
git config -f "$CONFIG" touchmark.release.approvalExpiry 1000000
echo slow >slow
asks faketime '-3 days' touchmark sign --type openpgp -k release slow
approves ann "$ID" --file slow
approves bob "$ID" --file slow
ok 'three days later' touchmark sign --type openpgp -k release slow
done_testing
