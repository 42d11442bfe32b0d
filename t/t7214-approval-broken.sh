#!/bin/sh
# What is wrong with one key that needs approvals hides no request for another,
# here and on a signing host; and it is told.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util git perl

softhsm_new tmk-test
host_new north
host_second north other
approver ann
approver bob
cd "$T" || exit 1
SERVER=$(host_config north)
CLIENT=$XDG_CONFIG_HOME/touchmark/config
echo good >good
echo bad >bad

# Two keys of two certificates: `release` and `other` in one configuration.
two_keys() {	# CONFIG
	CONFIG=$1
	needs release 2 ann@example.org bob@example.org
	needs other 1 ann@example.org
	CONFIG=$CLIENT
}
break_roots() {	# CONFIG FILE
	git config -f "$1" touchmark.other.roots "$2"
}

# ---- here --------------------------------------------------------------------------
token_key release release@example.org
token_key more other@example.org
git config -f "$CONFIG" --rename-section touchmark.more touchmark.other
two_keys "$CLIENT"
asks touchmark sign -k release good
good=$ID
asks touchmark sign -k other bad
bad=$ID
ok 'both wait' touchmark approve --list
is "$(grep -c ' waiting, ' out)" 2 'and are shown'
break_roots "$CLIENT" "$T/gone.pem"
exits 2 'the roots of one key are gone' touchmark approve --list
has "^$good  waiting, 0 of 2 .* key 'release' " 'the other is shown'
has "^$bad  broken, \\? of 1 .* key 'other' " 'that one too, as broken'
has "warning: key 'other': touchmark.other.roots: .*gone.pem" 'with what is wrong'
has 'the approvals of 1 request cannot be judged$' 'it is no success'
has 'hint: .*put it right' 'and what to do'
exits 2 'as JSON' touchmark approve --list --json
is "$(grep -c '^{' out)" 2 'both are objects'
has "\"request\":\"$good\",\"status\":\"waiting\".*\"approvals\":0" 'the good one'
has "\"request\":\"$bad\",\"status\":\"broken\".*\"needed\":1,\"code\":2,\"text\":\"touchmark.other.roots: " \
	'the other one'
grep "$bad" out | grep -q '"approvals"\|approved_by'
[ $? = 1 ]
tap $? 'has no count'
exits 2 'no new request is made for such a key' touchmark sign -k other good
has 'touchmark.other.roots: .*gone.pem' 'with the same reason'
break_roots "$CLIENT" "$T/pki/ca.pem"
asks touchmark sign -k other good
break_roots "$CLIENT" "$T/gone.pem"
exits 2 'another one waits for that key' touchmark approve --list
is "$(grep -c "warning: key 'other'" out)" 1 'its fault is told once'
has 'the approvals of 2 requests cannot be judged$' 'for all'
echo junk >"$T/junk.pem"
break_roots "$CLIENT" "$T/junk.pem"
exits 2 'roots that are none' touchmark approve --list
has "^$good  waiting" 'hide nothing either'
has "warning: key 'other': .*junk.pem" 'and are told'
exits 2 'nothing can be approved with them' \
	touchmark approve --request "$bad" -k ann
has 'touchmark.other.roots' 'which is told'
break_roots "$CLIENT" "$T/pki/ca.pem"
approves ann "$good"
mkdir "$(folder "$bad")/approval-$(printf '%064d' 1)"
exits 4 'what cannot be read among the approvals' touchmark approve --list
has "^$good  waiting, 1 of 2" 'hides nothing'
has "^$bad  broken" 'and is told'
rmdir "$(folder "$bad")/approval-$(printf '%064d' 1)"
ok 'all is well again' touchmark approve --list
is "$(grep -c ' waiting, ' out)" 3 'three wait'

# ---- on a signing host ----------------------------------------------------------------
two_keys "$SERVER"
host_requesters north <<'EOF'
[requester "alice"]
	key = release
	key = other
	format = cms
[requester "bob"]
	approve = true
EOF
fake_ssh
ON=ssh://signer@north
client_key far "$ON/release"
git config -f "$CLIENT" touchmark.far.cert "$T/pki/north.pem"
client_key away "$ON/other"
git config -f "$CLIENT" touchmark.away.cert "$T/pki/other.pem"
SERVE_AS=alice
asks touchmark sign -k far good
good=$ID
asks touchmark sign -k away bad
bad=$ID
SERVE_AS=bob
ok 'an approver sees both' touchmark approve --list --on "$ON"
is "$(grep -c ' waiting, ' out)" 2 'waiting'
break_roots "$SERVER" "$T/gone.pem"
exits 2 'the roots of one key are gone there' \
	touchmark approve --list --on "$ON"
has "^$good  waiting, 0 of 2 .* key 'release' " 'the other is shown'
has "^$bad  broken, \\? of 1 .* key 'other' " 'that one too, as broken'
has "warning: key 'other': touchmark.other.roots: .*gone.pem" 'and why'
has 'hint: tell the administrator of the signing host' 'and whom to tell'
exits 2 'as JSON' touchmark approve --list --json --on "$ON"
has "\"request\":\"$bad\".*\"status\":\"broken\"" 'as well'
ok 'the other is approved all the same' touchmark approve --request "$good" \
	-k ann --on "$ON"
done_testing
