#!/bin/sh
# OpenPGP keys and signatures that we make, looked at by those who know
# nothing of us: gpg, gpgv, sqv, sqop.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need gpg gpgv sqv sqop openssl od awk

TOOL=$MOCK/openpgp-tool
CREATED=1700000000
NOW=$(date +%s)
cd "$T" || exit 1
echo 'what is signed' >f
echo 'something else' >g

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 \
	-out rsa.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521.pem
openssl genpkey -algorithm ED25519 -out ed25519.pem

tsa_new tsa
# What openpgp-tool runs to get a token over the file value.
cat >stamp.sh <<EOF2
openssl ts -query -data value -sha256 -cert -out q.tsq 2>/dev/null &&
openssl ts -reply -config "$T/pki/tsa.tsa.cnf" -queryfile q.tsq \
	-signer "$T/pki/tsa.pem" -inkey "$T/pki/tsa.key" -token_out \
	-out token 2>/dev/null
EOF2

# judged WHAT SIGNATURE KEY: every judge says yes of f, and no of g.
judged() {
	run gpg --status-fd 1 --verify "$2" f
	[ $RC = 0 ] && grep -q '^\[GNUPG:\] GOODSIG' "$T/out"
	tap $? "$1: gpg --verify"
	ok "$1: gpgv" gpgv --keyring "$T/$3" "$2" f
	ok "$1: sqv" sqv --keyring "$3" "$2" f
	run_in f sqop verify "$2" "$3"
	tap $RC "$1: sqop verify"
	ok "$1: ourselves" "$TOOL" judge "$3" "$2" f "$T/pki/tsa-root.pem"
	[ "$(sed -n 's/^key //p' "$T/out")" = "$FPR" ]
	tap $? "$1: with the same fingerprint"
	exits 1 "$1: gpgv of other content" gpgv --keyring "$T/$3" "$2" g
	exits 1 "$1: ourselves of other content" "$TOOL" judge "$3" "$2" g
	has '^signature-bad ' "$1: and it is signature-bad"
}

for k in rsa p256 p384 p521 ed25519; do
	user="T $k <$k@example.org>"
	ok "$k: a key" sh -c "'$TOOL' key $k.pem $CREATED '$user' >$k.pgp"
	ok "$k: gpg imports it" gpg --batch --import $k.pgp
	run gpg --batch --with-colons --check-sigs "$k@example.org"
	has '^sig:!:' "$k: its self-signature is good"
	has "^pub:-:[0-9]+:[0-9]+:[0-9A-F]+:$CREATED:" "$k: its creation time"
	has '^pub:([^:]*:){10}[a-z]*s[a-z]*S?C?:' "$k: it is for signing"
	FPR=$(sed -n 's/^fpr:*\([0-9A-F]*\):.*/\1/p' "$T/out" | head -1)
	ok "$k: a signature" sh -c \
		"'$TOOL' sign $k.pem $CREATED '$user' $NOW f >$k.asc"
	judged "$k" $k.asc $k.pgp
	ok "$k: a stamped signature" sh -c \
		"'$TOOL' sign $k.pem $CREATED '$user' $NOW f 'sh stamp.sh' >$k.ts.asc"
	judged "$k, stamped" $k.ts.asc $k.pgp
	run "$TOOL" judge $k.pgp $k.ts.asc f "$T/pki/tsa-root.pem"
	has '^time .* stamped$' "$k: we judge it at the stamp's time"
	run "$TOOL" judge $k.pgp $k.ts.asc f
	has '^timestamp-untrusted ' "$k: a stamp that nobody trusts"
done

# A token is over the one value: in another signature it is worth nothing.
run sh -c "'$TOOL' value rsa.asc >v1; '$TOOL' value rsa.ts.asc >v2; cmp v1 v2"
is "$RC" 0 'RSA signs the same content to the same value'
echo 'cp old token' >cheat.sh
cp token old
ok 'a signature with the token of another one' sh -c \
	"'$TOOL' sign rsa.pem $CREATED 'T rsa <rsa@example.org>' $NOW g 'sh cheat.sh' >cheat.asc"
exits 1 'is refused' "$TOOL" judge rsa.pgp cheat.asc g "$T/pki/tsa-root.pem"
has '^timestamp-bad ' 'as timestamp-bad'
ok 'though gpgv does not mind' gpgv --keyring "$T/rsa.pgp" cheat.asc g

# The same key again: deterministic where the algorithm is, else with what was
# kept.
for k in rsa ed25519; do
	"$TOOL" key $k.pem $CREATED "T $k <$k@example.org>" >again
	ok "$k: the key derives to the same bytes" cmp $k.pgp again
done
"$TOOL" selfsig p256.pem $CREATED 'T p256 <p256@example.org>' >kept
"$TOOL" key p256.pem $CREATED 'T p256 <p256@example.org>' kept >one
"$TOOL" key p256.pem $CREATED 'T p256 <p256@example.org>' kept >two
ok 'p256: with its self-signature kept it does so too' cmp one two
ok 'p256: sqv takes that key' sqv --keyring one p256.asc f
exits 3 'a self-signature of another user id' "$TOOL" key p256.pem $CREATED \
	'Other <o@example.org>' kept
exits 3 'of another creation time' "$TOOL" key p256.pem 1700000001 \
	'T p256 <p256@example.org>' kept
exits 3 'of another key' "$TOOL" key p384.pem $CREATED \
	'T p256 <p256@example.org>' kept
exits 3 'a time before the key was made' "$TOOL" sign rsa.pem $CREATED \
	'T rsa <rsa@example.org>' 1600000000 f

# A number that begins with a zero octet is written without it. This key always
# gives the same signatures: one like that is near the second where we begin.
printf '\060\056\002\001\000\060\005\006\003\053\145\160\004\042\004\040%032d' 7 |
	openssl pkey -inform DER -out fixed.pem
"$TOOL" key fixed.pem $CREATED 'T fixed <fixed@example.org>' >fixed.pgp
i=180
while [ $i -lt 3000 ]; do
	i=$((i + 1))
	"$TOOL" sign fixed.pem $CREATED '' $((CREATED + i)) f >short.asc
	bits=$("$TOOL" value short.asc | od -An -tu1 -N2 |
		awk '{ print $1 * 256 + $2 }')
	[ "$bits" -gt 248 ] || break
done
[ "$bits" -le 248 ]
tap $? "a signature with a number of $bits bits"
ok 'is good to gpgv' gpgv --keyring "$T/fixed.pgp" short.asc f
ok 'and to sqv' sqv --keyring fixed.pgp short.asc f
ok 'and to us' "$TOOL" judge fixed.pgp short.asc f

# One second is another key.
"$TOOL" key ed25519.pem 1700000001 'T ed25519 <ed25519@example.org>' >other.pgp
exits 1 'another creation time is another key' "$TOOL" judge other.pgp \
	ed25519.asc f
has '^cert-missing ' 'which nobody has'

done_testing
