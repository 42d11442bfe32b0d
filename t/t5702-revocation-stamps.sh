#!/bin/sh
# Timestamps that were renewed, and timestamp authorities that were revoked, on
# real pushes.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
# shellcheck source=crl-lib.sh
. "${0%/*}/crl-lib.sh"

gate_setup
tsa_new tsa
tsa_new next
for n in ca tsa-root next-root; do
	faketime '2025-01-01' openssl req -x509 -new -key "$T/pki/$n.key" \
		-sha256 -days 36500 -subj "/O=Test/CN=$n" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-out "$T/pki/$n.pem" 2>/dev/null
done
cp "$T/pki/ca.pem" "$T/roots.pem"
cat "$T/pki/tsa-root.pem" "$T/pki/next-root.pem" >"$T/tsa-roots.pem"
tsa_cert() {	# NAME FROM DAYS
	PKI_AT=$2 PKI_DAYS=$3 pki_leaf "$1-root" "$1" '' \
		basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=critical,timeStamping
}
tsa_cert tsa 2026-02-01 60
tsa_cert next 2026-03-01 30000
PKI_AT='2026-02-01' PKI_DAYS=20 pki_leaf ca spring dev@example.org
mkdir "$T/crls"
pki_crl ca
cp "$T/pki/ca.crl" "$T/crls/ca"
USUAL="roots = roots.pem
	tsaRoots = tsa-roots.pem
	crl = crls"
TRUST=$USUAL
RULE='[ref "refs/heads/*"]
	require = commits
	timestamp = when-expired'
gate_repo srv
ago() {
	echo $(($(date -u -d "$1" +%s) - $(date +%s)))
}

# The signature of February 10th, and tokens over it.
plain >"$T/p"
faketime '2026-02-10 12:00:00' openssl cms -sign -binary \
	-signer "$T/pki/spring.pem" -inkey "$T/pki/spring.key" -outform DER \
	-nosmimecap -in "$T/p" -out "$T/der"
"$MOCK/cms-token" signature "$T/der" >"$T/sig"
token() {	# TSA TIME OUT
	SIGN_TSA=$1 TSA_AT=$2 "$T/stamp" "$T/sig" "$3"
}
token tsa '2026-02-10 12:00:05' "$T/first"
token next '2026-03-20 12:00:00' "$T/renewed"
token tsa '2026-03-20 12:00:00' "$T/again"

# try REASON WHAT TOKEN...: the commit with these tokens
try() {
	want=$1 title=$2
	shift 2
	cp "$T/der" "$T/der2"
	[ $# = 0 ] || "$MOCK/cms-token" add "$T/der" "$@" >"$T/der2"
	{
		echo '-----BEGIN SIGNED MESSAGE-----'
		openssl base64 -in "$T/der2"
		echo '-----END SIGNED MESSAGE-----'
	} | fold gpgsig >"$T/h"
	with_header "$T/h" <"$T/p" >"$T/x"
	id=$(put commit <"$T/x")
	for fast in true false; do
		printf '[policy]\n\tfastPath = %s\n%s\n' $fast "$RULE" |
			gate_policy
		if [ "$want" = good ]; then
			accept "$title (fastPath $fast)" "$id:refs/heads/try"
		else
			refuse "$want" "$title (fastPath $fast)" \
				"$id:refs/heads/try"
		fi
		git -C "$SRV" update-ref -d refs/heads/try
	done
}

# ---- renewal ---------------------------------------------------------------------
try cert-expired 'no timestamp' # nothing proves February
try good 'a timestamp of the time; its authority has expired since' "$T/first"
try cert-expired 'a timestamp made after the certificate expired' "$T/renewed"
try good 'renewed by another authority: the earliest counts' "$T/first" \
	"$T/renewed"
try good 'in the other order' "$T/renewed" "$T/first"
try good 'renewed by the same authority' "$T/first" "$T/again"
printf 'other bytes' >"$T/other"
SIGN_TSA=tsa TSA_AT='2026-02-10 12:00:05' "$T/stamp" "$T/other" "$T/wrong"
try timestamp-bad 'a renewal of something else' "$T/first" "$T/wrong"
# the token itself stamped again: a renewal of the token, not of the signature
SIGN_TSA=next TSA_AT='2026-03-20 12:00:00' "$T/stamp" "$T/first" "$T/over"
try timestamp-bad 'a timestamp over the timestamp, as one of the signature' \
	"$T/first" "$T/over"
late=$T/renewed
try good 'eight' "$T/first" "$late" "$late" "$late" "$late" "$late" "$late" "$late"
try limit-exceeded 'nine' "$T/first" "$late" "$late" "$late" "$late" "$late" "$late" "$late" "$late"

# ---- an authority that was revoked -------------------------------------------------
listed() {	# REASON TIME [INVALID]
	crl_make "$T/crls/tsa" tsa-root \
		"$(pki_serial tsa),$1,$(ago "$2")${3:+,$(ago "$3")}"
}
for r in 0 1 2 6 9 10 -; do
	listed $r 2026-03-15
	try timestamp-untrusted "reason $r, after the timestamp" "$T/first"
done
for r in 3 4 5; do
	listed $r 2026-03-15
	try good "reason $r, after the timestamp" "$T/first"
	listed $r 2026-02-05
	try timestamp-untrusted "reason $r, before the timestamp" "$T/first"
	listed $r 2026-03-15 2026-02-05
	try timestamp-untrusted "reason $r, invalid since before it" "$T/first"
done
listed 1 2026-03-15
try timestamp-untrusted 'a lost key, renewed elsewhere: one bad one refuses' \
	"$T/first" "$T/renewed"
TRUST="$USUAL
	invalidityDate = honour"
listed 1 2026-03-15 2026-03-10
try timestamp-untrusted 'invalidityDate is not for those who tell the time' \
	"$T/first"
TRUST=$USUAL

# ---- how their revocation is known ---------------------------------------------------
rm "$T/crls/tsa"
TRUST="$USUAL
	tsaRevocation = require"
try timestamp-untrusted 'no list of the authority, where one is required' \
	"$T/first"
crl_make "$T/crls/tsa" tsa-root --from -7200 --to -3600
try timestamp-untrusted 'a list of the past' "$T/first"
crl_make "$T/crls/tsa" tsa-root
try good 'a current one' "$T/first"
listed 4 2026-03-15
try good 'a current one: replaced later' "$T/first"
crl_make "$T/crls/tsa" tsa-root --idp onlyCA:TRUE
try timestamp-untrusted 'one for authorities alone' "$T/first"
crl_make "$T/crls/old" tsa-root --from -9000 --to -3600 \
	"$(pki_serial tsa),1,$(ago 2026-03-15)"
crl_make "$T/crls/tsa" tsa-root
try timestamp-untrusted 'left out of the newer list' "$T/first"
TRUST="$USUAL
	tsaRevocation = off"
try good 'nobody looks when it is off' "$T/first"
done_testing
