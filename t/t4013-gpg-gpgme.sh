#!/bin/sh
# Programs that use GPGME, with touchmark-gpg as its engine: they sign and
# verify as with the real gpg, through pipes that have only numbers.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need cc pkg-config gpg openssl pkcs11-tool softhsm2-util

TOKEN_TYPE=rsa:3072 token_key dev dev@example.org
git config -f "$CONFIG" touchmark.dev.userId 'Dev <dev@example.org>'
git config -f "$CONFIG" touchmark.dev.created 1700000000
gpg --batch --quiet --passphrase '' --quick-generate-key \
	'Pgp <pgp@example.org>' ed25519 sign never 2>"$T/setup.log" ||
	bail 'gpg makes no key'
cat >"$T/user.c" <<'EOC'
#include <gpgme.h>
#include <stdio.h>

/* user ENGINE [KEY]: sign, then verify what was signed. */
int main(int argc, char **argv)
{
	gpgme_ctx_t ctx;
	gpgme_data_t in, sig;
	gpgme_key_t key;
	gpgme_error_t e;
	gpgme_sign_result_t s;
	gpgme_verify_result_t v;

	gpgme_check_version(NULL);
	if (gpgme_new(&ctx) || gpgme_ctx_set_engine_info(ctx,
			GPGME_PROTOCOL_OpenPGP, argv[1], NULL))
		return 9;
	gpgme_set_armor(ctx, 1);
	gpgme_data_new_from_mem(&in, "data\n", 5, 0);
	gpgme_data_new(&sig);
	if (argc > 2) {
		e = gpgme_get_key(ctx, argv[2], &key, 1);
		printf("key: %s\n", gpgme_strerror(e));
		if (!e)
			gpgme_signers_add(ctx, key);
	}
	e = gpgme_op_sign(ctx, in, sig, GPGME_SIG_MODE_DETACH);
	printf("sign: %s\n", gpgme_strerror(e));
	s = gpgme_op_sign_result(ctx);
	if (s && s->signatures)
		printf("made: %s %s %d\n", s->signatures->fpr,
		       gpgme_hash_algo_name(s->signatures->hash_algo),
		       s->signatures->type);
	if (s && s->invalid_signers)
		printf("invalid signer: %s\n", s->invalid_signers->fpr ?
		       s->invalid_signers->fpr : "-");
	gpgme_data_seek(in, 0, SEEK_SET);
	gpgme_data_seek(sig, 0, SEEK_SET);
	e = gpgme_op_verify(ctx, sig, in, NULL);
	printf("verify: %s\n", gpgme_strerror(e));
	v = gpgme_op_verify_result(ctx);
	if (v && v->signatures)
		printf("seen: %s %s\n", v->signatures->fpr,
		       gpgme_strerror(v->signatures->status));
	return 0;
}
EOC
# shellcheck disable=SC2046 # words, to be split
cc -o "$T/user" "$T/user.c" $(pkg-config --cflags --libs gpgme) \
	>"$T/setup.log" 2>&1 || bail 'the user of GPGME does not compile'
GPG=$(command -v gpg)
OURS=$BIN/touchmark-gpg

"$T/user" "$GPG" pgp@example.org >"$T/stock" 2>&1
run "$T/user" "$OURS" pgp@example.org
is "$(cat "$T/out")" "$(cat "$T/stock")" "a key of gpg's: the same answers"
cp "$T/stock" "$T/out"
has '^verify: Success' 'which are good'
ok 'no key is named' "$T/user" "$OURS"
has '^sign: Success' 'ours signs'
FPR=$(touchmark key export dev --type openpgp | gpg --batch --with-colons \
	--show-keys | awk -F: '/^fpr/{print $10; exit}')
has "^made: $FPR SHA256 1\$" 'GPGME reads which key and digest it was'
has '^seen: '"$FPR"' No public key' 'which the real gpg does not know yet'
touchmark key export dev --type openpgp | gpg --batch --import \
	2>"$T/setup.log"
ok 'with the public key' "$T/user" "$OURS"
has "^seen: $FPR Success" 'it verifies'
echo wrong >"$PINFILE"
ok 'a signature that fails' "$T/user" "$OURS"
has '^sign: ' 'is told'
hasnt '^sign: Success|^made: ' 'as a failure'
done_testing
