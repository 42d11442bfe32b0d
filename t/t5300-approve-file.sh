#!/bin/sh
# touchmark approve FILE SIGNATURE: one more signer in a detached CMS, read by
# touchmark, openssl and gpgsm; what does not hold gets none.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util gpgsm gpg-agent faketime perl

token_key alice alice@example.org
TOKEN_TYPE=rsa:3072 token_key bob bob@example.org
export TOUCHMARK_PIN_FILE="$PINFILE"
touchmark key generate carol --token "$TOKEN" --algorithm p384 \
	--module "$MODULE" --pin-file "$PINFILE" >"$T/setup.log" 2>&1 ||
	bail 'no P-384 key'
touchmark key csr carol --subject /O=Test/CN=carol >"$T/pki/carol.csr" \
	2>"$T/setup.log" || bail 'no request'
cp "$T/pki/alice.ext" "$T/pki/carol.ext"
openssl x509 -req -in "$T/pki/carol.csr" -CA "$T/pki/ca.pem" \
	-CAkey "$T/pki/ca.key" -sha384 -days 365 \
	-set_serial "0x$(openssl rand -hex 8)" -extfile "$T/pki/carol.ext" \
	-out "$T/pki/carol.pem" 2>"$T/setup.log" || bail 'no certificate'
git config -f "$CONFIG" touchmark.carol.cert "$T/pki/carol.pem"
cd "$T" || exit 1
tsa_new tsa
tsa_start tsa

# gpgsm that trusts our root and asks no server.
printf 'disable-crl-checks\ndisable-dirmngr\nbatch\n' >"$GNUPGHOME/gpgsm.conf"
root=$(openssl x509 -in pki/ca.pem -noout -fingerprint -sha1 |
	sed 's/.*=//; s/://g')
echo "$root S relax" >"$GNUPGHOME/trustlist.txt"
echo allow-loopback-pinentry >"$GNUPGHOME/gpg-agent.conf"
gpgsm --import pki/ca.pem >setup.log 2>&1 || bail 'gpgsm imports no root'

cms_good() {	# FILE SIGNATURE
	openssl cms -verify -binary -inform DER -in "$2" -content "$1" \
		-CAfile pki/ca.pem -purpose any -out /dev/null
}

signers() {	# SIGNATURE
	openssl cms -cmsout -print -inform DER -in "$1" -noout 2>/dev/null |
		grep -c 'signatureAlgorithm:'
}

seen() {	# FILE MODE WHAT: a signature that was refused stays as it was
	cmp -s "$1" "$1.before"
	tap $? "$2"
}

# ---- one more, and a third ---------------------------------------------------
echo release >f
touchmark sign -k alice --no-timestamp f >setup.log 2>&1 || bail 'no signature'
cp f.p7s one.p7s
chmod 640 f.p7s
ok 'a second signer' touchmark approve -k bob f f.p7s
has '^f: approved by .*CN=bob.*, no timestamp, in f\.p7s$' 'says who and where'
has '^f: 2 signers$' 'and how many there are'
is "$(stat -c %a f.p7s)" 640 'the mode is kept'
ok 'openssl cms reads both' cms_good f f.p7s
is "$(openssl cms -verify -binary -inform DER -in f.p7s -content f \
	-CAfile pki/ca.pem -purpose any -signer got.pem -out /dev/null \
	2>/dev/null; grep -c BEGIN got.pem)" 2 'openssl finds two signers'
ok 'gpgsm reads both' gpgsm --verify f.p7s f
is "$(grep -c 'Good signature from' out)" 2 'both are good for gpgsm'
ok 'touchmark verify' touchmark verify --roots pki/ca.pem f
is "$(grep -c 'good signature of' out)" 2 'lists both'
has 'good signature of .*CN=alice' 'one'
has 'good signature of .*CN=bob' 'and the other'
ok 'a third, with another digest' touchmark approve -k carol f f.p7s
has '^f: 3 signers$' 'is counted'
ok 'openssl cms reads all three' cms_good f f.p7s
ok 'gpgsm too' gpgsm --verify f.p7s f
is "$(grep -c 'Good signature from' out)" 3 'all good for gpgsm'
ok 'and touchmark verify' touchmark verify --roots pki/ca.pem f
is "$(grep -c 'good signature of' out)" 3 'lists three'
run touchmark verify --json --roots pki/ca.pem f
perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	exit !($j->{status} eq "good" && @{$j->{signers}} == 3 &&
	3 == grep { $_->{status} eq "good" && $_->{fingerprint} =~
	/^sha256:/ } @{$j->{signers}})' <out
tap $? 'in JSON as well'
# What the first one signed did not change by a byte.
perl -0777 -e 'open F, "<", shift or die; $a = <F>; open G, "<", shift or die;
	$b = <G>; $s = substr($a, -64); exit !(index($b, $s) >= 0)' \
	one.p7s f.p7s
tap $? "the first signer's last bytes stand in it unchanged"
openssl asn1parse -inform DER -in f.p7s >out 2>&1
tap $? 'it is DER'

# ---- nobody twice ------------------------------------------------------------
cp -p f.p7s f.p7s.before
exits 1 'the first signer again' touchmark approve -k alice f f.p7s
has '^f: refused signer-not-allowed: .*CN=alice.* has signed it already' \
	'is told'
seen f.p7s 'nothing was written'
exits 1 'in JSON' touchmark approve --json -k bob f f.p7s
perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	exit !($j->{status} eq "refused" && $j->{reason} eq
	"signer-not-allowed" && $j->{file} eq "f")' <out
tap $? 'it is JSON'

# ---- what does not hold ------------------------------------------------------
echo other >g
exits 1 'another file' touchmark approve -k bob g one.p7s
has '^g: refused signature-bad: ' 'is signature-bad'
cp f.p7s bad.p7s
size=$(stat -c %s bad.p7s)
for at in 40 $((size / 2)) $((size - 3)); do
	cp one.p7s bad.p7s
	at=$((at % $(stat -c %s one.p7s)))
	perl -e 'open F, "+<", "bad.p7s" or die; seek F, $ARGV[0], 0;
		read F, $c, 1; seek F, $ARGV[0], 0;
		print F chr(ord($c) ^ 1)' "$at"
	cp bad.p7s bad.p7s.before
	run touchmark approve -k bob f bad.p7s
	[ "$RC" = 1 ] || { [ "$RC" = 0 ] && touchmark verify \
		--roots pki/ca.pem f bad.p7s >/dev/null 2>&1; }
	tap $? "a changed byte at $at is refused, or did not matter"
	[ "$RC" = 0 ] || seen bad.p7s 'and nothing was written'
done
exits 1 'no signature there' touchmark approve -k bob f nothing.p7s
has 'refused signature-missing' 'is signature-missing'
has 'hint: .*touchmark sign FILE' 'and speaks of files'
echo rubbish >r.p7s
exits 1 'no signature at all' touchmark approve -k bob f r.p7s
has 'refused signature-malformed' 'is signature-malformed'
exits 4 'no file' touchmark approve -k bob nofile one.p7s
exits 3 'no key' touchmark approve -k nobody f one.p7s
exits 2 'the file as its signature' touchmark approve -k bob f ./f
exits 2 'over the file' touchmark approve -k bob -o f f one.p7s
exits 2 'one operand' touchmark approve f
exits 2 '-C without --tag' touchmark approve -C . f one.p7s
exits 2 'a time that is none' touchmark approve --timestamp=maybe f one.p7s
touchmark sign -k alice -t ssh -o f.sig f >setup.log 2>&1 || bail 'no SSH'
exits 2 'an SSH signature' touchmark approve -k bob f f.sig
has 'only a CMS or OpenPGP signature can have several signers' 'says why'

# ---- forms -------------------------------------------------------------------
cp one.p7s two.p7s
ok 'to another place' touchmark approve -k bob -o out.p7s f two.p7s
cmp -s one.p7s two.p7s
tap $? 'the signature itself stays'
ok 'what is there is good' touchmark verify --roots pki/ca.pem f out.p7s
touchmark approve -k bob -o - f two.p7s >std.p7s 2>err </dev/null
tap $? 'to standard output'
ok 'nothing else is printed there' cms_good f std.p7s
for label in 'SIGNED MESSAGE' CMS PKCS7; do
	{
		echo "-----BEGIN $label-----"
		openssl base64 -in one.p7s
		echo "-----END $label-----"
	} >pem.p7s
	ok "PEM as $label" touchmark approve -k bob f pem.p7s
	is "$(head -1 pem.p7s)" "-----BEGIN $label-----" 'stays that'
	ok 'and verifies' touchmark verify --roots pki/ca.pem f pem.p7s
done
cp one.p7s pipe.p7s
mkfifo fifo
cat f >fifo &
run_in fifo touchmark approve -k carol - pipe.p7s
tap "$RC" 'the file from a pipe'
ok 'is the same' touchmark verify --roots pki/ca.pem f pipe.p7s
ln -s one.p7s link.p7s
cp one.p7s keep.p7s
ok 'through a link' touchmark approve -k bob f link.p7s
[ -L link.p7s ]
tap $? 'the link stays'
ok 'what it leads to was replaced' touchmark verify --roots pki/ca.pem f \
	one.p7s
is "$(grep -c 'good signature of' out)" 2 'with two signers'
cp keep.p7s one.p7s
# gpgsm writes BER of indefinite length, openssl other ids
PKI_KEY='-algorithm RSA -pkeyopt rsa_keygen_bits:3072' \
	pki_leaf ca dave dave@example.org
for opt in '' -keyid -nosmimecap; do
	# shellcheck disable=SC2086 # an option
	openssl cms -sign -binary -signer pki/dave.pem -inkey pki/dave.key \
		-md sha512 $opt -in f -outform DER -out d.p7s 2>setup.log
	ok "what openssl made ${opt:-plainly}" touchmark approve -k bob f d.p7s
	ok 'verifies' touchmark verify --roots pki/ca.pem f d.p7s
	ok 'for openssl' cms_good f d.p7s
done
openssl pkcs12 -export -legacy -inkey pki/dave.key -in pki/dave.pem \
	-passout pass:x -out dave.p12 2>setup.log || bail 'no PKCS#12'
echo x | gpgsm --pinentry-mode loopback --passphrase-fd 0 \
	--import dave.p12 >setup.log 2>&1 || bail 'gpgsm imports no key'
echo x | gpgsm --pinentry-mode loopback --passphrase-fd 0 \
	--local-user dave@example.org --detach-sign --output gpgsm.p7s f \
	2>setup.log || bail 'gpgsm does not sign'
is "$(head -c 2 gpgsm.p7s | od -An -tx1 | tr -d ' ')" 3080 \
	'gpgsm writes indefinite lengths'
ok 'approved all the same' touchmark approve -k bob f gpgsm.p7s
ok 'verify' touchmark verify --roots pki/ca.pem f gpgsm.p7s
is "$(grep -c 'good signature of' out)" 2 'as two'

# ---- a refused one refuses ---------------------------------------------------
pki_root other
pki_leaf other eve eve@example.org
openssl cms -sign -binary -signer pki/eve.pem -inkey pki/eve.key -md sha256 \
	-in f -outform DER -out e.p7s 2>setup.log
ok 'a signer of another root is let sign beside' touchmark approve -k bob f \
	e.p7s
exits 1 'but the file is refused' touchmark verify --roots pki/ca.pem f e.p7s
has 'refused chain-untrusted: signature of .*CN=eve.*: ' 'whose is told'
has 'good signature of .*CN=bob' 'and that the other is good'
run touchmark verify --json --roots pki/ca.pem f e.p7s
perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	exit !($j->{status} eq "refused" && $j->{reason} eq "chain-untrusted" &&
	$j->{signer} =~ /eve/ && @{$j->{signers}} == 2)' <out
tap $? 'in JSON the refused one stands first'

# ---- timestamps --------------------------------------------------------------
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
cp keep.p7s t.p7s
ok 'with a timestamp' touchmark approve -k bob --timestamp=require f t.p7s
has 'CN=bob.*, timestamped, in t\.p7s' 'is told'
ok 'verify' touchmark verify --roots pki/ca.pem --tsa-roots pki/tsa-root.pem \
	f t.p7s
has 'CN=bob.*made before .*timestamp by .*CN=tsa' 'the new one has it'
has 'CN=alice.*no timestamp' 'the old one has none'
run faketime '+5 years' touchmark verify --roots pki/ca.pem \
	--tsa-roots pki/tsa-root.pem f t.p7s
is "$RC" 1 'years later the other one is missing it'
has 'refused cert-expired: signature of .*CN=alice' 'whose is told'
cp keep.p7s t.p7s
git config -f "$CONFIG" --replace-all touchmark.tsa http://127.0.0.1:9/
cp t.p7s t.p7s.before
exits 5 'a required one that cannot be had' touchmark approve -k bob \
	--timestamp=require f t.p7s
seen t.p7s 'nothing was written'
ok 'one that is not wanted' touchmark approve -k bob --no-timestamp f t.p7s

# ---- two at once -------------------------------------------------------------
# The first waits for its file; meanwhile somebody else approves.
git config -f "$CONFIG" --unset-all touchmark.tsa
cp keep.p7s race.p7s
mkfifo slow
timeout 120 touchmark approve -k bob slow race.p7s >race.out 2>&1 </dev/null &
race=$!
# A pipe is open for writing as soon as somebody reads from it, and the one who
# waits has read the signature before.
timeout 120 sh -c 'exec 3>slow &&
	touchmark approve -k carol f race.p7s >setup.log 2>&1 </dev/null 3>&-
	echo $? >carol.rc
	cat f >&3'
is "$(cat carol.rc)" 0 'while one waits, another approves'
wait "$race"
is $? 4 'the first is told'
cp race.out out
has 'race.p7s was changed meanwhile' 'what happened'
run touchmark verify --roots pki/ca.pem f race.p7s
has 'good signature of .*CN=carol' "and the other's signature stays"

# ---- as many as there may be -------------------------------------------------
set --
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	pki_leaf ca "s$i" "s$i@example.org"
	set -- "$@" -signer "pki/s$i.pem" -inkey "pki/s$i.key"
done
openssl cms -sign -binary "$@" -in f -outform DER -out many.p7s 2>setup.log
cp many.p7s many.p7s.before
exits 4 'a seventeenth signer' touchmark approve --no-timestamp -k bob f \
	many.p7s
has 'a signature has 16 signers at most' 'says the bound'
seen many.p7s 'nothing was written'
# A link into nowhere: there is nothing to be approved.
ln -s /nonexistent/f.p7s dangling.p7s
exits 1 'a dangling link' touchmark approve -k bob f dangling.p7s
has 'refused signature-missing' 'is signature-missing'
ok 'help' touchmark approve --help
has '^usage: touchmark approve' 'is help'
done_testing
