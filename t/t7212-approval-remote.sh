#!/bin/sh
# Approvals on a signing host: requesters and approvers reach it over ssh alone.
# ssh itself is a script here; a real one is in t/server.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util git perl

softhsm_new tmk-test
host_new north
approver ann
approver bob
approver cid
cd "$T" || exit 1
SERVER=$(host_config north)
CLIENT=$XDG_CONFIG_HOME/touchmark/config
CONFIG=$SERVER
needs release 2 ann@example.org bob@example.org cid@example.org
git config -f "$SERVER" touchmark.release.created 1700000000
CONFIG=$CLIENT
host_requesters north <<'END'
[requester "alice"]
	key = release
	format = cms
	format = openpgp
[requester "ann@example.org"]
	key = release
	format = cms
	approve = true
[requester "bob"]
	approve = true
[requester "cid"]
	approve = true
[requester "eve"]
	key = release
	format = cms
END
fake_ssh
ON=ssh://signer@north
client_key far "$ON/release"
git config -f "$CLIENT" touchmark.far.cert "$T/pki/north.pem"
echo release >f

by() {	# WHO CMD...
	SERVE_AS=$1
	shift
	"$@"
}

# ---- asked and approved from elsewhere ---------------------------------------------
asks by alice touchmark sign -k far f
first=$ID
[ ! -d "$HOME/.local/state/touchmark/requests" ]
tap $? 'the request waits on the host, not here'
exits 1 'who may not approve sees nothing' \
	by alice touchmark approve --list --on "$ON"
has 'signer-not-allowed: alice may not see and approve' 'by name'
exits 1 'nor may he approve' \
	by alice touchmark approve --request "$ID" -k ann --on "$ON"
ok 'an approver sees it' by bob touchmark approve --list --on "$ON"
has "^$ID  waiting, 0 of 2  alice asks key 'release' for cms of a file  f" \
	'with who asks what'
ok 'in JSON' by bob touchmark approve --list --json --on "$ON"
has '"requester":"alice"' 'too'
ok 'he approves what he has in hand' by bob touchmark approve \
	--request "$ID" -k bob --file f --on "$ON"
has 'approved by .*CN=bob.*1 of 2' 'and is counted'
has '^  requester: alice' 'he saw who asks'
exits 1 'nobody twice' by bob touchmark approve --request "$ID" -k bob \
	--on "$ON"
has 'has approved it already' 'over ssh either'
exits 1 'another file' by cid touchmark approve --request "$ID" -k cid \
	--file pki/ca.pem --on "$ON"
has 'content-mismatch' 'is not approved'
asks by alice touchmark sign -k far f
is "$ID" "$first" 'the same request is met again'
exits 1 'another requester of the same file' by eve touchmark sign -k far f
hasnt "$first" 'makes a request of her own'
ok 'the second approval' by cid touchmark approve --request "$first" \
	-k cid --on "$ON/"release --json
has '"approvals":2,"needed":2' 'is enough'
exits 1 "but not for somebody else's request" by eve touchmark sign -k far f
ok 'for hers it is signed' by alice touchmark sign -k far f
ok 'and good' touchmark verify --roots pki/ca.pem f
exits 4 'a used one takes no approvals' by cid touchmark approve \
	--request "$first" -k ann --on "$ON"

# ---- the one who asks ---------------------------------------------------------------
echo mine >mine
asks by ann@example.org touchmark sign -k far mine
exits 1 'her own approval' by ann@example.org touchmark approve \
	--request "$ID" -k ann --on "$ON"
has 'ann@example.org asked for the signature and cannot approve it too' \
	'does not count'
run by bob touchmark approve --request "$ID" -k ann --on "$ON"
has 'cannot approve it too' 'whoever sends it'
ok 'others may' by bob touchmark approve --request "$ID" -k bob --on "$ON"
ok 'both' by cid touchmark approve --request "$ID" -k cid --on "$ON"
ok 'then it is signed' by ann@example.org touchmark sign -k far mine

# ---- a format that signs the time, and git ------------------------------------------
git_uses_touchmark
git config --global gpg.format openpgp
git config --global user.signingKey far
git config -f "$CLIENT" touchmark.far.created 1700000000
new_repo repo
(cd repo && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x)
at='1700000000 +0000'
exits 128 'a tag waits too' by alice env GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b \
	GIT_COMMITTER_DATE="$at" git -C repo tag -s -m v1 v1
ok 'the list' by bob touchmark approve --list --on "$ON"
has '^[0-9a-f]{32}  waiting, 0 of 2  alice asks .* for openpgp of a git-tag ' \
	'says that it is a tag'
tag=$(sed -n 's/^\([0-9a-f]*\) .* of a git-tag .*/\1/p' out)
ok 'one' by bob touchmark approve --request "$tag" -k bob --on "$ON"
ok 'two' by cid touchmark approve --request "$tag" -k cid --on "$ON"
sleep 1
ok 'the same tag, a second later' by alice env GIT_COMMITTER_NAME=a \
	GIT_COMMITTER_EMAIL=a@b GIT_COMMITTER_DATE="$at" \
	git -C repo tag -s -m v1 v1
git -C repo cat-file tag v1 >out
has 'BEGIN PGP SIGNATURE' 'is signed'

# ---- two at once ---------------------------------------------------------------------
echo race >race
asks by alice touchmark sign -k far race
ok 'one' by bob touchmark approve --request "$ID" -k bob --on "$ON"
ok 'two' by cid touchmark approve --request "$ID" -k cid --on "$ON"
sign_request req release 1 race '20 race'
before=$(host_uses north)
racers=
for i in 1 2 3; do
	on_host north touchmark serve --requester alice <req >"wire$i" \
		2>/dev/null &
	racers="$racers $!"
done
for p in $racers; do
	wait "$p"
done
cat wire1 wire2 wire3 >wire
read_wire
is "$(grep -c '^answer code 0 seal [1-9]' out)" 1 'one of three connections gets a signature'
is "$(grep -c '^answer code 1 seal 0 .*threshold-unmet' out)" 2 'the others wait'
is "$(host_uses north)" $((before + 1)) 'the key was used once'

# ---- messages ------------------------------------------------------------------------
id=0123456789abcdef0123456789abcdef
request all '1 \0010' '2 test'
ask alice north all
has '^answer code 1 seal 0 .*may not see and approve' 'WAITING needs the right'
request one '1 \0010' '2 test' "23 $id"
ask bob north one
has '^answer code 4 seal 0 .*no request' 'an id of nothing'
request one '1 \0010' '2 test' '23 ../../../../../../../etc/passwd0'
ask bob north one
has '^answer code 4 seal 0 .*cannot be one' 'an id that is a path'
asks by alice touchmark sign -k far race
request add '1 \0011' '2 test' '14 nonsense' "23 $ID"
ask bob north add
has '^answer code 1 seal 0 .*signature-malformed' 'an approval that is none'
request add '1 \0011' '2 test' "23 $ID"
ask bob north add
has '^answer code 4 seal 0' 'an approval without one'

# ---- a host that lies ------------------------------------------------------------------
# It gives the text of another request than it was asked for.
asks by alice touchmark sign -k far f --resign
host_does north "exec perl -e 'binmode STDIN; read STDIN, \$h, 8;
read STDIN, \$b, unpack(\"N\", substr \$h, 4);
\$t = \"touchmark signing request 1\\nnonce: x\\n\";
\$f = chr(2) . pack(\"CN\", 1, 1) . chr(0) . pack(\"CN\", 5, length \$t) . \$t;
\$| = 1; print \"TMK1\", pack(\"N\", length \$f), \$f'"
run by bob touchmark approve --request "$ID" -k bob --on "$ON"
[ "$RC" = 4 ]
tap $? 'another text than that of the request'
has 'is not that request' 'is not signed'
host_does north

exits 2 'no host' touchmark approve --list --on north
exits 2 'a host that is an option' touchmark approve --list \
	--on ssh://-oProxyCommand=x/
exits 3 'a host that is away' by bob touchmark approve --list \
	--on ssh://a@nowhere
done_testing
