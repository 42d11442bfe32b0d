#!/bin/sh
# Keys in Azure Key Vault, Google Cloud KMS and Vault's transit engine: a
# request for a certificate, and every format that the algorithm permits,
# judged by openssl, gpg, ssh-keygen and minisign.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=cloud-lib.sh
. "${0%/*}/cloud-lib.sh"
need openssl gpg gpgv git ssh-keygen minisign

cloud_start
cloud_azure
cloud_google
cloud_vault
cloud_key p256 p256
cloud_key p384 p384
cloud_key rsa rsa
cloud_key rsa4096 rsa4096
cp "$CLOUD_DIR/rsa.pem" "$CLOUD_DIR/raw.pem"
cp "$T/rsa.pub.pem" "$T/raw.pub.pem"
cloud_key ed25519 ed25519
cd "$T" || exit 1
echo 'what is signed' >f

cms() {	# NAME
	ok "$1: a certificate, from a request" pki_key_cert "$1" dev@example.org
	ok "$1: openssl verifies the request" \
		openssl req -in "pki/$1.csr" -noout -verify
	openssl req -in "pki/$1.csr" -noout -pubkey >"$1.got"
	is "$(cat "$1.got")" "$(cat "${1#*-}.pub.pem")" \
		"$1: the key of the request is the service's"
	rm -f f.p7s
	ok "$1: CMS" touchmark sign -k "$1" --no-timestamp f
	ok "$1: openssl verifies it" openssl cms -verify -binary \
		-inform DER -in f.p7s -content f -CAfile pki/ca.pem \
		-purpose any -out /dev/null
}
openpgp() {	# NAME
	rm -f f.asc "$1.asc" "$1.gpg"
	git config -f "$CONFIG" "touchmark.$1.userId" "Dev <dev@example.org>"
	git config -f "$CONFIG" "touchmark.$1.created" 1700000000
	ok "$1: an OpenPGP certificate" touchmark key export "$1" \
		--type openpgp
	cp out "$1.asc"
	gpg --batch --dearmor <"$1.asc" >"$1.gpg" 2>/dev/null
	ok "$1: OpenPGP" touchmark sign -k "$1" -t openpgp --no-timestamp f
	ok "$1: gpgv verifies it" gpgv --keyring "$T/$1.gpg" f.asc f
}
ssh_sig() {	# NAME
	rm -f f.sig
	ok "$1: SSH" touchmark sign -k "$1" -t ssh --no-timestamp f
	ok "$1: its public line" touchmark key export "$1" --type ssh
	printf 'dev@example.org %s\n' "$(cat out)" >allowed
	run_in f ssh-keygen -Y verify -f allowed -I dev@example.org -n file \
		-s f.sig
	is "$RC" 0 "$1: ssh-keygen verifies it"
}

for s in azurekv gcpkms vault; do
	for k in p256 p384 rsa; do
		cloud_config "$s-$k" "$(cloud_uri "$s" "$k")"
		cms "$s-$k"
		openpgp "$s-$k"
		ssh_sig "$s-$k"
	done
done
# Keys of Google that are bound to one digest: every format takes that one.
for k in rsa rsa4096; do
	d=256
	[ $k = rsa ] || d=512
	cloud_config "gcpkms-$k" "$(cloud_uri gcpkms $k)"
	[ $k = rsa ] || cms "gcpkms-$k"
	[ $k = rsa ] || openpgp "gcpkms-$k"
	[ $k = rsa ] || ssh_sig "gcpkms-$k"
	rm -f f.sig f.p7s
	run touchmark sign -k "gcpkms-$k" -t ssh,cms --no-timestamp f
	sed '/^-/d' f.sig | base64 -d | strings | grep rsa-sha2 >out
	has "^.?rsa-sha2-$d\$" "$k: for SSH SHA-$d"
	openssl cms -cmsout -print -inform DER -in f.p7s >out
	has " algorithm: sha$d \\(" "$k: for CMS SHA-$d"
	hasnt " algorithm: sha(1|224|384|$((768 - d))) \\(" "$k: and no other"
done
cp "$CLOUD_DIR/rsa.pem" "$CLOUD_DIR/bound.pem"
cloud_config gcpkms-bound "$(cloud_uri gcpkms bound)"
openpgp gcpkms-bound
exits 3 'another digest than that is not signed' \
	touchmark-gpg --digest-algo SHA512 -u gcpkms-bound -b -o - f
has 'RSA_SIGN_PKCS1_3072_SHA256 does not sign this' 'says so'
cloud_config gcpkms-raw "$(cloud_uri gcpkms raw)"
cms gcpkms-raw
ssh_sig gcpkms-raw

# Ed25519: the message goes to the service.
for s in gcpkms vault; do
	cloud_config "$s-ed" "$(cloud_uri "$s" ed25519)"
	openpgp "$s-ed"
	ssh_sig "$s-ed"
	rm -f f.minisig
	ok "$s: minisign" touchmark sign -k "$s-ed" -t minisign --no-timestamp f
	ok "$s: its public key" touchmark key export "$s-ed" --type minisign
	cp out mini.pub
	ok "$s: minisign verifies it" minisign -Vm f -p mini.pub
done

done_testing
