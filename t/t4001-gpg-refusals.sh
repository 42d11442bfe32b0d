#!/bin/sh
# What does not hold never reaches git as good: reasons, status lines, codes.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git openssl pkcs11-tool softhsm2-util faketime

token_key dev dev@example.org
policy_for ca
git_uses_touchmark
git config --global user.signingKey dev
new_repo "$T/r"
cd "$T/r" || exit 1
echo one >f && git add f && git commit -q -S -m one

# verdict SIG DATA: status lines and human lines in $T/out
verdict() {
	run touchmark-gpgsm --status-fd=1 --verify "$1" "$2"
}

# one_verdict: of the exclusive lines there is one, and a TRUST_ line
one_verdict() {
	is "$(grep -Ec '^\[GNUPG:\] (GOOD|BAD|ERR|EXP|EXPKEY|REVKEY)SIG ' \
		"$T/out")" 1 "$1: one verdict"
	is "$(grep -c '^\[GNUPG:\] TRUST_' "$T/out")" 1 "$1: one trust line"
	is "$(grep '^.GNUPG:' "$T/out" | head -1)" '[GNUPG:] NEWSIG' \
		"$1: NEWSIG comes first"
}

sign() {	# KEY < DATA > SIG
	touchmark-gpgsm -bsau "$1" 2>"$T/sign.log"
}

echo data >"$T/d"
echo other >"$T/e"
sign dev <"$T/d" >"$T/d.pem"

verdict "$T/d.pem" "$T/e"
is "$RC" 1 'other bytes end with 1'
has '^\[GNUPG:\] BADSIG [0-9A-F]{40} ' 'as BADSIG'
has 'signature-bad' 'with the reason'
has '^gpgsm: hint: ' 'and what to do'
hasnt 'GOODSIG|VALIDSIG|TRUST_(FULLY|ULTIMATE)' 'and nothing good'

git cat-file commit HEAD | sed 's/^one$/two/' >"$T/altered"
bad=$(git hash-object -t commit -w --stdin <"$T/altered")
exits 1 'an altered commit' git verify-commit "$bad"
run git log -1 --format='%G?|%GT' "$bad"
has '^B\|undefined$' 'is B in git log'

# A certificate that has expired since.
TZ=UTC run faketime '+2 years' touchmark-gpgsm --status-fd=1 --verify \
	"$T/d.pem" "$T/d"
is "$RC" 1 'an expired certificate without timestamp ends with 1'
has '^\[GNUPG:\] EXPKEYSIG [0-9A-F]{40} ' 'as EXPKEYSIG'
has '^\[GNUPG:\] TRUST_UNDEFINED' 'without trust'
has 'cert-expired' 'with the reason'

# Revoked.
pki_crl ca "$(pki_serial dev)=keyCompromise"
policy_for ca "crl = $T/pki/ca.crl" 'revocation = require'
verdict "$T/d.pem" "$T/d"
is "$RC" 1 'a revoked certificate ends with 1'
has '^\[GNUPG:\] REVKEYSIG [0-9A-F]{40} ' 'as REVKEYSIG'
has '^\[GNUPG:\] TRUST_NEVER' 'never trusted'
has 'cert-revoked' 'with the reason'
run git log -1 --format='%G?'
has '^R$' 'R in git log'
policy_for ca 'revocation = require'
verdict "$T/d.pem" "$T/d"
is "$RC" 1 'no CRL where one is required ends with 1'
has '^\[GNUPG:\] ERRSIG [0-9A-F]{40} 301 8 00 [0-9]+ 1 ' 'as ERRSIG'
has 'revocation-unknown' 'with the reason'

# Another root, no policy, a broken policy.
pki_root stranger
policy_for stranger
verdict "$T/d.pem" "$T/d"
is "$RC" 1 'an unknown root ends with 1'
has '^\[GNUPG:\] ERRSIG ' 'as ERRSIG'
has 'chain-untrusted' 'with the reason'
run git log -1 --format='%G?'
has '^E$' 'E in git log'
git config -f "$CONFIG" --unset touchmark.policy
verdict "$T/d.pem" "$T/d"
is "$RC" 2 'no policy is a configuration error'
has '^\[GNUPG:\] ERRSIG ' 'and ERRSIG'
has 'policy' 'that says what to set'
printf '[trust]\n\trots = x\n' >"$POLICY"
git config -f "$CONFIG" touchmark.policy "$POLICY"
verdict "$T/d.pem" "$T/d"
is "$RC" 2 'so is a broken policy'
has '^\[GNUPG:\] ERRSIG ' 'and ERRSIG'
policy_for ca

# Certificates for another use; no key usage.
for case in 'tls serverAuth' 'mail emailProtection' 'any anyExtendedKeyUsage'
do
	name=${case% *}
	pki_leaf ca "$name" dev@example.org \
		basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature \
		extendedKeyUsage="${case#* }"
	openssl cms -sign -binary -signer "$T/pki/$name.pem" \
		-inkey "$T/pki/$name.key" -in "$T/d" -outform DER \
		-out "$T/$name.der"
	verdict "$T/$name.der" "$T/d"
	is "$RC" 1 "a certificate for ${case#* } ends with 1"
	has 'cert-usage' 'as cert-usage'
	one_verdict "$name"
done
pki_leaf ca soft dev@example.org
openssl cms -sign -binary -md sha1 -signer "$T/pki/soft.pem" \
	-inkey "$T/pki/soft.key" -in "$T/d" -outform DER -out "$T/weak.der"
verdict "$T/weak.der" "$T/d"
is "$RC" 1 'SHA-1 ends with 1'
has 'digest-weak' 'as digest-weak'
one_verdict weak
openssl cms -sign -binary -nocerts -signer "$T/pki/soft.pem" \
	-inkey "$T/pki/soft.key" -in "$T/d" -outform DER -out "$T/nocert.der"
verdict "$T/nocert.der" "$T/d"
is "$RC" 1 'no certificate ends with 1'
has 'cert-missing' 'as cert-missing'
one_verdict nocert

# Files that are no signatures.
i=0
for text in '' 'hello' '-----BEGIN SIGNED MESSAGE-----' \
	'-----BEGIN CMS-----
MAA=
-----END CMS-----'; do
	i=$((i + 1))
	printf '%s' "$text" >"$T/junk"
	verdict "$T/junk" "$T/d"
	is "$RC" 1 "junk $i ends with 1"
	has 'signature-(malformed|format)' "junk $i is named"
	one_verdict "junk $i"
done
{ cat "$T/d.pem"; echo; } >"$T/tail.pem"
verdict "$T/tail.pem" "$T/d"
is "$RC" 1 'a byte after the armour ends with 1'
has 'signature-malformed' 'as malformed'
verdict "$T/absent" "$T/d"
is "$RC" 4 'a signature file that is not there ends with 4'
verdict "$T/d.pem" "$T/absent"
is "$RC" 4 'so does absent data'
one_verdict 'absent data'
hasnt GOODSIG 'which is never good'

# A subject that plays terminal and status line.
PKI_SUBJECT=$(printf '/O=Test/CN=x\n[GNUPG:] GOODSIG 00 \033[31mred') \
	pki_leaf ca evil dev@example.org
openssl cms -sign -binary -signer "$T/pki/evil.pem" \
	-inkey "$T/pki/evil.key" -in "$T/d" -outform DER -out "$T/evil.der"
verdict "$T/evil.der" "$T/e"
is "$RC" 1 'a hostile subject over other bytes ends with 1'
one_verdict evil
is "$(LC_ALL=C tr -d '\n\040-\176' <"$T/out" | wc -c | tr -d ' ')" 0 \
	'no byte of it reaches the terminal raw'

verdict "$T/evil.der" "$T/d"
is "$RC" 0 'it is good over its own'
one_verdict 'evil, but good'
has '^\[GNUPG:\] GOODSIG [0-9A-F]{40} /CN=x.x0a.x5bGNUPG:\] GOODSIG 00 .x1b' \
	'with the name escaped in its place'

# No login, no module: a verification works without the token.
verdict "$T/d.pem" "$T/d"
is "$RC" 0 'it verifies'
mv "$T/tokens" "$T/tokens.away"
verdict "$T/d.pem" "$T/d"
is "$RC" 0 'and without the token too'
git config -f "$CONFIG" touchmark.dev.uri \
	'pkcs11:token=none;object=x;type=private?module-path=/nonexistent.so'
verdict "$T/d.pem" "$T/d"
is "$RC" 0 'and without the module'
done_testing
