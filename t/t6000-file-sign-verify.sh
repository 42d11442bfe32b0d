#!/bin/sh
# touchmark sign and verify: files of any kind, one line each, exit codes.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git openssl pkcs11-tool softhsm2-util gpgsm perl

token_key dev dev@example.org
policy_for ca
git config -f "$CONFIG" touchmark.key dev
cd "$T" || exit 1
FP=$(sha256_of dev)

echo release >a.tar
ok 'sign' touchmark sign a.tar
has '^a\.tar: signed by .*CN=dev.*, no timestamp, in a\.tar\.p7s$' 'one line'
ok 'verify' touchmark verify a.tar
has "^a\.tar: good signature of .*CN=dev.* \(sha256:$FP\), no timestamp" \
	'one line'
ok 'with the signature named' touchmark verify a.tar a.tar.p7s
ok 'openssl cms agrees' openssl cms -verify -binary -inform DER \
	-in a.tar.p7s -content a.tar -CAfile pki/ca.pem -purpose any \
	-out /dev/null
is "$(stat -c %a a.tar.p7s)" 644 'its mode is that of a new file'
cp a.tar b.tar
printf x | dd of=b.tar conv=notrunc 2>/dev/null
exits 1 'a changed byte' touchmark verify b.tar a.tar.p7s
has '^b\.tar: refused signature-bad: ' 'is signature-bad'
has '^touchmark: hint: ' 'with what to do'
printf 'release\nx' >b.tar
exits 1 'a byte more' touchmark verify b.tar a.tar.p7s
: >empty
ok 'an empty file' touchmark sign empty
ok 'verifies' touchmark verify empty
exits 1 'but not against another' touchmark verify a.tar empty.p7s
head -c 300000 /dev/urandom >random
ok 'binary bytes' touchmark sign random
ok 'verify' touchmark verify random
truncate -s 256M sparse
ok 'a big sparse file' touchmark sign sparse
ok 'verifies' touchmark verify sparse
if grep -q __asan_init "$BIN/touchmark"; then
	memory=unlimited	# the sanitizer has its own ideas
else
	memory=49152		# KiB
fi
# shellcheck disable=SC3045 # dash and bash have it
(ulimit -d "$memory" && touchmark sign sparse && touchmark verify sparse) \
	>out 2>&1
RC=$?
is "$RC" 0 'in constant memory'
# A terminal sees how far it is, a pipe does not.
truncate -s 48M slow
cat >slow.sh <<END
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -qq -o /dev/null \
	-e trace=read -e inject=read:delay_enter=4000 \
	touchmark verify slow sparse.p7s
END
script -qec 'sh slow.sh' /dev/null >out 2>&1 </dev/null
has 'slow: [0-9]+ MiB, [0-9]+ MiB/s, [0-9]+ %, [0-9]+ s left' \
	'a progress line on a terminal'
run sh slow.sh
hasnt 'MiB/s' 'none in a pipe'
name=$(printf 'we\tird \033[1m\nname')
echo x >"$name"
ok 'a name with control bytes' touchmark sign "$name"
is "$(LC_ALL=C tr -d '\n\040-\176' <out | wc -c | tr -d ' ')" 0 \
	'is shown without them'
is "$(unhurried out | grep -c .)" 1 'on one line'
ok 'and verifies' touchmark verify "$name"
cp a.tar ./-dash
ok 'a name that begins with a dash' touchmark sign -- -dash
ok 'verifies' touchmark verify -- -dash

# Standard input and output.
run_in a.tar touchmark sign -o in.p7s -
is "$RC" 0 'standard input with -o'
ok 'is the same signature' touchmark verify a.tar in.p7s
run_in a.tar touchmark verify - in.p7s
is "$RC" 0 'verify of standard input'
exits 2 'standard input without -o' touchmark sign -
exits 2 'verify of it without a signature' touchmark verify -
touchmark sign -o - a.tar >out.p7s 2>out
ok 'standard output' touchmark verify a.tar out.p7s
mkfifo pipe
cat a.tar >pipe &
ok 'a pipe' touchmark sign -o pipe.p7s pipe
ok 'is read once and whole' touchmark verify a.tar pipe.p7s

# Several files: each has its line, the worst code wins.
mkdir dir
touchmark sign a.tar absent random dir empty >out 2>err
is "$?" 4 'a file that is not there: 4'
is "$(grep -c ': signed by' out)" 3 'the others are signed'
is "$(grep -c '^touchmark: absent: ' err)" 1 'its line'
is "$(grep -c '^touchmark: dir: is a directory' err)" 1 'the folder its own'
exits 4 'none is there' touchmark sign absent1 absent2
exits 2 '-o with two files' touchmark sign -o x a.tar random
exits 2 '-o onto the file itself' touchmark sign -o a.tar ./a.tar
is "$(cat a.tar)" release 'which stays'
for o in '--embed --type cms' '--embed --manifest' '--role origin' \
	'--resign --resume' '--jobs 65' '--jobs x' '-o x --manifest'; do
	# shellcheck disable=SC2086 # options and their values
	exits 2 "sign $o" touchmark sign $o a.tar
done
for t in minisign signify; do
	exits 3 "$t with an RSA key" touchmark sign -t "$t" a.tar
	has 'Ed25519 keys alone' 'is told'
	exits 2 "$t with a timestamp" touchmark sign -t "cms,$t" \
		--timestamp=require a.tar
	has "a $t signature cannot carry" 'is refused'
done
exits 2 'an unknown option' touchmark sign --frobnicate a.tar
exits 2 'no file' touchmark sign
exits 2 'contradicting options' touchmark sign --no-timestamp \
	--timestamp=require a.tar
exits 2 'timestamp=require without a TSA' touchmark sign --timestamp=require \
	a.tar
ok '--no-timestamp' touchmark sign --no-timestamp a.tar
ok '--pin-file' touchmark sign --pin-file "$PINFILE" a.tar
exits 3 'an unknown key' touchmark sign -k nobody@example.org a.tar
exits 4 'and a file that is not there' touchmark sign \
	-k nobody@example.org a.tar absent1
has 'no key is called' 'tell the one'
has 'absent1: No such file' 'and the other'
ok '--help' touchmark sign --help
has '^usage: touchmark sign' 'shows the usage'
chmod 000 random
if [ "$(id -u)" != 0 ]; then
	exits 4 'a file that may not be read' touchmark verify random
fi
chmod 644 random

# verify: whose fault it is decides the code.
exits 4 'FILE is not there' touchmark verify absent
exits 1 'SIGNATURE is not there' touchmark verify a.tar absent.p7s
has 'refused signature-missing' 'is signature-missing'
cp a.tar c.tar
exits 1 'FILE.p7s is not there' touchmark verify c.tar
has 'refused signature-missing' 'is signature-missing'
echo junk >junk.p7s
exits 1 'junk' touchmark verify a.tar junk.p7s
has 'refused signature-malformed' 'is signature-malformed'
: >none.p7s
exits 1 'an empty signature' touchmark verify a.tar none.p7s
has 'refused signature-malformed' 'is signature-malformed'
truncate -s 3M big.p7s
exits 1 'a huge one' touchmark verify a.tar big.p7s
has 'refused (signature-malformed|limit-exceeded)' 'is refused unread'
head -c 200 a.tar.p7s >cut.p7s
exits 1 'a cut one' touchmark verify a.tar cut.p7s
has 'refused signature-malformed' 'is signature-malformed'
{ cat a.tar.p7s; printf x; } >long.p7s
exits 1 'one with a byte more' touchmark verify a.tar long.p7s
has 'refused signature-malformed' 'is signature-malformed'
ok 'an empty folder' touchmark verify dir
exits 2 'a folder and a signature' touchmark verify dir a.tar.p7s
has 'hint: leave out the SIGNATURE' 'which says what to leave out'
exits 2 'three operands' touchmark verify a.tar a.tar.p7s x
exits 4 'a minisign key that is not there' touchmark verify \
	--minisign-key x a.tar

# Where the trust comes from.
pki_root stranger
exits 1 'another root' touchmark verify --roots pki/stranger.pem a.tar
has 'refused chain-untrusted' 'is chain-untrusted'
ok '--roots' touchmark verify --roots pki/ca.pem a.tar
ok '--policy' touchmark verify --policy "$POLICY" a.tar
pki_crl ca "$(pki_serial dev)=keyCompromise"
exits 1 '--crl that revokes' touchmark verify --roots pki/ca.pem \
	--crl pki/ca.crl a.tar
has 'refused cert-revoked' 'is cert-revoked'
exits 1 '--at before the certificate' touchmark verify --roots pki/ca.pem \
	--at 2001-01-01 a.tar
has 'refused (cert-not-yet-valid|chain-untrusted)' 'says so'
exits 1 '--at long after' touchmark verify --roots pki/ca.pem \
	--at "$(date -u -d '+2 years' +%F)" a.tar
has 'refused cert-expired' 'says so'
git config -f "$CONFIG" --unset touchmark.policy
exits 2 'no trust at all' touchmark verify a.tar
has 'hint: .*(policy|roots)' 'says how to name it'
policy_for ca

# PEM, as OpenSSL writes it.
openssl cms -cmsout -inform DER -in a.tar.p7s -outform PEM -out a.pem
ok 'a CMS PEM block' touchmark verify a.tar a.pem
sed 's/CMS/PKCS7/' a.pem >a7.pem
ok 'a PKCS7 PEM block' touchmark verify a.tar a7.pem
{ echo before; cat a.pem; } >before.pem
exits 1 'text before it' touchmark verify a.tar before.pem
{ cat a.pem a.pem; } >two.pem
exits 1 'two blocks' touchmark verify a.tar two.pem
has 'refused signature-malformed' 'are malformed'
printf '%s\n' '-----BEGIN PGP SIGNATURE-----' '' 'iHUE' \
	'-----END PGP SIGNATURE-----' >a.asc
exits 1 'an OpenPGP signature' touchmark verify a.tar a.asc
has 'refused signature-(format|malformed)' 'is of another format'

# JSON.
field() {	# NAME: of the last line of output
	unhurried out | perl -MJSON::PP -e '$j = decode_json(<STDIN>);
		$v = $j->{$ARGV[0]}; print defined $v ? $v : "null"' "$1"
}
ok 'sign --json' touchmark sign --json a.tar
is "$(field status)-$(field file)-$(field signature)" \
	signed-a.tar-a.tar.p7s 'tells what was made'
is "$(field fingerprint)" "sha256:$FP" 'and by whom'
ok 'verify --json' touchmark verify --json a.tar
is "$(field status)-$(field reason)-$(field stamped)-$(field tsa)" \
	good-null-0-null 'tells that it is good'
is "$(field fingerprint)" "sha256:$FP" 'and whose'
exits 1 'verify --json of other bytes' touchmark verify --json b.tar a.tar.p7s
is "$(field status)-$(field reason)" refused-signature-bad 'tells why not'
run touchmark sign --json absent
is "$RC-$(field status)-$(field code)" 4-error-4 'an error is JSON too'
run touchmark verify --json absent
is "$RC-$(field status)-$(field code)" 4-error-4 'for verify as well'
run touchmark sign --json -k nobody@example.org a.tar random
is "$RC-$(grep -c '"status":"error","code":3,' out)-$(wc -l <out)" 3-2-2 \
	'a key that is not there is told for each file, and no more'
done_testing
