#!/bin/sh
# Packages as rpmbuild makes them, of every payload, signed with gpg's
# signatures: rpm's own tools are the judges, and nothing but the signature
# header changes.
. "${0%/*}/lib.sh"
. "${0%/*}/package-lib.sh"
. "${0%/*}/rpm-lib.sh"
need rpm rpmbuild rpmkeys rpm2cpio gpg gpgv

gpg_key rsa@example.org rsa3072
gpg_key ed@example.org ed25519
for m in rsa ed; do
	gpg --batch --armor --export "$m@example.org" >"$T/$m.asc"
	ok "rpm takes the $m key" rpm_trusts "$T/$m.asc"
done

# good NAME: the package $T/NAME.rpm can be signed with both keys.
good() {
	in=$T/$1.rpm
	ok "$1: it is read" rpm_tool show "$in"
	hasnt '^seal' "$1: it has no signature"
	for m in rsa ed; do
		kind=RSA
		[ "$m" = rsa ] || kind=EdDSA
		out=$T/$1.$m.rpm
		ok "$1: signed with $m" sign_rpm "$m@example.org" "$in" "$out"
		ok "$1: rpmkeys takes it" judged "$out"
		has "Header V4 $kind/SHA.* Signature, key ID .*: OK" \
			"$1: with its signature"
		hasnt 'BAD|NOKEY|NOTTRUSTED' "$1: and nothing else is wrong"
		ok "$1: nothing else changed" same_rest "$in" "$out"
		is "$(size_of "$out")" "$(size_of "$in")" \
			"$1: nor did the size"
		ok "$1: the seal comes out again" tool seal "$out" 0
		cmp -s "$T/out" "$T/content.sig"
		tap $? "$1: as it was put in"
	done
	ok "$1: both signatures in one" \
		sign_rpm rsa@example.org "$T/$1.ed.rpm" "$T/$1.both.rpm"
	ok "$1: rpmkeys takes it" judged "$T/$1.both.rpm"
	has 'Header V4 RSA/.*: OK' "$1: one"
	has 'Header V4 EdDSA/.*: OK' "$1: and the other"
	is "$(rpm2cpio "$T/$1.both.rpm" | cksum)" "$(rpm2cpio "$in" | cksum)" \
		"$1: the same files are in it"
	ok "$1: without them" tool write "$T/$1.both.rpm" "$T/back.rpm" \
		-d 0 -d 1
	ok "$1: it is what it was" cmp "$in" "$T/back.rpm"
}

for payload in w9.gzdio w6.xzdio w3.zstdio w9.bzdio w6.lzdio w.ufdio; do
	name=made-${payload#*.}
	rpm_new "$name" --define "_binary_payload $payload"
	good "$name"
done
is "$(rpm_tool show "$T/made-xzdio.rpm" | head -n 1)" 'rpm 4, xz payload' \
	'what it is'
rpm_new_source source
good source
is "$(rpm_tool show "$T/source.rpm" | head -n 1)" \
	'source rpm 4, gzip payload' 'a source package is called one'

# The other digests that a builder may choose for the payload.
for a in 9 10; do
	rpm_new "sum$a" --define "_binary_payload w.ufdio" \
		--define "_source_filedigest_algorithm $a" \
		--define "_binary_filedigest_algorithm $a"
	good "sum$a"
done

# ECDSA: this rpm finds the signature bad, whoever made it.
gpg_key ec@example.org nistp256
ok 'an ECDSA signature can be put in' \
	sign_rpm ec@example.org "$T/made-gzdio.rpm" "$T/ec.rpm"
exits 1 'but this rpm does not know it' judged "$T/ec.rpm"
has 'BAD' 'and calls the package bad'
exits 3 'so no such key is to sign' rpm_tool fits "$T/made-gzdio.rpm" ec
has 'rpm 4.18 .*cannot check an ECDSA' 'with the reason'
has 'RSA or Ed25519' 'and what to do'
ok 'RSA may' rpm_tool fits "$T/made-gzdio.rpm" rsa
ok 'Ed25519 may' rpm_tool fits "$T/made-gzdio.rpm" ed25519

done_testing
