#!/bin/sh
# Timestamp authorities that are late, cut, wrong or hostile: what is embedded
# was fully checked, and what happens otherwise is what was configured.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util faketime
unset http_proxy all_proxy ALL_PROXY

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
tsa_new tsa
tsa_new other
cd "$T" || exit 1
echo data >f

# only URL...: the configured authorities, in this order.
only() {
	git config -f "$CONFIG" --unset-all touchmark.tsa 2>/dev/null
	for u; do
		git config -f "$CONFIG" --add touchmark.tsa "$u"
	done
}

tokens() {	# in f.p7s
	openssl cms -cmsout -print -inform DER -in f.p7s 2>/dev/null |
		grep -c id-smime-aa-timeStampToken
}

# refused NAME [PATTERN]: with require nothing is written and the code is 5;
# with prefer it goes on unstamped and says so.
refused() {
	rm -f f.p7s
	exits 5 "$1: require refuses" touchmark sign --timestamp=require f
	has "^touchmark: warning: http://127\.0\.0\.1:[0-9]+/.*${2-}" "$1: says why"
	[ ! -e f.p7s ]
	tap $? "$1: nothing is written"
	ok "$1: prefer goes on" touchmark sign --timestamp=prefer f
	has '^touchmark: warning: signing without a timestamp' "$1: with a warning"
	is "$(tokens)" 0 "$1: no token in the signature"
}

with_mode() {	# MODE NAME [PATTERN]
	tsa_start tsa '' --mode "$1"
	only "$TSA_URL"
	refused "$2" "${3-}"
	tsa_stop
}

# ---- one that is good --------------------------------------------------------
tsa_start tsa
only "$TSA_URL"
ok 'a good authority' touchmark sign --timestamp=require f
hasnt warning 'without a warning'
is "$(tokens)" 1 'one token is embedded'
ok 'never does not ask' touchmark sign --timestamp=never f
is "$(tokens)" 0 'and embeds none'
is "$(grep -c answered "$T/tsa.tsalog")" 1 'it was asked once'
ok 'nor does --no-timestamp' touchmark sign --no-timestamp f
is "$(grep -c answered "$T/tsa.tsalog")" 1 'still once'
tsa_stop
refused 'one that is gone'

# ---- ones that are bad -------------------------------------------------------
git config -f "$CONFIG" touchmark.tsaDeadline 1
with_mode late:5000 'a late one'
with_mode drip 'one that answers in drops'
git config -f "$CONFIG" --unset touchmark.tsaDeadline
with_mode cut:100 'one that is cut off'
with_mode status:500 'one with an error'
with_mode type 'one with another media type'
with_mode huge 'one without end'
with_mode garbage 'one that talks nonsense'
with_mode empty 'one that says nothing'
with_mode close 'one that hangs up'
with_mode "redirect:http://127.0.0.1:9/" 'one that sends us away'
with_mode trailing 'bytes behind the answer'
with_mode wrong-nonce 'an answer with another nonce' nonce
with_mode wrong-imprint 'an answer for other bytes'
with_mode wrong-signature 'an answer whose signature does not hold'
tsa_start tsa '' --mode replay
only "$TSA_URL"
touchmark sign --timestamp=require f >"$T/out" 2>&1
refused 'yesterday'\''s answer again'
tsa_stop

# ---- ones whose clock is another -----------------------------------------------
# Gates refuse a time that is still to come; which clock is wrong is not known.
PKI_AT='-10 days' tsa_new clock
for by in '+2 days' '+10 minutes' '-2 days' '-10 minutes'; do
	tsa_start clock "$by"
	only "$TSA_URL"
	refused "an authority at $by" 'its timestamp says 20.* clock says 20'
	tsa_stop
done
tsa_start clock '+2 minutes'
only "$TSA_URL"
ok 'an authority that is a little ahead' touchmark sign --timestamp=require f
is "$(tokens)" 1 'is as good as any'
tsa_stop

# ---- ones whose certificate will not do --------------------------------------
PKI_AT='-30 days' PKI_DAYS=10 tsa_new expired
tsa_start expired
only "$TSA_URL"
refused 'one whose certificate has expired' 'outside the validity'
tsa_stop
tsa_new purpose basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature \
	extendedKeyUsage=critical,timeStamping,codeSigning
tsa_start purpose
only "$TSA_URL"
refused 'one whose certificate has a second purpose'
tsa_stop
with_mode status:404 'one that does not know the path' 'status 404'
with_mode status:302 'one that sends us nowhere' 'not followed'

# ---- which roots -------------------------------------------------------------
tsa_start tsa
only "$TSA_URL"
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/other-root.pem"
refused 'an authority under another root' untrusted
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
ok 'under its own root' touchmark sign --timestamp=require f
is "$(tokens)" 1 'it is embedded'
rm -f f.p7s
git config -f "$CONFIG" touchmark.tsaRoots "$T/absent.pem"
run touchmark sign --timestamp=prefer f
[ "$RC" != 0 ] && [ ! -e f.p7s ]
tap $? 'roots that cannot be read stop everything'
has tsaRoots 'and are named'
git config -f "$CONFIG" --unset touchmark.tsaRoots

# Without them what the policy will ask is asked.
policy_for ca "tsaRoots = $T/pki/other-root.pem"
refused 'an authority that the policy does not trust' untrusted
policy_for ca "tsaRoots = $T/pki/tsa-root.pem" 'tsaRevocation = require'
refused 'an authority without the CRL that the policy requires' untrusted
policy_for ca "tsaRoots = $T/pki/tsa-root.pem"
ok 'one that the policy trusts' touchmark sign --timestamp=require f
hasnt warning 'without a warning'
git config -f "$CONFIG" touchmark.policy "$T/absent.policy"
ok 'a policy that cannot be read' touchmark sign --timestamp=require f
has 'warning: the timestamp is not held against touchmark.policy: ' \
	'is no reason not to sign'
git config -f "$CONFIG" --unset touchmark.policy
GOOD=$TSA_URL

# ---- several -----------------------------------------------------------------
tsa_start other '' --mode status:503
only "$TSA_URL" "$GOOD"
ok 'the second when the first fails' touchmark sign --timestamp=require f
has 'warning: http://127\.0\.0\.1' 'with a warning about the first'
hasnt 'without a timestamp' 'and none about a missing stamp'
is "$(tokens)" 1 'one token'
only "$GOOD" "$TSA_URL"
before=$(grep -c asked "$T/other.tsalog")
ok 'the first when it answers' touchmark sign --timestamp=require f
is "$(grep -c asked "$T/other.tsalog")" "$before" \
	'the second is not asked'
only 'http://user:secret@127.0.0.1:9/x'
refused 'a URL with a password'
hasnt secret 'which is not shown'
# A process's arguments can be read by every user of the machine.
tsa_start other '' --mode late:20000
# The word is this run's own: the arguments of another test are not looked for.
word=secret$$word
only "$(echo "$TSA_URL" | sed "s,//,//user:$word@,")"
git config -f "$CONFIG" touchmark.tsaDeadline 2
touchmark sign --timestamp=require f >"$T/out" 2>&1 &
pid=$! seen=0
while kill -0 $pid 2>/dev/null; do
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' >"$T/args"
	grep -q "$word" "$T/args" && seen=1
	sleep 0.1
done
has 'did not answer within 2000 ms' 'a late one with a password in its URL'
is "$seen" 0 'the password is nobody'\''s argument'
git config -f "$CONFIG" --unset touchmark.tsaDeadline
tsa_stop

# ---- none configured ---------------------------------------------------------
only
exits 2 'require without any authority' touchmark sign --timestamp=require f
has 'touchmark\.tsa' 'names the setting'
ok 'prefer without any' touchmark sign f
done_testing
