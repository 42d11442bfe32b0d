#!/bin/sh
# cms.sh - the CMS seal against signatures that others made.
#
#   CORPUS=DIR B=BUILD sh t/conformance/cms.sh
#
# real-commits: the integrity of every commit and tag is as cms.tsv has it.
# dss-cades: everything is read to the end or refused for what the list below
# says; content that is attached is taken out first. TAP on standard output.
set -u
CORPUS=${CORPUS:?name the corpus folder}
B=${B:?name the build folder}
DRIVER=$B/conformance/cms_driver
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
tests=0 failed=0

tap() {	# GOOD NAME
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failed=1
		echo "not ok $tests - $2"
		sed 's/^/# /' "$T/diff"
	fi
}

# compare NAME: $T/want and $T/got, two columns, in any order.
compare() {
	LC_ALL=C sort -o "$T/want" "$T/want"
	LC_ALL=C sort -o "$T/got" "$T/got"
	[ -s "$T/want" ] && diff "$T/want" "$T/got" >"$T/diff"
	tap $? "$1 ($(wc -l <"$T/want") files)"
}

# ---- commits and tags -------------------------------------------------------
cd "$CORPUS/real-commits/cms" || exit 1
"$DRIVER" git ./* >"$T/out" 2>"$T/rate"
awk -F'\t' '{ print substr($3, 3), $1 }' "$T/out" >"$T/got"
awk -F'\t' 'NR > 1 { print $1 "." $2, $4 == "good" ? "good" : "signature-bad" }' \
	../cms.tsv >"$T/want"
compare 'integrity of real commits and tags'
sed 's/^/# /' "$T/rate"

# ---- CAdES ------------------------------------------------------------------
cd "$CORPUS/dss-cades" || exit 1
cat >"$T/table" <<'END'
CAdESDoubleLTA.p7m good
Signature-C-A-XL-1.p7m good
Signature-C-DE_CRY-3.p7m signature-malformed
Signature-C-HU_POL-3.p7m good
Signature-C-X-1.p7m digest-weak
Signature-CBp-LT-2.p7m good
cades-b-copied-cnttst.p7m good
cades-broken-sig-tst-and-ats-v3.cms signature-bad
cades-dss1956.p7m good
cades-dss1997.p7m good
cades-extended-a.pkcs7 good
cades-extended-epes-sig-pol-store.pkcs7 good
cades-extended-epes.pkcs7 good
cades-lta-duplicated-atst.p7m good
cades-t-copied-sigtst.p7m good
cades-two-sig-copied-tst.p7m good
cades_signeddata_extended_after_lta.p7m good
cms-no-sign-cert.p7m signature-malformed
cms-wrong-sign-cert-hash-algo.pkcs7 digest-weak
cms-wrong-sign-cert-ref.p7m good
counterSig.p7m digest-weak
counterSignedLTA.p7s good
no-key-info-cert.pkcs7 cert-missing
wrongContentHints.p7m good
dss-1220/CAdES-BpB_revoked_signingCertificate.p7m good
dss-1220/CAdES-BpLTA_modified_ats_hash_element.p7m good
dss-1220/CAdES-BpLTA_removed_ocsp.p7m good
dss-1419/CAdES-BpB-att-SHA256-SHA3_256withRSA.p7m signature-malformed
dss-1419/CAdES-BpB-att-SHA256-SHA3_256withRSAandMGF1.p7m digest-weak
dss-1419/CAdES-BpB-att-SHA256-SHA512withRSA.p7m signature-malformed
dss-1419/CAdES-BpB-att-SHA3_224-SHA256withRSA.p7m digest-weak
dss-1419/CAdES-BpB-att-SHA3_224-SHA3_224withRSA.p7m digest-weak
dss-1419/CAdES-BpB-att-SHA3_256-SHA256withRSA.p7m digest-weak
dss-1419/CAdES-BpB-att-SHA3_256-SHA3_256withRSA.p7m digest-weak
dss-2011/cades-enveloping-broken.pkcs7 signature-bad
dss-2011/cades-enveloping.pkcs7 good
END
cp "$T/table" "$T/want"
cut -d' ' -f1 "$T/table" | xargs "$DRIVER" attached >"$T/out" 2>"$T/rate"
awk -F'\t' '{ print $3, $1 }' "$T/out" >"$T/got"
compare 'CAdES with content inside, taken out'
cut -d' ' -f1 "$T/table" | xargs "$DRIVER" cms - >"$T/out" 2>"$T/rate"
awk -F'\t' '{ print $3, $1 }' "$T/out" >"$T/got"
sed 's/ .*/ signature-malformed/' "$T/table" >"$T/want"
compare 'the same as they are: attached content is refused'

# Detached ones whose content is not there: read to the end, then refused
# because the digest is another; the others for their form.
cat >"$T/want" <<'END'
cades-ats-v3-rev-val-crl.p7s signature-bad
cades-ats-v3-wrong-crl.p7s signature-bad
cades-bes-signeddata-detached.p7s signature-malformed
cades-double-signing-certificate.p7m signature-malformed
cades-invalid-ocsp-responses-encoding.p7s signature-bad
dss-1188/Test.bin.sig signature-malformed
dss-1892/detached_with_counter_sig.p7m signature-bad
dss-2011/cades-content-tst.pkcs7 signature-bad
dss-2011/cades-detached.pkcs7 signature-bad
dss-2011/cades-lta-detached.pkcs7 signature-bad
malformed-cades.p7m signature-malformed
END
cut -d' ' -f1 "$T/want" | xargs "$DRIVER" cms - >"$T/out" 2>"$T/rate"
awk -F'\t' '{ print $3, $1 }' "$T/out" >"$T/got"
compare 'detached CAdES without its content'

echo "1..$tests"
exit "$failed"
