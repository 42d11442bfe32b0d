#!/bin/sh
# Verifying by touchmark-gpg: whose signature it is, however it is named and
# whatever it is called from; names as gpgsm shows them.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need gpg gpgsm openssl pkcs11-tool softhsm2-util faketime

token_key dev dev@example.org
policy_for ca
stock_trusts ca
gpg --batch --quiet --passphrase '' --quick-generate-key \
	'Pgp <pgp@example.org>' ed25519 sign never 2>"$T/setup.log" ||
	bail 'gpg makes no key'
cd "$T" || exit 1
echo data >data
echo other >other
touchmark-gpgsm -bau dev <data >cms.pem
touchmark-gpgsm -bu dev <data >cms.der
gpg --batch -b -a -o pgp.asc data
gpg --batch -b -o pgp.sig data

# ---- whose it is, by both names ---------------------------------------------
for p in touchmark-gpg touchmark-gpgsm; do
	for s in cms.pem cms.der; do
		ok "$p: $s is ours" $p --status-fd=1 --verify $s data
		has 'TRUST_FULLY 0 shell' 'judged by the policy'
		exits 1 "$p: $s over other bytes" $p --verify $s other
		has 'signature-bad' 'is bad'
	done
	for s in pgp.asc pgp.sig; do
		ok "$p: $s is gpg's" $p --status-fd=1 --verify $s data
		has 'TRUST_ULTIMATE 0 pgp' 'judged by gpg'
	done
	run_in data $p --keyid-format=long --status-fd=1 --verify cms.pem -
	has GOODSIG "$p: data on standard input"
	run_in cms.pem $p --status-fd=1 --verify - data
	has GOODSIG "$p: the signature on standard input"
	# shellcheck disable=SC2002 # a pipe is what is tested
	cat cms.pem | $p --status-fd=1 --verify /dev/fd/3 data 3<&0 >out 2>&1
	has GOODSIG "$p: on a pipe by its number"
	# shellcheck disable=SC2002 # a pipe is what is tested
	cat cms.pem | $p --enable-special-filenames --status-fd=1 \
		--verify -- '-&3' '-&4' 3<&0 4<data >out 2>&1
	has GOODSIG "$p: signature and data as GPGME names them"
	rm -f fifo
	mkfifo fifo
	timeout 120 cat cms.pem >fifo &
	PIDS="$PIDS $!"
	ok "$p: on a pipe with a name" timeout 120 $p --verify fifo data
	$p --status-fd=1 --logger-fd=3 --verify cms.pem data 3>said >out 2>&1
	is "$(grep -c Good said)-$(grep -c Good out)" 1-0 \
		"$p: --logger-fd gets the words"
	for fd in 1 2 3; do
		$p --status-fd $fd --verify cms.pem data >fd1 2>fd2 3>fd3
		is "$(grep -c 'GNUPG.*GOODSIG' fd$fd)" 1 "$p: --status-fd $fd"
	done
	ok "$p: without --status-fd" $p --verify cms.pem data
	hasnt GNUPG 'no status line'
	exits 2 "$p: a descriptor that is not open" $p --status-fd=9 \
		--verify cms.pem data
	$p --status-fd=1 --verify cms.pem data >/dev/full 2>out
	is "$?" 4 "$p: status lines that get lost end with 4"
done
ok 'words begin with the name' touchmark-gpg --verify cms.pem data
has '^touchmark-gpg: Good signature from "/CN=dev/O=Test"' 'touchmark-gpg'
ln -s "$BIN/touchmark-gpg" my-gpgsm
ok 'a name that ends in gpgsm' ./my-gpgsm --verify cms.pem data
has '^gpgsm: Good signature from "/CN=dev/O=Test"' 'speaks like gpgsm'

# What is neither: by the name, so that nobody's answer is lost.
echo junk >junk
run touchmark-gpg --status-fd=1 --verify junk data
has '^gpg: no valid OpenPGP data found' 'junk given to gpg is told by gpg'
has 'NODATA' 'in its status lines'
exits 1 'junk given to gpgsm is refused by us' touchmark-gpgsm \
	--status-fd=1 --verify junk data
has 'ERRSIG' 'as a signature that cannot be checked'
exits 4 'no such file' touchmark-gpgsm --verify absent data

# ---- content inside the signature: nothing that we make, so gpgsm has it ----
pki_leaf ca soft soft@example.org
openssl cms -sign -binary -nodetach -signer "$T/pki/soft.pem" \
	-inkey "$T/pki/soft.key" -in data -outform DER -out attached.der
for p in touchmark-gpg touchmark-gpgsm; do
	ok "$p: attached content" $p --status-fd=1 --verify attached.der
	has '^gpgsm: CRLs not checked' "is judged by the real gpgsm"
	rm -f content
	ok "$p: with -o" $p -o content --verify attached.der
	is "$(cat content)" data 'which writes the content'
	gpgsm --status-fd=1 --verify cms.der >stock 2>&1
	code=$?
	exits $code "$p: a detached one without its data" \
		$p --status-fd=1 --verify cms.der
	is "$(cat out)" "$(cat stock)" 'ends as with gpgsm'
done
run_in attached.der touchmark-gpgsm --status-fd=1 --verify
has GOODSIG 'on standard input, without an operand'
exits 1 'data beside attached content' touchmark-gpgsm --status-fd=1 \
	--verify attached.der data
hasnt 'GOODSIG|VALIDSIG' 'is never good'
gpg --batch --clearsign -o clear.asc data
ok 'a clearsigned text' touchmark-gpgsm --verify clear.asc
has '^gpg: Good signature' 'is judged by gpg'
# More than any signature may be: only its beginning is read by us.
head -c 3000000 /dev/zero >big
gpg --batch --compress-algo none -s -o big.gpg big
for p in touchmark-gpg touchmark-gpgsm; do
	ok "$p: a message of 3 MB" $p --verify big.gpg
	run_in big.gpg touchmark-gpg --verify
	has '^gpg: Good signature' 'on standard input too'
done
cp pgp.sig data.sig
ok 'data beside the signature' touchmark-gpg --verify data.sig
has "assuming signed data in 'data'" 'found by gpg'

# ---- names -----------------------------------------------------------------
# subject NAME CONF-LINE...: signed with a certificate of that subject
subject() {
	sname=$1
	shift
	{
		printf '[req]\ndistinguished_name=dn\nprompt=no\nutf8=yes\n'
		printf 'string_mask=utf8only\n[dn]\n'
		printf '%s\n' "$@"
	} >dn.cnf
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout dn.key -config dn.cnf -out dn.csr 2>setup.log ||
		bail "no request for $sname"
	printf '%s\n' basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage=codeSigning \
		"subjectAltName=${OTHER_NAMES:-email:a@b}" \
		>dn.ext
	openssl x509 -req -in dn.csr -CA "$T/pki/ca.pem" \
		-CAkey "$T/pki/ca.key" -days 30 -extfile dn.ext \
		-set_serial "0x$(openssl rand -hex 8)" -out dn.pem \
		2>setup.log ||
		bail "no certificate for $sname: $(tail -n 1 setup.log)"
	openssl cms -sign -binary -signer dn.pem -inkey dn.key -in data \
		-outform DER -out dn.der
	for p in gpgsm touchmark-gpgsm; do
		LC_ALL=C.UTF-8 $p --status-fd=1 --verify dn.der data 2>&1 |
			grep -aE 'GOODSIG|VALIDSIG|Good|aka' | sort >"name.$p"
	done
	cp name.touchmark-gpgsm out
	is "$(cat name.touchmark-gpgsm)" "$(cat name.gpgsm)" "$sname: as gpgsm"
	[ -s name.gpgsm ]
	tap $? 'which shows it'
}
subject 'every usual part' C=DE ST=Bavaria L=Munich 'street=Main 1' O=Org \
	'OU=Unit A' '1.OU=Unit B' CN=Alice
subject 'an address' emailAddress=a@example.org CN=A
subject 'parts that come last' title=Dr GN=Al SN=Ice serialNumber=77 \
	description=desc pseudonym=ps businessCategory=bc postalCode=123 CN=A
subject 'parts without a name' initials=I name=nm dnQualifier=q CN=A
subject 'domains' 0.DC=org 1.DC=example UID=al CN=A
subject 'a comma' 'O=Org, Inc.' 'CN=A'
subject 'not ASCII' 'CN=Ünï 漢' 'O=Zürich'
subject 'percent' 'CN=100% sure'
subject 'a slash' 'CN=a/b'
OTHER_NAMES=email:b@example.org,email:c@example.org,DNS:x.example.org,URI:http://u/ \
	subject 'other names' CN=A
subject 'no common name' O=Org

# ---- the words of every other verdict --------------------------------------
pki_leaf ca bare bare@example.org
openssl cms -sign -binary -nocerts -signer "$T/pki/bare.pem" \
	-inkey "$T/pki/bare.key" -in data -outform DER -out bare.der
for p in gpgsm touchmark-gpgsm; do
	run $p --status-fd=1 --verify bare.der data
	has '^gpgsm: certificate not found$' "$p: certificate not found"
	hasnt 'GOODSIG|VALIDSIG|TRUST_FULLY' 'and nothing good'
done
run faketime '+2 years' touchmark-gpgsm --status-fd=1 --verify cms.pem data
has '^gpgsm: Signature made ' 'expired: when it was made'
has '^gpgsm: invalid signature: cert-expired: ' 'that it is not good, and why'
has '^gpgsm: hint: ' 'and what to do'
hasnt 'Good signature' 'never that it is good'
done_testing
