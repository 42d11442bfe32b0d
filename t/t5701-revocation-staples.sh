#!/bin/sh
# OCSP responses that a signature carries, on real pushes: when they stand in
# for a list that is not there, and what they never undo.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
tsa_new tsa
pki_root other
pki_crl other
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
cp "$T/pki/other.crl" "$T/none.crl"
TRUST="roots = roots.pem
	tsaRoots = tsa-roots.pem
	crl = ca.crl"
RULE='[ref "refs/heads/*"]
	require = commits'
lists() {	# FILE: the lists that the gate has
	cp "$1" "$T/ca.crl"
}
echo "$RULE" | gate_policy
gate_repo srv

# The signer, and then what $STAPLE names (files of responses) put in.
cat >"$T/stapler" <<'END'
#!/bin/sh
w=$(mktemp -d "$T/staple.XXXXXX") || exit 1
"$T/signer" "$@" >"$w/sig" 2>"$w/status" || exit 1
sed '/^-----/d' "$w/sig" | openssl base64 -d >"$w/der"
if [ -n "${STAPLE-}" ]; then
	# shellcheck disable=SC2086 # several files
	"$MOCK/revocation" staple "$w/der" $STAPLE >"$w/der2" || exit 1
	mv "$w/der2" "$w/der"
fi
if [ -n "${STAPLE_AGAIN-}" ]; then
	"$MOCK/revocation" staple "$w/der" "$STAPLE_AGAIN" >"$w/der2" || exit 1
	mv "$w/der2" "$w/der"
fi
echo '-----BEGIN SIGNED MESSAGE-----'
openssl base64 -in "$w/der"
echo '-----END SIGNED MESSAGE-----'
cat "$w/status" >&2
END
chmod +x "$T/stapler"
git config gpg.x509.program "$T/stapler"

# response OUT NAME RESPONDER [V|R|-] [ocsp option...]: what RESPONDER says of
# NAME, whom ca issued; at $AT, good for $DAYS
response() {
	out=$1 name=$2 by=$3 what=${4-V}
	shift 3
	[ $# = 0 ] || shift
	serial=$(pki_serial "$name")
	: >"$T/index"
	case $what in
	V) printf 'V\t491231235959Z\t\t%s\tunknown\t/CN=x\n' "$serial" ;;
	R*) printf 'R\t491231235959Z\t%s,%s\t%s\tunknown\t/CN=x\n' \
		"$(date -u -d '1 hour ago' +%y%m%d%H%M%SZ)" \
		"${what#R}" "$serial" ;;
	esac >"$T/index"
	rm -f "$T/req" "$out"
	openssl ocsp -issuer "$T/pki/ca.pem" -cert "$T/pki/$name.pem" \
		-no_nonce -reqout "$T/req" 2>/dev/null
	${AT:+faketime "$AT"} openssl ocsp -index "$T/index" \
		-CA "$T/pki/ca.pem" -rsigner "$T/pki/$by.pem" \
		-rkey "$T/pki/$by.key" -reqin "$T/req" -respout "$out" \
		-ndays "${DAYS:-1}" "$@" >"$T/ocsp.log" 2>&1 || {
		cat "$T/ocsp.log"
		echo 'not ok - prepared: openssl ocsp makes no response'
		exit 1
	}
}

# try REASON WHAT KEY RESPONSE...: a commit, the long way and the fast one
try() {
	want=$1 title=$2 key=$3
	shift 3
	STAPLE=$*
	export STAPLE
	git update-ref -d refs/heads/main
	if ! git -c user.signingKey="$key" commit -q --allow-empty \
		-m "$title" 2>"$T/out"; then
		RC=1
		tap 1 "$title: the test cannot sign"
		return
	fi
	for fast in true false; do
		printf '[policy]\n\tfastPath = %s\n%s\n' $fast "$RULE" |
			gate_policy
		if [ "$want" = good ]; then
			accept "$title (fastPath $fast)" main:refs/heads/try
		else
			refuse "$want" "$title (fastPath $fast)" \
				main:refs/heads/try
		fi
		git -C "$SRV" update-ref -d refs/heads/try
	done
	unset STAPLE
}
refuse_why() {	# PATTERN: in the last refusal
	has "$1" "   $1"
}

# ---- by the authority itself -----------------------------------------------------
lists "$T/none.crl"
try revocation-unknown 'no list, no response' dev
response "$T/good" dev ca
ok 'openssl takes our response' openssl ocsp -issuer "$T/pki/ca.pem" \
	-cert "$T/pki/dev.pem" -no_nonce -respin "$T/good" \
	-CAfile "$T/pki/ca.pem"
has 'dev.pem: good' 'and reads it as we do'
try good 'the authority says good' dev "$T/good"
git cat-file commit main | sed -n '/^gpgsig/,/END/p' |
	sed '/-----/d; s/^ //' | openssl base64 -d >"$T/sig.der"
git cat-file commit main | sed '/^gpgsig/,/END/d' >"$T/payload"
ok 'openssl takes a signature with it' openssl cms -verify -inform DER \
	-in "$T/sig.der" -content "$T/payload" -binary -purpose any \
	-CAfile "$T/pki/ca.pem" -out /dev/null
ok 'touchmark verify, by the same policy' touchmark verify \
	--policy "$T/policy" "$T/payload" "$T/sig.der"
response "$T/revoked" dev ca RkeyCompromise
try cert-revoked 'the authority says revoked' dev "$T/revoked"
refuse_why 'keyCompromise.*as an OCSP response says'
try cert-revoked 'good and revoked' dev "$T/good" "$T/revoked"
response "$T/superseded" dev ca Rsuperseded
try cert-revoked 'revoked, whatever the reason' dev "$T/superseded"
response "$T/unknown" dev ca -
try revocation-unknown 'the authority does not know it' dev "$T/unknown"
refuse_why 'status is unknown'
try revocation-unknown 'good and unknown' dev "$T/good" "$T/unknown"
AT='3 days ago' response "$T/stale" dev ca
try revocation-unknown 'out of date' dev "$T/stale"
refuse_why 'OCSP response is out of date'
try good 'out of date, and a current one' dev "$T/stale" "$T/good"
AT="$(date -u -d '+2 hours' '+%F %T')" response "$T/future" dev ca
try revocation-unknown 'of the future' dev "$T/future"
response "$T/sha1" dev ca V -rmd sha1
try revocation-unknown 'signed with SHA-1' dev "$T/sha1"
refuse_why 'weak digest'
pki_leaf ca other dev@example.org
response "$T/another" other ca
try revocation-unknown 'about another certificate' dev "$T/another"

# ---- by somebody else --------------------------------------------------------------
leaf='basicConstraints=critical,CA:FALSE'
use='keyUsage=critical,digitalSignature'
pki_leaf ca responder '' "$leaf" "$use" extendedKeyUsage=OCSPSigning noCheck=yes
response "$T/delegate" dev responder
try good 'a delegate' dev "$T/delegate"
pki_leaf ca unchecked '' "$leaf" "$use" extendedKeyUsage=OCSPSigning
response "$T/by-unchecked" dev unchecked
try revocation-unknown 'a delegate of whom nothing is known' dev \
	"$T/by-unchecked"
refuse_why 'responder that is refused'
pki_leaf ca codesigner '' "$leaf" "$use" extendedKeyUsage=codeSigning noCheck=yes
response "$T/by-signer" dev codesigner
try revocation-unknown 'a code signer as responder' dev "$T/by-signer"
response "$T/by-dev" dev dev
try revocation-unknown 'the signer about himself' dev "$T/by-dev"
pki_root twin
openssl req -x509 -new -key "$T/pki/twin.key" -sha256 -days 30 \
	-subj '/O=Test/CN=ca' -addext basicConstraints=critical,CA:TRUE \
	-out "$T/pki/twin.pem" 2>/dev/null
response "$T/by-twin" dev twin
try revocation-unknown 'somebody of the authority'\''s name' dev "$T/by-twin"
pki_leaf twin fake '' "$leaf" "$use" extendedKeyUsage=OCSPSigning noCheck=yes
response "$T/by-fake" dev fake
try revocation-unknown 'a delegate of such a one' dev "$T/by-fake"

# ---- beside lists --------------------------------------------------------------------
pki_crl ca "$(pki_serial dev)=keyCompromise"
lists "$T/pki/ca.crl"
try cert-revoked 'a list says that the key was lost' dev "$T/good"
CRL_DAYS=1
faketime '5 days ago' openssl ca -config "$T/pki/ca.cnf" -gencrl \
	-keyfile "$T/pki/ca.key" -cert "$T/pki/ca.pem" -crldays 1 \
	-out "$T/stale.crl" 2>/dev/null
lists "$T/stale.crl"
try cert-revoked 'a list that is out of date says so' dev "$T/good"
pki_crl ca
lists "$T/pki/ca.crl"
try good 'a current list, and an old response' dev "$T/stale"
try cert-revoked 'a current list, and a response that says revoked' dev \
	"$T/revoked"
pki_crl ca "$(pki_serial responder)=keyCompromise"
faketime '5 days ago' openssl ca -config "$T/pki/ca.cnf" -gencrl \
	-keyfile "$T/pki/ca.key" -cert "$T/pki/ca.pem" -crldays 1 \
	-out "$T/stale.crl" 2>/dev/null
lists "$T/stale.crl"
try revocation-unknown 'a delegate that was revoked' dev "$T/delegate"
TRUST="$TRUST
	revocation = check"
lists "$T/none.crl"
try good 'under check nothing is needed' dev
try cert-revoked 'under check revoked counts' dev "$T/revoked"
TRUST="${TRUST%check}off"
try good 'nobody looks when it is off' dev "$T/revoked"
TRUST="roots = roots.pem
	tsaRoots = tsa-roots.pem
	crl = ca.crl"

# ---- a signature of long ago -------------------------------------------------------
# (signed and stamped on July 1st; the certificate lasted until September)
PKI_AT='2025-06-01' PKI_DAYS=30000 pki_leaf tsa-root tsa '' \
	"$leaf" "$use" extendedKeyUsage=critical,timeStamping
PKI_AT='2026-06-01' PKI_DAYS=90 pki_leaf ca summer dev@example.org
SIGN_TSA=tsa TSA_AT='2026-07-01 12:00:00' SIGN_AT='2026-07-01 11:59:00'
export SIGN_TSA TSA_AT SIGN_AT
AT='2026-07-01 13:00:00' response "$T/after" summer ca
AT='2026-07-01 11:00:00' response "$T/before" summer ca
AT='2026-10-01 12:00:00' response "$T/late" summer ca
response "$T/now" summer ca
try revocation-unknown 'stamped then, and nothing known' summer
try good 'a response of an hour later' summer "$T/after"
try revocation-unknown 'a response of an hour earlier' summer "$T/before"
refuse_why 'older than the signature'
try revocation-unknown 'a response made after the certificate ended' summer \
	"$T/late"
try good 'a response that holds today' summer "$T/now"
pki_crl ca "$(pki_serial summer)=keyCompromise@260801000000Z"
lists "$T/pki/ca.crl"
try cert-revoked 'the key was lost later: a list says so' summer "$T/after"
pki_crl ca "$(pki_serial summer)=superseded@260801000000Z"
lists "$T/pki/ca.crl"
try good 'replaced later' summer "$T/after"
unset SIGN_TSA TSA_AT SIGN_AT
lists "$T/none.crl"
try cert-expired 'without a timestamp it has expired' summer "$T/now"

# ---- what is no response --------------------------------------------------------------
response "$T/good" dev ca
try good 'the right one, again' dev "$T/good"
printf '\002\001\005' >"$T/integer"
try signature-malformed 'a number in its place' dev "$T/integer"
printf '\060\003\002\001\005' >"$T/junk"
try revocation-unknown 'something else' dev "$T/junk"
try good 'something else beside it' dev "$T/junk" "$T/good"
g=$T/good
try good 'eight' dev "$g" "$g" "$g" "$g" "$g" "$g" "$g" "$g"
try limit-exceeded 'nine' dev "$g" "$g" "$g" "$g" "$g" "$g" "$g" "$g" "$g"
{ printf '\060\203\001\000\010\004\203\001\000\003'
	head -c 65539 /dev/zero; } >"$T/huge"
try limit-exceeded 'a huge one' dev "$T/huge"
STAPLE_AGAIN=$T/good
export STAPLE_AGAIN
try signature-malformed 'the attribute twice' dev "$T/good"
done_testing
