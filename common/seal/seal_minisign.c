/*
 * seal_minisign.c - the minisign seal: a detached Ed25519 signature of
 * BLAKE2b-512 of the content, in the four lines that minisign(1) reads.
 *
 * One signer, no certificate, no place for a timestamp; keys are trusted by
 * name (minisign_key.h).
 */
#include "seal/minisign_key.h"
#include "seal/minisign_sig.h"

extern const struct tmk_seal_ops tmk_seal_minisign;

static enum tmk_hash choose_hash(const struct tmk_signer *signer)
{
	(void)signer;
	return TMK_BLAKE2B512;
}

static int parse(struct tmk_evidence **out, const uint8_t *text, size_t len,
		 struct tmk_verdict *v, struct tmk_err *err)
{
	return tmk_minisign_sig_parse(out, &tmk_seal_minisign, text, len, v,
				      err);
}

const struct tmk_seal_ops tmk_seal_minisign = {
	.name = "minisign",
	.suffix = ".minisig",
	.format = TMK_FORMAT_MINISIGN,
	.hash = choose_hash,
	.make = tmk_minisign_make,
	.parse = parse,
	.check = tmk_minisign_sig_check,
	.free = tmk_minisign_sig_free,
	.keyring_read = tmk_minisign_keyring_read,
	.keyring_free = tmk_minisign_keyring_free,
	.keyring_find = tmk_minisign_keyring_find,
};
