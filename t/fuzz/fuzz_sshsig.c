/*
 * fuzz_sshsig.c - hostile bytes as an SSH signature: read, checked against a
 * digest so that the arithmetic is reached, and looked up in a keyring.
 */
#include <stdlib.h>
#include <string.h>

#include "seal/ssh_sig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is promised of evidence holds whatever the bytes were. */
static void check_promises(const struct tmk_evidence *ev)
{
	const struct tmk_signature *s = &ev->signature[0];
	const struct tmk_ssh_sig *ssh = s->priv;

	if (ev->signatures != 1 || s->cert || !s->key || s->tokens ||
	    s->suffix_len || strncmp(s->key_id, "SHA256:", 7) ||
	    (s->hash != TMK_SHA256 && s->hash != TMK_SHA512) ||
	    !ssh->name_space.len ||
	    ssh->name_space.len > TMK_SSH_NAME_SPACE_MAX)
		abort();
}

/* What was read is the only encoding of its key. */
static void check_key(const struct tmk_evidence *ev)
{
	const struct tmk_ssh_sig *ssh = ev->signature[0].priv;
	struct tmk_buf blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX);
	unsigned char *der = NULL;
	struct tmk_err err;
	int len = i2d_PUBKEY(ev->signature[0].key, &der);

	if (len <= 0 || tmk_ssh_key_blob(&blob, der, (size_t)len, &err) ||
	    blob.len != ssh->blob.len ||
	    memcmp(blob.data, ssh->blob.data, blob.len))
		abort();
	OPENSSL_free(der);
	tmk_buf_release(&blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	static const uint8_t digest[64];
	int rc;

	rc = tmk_seal_sshsig.parse(&ev, data, size, &v, &err);
	/* Good and evidence, or refused with a text and none. */
	if (rc || (ev != NULL) != (v.reason == TMK_GOOD) ||
	    (!ev && !v.text[0]))
		abort();
	if (!ev)
		return 0;
	check_promises(ev);
	check_key(ev);
	if (tmk_seal_sshsig.check(ev, 0, NULL, digest,
				  ev->signature[0].hash == TMK_SHA256 ? 32 :
				  64, &v, &err))
		abort();
	tmk_evidence_free(ev);
	return 0;
}
