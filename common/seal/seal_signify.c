/*
 * seal_signify.c - the signify seal: a detached Ed25519 signature of the
 * content itself, in the two lines that signify(1) reads.
 *
 * There is no digest: whoever makes or checks one has all of the content at
 * hand (TMK_WHOLE). Otherwise as seal_minisign.c.
 */
#include "seal/minisign_key.h"
#include "seal/minisign_sig.h"

extern const struct tmk_seal_ops tmk_seal_signify;

static enum tmk_hash choose_hash(const struct tmk_signer *signer)
{
	(void)signer;
	return TMK_WHOLE;
}

static int parse(struct tmk_evidence **out, const uint8_t *text, size_t len,
		 struct tmk_verdict *v, struct tmk_err *err)
{
	return tmk_minisign_sig_parse(out, &tmk_seal_signify, text, len, v,
				      err);
}

const struct tmk_seal_ops tmk_seal_signify = {
	.name = "signify",
	.suffix = ".sig",
	.format = TMK_FORMAT_SIGNIFY,
	.hash = choose_hash,
	.make = tmk_signify_make,
	.parse = parse,
	.check = tmk_minisign_sig_check,
	.free = tmk_minisign_sig_free,
	.keyring_read = tmk_minisign_keyring_read,
	.keyring_free = tmk_minisign_keyring_free,
	.keyring_find = tmk_minisign_keyring_find,
};
