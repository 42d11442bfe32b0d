#!/bin/sh
# touchmark crl-fetch: which CRLs are fetched, where they go, and what takes
# the place of what.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=crl-lib.sh
. "${0%/*}/crl-lib.sh"
need faketime

crl_server
pki_root ca
tsa_new tsa
leaf='basicConstraints=critical,CA:FALSE'
use='keyUsage=critical,digitalSignature'
sub='basicConstraints=critical,CA:TRUE,pathlen:0'
sign='keyUsage=critical,keyCertSign,cRLSign'
pki_leaf ca inter '' "$sub" "$sign" "crlDistributionPoints=URI:$WWW/ca.crl"
pki_leaf inter dev dev@example.org "$leaf" "$use" \
	extendedKeyUsage=codeSigning "crlDistributionPoints=URI:$WWW/inter.crl"
cat "$T/pki/dev.pem" "$T/pki/inter.pem" >"$T/chain.pem"
cp "$T/pki/ca.pem" "$T/roots.pem"
cp "$T/pki/tsa-root.pem" "$T/tsa-roots.pem"
cp "$T/pki/inter.pem" "$T/inter.pem"
mkdir "$T/crls"
policy() {
	printf '[trust]\n\troots = roots.pem\n\ttsaRoots = tsa-roots.pem\n%s\n' \
		"${1-	crl = crls}" >"$T/policy"
}
policy '	crl = crls
	intermediates = inter.pem'

# ---- what is fetched -----------------------------------------------------------
crl_make "$T/www/ca.crl" ca --number 1 --der
crl_make "$T/www/inter.crl" inter --number 1
ok 'the CRL that an intermediate names' crl_fetch
has "^$WWW/ca.crl: updated: CRL 1 of CN=ca,O=Test, until " 'and says so'
is "$(fetched)" 1 'one file'
f=$(echo "$T"/crls/*.crl)
name=$({
	openssl x509 -in "$T/pki/ca.pem" -outform DER >"$T/ca.der"
	# the issuer's name as it is encoded, then the address
	off=$(openssl asn1parse -inform DER -in "$T/ca.der" |
		sed -n 's/^ *\([0-9]*\):d=2 .*SEQUENCE.*/\1/p' | sed -n 2p)
	openssl asn1parse -inform DER -in "$T/ca.der" -strparse "$off" \
		-out "$T/name.der" -noout 2>/dev/null
	cat "$T/name.der"
	printf '%s' "$WWW/ca.crl"
} | sha256sum | cut -c1-64)
is "$f" "$T/crls/$name.crl" \
	'its name is the SHA-256 of issuer and distribution point'
is "$(stat -c %a "$f")" 644 'everybody may read it'
cmp -s "$f" "$T/www/ca.crl"
tap $? 'the bytes that were fetched'
ok 'again' crl_fetch
has 'unchanged: CRL 1' 'nothing to do'
ok 'a signer'\''s certificates tell more' crl_fetch --cert "$T/chain.pem"
has "^$WWW/inter.crl: updated: CRL 1 of CN=inter" 'the intermediate'\''s'
is "$(fetched)" 2 'two files'
ok 'PEM becomes DER' openssl crl -inform DER -in "$(
	grep -l inter "$T"/crls/*.crl | head -1)" -noout
policy
rm "$T"/crls/*.crl
ok 'an intermediate that only the signer has' crl_fetch \
	--cert "$T/chain.pem"
is "$(fetched)" 2 'stands under a root: both'
exits 2 'nobody says where' crl_fetch
has 'hint: give a signer'\''s certificate with --cert' 'and what to do'
ok 'an address by hand' crl_fetch "$WWW/ca.crl"
has 'unchanged: CRL 1 of CN=ca' 'is the same file'
ok 'as JSON' crl_fetch --json "$WWW/ca.crl"
has '^\{"name":"http://127.*/ca.crl","status":"unchanged","file":"/.*","issuer":"CN=ca,O=Test","number":"1","delta":false,"thisUpdate":"20..-.*Z","nextUpdate":"20..-.*Z","keptOld":false\}$' 'everything in it'
crl_make "$T/www/tsa.crl" tsa-root --number 7
ok 'a timestamp authority'\''s' crl_fetch "$WWW/tsa.crl"
has 'updated: CRL 7 of CN=tsa-root' 'is known too'

# ---- newer and older -------------------------------------------------------------
crl_make "$T/www/ca.crl" ca --number 5 --from -1800
ok 'a newer one' crl_fetch "$WWW/ca.crl"
has 'updated: CRL 5 of CN=ca' 'takes the place'
cp "$T/crls/$name.crl" "$T/five"
older() {	# WHAT ARG...
	what=$1
	shift
	crl_make "$T/www/ca.crl" ca "$@"
	exits 5 "$what" crl_fetch "$WWW/ca.crl"
	has 'kept: CRL 5 of CN=ca.*: the server gives an older CRL' 'is told'
	cmp -s "$T/five" "$T/crls/$name.crl"
	tap $? 'and the newer one stays'
}
older 'an older number' --number 4 --from -1700
older 'an older number, a later date' --number 4 --from -60
older 'an older date, a higher number' --number 6 --from -7200
older 'the same number, other bytes, no later date' --number 5 --from -1860
older 'no number, an older date' --from -7200
crl_make "$T/www/ca.crl" ca --number 6 --from -1700 \
	--idp 'onlyuser:TRUE'
exits 5 'for users alone, where one for all was' crl_fetch "$WWW/ca.crl"
has 'kept: .*another scope' 'is told'
cmp -s "$T/five" "$T/crls/$name.crl"
tap $? 'and changes nothing'
printf 'no CRL at all\n' >"$T/crls/$name.crl"
crl_make "$T/www/ca.crl" ca --number 2
ok 'a broken file in the directory' crl_fetch "$WWW/ca.crl"
has 'updated: CRL 2' 'is healed'

# ---- who was revoked stays so -----------------------------------------------------
crl_make "$T/www/ca.crl" ca --number 10 --from -900 AA,1 BB,1 CC,6
ok 'three are revoked' crl_fetch "$WWW/ca.crl"
had=$(fetched)
crl_make "$T/www/ca.crl" ca --number 11 --from -800 AA,1 BB,1
ok 'a hold that is over' crl_fetch "$WWW/ca.crl"
is "$(fetched)" "$had" 'leaves nothing behind'
crl_make "$T/www/ca.crl" ca --number 12 --from -700 BB,1
ok 'one was left out' crl_fetch "$WWW/ca.crl"
has 'CRL 12.*; the old one stays too' 'and says so'
is "$(fetched)" $((had + 1)) 'the old list stays'
ls "$T/crls" >"$T/out"
has "^$name-[0-9]{8}T[0-9]{6}-11\.crl$" 'under a name of its own'
crl_make "$T/www/ca.crl" ca --number 13 --from -600
ok 'the other one too' crl_fetch "$WWW/ca.crl"
is "$(fetched)" $((had + 1)) 'nothing that the old list does not tell'
crl_make "$T/www/ca.crl" ca --number 14 --from -500 DD,4
crl_fetch "$WWW/ca.crl" >/dev/null
crl_make "$T/www/ca.crl" ca --number 15 --from -400
ok 'somebody new, then left out' crl_fetch "$WWW/ca.crl"
is "$(fetched)" $((had + 2)) 'one more list'

# ---- deltas ----------------------------------------------------------------------
crl_make "$T/www/ca.crl" ca --number 20 --from -300 \
	--freshest "$WWW/delta.crl"
crl_make "$T/www/delta.crl" ca --number 21 --delta 20 --from -200 EE,1
ok 'a list that names a delta' crl_fetch "$WWW/ca.crl"
has 'updated: CRL 20' 'itself'
has "^$WWW/delta.crl: updated: delta CRL 21 of CN=ca" 'and the delta'

# ---- which directory, which policy -------------------------------------------------
policy '	crl = crls/
	crl = other.crl'
cp "$T/five" "$T/other.crl"
ok 'a directory beside a file' crl_fetch "$WWW/tsa.crl"
mkdir "$T/more"
policy '	crl = crls
	crl = more'
exits 2 'two directories' crl_fetch "$WWW/tsa.crl"
has 'several directories' 'one must be chosen'
ok 'by --dir' crl_fetch --dir "$T/more" "$WWW/tsa.crl"
is "$(find "$T/more" -name '*.crl' | wc -l | tr -d ' ')" 1 'it is there'
policy '	crl = ca.crl'
exits 2 'no directory' crl_fetch "$WWW/tsa.crl"
has 'no directory that is there' 'says so'
exits 2 'no such directory' crl_fetch --dir "$T/nowhere" "$WWW/tsa.crl"
policy
git config --file "$T/config" touchmark.policy "$T/policy"
ok 'the configured policy' env TOUCHMARK_CONFIG="$T/config" \
	touchmark crl-fetch "$WWW/tsa.crl"
# As systemd would expand it; another policy must be able to stand there.
sed -n 's|^ExecStart=@bindir@/||p' "$TOP/systemd/touchmark-crl-fetch.service" \
	>"$T/unit"
ok 'the line of the unit' env POLICY="$T/policy" ARGS="$WWW/tsa.crl" \
	sh -e "$T/unit"
has ': unchanged: CRL ' 'with a policy of one'"'"'s own'
exits 2 'no policy' crl_fetch --policy "$T/none"
exits 2 'an address that is none' crl_fetch ldap://127.0.0.1/ca
has 'no http or https address' 'says so'
exits 2 'a file' crl_fetch "file://$T/www/ca.crl"
exits 4 'a certificate file that is not there' crl_fetch --cert "$T/none"
exits 2 'no time' crl_fetch --deadline 0 "$WWW/tsa.crl"
exits 2 'too much room' crl_fetch --max 1g "$WWW/tsa.crl"

# ---- the gate reads what was fetched ------------------------------------------------
git init -q "$T/work"
chmod 755 "$T/crls"
rm -f "$T"/crls/*
crl_make "$T/www/ca.crl" ca --number 30
crl_make "$T/www/inter.crl" inter --number 30
ok 'a fresh directory' crl_fetch --cert "$T/chain.pem"
ok 'is what a judgement needs' touchmark cert verify --roots "$T/roots.pem" \
	--crl "$T/crls" "$T/chain.pem"
serial=$(pki_serial dev)
crl_make "$T/www/inter.crl" inter --number 31 --from -60 "$serial,1"
ok 'revoked' crl_fetch --cert "$T/chain.pem"
exits 1 'is seen' touchmark cert verify --roots "$T/roots.pem" \
	--crl "$T/crls" "$T/chain.pem"
has 'cert-revoked' 'with the reason'
done_testing
