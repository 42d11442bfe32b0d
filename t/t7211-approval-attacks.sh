#!/bin/sh
# Approvals that must not count: of another request, of others, of the one who
# asks, twice, too late, of what was changed; and one set for one signature.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util faketime

token_key release release@example.org
approver ann
approver bob
approver ann2 ann@example.org
approver mallory
approver mailer ssl@example.org basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=emailProtection
PKI_AT='40 days ago' PKI_DAYS=20 approver late
cd "$T" || exit 1
needs release 2 ann@example.org bob@example.org ssl@example.org \
	late@example.org
for f in f g h; do echo "$f" >"$f"; done

refused() {	# WHAT KEY REASON
	exits 1 "$1" touchmark approve --request "$ID" -k "$2"
	has "^touchmark: $3: " "is $3"
}

# The CMS that somebody would send, made by hand.
seal_by() {	# KEY FILE OUT
	touchmark sign -k "$1" --no-timestamp -o "$3" "$2" >setup.log 2>&1 ||
		bail 'no seal'
}

kept() {	# approvals of the request
	find "$(folder "$1")" -name 'approval-*' | wc -l
}

fp() {
	openssl x509 -in "pki/$1.pem" -outform DER | openssl dgst -sha256 -r |
		cut -c1-64
}

# ---- others ------------------------------------------------------------------------
asks touchmark sign -k release f
first=$ID
refused 'somebody who is no approver' mallory signer-not-allowed
refused 'a certificate for another use' mailer cert-usage
run touchmark approve --request "$ID" -k late
[ "$RC" != 0 ] && grep -q expired out
tap $? 'an expired certificate is not used'
cp pki/ca.pem pki/real.pem
pki_root other
cp pki/other.pem pki/ca.pem
refused 'a foreign root' ann chain-untrusted
cp pki/real.pem pki/ca.pem
is "$(kept "$ID")" 0 'nothing of this was kept'

# Put there by hand, past every check.
put() {	# KEY ID: the seal of that request's text
	seal_by "$1" "$(folder "$2")/request" put.p7s
	cp put.p7s "$(folder "$2")/approval-$(fp "$1")"
}
put mallory "$ID"
put mailer "$ID"
touchmark sign -k release f >out 2>&1
has '0 of 2 approvals' 'approvals of others do not count, wherever they lie'
rm "$(folder "$ID")"/approval-*

# ---- one person with two certificates ----------------------------------------------
approves ann "$ID"
refused 'the same person by another certificate' ann2 signer-not-allowed
put ann2 "$ID"
exits 1 'even when it lies there' touchmark sign -k release f
has '1 of 2 approvals' 'she counts once'
rm "$(folder "$ID")/approval-$(fp ann2)"

# ---- replay and swap ---------------------------------------------------------------
approves bob "$ID"
asks touchmark sign -k release g
second=$ID
cp "$(folder "$first")"/approval-* "$(folder "$second")"
exits 1 'approvals of another request' touchmark sign -k release g
has '0 of 2 approvals' 'are none of this one'
rm "$(folder "$second")"/approval-*
cp "$(folder "$first")/request" "$(folder "$second")/request"
exits 1 'the text of another request' touchmark sign -k release g
has '0 of 2' 'is not that of this one'
exits 4 'and cannot be approved' touchmark approve --request "$second" -k ann
has "request $second was changed" 'as it was changed'
rm -r "$(folder "$second")"

# What was approved for f does not sign g under the same name.
mkdir sub
echo other >sub/f
exits 1 'other content under the name of what was approved' \
	touchmark sign -k release sub/f
has '0 of 2' 'has no approvals'

# ---- edited ------------------------------------------------------------------------
asks touchmark sign -k release h
edit() {	# SED WHAT
	cp "$(folder "$ID")/request" kept.request
	sed -i "$1" "$(folder "$ID")/request"
	exits 4 "$2" touchmark approve --request "$ID" -k ann
	has 'was changed' 'is seen'
	touchmark approve --list >out
	hasnt "$ID" 'and not listed'
	cp kept.request "$(folder "$ID")/request"
}
edit 's/^expires: 20../expires: 29../; s/\.\./99/' 'another end'
edit 's/^approvals: 2/approvals: 1/' 'fewer approvals'
edit "s/^digest: ../digest: $(printf %02x 0)/; s/^key: release/key: ann/" \
	'another digest and key'
edit 's/^requester: .*/requester: nobody/' 'another requester'
edit 's/^approvals: 2/&\nextra: line/' 'one more line'
approves ann "$ID"

# ---- revoked -----------------------------------------------------------------------
pki_crl ca
cp pki/ca.crl pki/ca.pem.crl
exits 1 'a current list of revocations changes nothing' \
	touchmark sign -k release h
has '1 of 2' 'for who is not on it'
pki_crl ca "$(pki_serial ann)=keyCompromise"
cp pki/ca.crl pki/ca.pem.crl
exits 1 'an approver who is revoked after he approved' \
	touchmark sign -k release h
has '0 of 2' 'does not count any more'
ID_H=$ID
asks touchmark sign --resign -k release f
echo broken >pki/ca.pem.crl
run touchmark sign -k release f
[ "$RC" != 0 ] && [ ! -e f.p7s ]
tap $? 'a list that cannot be read lets nothing through'
rm pki/ca.pem.crl

# ---- one set, one signature --------------------------------------------------------
is "$(kept "$first")" 2 'f is approved'
ID=$first
for i in 1 2 3 4; do
	touchmark sign -k release -o "race$i.p7s" f >"race$i" 2>&1 &
	eval "p$i=\$!"
done
good=0
for i in 1 2 3 4; do
	eval "wait \$p$i" && good=$((good + 1))
done
is "$good" 1 'of four who sign at once one does'
is "$(find . -maxdepth 1 -name 'race*.p7s' | wc -l)" 1 'there is one signature'
is "$(grep -l threshold-unmet race1 race2 race3 race4 | wc -l)" 3 \
	'the others lack approvals'
[ -e "$(folder "$first")/spent" ]
tap $? 'the request is used up'
cp "$(folder "$first")"/approval-* . 2>/dev/null
new=$(touchmark approve --list --json |
	sed -n 's/^{"request":"\([0-9a-f]*\)".*"artefact":"f".*/\1/p' |
	while read -r r; do
		grep -q "$(openssl dgst -sha256 -r f | cut -c1-64)" \
			"$(folder "$r")/request" && echo "$r"
	done)
is "$(echo "$new" | wc -l)" 1 'they wait in one new request'
cp approval-* "$(folder "$new")"
exits 1 'used approvals beside the new request' touchmark sign -k release \
	--resign f
has '0 of 2' 'are worth nothing'

# A signature that fails takes nothing with it.
ID=$ID_H
rm "$(folder "$ID")"/approval-*
approves ann "$ID"
approves bob "$ID"
git config -f "$CONFIG" touchmark.release.preSign false
exits 1 'a command that says no' touchmark sign -k release h
git config -f "$CONFIG" --unset touchmark.release.preSign
[ ! -e "$(folder "$ID")/spent" ]
tap $? 'gives the approvals back'
ok 'and they are good for the next one' touchmark sign -k release h

# ---- too late ----------------------------------------------------------------------
git config -f "$CONFIG" touchmark.release.approvalExpiry 300
echo soon >soon
asks touchmark sign -k release soon
approves ann "$ID"
approves bob "$ID"
late="faketime +301seconds"
# shellcheck disable=SC2086 # the words of a command
exits 1 'after its end' $late touchmark sign -k release soon
has '0 of 2' 'approvals are worth nothing'
hasnt "$ID" 'and another request waits'
# shellcheck disable=SC2086
exits 4 'nor are they taken' $late touchmark approve --request "$ID" -k ann
has 'has expired' 'as it expired'
# shellcheck disable=SC2086
$late touchmark approve --list >out
hasnt "$ID" 'it is not listed'
git config -f "$CONFIG" --unset touchmark.release.approvalExpiry

# ---- what cannot be ----------------------------------------------------------------
exits 2 'no id' touchmark approve --request xyz -k ann
exits 4 'an id of nothing' touchmark approve -k ann \
	--request 00000000000000000000000000000000
has 'there is no request' 'is told'
exits 2 'an id that leads elsewhere' touchmark approve -k ann \
	--request ../../../../../../../../etc/pas
needs release 3 ann@example.org bob@example.org ann@example.org
exits 2 'more approvals than approvers' touchmark sign -k release h --resign
has 'fewer people may approve' 'is told'
needs release 2 ann@example.org bob@example.org
git config -f "$CONFIG" --unset touchmark.release.roots
exits 2 'no roots' touchmark sign -k release h --resign
has 'has no roots' 'is told'
needs release 2 ann@example.org bob@example.org
chmod 755 "$(folder .)"
exits 2 'requests that others may enter' touchmark sign -k release h --resign
has 'others may enter it' 'are not used'
chmod 700 "$(folder .)"

# ---- past the section --------------------------------------------------------------
uri="pkcs11:token=$TOKEN;object=release?module-path=$MODULE&pin-source=file:$PINFILE"
exits 1 'the same key by its bare URI' touchmark sign --type ssh \
	-k "$uri" h
has '^touchmark: signer-not-allowed: a key that is named by its URI' 'is refused'
[ ! -e h.sig ]
tap $? 'and signs nothing'

# ---- names that would deceive ------------------------------------------------------
evil=$(printf 'a\nexpires: never\033[2Jb')
echo evil >"$evil"
asks touchmark sign -k release "$evil"
ok 'a name with control characters' touchmark approve --request "$ID" -k ann
has '^  artefact: a\\x0aexpires: never\\x1b\[2Jb$' 'is one escaped line'
touchmark approve --list >out
has 'a.*x0aexpires: never.*x1b' 'in the list as well'
tr -d '\n' <out | LC_ALL=C grep -q '[[:cntrl:]]'
[ $? = 1 ]
tap $? 'which holds no control character'
done_testing
