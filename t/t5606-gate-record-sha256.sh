#!/bin/sh
# The record and receipts of a repository whose names are SHA-256, which
# another reader opens: the same entries, with longer names.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

GIT_DEFAULT_HASH=sha256
export GIT_DEFAULT_HASH
# faketime is a library that comes before the sanitizer's, and cannot be looked
# at by its leak checker.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:detect_leaks=0
export ASAN_OPTIONS
gate_setup
PKI_DAYS=10 pki_leaf ca short dev@example.org
CRL_DAYS=3000 pki_crl ca
cp "$T/pki/ca.crl" "$T/ca.crl"
RULES='[ref "refs/heads/*"]
	require = commits'
echo "$RULES" | gate_policy
gate_repo srv
git -C "$SRV" config touchmark.gateLog "$T/log"
git config user.signingKey short
commit one
ONE=$(git rev-parse HEAD)
is "${#ONE}" 64 'names of 64 digits'
accept 'a push' main
tail -n 1 "$T/log" >"$T/out"
has "\"outcome\":\"accepted\".*\"old\":\"0{64}\",\"new\":\"$ONE\".*\"verdict\":\"good\".*\"oids\":\\[\"$ONE\"\\]" \
	'is recorded under its whole name'
ok 'the chain is whole' touchmark log verify "$T/log"
ok 'the object is found' touchmark log show --json --artefact "$ONE" "$T/log"
is "$(wc -l <"$T/out")" 1 'in its entry'

gate_repo later
git -C "$SRV" config touchmark.gateLog "$T/later.log"
rm "$SRV/hooks/pre-receive"
printf '#!/bin/sh\nexec faketime -f +20d %s/touchmark-pre-receive\n' "$BIN" \
	>"$SRV/hooks/pre-receive"
chmod +x "$SRV/hooks/pre-receive"
refuse cert-expired 'twenty days later' main
{
	printf '[trust]\n\troots = roots.pem\n\tcrl = ca.crl\n\treceipts = log\n'
	echo "$RULES"
} >"$T/policy"
accept 'with the receipt' main
tail -n 1 "$T/later.log" >"$T/out"
has '"timeFrom":"receipt"' 'whose time counted'
done_testing
