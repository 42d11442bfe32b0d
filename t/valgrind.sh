#!/bin/sh
# valgrind.sh - the signing path under memcheck: key, certificate, CMS, git.
#
# For a build without sanitizers. An invalid access or a definite leak that
# begins in our own code is a failure (exit 98 from valgrind).
. "${0%/*}/lib.sh"
need valgrind openssl git softhsm2-util

VG="valgrind -q --error-exitcode=98 --leak-check=full --errors-for-leak-kinds=definite --suppressions=$TOP/t/valgrind.supp"

softhsm_new vg
pki_root ca
pki_crl ca
for alg in rsa3072 p256; do
	# shellcheck disable=SC2086 # options, to be split
	ok "generate $alg" $VG touchmark key generate $alg --token vg \
		--algorithm $alg --module "$MODULE" --pin-file "$PINFILE"
	# shellcheck disable=SC2086
	ok "csr $alg" $VG touchmark key csr $alg --subject "/O=Test/CN=$alg" \
		--email dev@example.org --pin-file "$PINFILE" -o "$T/$alg.csr"
	cp "$T/$alg.csr" "$T/pki/$alg.csr"
	cat >"$T/pki/ext" <<-EOF
	keyUsage=critical,digitalSignature
	extendedKeyUsage=codeSigning
	subjectAltName=email:dev@example.org
	EOF
	run openssl x509 -req -in "$T/$alg.csr" -CA "$T/pki/ca.pem" -CAkey \
		"$T/pki/ca.key" -set_serial 77$((${#alg})) -days 90 \
		-extfile "$T/pki/ext" -out "$T/$alg.pem"
	# shellcheck disable=SC2086
	ok "import-cert $alg" $VG touchmark key import-cert $alg \
		"$T/$alg.pem" --pin-file "$PINFILE"
	echo hello >"$T/file-$alg"
	# shellcheck disable=SC2086
	ok "sign a file, $alg" $VG touchmark sign -k $alg \
		--pin-file "$PINFILE" "$T/file-$alg"
	# shellcheck disable=SC2086
	ok "verify it, $alg" $VG touchmark verify --roots "$T/pki/ca.pem" \
		--crl "$T/pki/ca.crl" "$T/file-$alg"
	TOUCHMARK_PIN_FILE=$PINFILE
	export TOUCHMARK_PIN_FILE
	# shellcheck disable=SC2086
	run_in "$T/file-$alg" $VG touchmark-gpgsm --status-fd=2 -bsau $alg
	tap "$RC" "touchmark-gpgsm signs, $alg"
	has 'SIG_CREATED' 'and says so'
	unset TOUCHMARK_PIN_FILE
done
done_testing
