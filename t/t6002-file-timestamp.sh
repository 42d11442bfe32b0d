#!/bin/sh
# Files whose signature carries trusted time, and tokens that stand alone.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util faketime perl

PKI_DAYS=60 token_key dev dev@example.org
policy_for ca
git config -f "$CONFIG" touchmark.key dev
tsa_new tsa
tsa_start tsa
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
cd "$T" || exit 1
trust='--roots pki/ca.pem --tsa-roots pki/tsa-root.pem'

echo data >f
ok 'sign with a timestamp' touchmark sign --timestamp=require f
has '^f: signed by .*, timestamped, in f\.p7s$' 'says so'
# shellcheck disable=SC2086 # options
ok 'it verifies' touchmark verify $trust f
has 'made before [0-9-]{10}T[0-9:]{8}Z \(timestamp by .*CN=tsa' 'says when'
# shellcheck disable=SC2086
run faketime '+5 years' touchmark verify $trust f
is "$RC" 0 'also years after the certificate expired'
# shellcheck disable=SC2086
run faketime '+5 years' touchmark verify --json $trust f
perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	exit !($j->{status} eq "good" && $j->{stamped} && $j->{tsa} =~ /CN=tsa/
	&& $j->{time} =~ /^\d{4}-\d\d-\d\dT/)' <out
tap $? 'and JSON tells all of it'
ok 'without a timestamp' touchmark sign --no-timestamp -o plain.p7s f
# shellcheck disable=SC2086
run faketime '+5 years' touchmark verify $trust f plain.p7s
is "$RC" 1 'it ends with its certificate'
has 'refused cert-expired' 'as cert-expired'
exits 1 'a TSA that is not trusted' touchmark verify --roots pki/ca.pem f
has 'refused timestamp-untrusted' 'is timestamp-untrusted'

# git's signatures take the same way.
git config -f "$CONFIG" touchmark.timestamp require
touchmark-gpgsm --status-fd=2 -bsau dev <f >f.pem 2>out
has SIG_CREATED 'touchmark-gpg stamps too'
policy_for ca "tsaRoots = $T/pki/tsa-root.pem" 'revocation = off' \
	'tsaRevocation = off'
run faketime '+5 years' touchmark-gpgsm --status-fd=1 --verify f.pem f
is "$RC" 0 'and its stamped signature outlives the certificate'
has '^\[GNUPG:\] GOODSIG' 'as GOODSIG'
has '^\[GNUPG:\] TRUST_FULLY' 'fully trusted'
has 'timestamp by .*CN=tsa' 'with the authority named'

# A token of its own.
openssl ts -query -data f -sha256 -cert -no_nonce -out f.tsq 2>/dev/null
openssl ts -reply -config pki/tsa.tsa.cnf -queryfile f.tsq \
	-signer pki/tsa.pem -inkey pki/tsa.key -out f.tsr 2>/dev/null
openssl ts -reply -in f.tsr -token_out -out f.tst 2>/dev/null
for t in f.tsr f.tst; do
	ok "$t" touchmark verify --tsa-roots pki/tsa-root.pem \
		--roots pki/ca.pem f "$t"
	has '^f: existed at [0-9-]{10}T[0-9:]{8}Z \(timestamp by .*CN=tsa' \
		'tells when'
done
ok 'by the policy' touchmark verify f f.tsr
echo other >g
exits 1 'other bytes' touchmark verify g f.tsr
has 'refused timestamp-bad' 'are timestamp-bad'
exits 1 'another authority' touchmark verify --roots pki/ca.pem \
	--tsa-roots pki/ca.pem f f.tsr
has 'refused timestamp-untrusted' 'is timestamp-untrusted'
exits 1 'no authority' touchmark verify --roots pki/ca.pem f f.tsr
has 'refused timestamp-untrusted' 'is timestamp-untrusted too'
head -c 300 f.tsr >cut.tsr
exits 1 'a cut token' touchmark verify f cut.tsr
has 'refused timestamp-bad' 'is timestamp-bad'
exits 1 'a missing token' touchmark verify f absent.tsr
has 'refused signature-missing' 'is signature-missing'
run faketime '-1 year' touchmark verify f f.tsr
is "$RC" 1 'a token of the future'
has 'refused timestamp-(order|untrusted)' 'is refused'
exits 2 '--at has no meaning there' touchmark verify --at 2026-01-01 f f.tsr

# When nobody stamps.
tsa_stop
git config -f "$CONFIG" --unset touchmark.timestamp
rm -f f.p7s
exits 5 'require without an answer ends with 5' touchmark sign \
	--timestamp=require f
[ ! -f f.p7s ]
tap $? 'and there is no signature'
ok 'prefer goes on' touchmark sign --timestamp=prefer f
has 'no timestamp, in f\.p7s$' 'and says that there is none'
done_testing
