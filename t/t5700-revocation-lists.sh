#!/bin/sh
# Revocation lists of every kind, on real pushes: which one counts, for whom,
# from when on and until when.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
# shellcheck source=crl-lib.sh
. "${0%/*}/crl-lib.sh"

gate_setup
tsa_new tsa
# the same keys under certificates that are older than what is tested
for n in ca tsa-root; do
	faketime '2025-01-01' openssl req -x509 -new -key "$T/pki/$n.key" \
		-sha256 -days 36500 -subj "/O=Test/CN=$n" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-out "$T/pki/$n.pem" 2>/dev/null
done
cp "$T/pki/ca.pem" "$T/roots.pem"
cp "$T/pki/tsa-root.pem" "$T/tsa-roots.pem"
: >"$T/inter.pem"
leaf='basicConstraints=critical,CA:FALSE'
use='keyUsage=critical,digitalSignature'
eku=extendedKeyUsage=codeSigning
PKI_AT='2025-06-01' PKI_DAYS=30000 pki_leaf tsa-root tsa '' \
	"$leaf" "$use" extendedKeyUsage=critical,timeStamping
mkdir "$T/crls"
USUAL="roots = roots.pem
	tsaRoots = tsa-roots.pem
	crl = crls"
TRUST=$USUAL
RULE='[ref "refs/heads/*"]
	require = commits'
gate_repo srv

# lists [NAME CA ARG...]...: the directory has these, one per line of the
# input "NAME CA ARG..."
lists() {
	rm -f "$T"/crls/*
	while read -r name by more; do
		# shellcheck disable=SC2086 # arguments
		crl_make "$T/crls/$name" "$by" $more
	done
}
# try REASON WHAT KEY
try() {
	git update-ref -d refs/heads/main
	if ! git -c user.signingKey="$3" commit -q --allow-empty -m "$2" \
		2>"$T/out"; then
		RC=1
		tap 1 "$2: the test cannot sign"
		return
	fi
	echo "$RULE" | gate_policy
	if [ "$1" = good ]; then
		accept "$2" main:refs/heads/try
	else
		refuse "$1" "$2" main:refs/heads/try
	fi
	git -C "$SRV" update-ref -d refs/heads/try
}
ago() {	# seconds from now of a time
	echo $(($(date -u -d "$1" +%s) - $(date +%s)))
}
then_on() {	# what is signed now is signed and stamped on July 1st
	SIGN_TSA=tsa TSA_AT='2026-07-01 12:00:00' SIGN_AT='2026-07-01 11:59:00'
	export SIGN_TSA TSA_AT SIGN_AT
}
now_on() {
	unset SIGN_TSA TSA_AT SIGN_AT
}
pki_leaf ca dev dev@example.org "$leaf" "$use" $eku
dev=$(pki_serial dev)
PKI_AT='2026-06-01' PKI_DAYS=30000 pki_leaf ca old dev@example.org
old=$(pki_serial old)
June=$(ago 2026-06-15) July=$(ago 2026-07-02) August=$(ago 2026-08-01)

# ---- reasons, with a timestamp of July 1st --------------------------------------
then_on
for r in '0 unspecified' '1 keyCompromise' '2 cACompromise' \
	'6 certificateHold' '9 privilegeWithdrawn' '10 aACompromise' \
	'- no-reason'; do
	lists <<-END
	a ca $old,${r% *},$August
	END
	try cert-revoked "${r#* }, revoked after the timestamp" old
done
for r in '3 affiliationChanged' '4 superseded' '5 cessationOfOperation'; do
	lists <<-END
	a ca $old,${r% *},$August
	END
	try good "${r#* }, revoked after the timestamp" old
	lists <<-END
	a ca $old,${r% *},$June
	END
	try cert-revoked "${r#* }, revoked before the timestamp" old
	lists <<-END
	a ca $old,${r% *},$August,$June
	END
	try cert-revoked "${r#* }, with an invalidityDate before it" old
done

# ---- invalidityDate ---------------------------------------------------------------
for r in 1 2 10 0 -; do
	lists <<-END
	a ca $old,$r,$August,$July
	END
	TRUST=$USUAL
	try cert-revoked "reason $r, bad only since the day after" old
	TRUST="$USUAL
	invalidityDate = honour"
	try good "reason $r, bad only since the day after, honoured" old
	lists <<-END
	a ca $old,$r,$August,$June
	END
	try cert-revoked "reason $r, bad before the timestamp, honoured" old
	lists <<-END
	a ca $old,$r,$August
	END
	try cert-revoked "reason $r, no invalidityDate to honour" old
done
for r in 6 9; do
	lists <<-END
	a ca $old,$r,$August,$July
	END
	try cert-revoked "reason $r has no good days to honour" old
done
now_on
lists <<-END
a ca $old,1,3600,1800
END
try cert-revoked 'nothing proves a time: there is nothing to honour' old
TRUST="$USUAL
	invalidityDate = ignore"
then_on
lists <<-END
a ca $old,1,$August,$July
END
try cert-revoked 'ignore is the default' old
now_on
TRUST="$USUAL
	invalidityDate = maybe"
push main:refs/heads/try
echo "$RULE" | gate_policy
push main:refs/heads/try
has 'policy-invalid' 'another word makes no policy'
TRUST=$USUAL

# ---- freshness -----------------------------------------------------------------------
lists <<-END
a ca --from 3600 --to 7200
END
try revocation-unknown 'a list of the future' dev
lists <<-END
a ca --from -7200 --to -3600
END
try revocation-unknown 'a list of the past' dev
lists <<-END
a ca --to none
END
try revocation-unknown 'a list without an end' dev
lists <<-END
a ca --from -7200 --to -3600
b ca --from -3600
END
try good 'a list of the past and its successor' dev
lists <<-END
a ca --number 8 --from -7200 --to -3600 $dev,1
b ca --number 7 --from -10800
END
try cert-revoked 'a newer list in the past revokes, an older one still lasts' dev
lists <<-END
a ca --number 8 --from -7200 $dev,1
b ca --number 7 --from -10800
END
try cert-revoked 'the number went back: both are there, both count' dev
lists <<-END
a ca --number 7 --from -10800 $dev,6
b ca --number 8 --from -7200
END
try good 'a hold that the newer list no longer has' dev
lists <<-END
a ca --number 7 --from -10800
b ca --number 8 --from -7200 $dev,6
END
try cert-revoked 'a hold that the newer list has' dev
lists <<-END
b ca --number 7 --from -90000 --to -3600
END
try revocation-unknown 'an old list put back ends with its nextUpdate' dev

# ---- who expired was left out ------------------------------------------------------
PKI_AT='2026-06-01' PKI_DAYS=60 pki_leaf ca gone dev@example.org
gone=$(pki_serial gone)
then_on
lists <<-END
new ca --number 9
END
try good 'expired since, never revoked' gone
lists <<-END
old ca --number 3 --from $(ago 2026-07-20) --to $(ago 2026-08-20) $gone,1,$July
new ca --number 9
END
try cert-revoked 'expired, revoked before, left out since' gone
lists <<-END
old ca --number 3 --from $(ago 2026-07-20) --to $(ago 2026-08-20) $gone,4,$July
new ca --number 9
END
try good 'replaced before it expired' gone
now_on

# ---- an authority that has expired ----------------------------------------------------
PKI_AT='2026-05-01' PKI_DAYS=120 PKI_SUBJECT=/O=Test/CN=short \
	pki_leaf ca short '' basicConstraints=critical,CA:TRUE \
	keyUsage=critical,keyCertSign,cRLSign
PKI_AT='2026-06-01' PKI_DAYS=60 pki_leaf short under dev@example.org
cp "$T/pki/short.pem" "$T/pki/under.chain"
then_on
lists <<-END
a ca
b short
END
try good 'the authority has expired, its list lasts' under
lists <<-END
a ca
b short --from $(ago 2026-07-20) --to $(ago 2026-08-20)
END
try revocation-unknown 'the authority has expired, and its list' under
TRUST="$USUAL
	revocation = check"
try good 'that is enough under check' under
lists <<-END
a ca
b short --from $(ago 2026-07-20) --to $(ago 2026-08-20) $(pki_serial under),1
END
try cert-revoked 'unless the old list says otherwise' under
lists <<-END
a ca $(pki_serial short),2,$August
END
try cert-revoked 'the authority'\''s key was lost' under
lists <<-END
a ca $(pki_serial short),5,$August
END
try good 'the authority was closed later' under
now_on
TRUST=$USUAL

# ---- scopes ------------------------------------------------------------------------------
lists <<-END
a ca --idp onlyuser:TRUE
END
try good 'a list for users alone' dev
lists <<-END
a ca --idp onlyuser:TRUE $dev,1
END
try cert-revoked 'and who stands in it' dev
lists <<-END
a ca --idp onlyCA:TRUE
END
try revocation-unknown 'a list for authorities alone' dev
lists <<-END
a ca --idp onlyCA:TRUE
b ca --idp onlyuser:TRUE
END
try good 'one for each' dev
lists <<-END
a ca --idp onlyAA:TRUE
END
try revocation-unknown 'a list for attributes alone' dev
lists <<-END
a ca --idp onlysomereasons:keyCompromise
END
try revocation-unknown 'a list of some reasons' dev
lists <<-END
a ca --idp onlysomereasons:keyCompromise $dev,1
END
try cert-revoked 'who stands there for one of them' dev
lists <<-END
a ca --idp fullname:URI:http://127.0.0.1/one.crl
END
pki_leaf ca at dev@example.org "$leaf" "$use" $eku \
	crlDistributionPoints=URI:http://127.0.0.1/one.crl
try good 'the list of its distribution point' at
pki_leaf ca at dev@example.org "$leaf" "$use" $eku \
	crlDistributionPoints=URI:http://127.0.0.1/two.crl
try revocation-unknown 'the list of another distribution point' at
lists <<-END
a ca --idp fullname:URI:http://127.0.0.1/one.crl $(pki_serial at),1
b ca --idp fullname:URI:http://127.0.0.1/two.crl
END
try cert-revoked 'who is listed anywhere by the same authority' at

# ---- deltas --------------------------------------------------------------------------------
pki_leaf ca fresh dev@example.org "$leaf" "$use" $eku \
	freshestCRL=URI:http://127.0.0.1/delta.crl
fresh=$(pki_serial fresh)
lists <<-END
a ca --number 5
b ca --number 6 --delta 5
END
try good 'a delta without news' fresh
lists <<-END
a ca --number 5
b ca --number 6 --delta 5 $fresh,1
END
try cert-revoked 'revoked by the delta' fresh
lists <<-END
a ca --number 5 --from -7200 $fresh,6
b ca --number 6 --delta 5 $fresh,8
END
try good 'the delta takes a hold back' fresh
lists <<-END
a ca --number 5 --from -7200 $fresh,1
b ca --number 6 --delta 5 $fresh,8
END
try cert-revoked 'it takes nothing else back' fresh
lists <<-END
b ca --number 6 --delta 5
END
try revocation-unknown 'a delta alone' fresh
lists <<-END
a ca --number 3
b ca --number 6 --delta 5 $fresh,1
END
try cert-revoked 'a delta to a base that is not there' fresh
lists <<-END
a ca --number 5
b ca --number 6 --delta 5 --from -7200 --to -3600 $fresh,1
END
try cert-revoked 'a delta of the past' fresh

# ---- indirect lists --------------------------------------------------------------------------
pki_leaf ca lister '' "$leaf" keyUsage=critical,cRLSign \
	crlDistributionPoints=URI:http://127.0.0.1/listers.crl
pki_leaf ca stranger '' "$leaf" "$use"
cat "$T/pki/lister.pem" "$T/pki/stranger.pem" >"$T/inter.pem"
USUAL="$USUAL
	intermediates = inter.pem"
TRUST=$USUAL
pki_leaf ca far dev@example.org
{
	printf '%s\n' "$leaf" "$use" $eku subjectKeyIdentifier=hash \
		authorityKeyIdentifier=keyid \
		subjectAltName=email:dev@example.org \
		crlDistributionPoints=dp '[dp]' \
		fullname=URI:http://127.0.0.1/all.crl \
		CRLissuer=dirName:who '[who]' O=Test CN=lister
} >"$T/pki/far.ext"
openssl x509 -req -in "$T/pki/far.csr" -CA "$T/pki/ca.pem" \
	-CAkey "$T/pki/ca.key" -sha256 -set_serial 0x7777 -days 30 \
	-extfile "$T/pki/far.ext" -out "$T/pki/far.pem" 2>/dev/null
far=7777
where=fullname:URI:http://127.0.0.1/all.crl,indirectCRL:TRUE
own=fullname:URI:http://127.0.0.1/listers.crl
lists <<-END
a ca --idp $own
END
try revocation-unknown 'no list of whom the certificate names' far
lists <<-END
a ca --idp $own
b lister --idp $where
END
try good 'the list of whom the certificate names' far
lists <<-END
a ca --idp $own
b lister --idp $where $far,1,-,-,$T/pki/ca.pem
END
try cert-revoked 'who stands in it' far
lists <<-END
a ca --idp $own
b lister --idp $where $far,1,-,-,$T/pki/tsa-root.pem
END
try good 'the same number of another authority' far
lists <<-END
a ca --idp $own
b lister --idp $where $far,1
END
try good 'the same number of the lister'\''s own' far
lists <<-END
a ca --idp $own
b lister --idp fullname:URI:http://127.0.0.1/all.crl
END
try revocation-unknown 'a list that is not indirect' far
lists <<-END
a ca --idp $own
b stranger --idp $where
END
try revocation-unknown 'an indirect list of somebody else' far
lists <<-END
a ca --idp $own $(pki_serial lister),1
b lister --idp $where
END
try revocation-unknown 'the lister is revoked' far
lists <<-END
a ca
END
try good 'a complete list of the issuer will do' far
lists <<-END
a ca
b lister --idp $where $far,1,-,-,$T/pki/ca.pem
END
try cert-revoked 'unless the other one says otherwise' far
lists <<-END
a ca
b lister --idp $where --from -7200 --to -3600 $far,1,-,-,$T/pki/ca.pem
END
try cert-revoked 'or has said so' far
lists <<-END
a ca
b stranger --idp $where $far,1,-,-,$T/pki/ca.pem
END
try good 'somebody whom it does not name says so' far

# ---- what is no list -----------------------------------------------------------------------------
lists <<-END
a ca
END
cp "$T/pki/ca.key" "$T/kept.key"
cp "$T/pki/tsa.key" "$T/pki/ca.key"
crl_make "$T/crls/b" ca --from -60
cp "$T/kept.key" "$T/pki/ca.key"
rm "$T/crls/a"
try revocation-unknown 'a list that another key signed' dev
crl_make "$T/crls/b" ca --md sha1
try revocation-unknown 'a list under SHA-1' dev
echo 'not a list' >"$T/crls/b"
try policy-invalid 'something else in the directory' dev
mv "$T/crls/b" "$T/crls/.b"
crl_make "$T/crls/a" ca
try good 'a file whose name begins with a dot is passed over' dev
done_testing
