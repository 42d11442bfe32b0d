#!/bin/sh
# touchmark sign --manifest: FILE.manifest and its signatures of every type,
# as openssl and gpgv see them, and as verify compares with them.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
need softhsm2-util pkcs11-tool openssl gpg gpgv tar xz gzip git

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
git config -f "$CONFIG" touchmark.dev.created 1767225600
git config -f "$CONFIG" touchmark.dev.userId 'Dana <dev@example.org>'
policy_for ca
touchmark key export dev --type openpgp --pin-file "$PINFILE" \
	>"$T/dev.asc" 2>"$T/setup.log" || bail 'no certificate'
gpg --batch --dearmor <"$T/dev.asc" >"$T/dev.gpg" 2>"$T/setup.log"
cd "$T" || exit 1
mkdir -p demo-1.0/src
echo one >demo-1.0/README
echo two >demo-1.0/src/main.c
tar -cf demo.tar --sort=name --owner=0 --group=0 --mtime=@0 demo-1.0
xz -k demo.tar
gzip -nk demo.tar
manifest() {
	touchmark sign --manifest --no-timestamp --pin-file "$PINFILE" "$@"
}

ok 'the manifest of an archive' manifest demo.tar.xz
has '^demo.tar.xz: signed by CN=dev,O=Test, no timestamp, in demo.tar.xz.manifest.p7s$' \
	'is signed'
ok 'it names the files' grep -q 'demo-1.0/src/main.c' demo.tar.xz.manifest
ok 'with their digests' \
	grep -q "$(sha256sum <demo-1.0/README | cut -d' ' -f1)" \
	demo.tar.xz.manifest
ok 'openssl takes the signature' openssl cms -verify -binary \
	-purpose any -inform DER -in demo.tar.xz.manifest.p7s \
	-content demo.tar.xz.manifest -CAfile "$T/pki/ca.pem" -out /dev/null
sha256sum demo.tar.xz.manifest >"$T/before"
ok 'again' manifest -t cms,openpgp demo.tar.xz
ok 'the same bytes' sha256sum -c "$T/before"
ok 'gpgv takes the other one' gpgv --keyring "$T/dev.gpg" \
	demo.tar.xz.manifest.asc demo.tar.xz.manifest

sha256sum demo.tar.xz.manifest* >"$T/before"
ok '--resume leaves it alone' manifest --resume -t cms,openpgp demo.tar.xz
has '^demo.tar.xz: is signed already, left alone$' 'says so'
ok 'to the byte' sha256sum -c "$T/before"
echo >>demo.tar.xz.manifest
ok 'a manifest that was changed' manifest --resume -t cms,openpgp demo.tar.xz
grep 'manifest$' "$T/before" >"$T/one"
ok 'is made again, as it was' sha256sum -c "$T/one"
ok 'with a signature' touchmark verify demo.tar.xz.manifest

ok 'the same archive' touchmark verify demo.tar.xz demo.tar.xz.manifest
has 'same bytes' 'is that'
ok 'otherwise compressed' touchmark verify demo.tar.gz demo.tar.xz.manifest
has 'same content' 'is that'
echo three >demo-1.0/src/main.c
tar -cf other.tar --sort=name --owner=0 --group=0 --mtime=@0 demo-1.0
exits 1 'another one' touchmark verify other.tar demo.tar.xz.manifest
has 'content-mismatch' 'is not'
has 'demo-1.0/src/main.c' 'and says what differs'

ok 'a file that is no archive' manifest demo-1.0/README
ok 'has a manifest too' touchmark verify demo-1.0/README \
	demo-1.0/README.manifest
exits 4 'one that is not there' manifest missing.tar
head -c 100 demo.tar.xz >cut.tar.xz
exits 4 'an archive that is cut off' manifest cut.tar.xz
ok 'leaves nothing' test ! -e cut.tar.xz.manifest
ln -s "$T/elsewhere" other.tar.manifest
exits 4 'a link in the place of the manifest' manifest other.tar
ok 'is not followed' test ! -e "$T/elsewhere"
exits 2 '-o has no meaning here' manifest -o x demo.tar.gz
done_testing
