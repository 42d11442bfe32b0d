#!/bin/sh
# touchmark verify and signatures of every format: which file is meant, whose
# keys are trusted, and why not.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
need git openssl pkcs11-tool softhsm2-util ssh-keygen gpg faketime perl

token_key dev dev@example.org
tsa_new tsa
cd "$T" || exit 1
git config -f "$CONFIG" touchmark.key dev
git config -f "$CONFIG" touchmark.dev.userId 'Dev <dev@example.org>'
git config -f "$CONFIG" touchmark.dev.created 1700000000
for k in ed rsa short; do
	case $k in
	ed) set -- ed25519 256 ;;
	rsa) set -- rsa 3072 ;;
	short) set -- rsa 2048 ;;
	esac
	ssh-keygen -q -t "$1" -b "$2" -N '' -C '' -f $k
	echo "$k@example.org $(cat $k.pub)" >>allowed
done
gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
	--quick-generate-key 'G P <gp@example.org>' rsa3072 sign never \
	>gpg.log 2>&1 || bail 'no OpenPGP key'
gpg --check-trustdb >gpg.log 2>&1
gpg --export gp@example.org >ring.gpg
gpg --armor --export gp@example.org >ring.asc
GP=$(gpg --with-colons --list-keys gp@example.org |
	sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -1)
ID=$(ssh-keygen -l -f ed.pub | cut -d' ' -f2)

verify() {
	touchmark verify "$@"
}

field() {	# NAME: of the last line of output
	perl -MJSON::PP -e '$j = decode_json(<STDIN>);
		$v = $j->{$ARGV[0]}; print defined $v ? $v : "null"' "$1" <out
}

# ---- SSH ----------------------------------------------------------------------

echo release >a.tar
ssh-keygen -q -Y sign -n file -f ed a.tar 2>/dev/null
ok 'an SSH signature' verify --allowed-signers allowed a.tar
is "$(sed 's/ at 20.*//' out)" "a.tar: good signature of ed@example.org \
($ID), no timestamp, judged" 'by whom, and by which key'
ok 'as JSON' verify --json --allowed-signers allowed a.tar
is "$(field status)-$(field format)-$(field signer)-$(field fingerprint)" \
	"good-ssh-ed@example.org-$ID" 'the same'
is "$(field stamped)-$(field tsa)-$(field reason)" 0-null-null \
	'without a timestamp'
echo other >b.tar
exits 1 'other content' verify --allowed-signers allowed b.tar a.tar.sig
has 'refused signature-bad' 'is signature-bad'
exits 1 'without a list of signers' verify --roots pki/ca.pem a.tar
# A plus sign is something else in a pattern.
has "refused cert-missing: .*$(printf %.12s "$ID" | tr + .)" 'is cert-missing'
has 'hint: .*--allowed-signers' 'and says what to name'
grep -v ed@ allowed >without
exits 1 'a list without the key' verify --allowed-signers without a.tar
has 'refused cert-missing: .*is not in without' 'is cert-missing'
ssh-keygen -q -Y sign -n git -f ed <a.tar >git.sig 2>/dev/null
exits 1 "a commit's namespace" verify --allowed-signers allowed a.tar git.sig
has "refused signature-bad: .*namespace 'git', not for 'file'" \
	'is signature-bad'
echo "ed@example.org namespaces=\"git\" $(cat ed.pub)" >commits
exits 1 'a key for commits' verify --allowed-signers commits a.tar
has "refused signer-not-allowed: .*commits:1: " 'is signer-not-allowed'
echo "ed@example.org valid-before=\"20200101Z\" $(cat ed.pub)" >past
exits 1 'a key that has expired' verify --allowed-signers past a.tar
has 'refused cert-expired' 'is cert-expired'
ok 'judged in its time' verify --allowed-signers past --at 2019-12-31 a.tar
exits 1 'judged at its end' verify --allowed-signers past --at 2020-01-01 \
	a.tar
echo "ed@example.org valid-after=\"21000101Z\" $(cat ed.pub)" >future
exits 1 'a key of the future' verify --allowed-signers future a.tar
has 'refused cert-not-yet-valid' 'is cert-not-yet-valid'
ssh-keygen -q -Y sign -n file -f short <a.tar >short.sig 2>/dev/null
exits 1 'RSA of 2048 bits' verify --allowed-signers allowed a.tar short.sig
has 'refused key-weak' 'is key-weak'
ssh-keygen -q -Y sign -n file -f rsa <a.tar >rsa.sig 2>/dev/null
ok 'RSA of 3072' verify --allowed-signers allowed a.tar rsa.sig
echo 'ed@example.org oops' >broken
exits 2 'a list with a line that is none' verify --allowed-signers broken a.tar
has 'broken:1: ' 'names it'
exits 4 'a list that is not there' verify --allowed-signers absent a.tar
run touchmark sign -t ssh -o ours.sig a.tar
is "$RC" 0 'we sign'
echo "dev@example.org namespaces=\"file\" $(touchmark key export dev \
	--type ssh | cut -d' ' -f1,2)" >ours
ok 'and verify' verify --allowed-signers ours a.tar ours.sig
run_in a.tar ssh-keygen -Y verify -n file -f ours -I dev@example.org -s ours.sig
is "$RC" 0 'so does ssh-keygen'
run_in a.tar touchmark verify --allowed-signers allowed - a.tar.sig
is "$RC" 0 'standard input'
: >empty
ssh-keygen -q -Y sign -n file -f ed empty 2>/dev/null
ok 'an empty file' verify --allowed-signers allowed empty

# ---- OpenPGP ------------------------------------------------------------------

gpg --quiet --armor --detach-sign -o a.asc a.tar
gpg --quiet --detach-sign -o a.gpg a.tar
for ring in ring.gpg ring.asc; do
	for s in a.asc a.gpg; do
		ok "OpenPGP: $s by $ring" verify --keyring $ring a.tar $s
	done
done
has "^a\.tar: good signature of G P <gp@example\.org> \($GP\)" 'by whom'
ok 'as JSON' verify --json --keyring ring.gpg a.tar a.asc
is "$(field status)-$(field format)-$(field signer)-$(field fingerprint)" \
	"good-openpgp-G P <gp@example.org>-$GP" 'the same'
exits 1 'other content' verify --keyring ring.gpg b.tar a.asc
has 'refused signature-bad' 'is signature-bad'
exits 1 'without a keyring' verify --allowed-signers allowed a.tar a.asc
has 'refused cert-missing' 'is cert-missing'
has 'hint: .*--keyring' 'and says what to name'
exits 2 'a keyring that is none' verify --keyring a.tar a.tar a.asc
gpg --quiet --armor --sign -o message.asc a.tar
exits 1 'a message' verify --keyring ring.gpg a.tar message.asc
has 'refused signature-malformed: .*no detached signature' \
	'is signature-malformed'
touchmark key export dev --type openpgp >dev.ring 2>log
ok 'we sign' touchmark sign --no-timestamp -t openpgp -o ours.asc a.tar
ok 'and verify' verify --keyring dev.ring a.tar ours.asc
exits 1 'not by another ring' verify --keyring ring.gpg a.tar ours.asc
tsa_start tsa
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
ok 'with a timestamp' touchmark sign --timestamp=require -t openpgp \
	-o stamped.asc a.tar
tsa_stop
exits 1 'of which no authority is trusted' verify --keyring dev.ring a.tar \
	stamped.asc
has 'refused timestamp-untrusted' 'is timestamp-untrusted'
ok '--tsa-roots trusts it' verify --keyring dev.ring \
	--tsa-roots pki/tsa-root.pem a.tar stamped.asc
has 'made before 20.* \(timestamp by .*tsa' 'and tells the time'
gpg --quiet --import dev.ring 2>/dev/null
ok 'gpg takes the stamped one too' gpg --verify stamped.asc a.tar

# ---- which of several -----------------------------------------------------------

ok 'CMS' touchmark sign --no-timestamp a.tar
ok 'the keys of roots' verify --roots pki/ca.pem a.tar
has 'CN=dev' 'mean the CMS signature'
ok 'a list of signers' verify --allowed-signers allowed a.tar
has 'ed@example.org' 'means the SSH signature'
cp a.asc a.tar.asc
ok 'a keyring' verify --keyring ring.gpg a.tar
has 'gp@example.org' 'means the OpenPGP signature'
exits 2 'two of them' verify --keyring ring.gpg --allowed-signers allowed a.tar
has 'name one' 'must be told'
ok 'told' verify --keyring ring.gpg --allowed-signers allowed a.tar a.tar.sig
policy_for ca
ok 'none of them' verify a.tar
has 'CN=dev' 'means the first'
rm a.tar.p7s a.tar.asc
exits 1 'the only one that is there' verify --keyring ring.gpg a.tar
has 'refused cert-missing' 'is meant, whatever is named'
rm a.tar.sig
for o in '--keyring ring.gpg:asc' '--allowed-signers allowed:sig' \
	'--roots pki/ca.pem:p7s'; do
	# shellcheck disable=SC2086 # an option and its value
	exits 1 "none is there, ${o%:*}" verify ${o%:*} a.tar
	has "refused signature-missing: .*a\.tar\.${o##*:}" \
		'is signature-missing'
done

# ---- one trust beside another ------------------------------------------------------

ok 'CMS' touchmark sign --no-timestamp -o a.p7s a.tar
exits 1 'keys alone' verify --keyring ring.gpg a.tar a.p7s
has 'refused chain-untrusted' 'trust no certificate, though a policy is set'
ok 'a keyring beside roots' verify --roots pki/ca.pem --keyring ring.gpg \
	a.tar a.p7s
ok 'serves both' verify --roots pki/ca.pem --keyring ring.gpg a.tar a.asc
ok 'beside a policy' verify --policy "$POLICY" --keyring ring.gpg a.tar a.p7s
ok 'too' verify --policy "$POLICY" --keyring ring.gpg a.tar a.asc
exits 2 '--tsa-roots alone' verify --tsa-roots pki/tsa-root.pem a.tar a.p7s
exits 2 '--crl alone' verify --crl pki/ca.pem a.tar a.p7s
done_testing
