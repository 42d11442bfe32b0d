#!/bin/sh
# touchmark sign with several types: one reading, all signatures or none.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util gpgv ssh-keygen strace git

token_key dev dev@example.org
policy_for ca
git config -f "$CONFIG" touchmark.key dev
git config -f "$CONFIG" touchmark.dev.created 1700000000
git config -f "$CONFIG" touchmark.dev.userId 'Dev <dev@example.org>'
cd "$T" || exit 1
touchmark key export --type openpgp --no-armor >dev.gpg || exit 1
touchmark key export --type ssh --allowed-signers >allowed || exit 1

judge() {	# FILE: by foreign programs
	openssl cms -verify -binary -inform DER -in "$1.p7s" -content "$1" \
		-CAfile pki/ca.pem -purpose any -out /dev/null &&
	gpgv --keyring ./dev.gpg "$1.asc" "$1" &&
	ssh-keygen -Y verify -f allowed -I dev@example.org -n file \
		-s "$1.sig" <"$1"
}

echo data >f
echo more >g
ok 'three types' touchmark sign -t cms,openpgp,ssh f g
is "$(grep -c ': signed by' "$T/out")" 6 'a line for each signature'
has '^f: signed by .*CN=dev.*, in f\.p7s$' 'CMS by the certificate'
has '^f: signed by Dev <dev@example.org>, no timestamp, in f\.asc$' \
	'OpenPGP by the user id'
has '^g: signed by dev, no timestamp, in g\.sig$' 'SSH by the name'
ok 'all are good' judge f
ok 'of each file' judge g
ok 'any order' touchmark sign --type=ssh,cms f
truncate -s 64M big
traced -o trace -e trace=read touchmark sign -t cms,openpgp,ssh big >out 2>&1
n=$(grep -c '= 131072' trace)
[ "$n" -ge 512 ] && [ "$n" -lt 600 ]
tap $? 'a file is read once'
ok 'and all are good' judge big

# What was asked.
for t in '' 'cms,' ',cms' 'cms,,ssh' 'cms, ssh' pgp CMS; do
	exits 2 "--type '$t'" touchmark sign -t "$t" f
	has 'is unknown' 'is refused'
done
exits 2 'one twice' touchmark sign -t ssh,cms,ssh f
has 'ssh twice' 'is refused'
exits 2 'one twice, of four' touchmark sign -t cms,openpgp,ssh,cms f
exits 2 '-o with two types' touchmark sign -t cms,ssh -o x f
[ ! -e x ]
tap $? 'makes nothing'
exits 2 'an SSH signature with a timestamp' touchmark sign -t cms,ssh \
	--timestamp=require f
has 'SSH signature cannot carry' 'is refused before anything is made'
run_in f touchmark sign -t openpgp -o in.asc -
is "$RC" 0 'standard input'
ok 'is the same' gpgv --keyring ./dev.gpg in.asc f
touchmark sign -t ssh -o - f >out.sig 2>"$T/out"
is "$(head -1 out.sig)" '-----BEGIN SSH SIGNATURE-----' 'standard output'
has '^f: signed by .*, in standard output$' 'and the line beside it'

# All of a file's signatures or none.
echo data >h
mkdir h.sig
exits 4 'one has no place' touchmark sign -t cms,openpgp,ssh h f
has 'cannot write h.sig: it is a directory' 'says so'
[ ! -e h.p7s ] && [ ! -e h.asc ]
tap $? 'and the others are not made'
is "$(grep -c '^f: signed by' "$T/out")" 3 'another file gets its own'
rmdir h.sig
ln h h.asc
exits 4 'one leads back to the file' touchmark sign -t cms,openpgp,ssh h
is "$(cat h)" data 'which stays'
[ ! -e h.p7s ] && [ ! -e h.sig ]
tap $? 'and nothing else is made'
rm h.asc
git config -f "$CONFIG" --unset touchmark.dev.created
pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login --pin test-PIN \
	--list-objects --type data 2>/dev/null |
	sed -n "s/^ *label: *'\(openpgp-.*\)'/\1/p" >labels
while read -r label; do
	pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login \
		--pin test-PIN --delete-object --type data --label "$label" \
		>/dev/null 2>&1
done <labels
exits 3 'one cannot be made' touchmark sign -t cms,openpgp,ssh h
has "key 'dev': .*creation time" 'says why'
[ ! -e h.p7s ] && [ ! -e h.sig ]
tap $? 'and nothing is made'
run touchmark sign --json -t cms,openpgp h f
is "$RC-$(grep -c '"status":"error","code":3,' "$T/out")" 3-2 \
	'JSON tells it for each file'
git config -f "$CONFIG" touchmark.dev.created 1700000000

# A certificate that ends soon is told once, not for each file.
rm -f pki/dev.pem
PKI_DAYS=10 token_leaf dev dev@example.org
ok 'a certificate that ends soon' touchmark sign f g h
is "$(grep -c 'expires at' "$T/out")" 1 'is told once'

# Timestamps: CMS and OpenPGP carry one, and stock programs still read them.
tsa_new tsa
tsa_start tsa
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
ok 'with a timestamp authority' touchmark sign -t cms,openpgp,ssh f
has '^f: signed by .*, timestamped, in f\.p7s$' 'CMS is stamped'
has '^f: signed by .*, timestamped, in f\.asc$' 'OpenPGP is stamped'
has '^f: signed by .*, no timestamp, in f\.sig$' 'SSH is not'
ok 'all are good' judge f
ok '--no-timestamp' touchmark sign --no-timestamp -t openpgp f
has 'no timestamp' 'leaves it out'
ok '--timestamp=require' touchmark sign --timestamp=require -t openpgp f
has ', timestamped,' 'is kept'
ok 'and gpgv takes it' gpgv --keyring ./dev.gpg f.asc f
tsa_stop
rm -f h.*
exits 5 'require without an answer' touchmark sign --timestamp=require \
	-t openpgp,cms h
[ ! -e h.p7s ] && [ ! -e h.asc ]
tap $? 'makes nothing'
done_testing
