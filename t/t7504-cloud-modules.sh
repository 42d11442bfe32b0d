#!/bin/sh
# The examples of docs/CLOUD.md for HSMs by their PKCS#11 module: each one's
# configuration as it stands there, with another module in the place of the
# provider's; and a module that asks for no login, keeps no certificates and
# lets nothing be written.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=cloud-lib.sh
. "${0%/*}/cloud-lib.sh"
need openssl softhsm2-util git gpg gpgv ssh-keygen

cd "$T" || exit 1
mkdir -p "${CONFIG%/*}"
echo 'what is signed' >f
pki_root ca
pki_leaf ca dev dev@example.org
openssl pkcs8 -topk8 -nocrypt -in pki/dev.key -out dev.p8

# examples: each block of configuration below the heading of modules, as
# $T/NAME.conf, NAME that of its last section.
awk '/^## / { inside = /PKCS#11 module/ }
	inside && /^    \[/ { block = 1 }
	block && !/^    / { block = 0; name = ""; text = "" }
	block {
		sub(/^    /, "")
		text = text $0 "\n"
		if ($0 ~ /^\[touchmark "/) {
			name = $2
			gsub(/[]"]/, "", name)
		}
		if (name != "") printf "%s", text > (name ".conf")
		if (name != "") text = ""
	}' "$TOP/docs/CLOUD.md"
EXAMPLES=$(for e in *.conf; do echo "${e%.conf}"; done)
is "$(echo "$EXAMPLES" | tr '\n' ' ')" \
	'azurecloudhsm cloudhsm fortanix libkmsp11 luna nshield twice ' \
	'the examples were read'

# hsm LABEL: a token with the one key, for whatever the example calls it.
hsm() {
	rm -rf "$T/tokens"
	mkdir "$T/tokens"
	softhsm_new "$1"
	softhsm2-util --import dev.p8 --token "$1" --pin test-PIN \
		--label release --id 11 >/dev/null
}

# place FILE MODULE: the example for this machine: its module and PIN are
# others, everything else stays.
place() {
	sed -e "s|module-path=[^&\"]*|module-path=$2|" \
		-e "s|pin-source=file:[^&\"]*|pin-source=file:$PINFILE|" \
		-e "s|cert = .*|cert = $T/pki/dev.pem|" "$1" >"$CONFIG"
	chmod 600 "$CONFIG"
}

for e in $EXAMPLES; do
	cp "$e.conf" "$CONFIG"
	token=$(sed -n 's/.*token=\([^;]*\);.*/\1/p' "$e.conf" | head -1)
	ok "$e: as it stands git reads it" git config -f "$CONFIG" --list
	run timeout 120 touchmark doctor
	has '^ok +config +readable, 1 key$' "$e: and touchmark"
	[ "$e" = libkmsp11 ] && continue
	hsm "${token:-anything}"
	place "$e.conf" "$MODULE"
	rm -f f.p7s
	ok "$e: signs" touchmark sign -k "$e" --no-timestamp f
	ok "$e: openssl verifies it" openssl cms -verify -binary \
		-inform DER -in f.p7s -content f -CAfile pki/ca.pem \
		-purpose any -out /dev/null
done
sed 's/object=release/subject=release/' luna.conf >wrong.conf
place wrong.conf "$MODULE"
exits 2 'an example with a slip of the pen does not pass' \
	touchmark sign -k luna --no-timestamp -o - f

# ---- a module of a service ---------------------------------------------------

TMK_SERVICE_MODULE=$MODULE
TMK_SERVICE_PIN=test-PIN
KMS_PKCS11_CONFIG=$T/kms.yaml
export TMK_SERVICE_MODULE TMK_SERVICE_PIN KMS_PKCS11_CONFIG
printf -- '---\ntokens:\n  - key_ring: "projects/p"\n    label: "code"\n' \
	>"$KMS_PKCS11_CONFIG"
hsm code
place libkmsp11.conf "$MOCK/service.so"
rm -f f.p7s
ok 'libkmsp11: signs, and asks for no PIN' timeout 120 \
	touchmark sign -k libkmsp11 --no-timestamp f
ok 'libkmsp11: openssl verifies it' openssl cms -verify -binary -inform DER \
	-in f.p7s -content f -CAfile pki/ca.pem -purpose any -out /dev/null
ok 'libkmsp11: an OpenPGP certificate, of the creation time that is configured' \
	touchmark key export libkmsp11 --type openpgp
gpg --batch --dearmor <out >key.gpg 2>/dev/null
ok 'libkmsp11: OpenPGP' touchmark sign -k libkmsp11 -t openpgp \
	--no-timestamp f
ok 'libkmsp11: gpgv verifies it' gpgv --keyring "$T/key.gpg" f.asc f
gpg --batch --with-colons --show-keys key.gpg >out 2>/dev/null
has '^pub:[^:]*:[^:]*:[^:]*:[^:]*:1700000000:' 'with that time'
ok 'libkmsp11: SSH' touchmark sign -k libkmsp11 -t ssh --no-timestamp f
touchmark key export libkmsp11 --type ssh | sed 's/^/dev@example.org /' >allowed
run_in f ssh-keygen -Y verify -f allowed -I dev@example.org -n file -s f.sig
is "$RC" 0 'libkmsp11: ssh-keygen verifies it'
ok 'libkmsp11: what it shows of the key' touchmark key show libkmsp11
has '^label: release$' 'its name'
# A certificate is not kept there: it has to be named.
git config -f "$CONFIG" --unset touchmark.libkmsp11.cert
exits 3 'libkmsp11: without cert = there is no certificate' \
	touchmark sign -k libkmsp11 --no-timestamp -o - f
has 'no certificate is known' 'says so'
exits 3 'libkmsp11: nothing can be made there' touchmark key generate new \
	--token code --module "$MOCK/service.so" --pin-file "$PINFILE"
chmod 666 "$KMS_PKCS11_CONFIG"
exits 3 'libkmsp11: a module that does not start' \
	touchmark sign -k libkmsp11 -t openpgp --no-timestamp -o - f
unset KMS_PKCS11_CONFIG
exits 3 'libkmsp11: nor without its configuration' \
	touchmark sign -k libkmsp11 -t openpgp --no-timestamp -o - f

done_testing
