#!/bin/sh
# More than one signer: several SignerInfos in one signature, whose are
# different people, and what one of them that is bad does.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
leaf() {	# NAME MAIL [ARG...]
	pki_leaf ca "$@"
}
leaf ann ann@example.org
leaf bob bob@example.org
leaf ann2 ann@example.org	# a second certificate of one person
leaf ann3 ANN@example.org
leaf out out@elsewhere.example
pki_crl ca
cp "$T/pki/ca.crl" "$T/ca.crl"
pki_root stranger
pki_leaf stranger mal mal@example.org

# with NAME...: further signers of the next signature
with() {
	SIGN_OPTS=
	for s; do
		SIGN_OPTS="$SIGN_OPTS -signer $T/pki/$s.pem -inkey $T/pki/$s.key"
	done
	export SIGN_OPTS
}
N=0
# tagged REASON|accept SIGNER 'OTHER...' WHAT
tagged() {
	N=$((N + 1))
	# shellcheck disable=SC2086
	with $3
	git tag -s -u "$2" -m "$N" "v$N" || echo "not ok - prepared: no tag"
	with
	if [ "$1" = accept ]; then
		accept "$4" "v$N"
	else
		refuse "$1" "$4" "v$N"
	fi
}
rules() {	# THRESHOLD [LINE...]
	n=$1
	shift
	{
		printf '[role "release"]\n\tmember = *@example.org\n'
		printf '[ref "refs/tags/*"]\n\trequire = tag\n\trole = release\n'
		printf '\tthreshold = %s\n' "$n"
		for line; do
			printf '\t%s\n' "$line"
		done
	} | gate_policy
}
GIT_COMMITTER_EMAIL=ann@example.org
commit base
gate_repo srv

rules 2
tagged threshold-unmet ann '' 'one signer of two'
has '1 of 2 different signers of the role "release"' 'the text counts'
tagged accept ann bob 'two members'
tagged accept bob ann 'in the other order'
tagged accept ann 'bob dev' 'three members'
tagged threshold-unmet ann ann2 'one person with two certificates'
has '2 good signatures, but some are by one person' 'the text says so'
tagged threshold-unmet ann ann3 'nor with another spelling'
tagged accept ann 'ann2 bob' 'two certificates of one, and another person'
tagged signer-not-allowed ann 'bob out' 'a third who is no member'
tagged chain-untrusted ann 'bob mal' 'a third under no root'
tagged identity-mismatch bob dev 'none of them is the tagger'
rules 2 'identity = off'
tagged accept bob dev 'where nobody has to be'
rules 3
tagged threshold-unmet ann bob 'two of three'
tagged threshold-unmet ann 'bob ann2' 'three signatures by two people'
tagged accept ann 'bob dev' 'three of three'
rules 1
tagged accept ann '' 'a threshold of one'
tagged signature-malformed ann bob 'which takes no second signer'
has 'the signature has 2 signers, exactly one is expected' 'as the text says'

# ---- one that does not hold ------------------------------------------------------
rules 2
with bob
printf 'object %s\ntype commit\ntag bad\ntagger Ann <ann@example.org> 1750000000 +0000\n\nbad\n' \
	"$(git rev-parse HEAD)" >"$T/tag"
sealed ann <"$T/tag" >"$T/tag.sig"
with
sed -n '2,/^-----END/{/^-----END/!p}' "$T/tag.sig" | base64 -d >"$T/tag.der"
# the last byte of the file belongs to the second signature
size=$(wc -c <"$T/tag.der")
last=$(tail -c 1 "$T/tag.der" | od -An -tu1 | tr -d ' ')
head -c $((size - 1)) "$T/tag.der" >"$T/bad.der"
# The number as a byte is meant.
# shellcheck disable=SC2059
printf "$(printf '\\%03o' $((last ^ 1)))" >>"$T/bad.der"
for f in tag bad; do
	{
		cat "$T/tag"
		echo '-----BEGIN SIGNED MESSAGE-----'
		openssl base64 -in "$T/$f.der"
		echo '-----END SIGNED MESSAGE-----'
	} | put tag >"$T/$f.id"
	git update-ref "refs/tags/$f" "$(cat "$T/$f.id")"
done
accept 'a tag of two, made by hand' tag:refs/tags/bad
git -C "$SRV" update-ref -d refs/tags/bad
refuse signature-bad 'the second of them flipped in its last bit' bad

# ---- expired and revoked, beside a good one ------------------------------------------
PKI_AT='20 days ago' PKI_DAYS=10 leaf late late@example.org
leaf gone gone@example.org
pki_crl ca "$(pki_serial gone)=keyCompromise"
cp "$T/pki/ca.crl" "$T/ca.crl"
tagged cert-expired ann late 'a second certificate that has expired'
tagged cert-revoked ann gone 'or was revoked'
tagged cert-revoked ann 'bob gone' 'though two others are good'

# ---- certificates without an address ---------------------------------------------------
PKI_SUBJECT=/O=Test/CN=Zoe pki_leaf ca zoe ''
PKI_SUBJECT=/O=Test/CN=Zoe pki_leaf ca zoe2 ''
PKI_SUBJECT=/O=Test/CN=Yan pki_leaf ca yan ''
PKI_SUBJECT=/O=Test/CN=Zoe pki_leaf ca zoe3 zoe@example.org
cp "$T/pki/zoe.key" "$T/pki/zoe4.key"
PKI_SUBJECT=/O=Test/CN=Other pki_leaf ca zoe4 ''
anybody() {	# any signer under the roots
	printf '[ref "refs/tags/*"]\n\trequire = tag\n\tidentity = off
	threshold = %s\n' "$1" | gate_policy
}
anybody 2
tagged accept zoe yan 'two subjects'
tagged threshold-unmet zoe zoe2 'one subject, two keys'
has '1 of 2 different signers; 2 good signatures' 'and no role is named'
tagged threshold-unmet zoe zoe3 'one of them with an address'
tagged threshold-unmet zoe zoe4 'one key under two subjects'
tagged accept ann bob 'two addresses'
tagged threshold-unmet ann ann2 'one address'

# ---- members by fingerprint -------------------------------------------------------------
sha() {
	openssl x509 -in "$T/pki/$1.pem" -outform DER | sha256sum | cut -d' ' -f1
}
{
	printf '[role "r"]\n\tmember = sha256:%s\n' "$(sha ann)"
	printf '\tmember = sha256:%s\n\tmember = sha256:%s\n' "$(sha ann2)" "$(sha bob)"
	printf '[ref "refs/tags/*"]\n\trequire = tag\n\trole = r\n\tthreshold = 2\n'
} | gate_policy
tagged accept ann bob 'two certificates that the role names'
tagged threshold-unmet ann ann2 'two that are one person'

# ---- commits -------------------------------------------------------------------------------
printf '[ref "refs/heads/*"]\n\trequire = commits\n\tthreshold = 2\n' |
	gate_policy
with bob
git config user.signingKey ann
git checkout -q --orphan pair
commit both
with
accept 'a commit by two' pair
commit alone
refuse threshold-unmet 'a commit by one on top' pair
git reset -q --hard HEAD~1
GIT_COMMITTER_EMAIL=bob@example.org
with bob
commit second
with
accept 'committed by the second of the signers' pair

# ---- what a policy may ask for ----------------------------------------------------------------
invalid() {
	push pair:refs/heads/x
	[ "$RC" != 0 ] && grep -Eq \
		"touchmark: refuse - - policy-invalid: .*$1.*; .+" "$T/out"
	tap $? "policy-invalid: $2"
}
printf '[ref "refs/heads/*"]\n\trequire = tip\n\tthreshold = 17\n' | gate_policy
invalid '"17" is no number from 1 to 16' 'more signers than a signature takes'
printf '[trust]\n\tallowedSigners = none\n[ref "refs/heads/*"]
	require = tip\n\tformat = ssh\n\tthreshold = 2\n' | gate_policy
invalid 'a threshold above 1 needs format = x509' 'two signers in an SSH signature'
done_testing
