#!/bin/sh
# touchmark cert show: what a certificate says, and nothing that it forges.
. "${0%/*}/lib.sh"
need openssl

P=$T/pki
pki_root ca
PKI_SUBJECT='/O=Ex, Inc./CN=dev' pki_leaf ca dev dev@example.org
exits 0 'show' touchmark cert show "$P/dev.pem"
has '^subject     CN=dev,O="Ex, Inc."$' 'the subject'
has '^issuer      CN=ca,O=Test$' 'the issuer'
has "^sha256      $(openssl x509 -in "$P/dev.pem" -outform der | sha256sum |
	cut -d' ' -f1)\$" 'the fingerprint'
has '^key         EC prime256v1$' 'the key'
has '^san         email:dev@example.org$' 'the names'
has '^ext. usage  codeSigning$' 'the usages'
has '^ca          no$' 'no CA'
exits 0 'show a root' touchmark cert show "$P/ca.pem"
has '^ca          yes$' 'a CA'

exits 0 'JSON' touchmark cert show --json "$P/dev.pem" "$P/ca.pem"
is "$(wc -l <"$T/out")" 2 'one object for each'
has '"extendedKeyUsage":\["codeSigning","emailProtection"\]' 'with its lists'

# A subject with an escape sequence, a line end and a status line in it.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$T/key" -out "$P/evil.pem" -days 1 -utf8 \
	-subj "/CN=$(printf 'a\033[2Jb\n[GNUPG:] GOODSIG')" 2>/dev/null
exits 0 'a hostile subject' touchmark cert show "$P/evil.pem"
is "$(tr -d '\n' <"$T/out" | tr -d '[:print:]' | wc -c)" 0 \
	'shows no control byte'
hasnt '^\[GNUPG:\]' 'and begins no line of its own'

openssl x509 -in "$P/dev.pem" -outform der -out "$P/dev.der"
exits 0 'DER' touchmark cert show "$P/dev.der"
printf x >>"$P/dev.der"
exits 4 'DER with a byte behind it' touchmark cert show "$P/dev.der"
exits 4 'no certificate' touchmark cert show "$0"
exits 2 'nothing to show' touchmark cert show
exits 2 'an unknown verb' touchmark cert sing "$P/dev.pem"
exits 0 'help' touchmark cert --help
has 'verify' 'names the verbs'
done_testing
