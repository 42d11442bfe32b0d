#!/bin/sh
# touchmark crl-fetch against servers that give anything else than the CRL that
# was asked for, and in the middle of which everything ends.
# shellcheck disable=SC2119
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=crl-lib.sh
. "${0%/*}/crl-lib.sh"
need strace

crl_server
pki_root ca
pki_root other
sub='basicConstraints=critical,CA:TRUE,pathlen:0'
sign='keyUsage=critical,keyCertSign,cRLSign'
# asks PATH: from here on the authority's CRL is said to be at that address
asks() {
	pki_leaf ca inter '' "$sub" "$sign" "crlDistributionPoints=$1"
	cp "$T/pki/inter.pem" "$T/inter.pem"
}
cat "$T/pki/ca.pem" "$T/pki/other.pem" >"$T/roots.pem"
printf '[trust]\n\troots = roots.pem\n\tintermediates = inter.pem\n\tcrl = crls\n' \
	>"$T/policy"
mkdir "$T/crls"
asks "URI:$WWW/ca.crl"
crl_make "$T/www/ca.crl" ca --number 5 --der
ok 'the first one' crl_fetch
f=$(echo "$T"/crls/*.crl)
cp "$f" "$T/five"

# stays WHAT PATTERN: nothing changed, the line says why, nothing is left over
stays() {
	exits 5 "$1" crl_fetch --deadline "${DEADLINE:-20}" --max 100k
	has "^touchmark: http.*: kept: CRL 5 of CN=ca,O=Test, until 20.*: .*$2" \
		"$1: is told, and what stays"
	cmp -s "$T/five" "$f"
	tap $? "$1: the old one stays"
	is "$(find "$T/crls" -type f ! -name .crl-fetch.lock | wc -l |
		tr -d ' ')" 1 "$1: nothing beside it"
}

# ---- answers ---------------------------------------------------------------------
printf '<!DOCTYPE html><html><title>Moved</title></html>\n' >"$T/www/ca.crl"
stays 'a page' 'no CRL in it'
: >"$T/www/ca.crl"
stays 'nothing' 'it is empty'
head -c 100 "$T/five" >"$T/www/ca.crl"
stays 'half a CRL' 'not one CRL'
{ cat "$T/five"; echo; } >"$T/www/ca.crl"
stays 'a byte too many' 'not one CRL'
crl_make "$T/a.pem" ca --number 8
crl_make "$T/b.pem" ca --number 9
cat "$T/a.pem" "$T/b.pem" >"$T/www/ca.crl"
stays 'two CRLs' '2 CRLs, not one'
cp "$T/pki/ca.pem" "$T/www/ca.crl"
stays 'a certificate' 'CERTIFICATE'
crl_make "$T/www/ca.crl" other --number 9
stays 'the CRL of another authority' 'of another issuer: CN=other'
cp "$T/pki/ca.key" "$T/ca.key.kept"
cp "$T/pki/other.key" "$T/pki/ca.key"
crl_make "$T/www/ca.crl" ca --number 9
cp "$T/ca.key.kept" "$T/pki/ca.key"
stays 'the right name, another key' 'signature is not that of its issuer'
crl_make "$T/www/ca.crl" ca --number 9 --md sha1
stays 'signed with SHA-1' 'weak digest'
crl_make "$T/www/ca.crl" ca --number 9 --from 7200 --to 90000
stays 'a CRL of tomorrow' 'begins in the future'
crl_make "$T/www/ca.crl" ca --number 9 --delta 5
stays 'a delta' 'a delta CRL, where a complete one belongs'
crl_make "$T/www/ca.crl" ca --number 9 \
	--idp 'fullname:URI:http://127.0.0.1/users.crl'
stays 'for another distribution point' 'another distribution point'
crl_make "$T/www/ca.crl" ca --number 4
stays 'an older one' 'an older CRL'
rm "$T/www/ca.crl"
stays 'none there' '404'
crl_make "$T/www/ca.crl" ca --number 9 \
	--idp "fullname:URI:$WWW/ca.crl,onlyuser:TRUE"
stays 'another scope' 'another scope'
# What was put there by somebody else does not keep the true one away.
cp "$T/pki/other.key" "$T/pki/ca.key"
crl_make "$T/planted" ca --number 90 --der
cp "$T/ca.key.kept" "$T/pki/ca.key"
cp "$T/planted" "$f"
crl_make "$T/www/ca.crl" ca --number 6 --der
ok 'a list by another key lies there' crl_fetch
has 'updated: CRL 6' 'and is replaced'
cmp -s "$T/www/ca.crl" "$f"
tap $? 'by the true one'
# Naming a certificate is not trusting it.
pki_root rogue
crl_make "$T/www/rogue.crl" rogue --number 1
exits 5 'the list of an authority that no root vouches for' crl_fetch \
	--cert "$T/pki/rogue.pem" "$WWW/rogue.crl"
has 'rogue.crl: failed: .*CN=rogue.*nobody of its name is known' 'is told'
is "$(fetched)" 1 'and not kept'

# ---- servers ---------------------------------------------------------------------
# The file's name follows the address, so each begins with its own.
kept_at() {	# PATH
	asks "URI:$WWW/$1/ca.crl"
	rm -f "$T"/crls/*.crl
	f=$T/crls/$({
		openssl asn1parse -in "$T/pki/ca.pem" -strparse "$(
			openssl asn1parse -in "$T/pki/ca.pem" |
			sed -n 's/^ *\([0-9]*\):d=2 .*SEQUENCE.*/\1/p' |
			sed -n 2p)" -out "$T/name.der" -noout 2>/dev/null
		cat "$T/name.der"
		printf '%s' "$WWW/$1/ca.crl"
	} | sha256sum | cut -c1-64).crl
	cp "$T/five" "$f"
}
crl_make "$T/www/ca.crl" ca --number 9 --der
kept_at huge
stays 'an answer without end' 'more than 102400 bytes'
kept_at slow
# as a whole it would take more than four minutes
head -c 5000 /dev/zero >"$T/www/ca.crl"
DEADLINE=1
begin=$(date +%s)
# the fetcher says so, or who waits for it where it is slow to begin
stays 'a byte at a time' 'did not answer (within 1000 ms|in time)'
[ $(($(date +%s) - begin)) -lt 120 ]
tap $? 'and nobody waits for it'
DEADLINE=20
crl_make "$T/www/ca.crl" ca --number 9 --der
kept_at cut
stays 'cut off in the middle' 'transfer|closed|data|left'
kept_at close
stays 'no answer at all' ''
kept_at moved
crl_fetch >"$T/out" 2>&1
RC=$?
is "$RC" 0 'sent on to another place: followed'
has 'updated: CRL 9' 'and the CRL is the right one'
asks "URI:http://127.0.0.1:1/ca.crl"
exits 5 'nobody there' crl_fetch
has '^touchmark: http://127.0.0.1:1/ca.crl: failed: ' 'and nothing to keep'
asks "URI:ldap://127.0.0.1/cn=ca"
exits 5 'an address of LDAP alone' crl_fetch
has 'ldap://.*: skipped: there is no http or https' 'is said'
ok 'is no harm when the CRL comes from elsewhere' crl_fetch "$WWW/ca.crl"
asks "URI:http://127.0.0.1:1/ca.crl"
exits 5 'one of two cannot be had' crl_fetch "$WWW/ca.crl"
has ': (updated|unchanged): CRL 9' 'the other one is'
printf '[n]\nfullname = @u\n[u]\nURI.1 = ldap://127.0.0.1/ca\nURI.2 = http://127.0.0.1:1/ca.crl\nURI.3 = %s/ca.crl\n' \
	"$WWW" >"$T/names"
{
	printf '%s\n' "$sub" "$sign" 'crlDistributionPoints=n' \
		subjectKeyIdentifier=hash authorityKeyIdentifier=keyid
	cat "$T/names"
} >"$T/pki/inter.ext"
openssl x509 -req -in "$T/pki/inter.csr" -CA "$T/pki/ca.pem" \
	-CAkey "$T/pki/ca.key" -sha256 -set_serial 99 -days 30 \
	-extfile "$T/pki/inter.ext" -out "$T/inter.pem" 2>/dev/null
rm -f "$T"/crls/*.crl
ok 'three addresses of one list: the one that answers' crl_fetch
is "$(fetched)" 1 'one file'
crl_make "$T/www/ca.crl" ca --number 10 --from -7200 --to -60
rm -f "$T"/crls/*.crl
exits 5 'a list that is out of date' crl_fetch "$WWW/ca.crl"
has 'updated: CRL 10.*: it is out of date' 'is taken, since it may revoke'
crl_make "$T/www/ca.crl" ca --number 11 --to none
exits 5 'a list without an end' crl_fetch "$WWW/ca.crl"
has 'names no end' 'is said'
asks "URI:$WWW/a%0ab.crl"
ok 'an address with a control byte in disguise' sh -c \
	"touchmark crl-fetch --policy '$T/policy' '$WWW/ca.crl' >'$T/out2' 2>&1
	[ \$(grep -c . '$T/out2') = 2 ]"
asks "URI:http://user:secret@127.0.0.1:1/ca.crl"
exits 5 'a password in an address' crl_fetch
hasnt secret 'is not shown'

# ---- two at once, and the end in the middle -------------------------------------------
asks "URI:$WWW/ca.crl"
rm -f "$T"/crls/*.crl
crl_make "$T/www/ca.crl" ca --number 12 --from -100
crl_fetch >/dev/null
for i in 1 2 3; do
	crl_make "$T/www/ca.crl" ca --number $((20 + i)) --from -$((90 - i))
	crl_fetch >"$T/two.a" 2>&1 &
	a=$!
	crl_fetch >"$T/two.b" 2>&1 &
	b=$!
	wait $a
	ra=$?
	wait $b
	is "$ra $?" '0 0' "two at once, $i"
	cat "$T/two.a" "$T/two.b" >"$T/out"
	has "(updated|unchanged): CRL $((20 + i)) " 'both are content'
	openssl crl -inform DER -in "$(echo "$T"/crls/*.crl)" -noout \
		-verify -CAfile "$T/pki/ca.pem" >/dev/null 2>&1
	tap $? 'the file is whole'
done
# Somebody slow with an older answer does not undo the newer one.
crl_make "$T/www/old.crl" ca --number 30 --from -80
crl_make "$T/www/new.crl" ca --number 31 --from -70
cp "$T/www/old.crl" "$T/www/ca.crl"
asks "URI:$WWW/late/ca.crl"
rm -f "$T"/crls/*.crl
crl_fetch >"$T/two.a" 2>&1 &
a=$!
sleep 3
wait $a
cp "$T/www/new.crl" "$T/www/ca.crl"
ok 'the newer one, later' crl_fetch
cp "$T/www/old.crl" "$T/www/ca.crl"
exits 5 'then the older one again' crl_fetch
has 'kept: CRL 31' 'stays out'

asks "URI:$WWW/ca.crl"
rm -f "$T"/crls/*.crl
crl_make "$T/www/ca.crl" ca --number 40
crl_fetch >/dev/null
f=$(echo "$T"/crls/*.crl)
cp "$f" "$T/forty"
crl_make "$T/www/ca.crl" ca --number 41 --from -50
# Who is traced cannot be searched for leaks.
ASAN_OPTIONS=exitcode=99:abort_on_error=0:detect_leaks=0
for call in fsync rename; do
	strace -f -o "$T/trace" -e trace=fsync,rename \
		-e "inject=$call:signal=KILL:when=1" \
		touchmark crl-fetch --policy "$T/policy" >/dev/null 2>&1
	is $? 137 "killed at $call"
	cmp -s "$T/forty" "$f" || openssl crl -inform DER -in "$f" -noout
	tap $? 'a whole file is there'
	touchmark cert verify --roots "$T/roots.pem" --purpose any \
		--crl "$T/crls" "$T/inter.pem" >"$T/out" 2>&1
	RC=$?
	is "$RC" 0 'and a judgement passes over what was left behind'
	cp "$T/forty" "$f"
done
ls -A "$T/crls" >"$T/out"
has '^\.crl-fetch\.new\.' 'something was left behind'
ok 'the next run' crl_fetch
ls -A "$T/crls" >"$T/out"
hasnt '^\.crl-fetch\.new\.' 'takes it away'
# The second thing that is written is the file; the first is for the fetcher.
for fault in write:2 fsync:1 rename:1; do
	N=$((${N:-50} + 1))
	crl_make "$T/www/ca.crl" ca --number $N --from -$((90 - N))
	cp "$f" "$T/before"
	exits 4 "no room at ${fault%:*}" strace -o "$T/trace" \
		-e trace=write,fsync,rename \
		-e "inject=${fault%:*}:error=ENOSPC:when=${fault#*:}" \
		touchmark crl-fetch --policy "$T/policy"
	has 'kept: .*No space left' 'says so'
	cmp -s "$T/before" "$f"
	tap $? 'and the old one stays'
	is "$(find "$T/crls" -name '.crl-fetch.new*')" '' 'nothing beside it'
	ok 'with room' crl_fetch
	has "updated: CRL $N " 'it comes'
done
chmod 755 "$T/crls"
done_testing
