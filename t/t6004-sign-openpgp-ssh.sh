#!/bin/sh
# touchmark sign --type openpgp and ssh: what others say to it, with every kind
# of key.
. "${0%/*}/lib.sh"
# SoftHSM keeps a few bytes of each Ed25519 signature: only the whole stack
# tells the leak checker that they are not ours.
ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0
need softhsm2-util gpg gpgv sqv sqop ssh-keygen git

CONF=$XDG_CONFIG_HOME/touchmark/config
softhsm_new release
cd "$T" || exit 1
echo release >f
head -c 300000 /dev/urandom >g
: >e
sign() {
	touchmark sign --no-timestamp --pin-file "$PINFILE" "$@"
}
ssh_verify() {	# FILE MAIL [NAMESPACE]
	ssh-keygen -Y verify -f allowed -I "$2" -n "${3:-file}" \
		-s "$1.sig" <"$1"
}

for a in rsa3072 p256 p384 ed25519; do
	touchmark key generate "k-$a" --token release --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm "$a" \
		--user "Key $a <$a@example.org>" >/dev/null || exit 1
	touchmark key export "k-$a" --type openpgp --pin-file "$PINFILE" \
		>"$a.asc" || exit 1
	gpg --batch --dearmor <"$a.asc" >"$a.gpg" 2>/dev/null
	gpg --batch --import "$a.asc" >/dev/null 2>&1
	touchmark key export "k-$a" --type ssh --allowed-signers >>allowed ||
		exit 1
	fpr=$(gpg --batch --with-colons --list-keys "$a@example.org" |
		awk -F: '$1 == "fpr" { print $10; exit }')

	ok "$a: openpgp" sign -k "k-$a" -t openpgp f g e
	has "^f: signed by Key $a <$a@example.org>, no timestamp, in f\.asc\$" \
		'says by whom'
	is "$(head -1 f.asc)" '-----BEGIN PGP SIGNATURE-----' 'armoured'
	for x in f g e; do
		ok "gpg takes $x" gpg --batch --status-fd 1 --verify "$x.asc" "$x"
		has "^\[GNUPG:\] VALIDSIG $fpr " 'as of this key'
		ok "gpgv takes $x" gpgv --keyring "./$a.gpg" "$x.asc" "$x"
		ok "sqv takes $x" sqv --keyring "$a.gpg" "$x.asc" "$x"
	done
	run_in f sqop verify f.asc "$a.gpg"
	tap "$RC" 'sqop takes f'
	exits 1 'not against other bytes' gpgv --keyring "./$a.gpg" f.asc g

	ok "$a: ssh" sign -k "k-$a" -t ssh f g e
	has "^g: signed by k-$a, no timestamp, in g\.sig\$" 'says by whom'
	is "$(head -1 f.sig)" '-----BEGIN SSH SIGNATURE-----' 'armoured'
	for x in f g e; do
		ok "ssh-keygen takes $x" ssh_verify "$x" "$a@example.org"
	done
	mv g.sig f.sig
	exits 255 'not against other bytes' ssh_verify f "$a@example.org"
	sign -k "k-$a" -t ssh f >/dev/null
	exits 255 'nor for git' ssh_verify f "$a@example.org" git
	exits 255 "nor as somebody else's" ssh_verify f other@example.org

	ok "$a: JSON" sign -k "k-$a" -t openpgp,ssh --json f
	has "^\{\"file\":\"f\",\"status\":\"signed\",\"type\":\"openpgp\",\
\"signature\":\"f.asc\",\"signer\":\"Key $a <$a@example.org>\",\
\"fingerprint\":\"$fpr\",\"time\":\"[0-9TZ:-]*\",\"stamped\":false\}\$" \
		'one object for each signature'
	has '"type":"ssh","signature":"f.sig",.*"fingerprint":"SHA256:' \
		'with its fingerprint'
done

exits 3 'cms without a certificate' sign -k k-p256 f
has 'no certificate' 'is refused'
exits 3 'cms with Ed25519' sign -k k-ed25519 f
has 'Ed25519|no certificate' 'as well'
exits 3 'csr of an Ed25519 key' touchmark key csr k-ed25519 --subject /CN=x
has 'CMS cannot be made with an Ed25519 key' 'says why, and asks for no PIN'
has 'hint: .*--type openpgp, ssh or minisign' 'and what it can do'
exits 3 'export of its certificates' touchmark key export k-ed25519 --type x509
has 'CMS cannot be made with an Ed25519 key' 'says the same'

# Several keys in one keyring; a key that another one's signature names.
cat ./*.gpg >all
ok 'one keyring of all keys' gpgv --keyring ./all f.asc f
exits 1 'the keyring of another' sqv --keyring p384.gpg f.asc f

# A bare URI with what the token keeps.
uri=$(git config --file "$CONF" touchmark.k-p384.uri)
ok 'openpgp with a bare URI' sign -k "$uri" -t openpgp f
ok 'is of the same key' gpgv --keyring ./p384.gpg f.asc f
ok 'ssh with a bare URI' sign -k "$uri" -t ssh f
ok 'is of the same key' ssh_verify f p384@example.org

# By the fingerprints that key show tells.
fpr=$(gpg --batch --with-colons --list-keys p384@example.org |
	awk -F: '$1 == "fpr" { print $10; exit }')
ok 'by the OpenPGP fingerprint' sign -k "$fpr" -t openpgp f
ok 'is of the same key' gpgv --keyring ./p384.gpg f.asc f
ok 'by address' sign -k p384@example.org -t ssh f
ok 'is of the same key' ssh_verify f p384@example.org

done_testing
