#!/bin/sh
# touchmark stamp: the timestamp that a detached signature lacks, later. What
# was signed stays byte for byte, and nothing that fails leaves a trace.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util faketime gpgsm perl strace

PKI_DAYS=60 token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
tsa_new tsa
tsa_new other
tsa_start tsa
GOOD=$TSA_URL
git config -f "$CONFIG" touchmark.tsa "$GOOD"
# A good answer is waited for, whatever else the machine does.
git config -f "$CONFIG" touchmark.tsaDeadline 60
cd "$T" || exit 1
echo data >f
trust='--roots pki/ca.pem --tsa-roots pki/tsa-root.pem'

tokens() {	# FILE
	openssl cms -cmsout -print -inform "${2:-DER}" -in "$1" 2>/dev/null |
		grep -c id-smime-aa-timeStampToken
}

# unchanged NAME: f.p7s is what it was, and nothing lies beside it.
unchanged() {
	cmp -s f.p7s before && [ -z "$(find . -name 'f.p7s.*')" ]
	tap $? "$1: the file is as it was"
}

fresh() {	# another signature without a timestamp
	touchmark sign --no-timestamp f >"$T/out" 2>&1
	cp f.p7s before
}

# ---- the missing one ---------------------------------------------------------
fresh
chmod 640 f.p7s
ok 'a signature without a timestamp' touchmark stamp f.p7s
has '^f\.p7s: timestamped at [0-9-]{10}T[0-9:]{8}Z by .*CN=tsa' 'gets one'
is "$(stat -c %a f.p7s)" 640 'the mode stays'
is "$(tokens f.p7s)" 1 'one token'
# shellcheck disable=SC2086 # options
ok 'it verifies' touchmark verify $trust f
has 'timestamp by .*CN=tsa' 'with the timestamp'
# shellcheck disable=SC2086
run faketime '+2 years' touchmark verify $trust f
is "$RC" 0 'also after the certificate has expired'
ok 'openssl says the same' openssl cms -verify -binary -inform DER \
	-in f.p7s -content f -CAfile pki/ca.pem -purpose any -out copy
ok 'and writes it in the same way' sh -c 'openssl cms -cmsout -inform DER \
	-in f.p7s -outform DER -out again && cmp again f.p7s'
openssl cms -cmsout -print -inform DER -in before >a 2>&1
openssl cms -cmsout -print -inform DER -in f.p7s >b 2>&1
sed '/unsignedAttrs/,$d' a >a1
sed '/unsignedAttrs/,$d' b >b1
cmp -s a1 b1 && [ -s a1 ]
tap $? 'all before the unsigned attributes is the same'

cp f.p7s before
exits 1 'again' touchmark stamp f.p7s
has '^f\.p7s: refused: it has a valid timestamp of 20.* by .*CN=tsa' 'is refused'
has '^touchmark: hint: --renew' 'with a way on'
unchanged 'again'
ok '--renew' touchmark stamp --renew f.p7s
is "$(tokens f.p7s)" 2 'adds one beside it'
# shellcheck disable=SC2086
ok 'both hold' touchmark verify $trust f
ok 'openssl reads two' openssl cms -verify -binary -inform DER \
	-in f.p7s -content f -CAfile pki/ca.pem -purpose any -out copy
i=0
while [ $i -lt 6 ]; do
	touchmark stamp --renew f.p7s >"$T/out" 2>&1
	i=$((i + 1))
done
is "$(tokens f.p7s)" 8 'up to eight'
cp f.p7s before
exits 4 'and no ninth' touchmark stamp --renew f.p7s
has '8 timestamps at most' 'says so'
unchanged 'a ninth'

# JSON
fresh
touchmark stamp --json f.p7s >out 2>err
perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	exit !($j->{file} eq "f.p7s" && $j->{status} eq "stamped" &&
	$j->{tsa} =~ /CN=tsa/ && $j->{time} =~ /^\d{4}-\d\d-\d\dT/ &&
	!defined $j->{reason} && $j->{checked} && $j->{dropped} == 0)' <out
tap $? 'JSON of a stamp'
touchmark stamp --json f.p7s >out 2>err
perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	exit !($j->{status} eq "refused" && $j->{text} && $j->{hint})' <out
tap $? 'JSON of a refusal'
touchmark stamp --json --tsa http://127.0.0.1:9/ --renew f.p7s >out 2>err
is "$?" 5 'no answer'
perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	exit !($j->{status} eq "error" && $j->{code} == 5)' <out
tap $? 'JSON of an error'

# ---- forms of the file -------------------------------------------------------
fresh
for label in 'SIGNED MESSAGE' CMS PKCS7; do
	{
		echo "-----BEGIN $label-----"
		openssl base64 -in before
		echo "-----END $label-----"
	} >f.pem
	ok "PEM with the label $label" touchmark stamp f.pem f
	is "$(sed -n '1p;$p' f.pem | tr -d '\n')" \
		"-----BEGIN $label----------END $label-----" 'keeps its label'
	sed '1d;$d' f.pem | openssl base64 -d >f.der
	is "$(tokens f.der)" 1 'and has a token'
	is "$(awk 'length > 64' f.pem | wc -l)" 0 'in lines of 64'
done
touchmark-gpgsm -bau dev <f >f.git 2>/dev/null
run touchmark stamp --renew f.git f
is "$RC" 0 'as git keeps it'
ok 'and touchmark-gpg verifies it' touchmark verify --roots pki/ca.pem \
	--tsa-roots pki/tsa-root.pem f f.git

# gpgsm writes indefinite lengths.
printf 'disable-crl-checks\ndisable-dirmngr\nbatch\n' >"$GNUPGHOME/gpgsm.conf"
echo allow-loopback-pinentry >"$GNUPGHOME/gpg-agent.conf"
root=$(openssl x509 -in pki/ca.pem -noout -fingerprint -sha1 |
	sed 's/.*=//; s/://g')
echo "$root S relax" >"$GNUPGHOME/trustlist.txt"
gpgsm --import pki/ca.pem >setup.log 2>&1 || bail 'gpgsm imports no root'
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:3072' \
	pki_leaf ca soft soft@example.org
openssl pkcs12 -export -legacy -in pki/soft.pem -inkey pki/soft.key \
	-passout pass:x -out soft.p12 2>setup.log || bail 'openssl pkcs12'
echo x | gpgsm --pinentry-mode loopback --passphrase-fd 0 \
	--import soft.p12 >setup.log 2>&1 || bail 'gpgsm imports no key'
echo x | gpgsm --pinentry-mode loopback --passphrase-fd 0 \
	--local-user soft@example.org --output gpgsm.p7s --detach-sign f \
	>setup.log 2>&1 || bail 'gpgsm does not sign'
[ "$(od -An -tx1 -N2 gpgsm.p7s | tr -d ' ')" = 3080 ]
tap $? 'gpgsm'\''s own form, without lengths'
ok 'gets a timestamp too' touchmark stamp gpgsm.p7s f
# shellcheck disable=SC2086
ok 'it verifies' touchmark verify $trust f gpgsm.p7s
has 'timestamp by' 'with it'
ok 'gpgsm still accepts it' gpgsm --verify gpgsm.p7s f

# Two signers, one of which is stamped: the other gets its own.
openssl cms -sign -binary -signer pki/soft.pem -inkey pki/soft.key \
	-outform DER -in f -out two.p7s
touchmark stamp two.p7s f >"$T/out" 2>&1
pki_leaf ca second second@example.org
openssl cms -resign -inform DER -in two.p7s -signer pki/second.pem \
	-inkey pki/second.key -outform DER -out two.new 2>log &&
	mv two.new two.p7s
before=$(tokens two.p7s)
ok 'two signers, one stamped' touchmark stamp two.p7s f
is "$((before)) $(tokens two.p7s)" '1 2' 'now both are'
exits 1 'and then no more' touchmark stamp two.p7s f
ok 'openssl accepts both' openssl cms -verify -binary -inform DER \
	-in two.p7s -content f -CAfile pki/ca.pem -purpose any -out copy
ok 'in its own order' sh -c 'openssl cms -cmsout -inform DER -in two.p7s \
	-outform DER -out again && cmp again two.p7s'

# Through a link, what it leads to.
fresh
mkdir away
mv f.p7s away/
ln -s away/f.p7s f.p7s
ok 'through a link' touchmark stamp f.p7s
[ -L f.p7s ] && [ "$(tokens away/f.p7s)" = 1 ]
tap $? 'which stays'
rm -r f.p7s away

# ---- what does not hold is not stamped ----------------------------------------
fresh
asked() { grep -c ': asked$' tsa.tsalog; }
echo other >g
exits 1 'another file' touchmark stamp f.p7s g
has '^f\.p7s: refused signature-bad' 'is signature-bad'
unchanged 'another file'
echo changed >>f
exits 1 'a file that was changed' touchmark stamp f.p7s
has 'refused signature-bad' 'as the one that stands beside'
unchanged 'a file that was changed'
echo data >f
mv f away
ok 'without the file the signature alone is checked' touchmark stamp f.p7s
has 'timestamped at' 'and stamped'
fresh_bytes=$(wc -c <before)
mv away f
count=$(asked)
# The last bytes are the signature's value.
case $(tail -c 1 before | od -An -tx1) in
*55) other='\252' ;;
*) other='\125' ;;
esac
# shellcheck disable=SC2059 # an octal escape
{ head -c $((fresh_bytes - 1)) before; printf "$other"; } >f.p7s
cp f.p7s before
mv f away
exits 1 'a signature that does not hold' touchmark stamp f.p7s
has 'refused signature-bad' 'is signature-bad without the file too'
unchanged 'a signature that does not hold'
mv away f
exits 1 'no signature' touchmark stamp absent.p7s
has 'refused signature-missing' 'is signature-missing'
for bad in 'this is none' '0' "$(printf '\060\200')"; do
	printf %s "$bad" >junk.p7s
	exits 1 'junk' touchmark stamp junk.p7s f
	has 'refused signature-malformed' 'is signature-malformed'
done
: >junk.p7s
exits 1 'an empty file' touchmark stamp junk.p7s f
head -c 3000000 /dev/zero >junk.p7s
exits 4 'a huge one' touchmark stamp junk.p7s f
(cat before; echo) >junk.p7s
exits 1 'bytes behind the signature' touchmark stamp junk.p7s f
openssl cms -sign -binary -nodetach -signer pki/soft.pem -inkey pki/soft.key \
	-outform DER -in f -out junk.p7s
exits 1 'a signature with its content' touchmark stamp junk.p7s f
exits 4 'a directory' touchmark stamp pki f
ssh-keygen -q -t ed25519 -N '' -f ssh.key
ssh-keygen -q -Y sign -n file -f ssh.key f 2>/dev/null
cp f.sig before.sig
exits 2 'an SSH signature' touchmark stamp f.sig
has 'no place for a timestamp' 'has no place for one'
cmp -s f.sig before.sig
tap $? 'and is left alone'
is "$(asked)" "$count" 'nobody was asked for any of these'

# ---- certificates ------------------------------------------------------------
fresh
run faketime '+61 days' touchmark stamp f.p7s
is "$RC" 1 'after the certificate has expired'
has 'refused cert-expired: the certificate ended at' 'it is too late'
unchanged 'too late'
run faketime '-1 day' touchmark stamp f.p7s
has 'refused cert-not-yet-valid' 'before it begins it is too early'

# ---- tokens that no longer hold -----------------------------------------------
fresh
touchmark stamp f.p7s >"$T/out" 2>&1
policy_for ca "tsaRoots = $T/pki/other-root.pem"
tsa_stop
tsa_start other
ok 'one of an authority that is no longer trusted' touchmark stamp \
	--tsa "$TSA_URL" f.p7s
has 'by .*CN=other.*, 1 bad timestamp left out$' 'is replaced'
is "$(tokens f.p7s)" 1 'there is one token'
pki_crl other-root "$(pki_serial other)=keyCompromise"
policy_for ca "tsaRoots = $T/pki/other-root.pem" \
	"tsaRoots = $T/pki/tsa-root.pem" "crl = $T/pki/other-root.crl" 2>/dev/null
cat pki/other-root.pem pki/tsa-root.pem >pki/both.pem
policy_for ca "tsaRoots = $T/pki/both.pem" "crl = $T/pki/other-root.crl"
cp f.p7s before
exits 5 'one of an authority that was revoked' touchmark stamp \
	--tsa "$TSA_URL" f.p7s
unchanged 'when there is no better one'
tsa_stop
tsa_start tsa
ok 'when there is' touchmark stamp --tsa "$TSA_URL" f.p7s
has 'CN=tsa.*1 bad timestamp left out' 'is replaced as well'
git config -f "$CONFIG" --unset touchmark.policy

# ---- nobody answers, nothing can be written -------------------------------------
GOOD=$TSA_URL
git config -f "$CONFIG" touchmark.tsa "$GOOD"
fresh
exits 5 'no answer' touchmark stamp --tsa http://127.0.0.1:9/ f.p7s
unchanged 'no answer'
git config -f "$CONFIG" touchmark.timestamp never
ok 'whatever touchmark.timestamp says' touchmark stamp f.p7s
git config -f "$CONFIG" --unset touchmark.timestamp
git config -f "$CONFIG" --unset touchmark.tsa
exits 2 'no authority at all' touchmark stamp --renew f.p7s
has 'touchmark\.tsa' 'names the setting'
ok 'but one on the command line' touchmark stamp --tsa "$GOOD" --renew f.p7s
git config -f "$CONFIG" touchmark.tsa "$GOOD"
fresh
# The first write is the question to the fetcher, the second the file.
for fault in write:error=ENOSPC:when=2 fsync:error=EIO:when=1 \
	rename:error=ENOSPC:when=1; do
	run traced -o trace -e trace=write,fsync,rename -e inject=$fault \
		touchmark stamp f.p7s
	is "$RC $(grep -c INJECTED trace)" '4 1' "$fault ends with 4"
	unchanged "$fault"
done

# ---- the command line --------------------------------------------------------
exits 2 'nothing named' touchmark stamp
exits 2 'too much' touchmark stamp f.p7s f g
exits 2 'an unknown option' touchmark stamp --bogus f.p7s
ok 'help' touchmark stamp --help
done_testing
