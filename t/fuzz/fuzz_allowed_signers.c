/*
 * fuzz_allowed_signers.c - hostile text as an allowed_signers file, and one
 * half of it as a list of patterns for the other.
 */
#include <stdlib.h>
#include <string.h>

#include "seal/ssh_signers.h"
#include "seal/ssh_sig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct tmk_ssh_signer *s)
{
	const char *why;
	struct tmk_ssh_key key;

	if (!s->line || !s->principals || !*s->principals ||
	    strpbrk(s->principals, "\"\n\r") ||
	    (s->blob && !tmk_ssh_key_read(&key, s->blob, s->blob_len, &why)) ||
	    (s->after != TMK_TIME_NONE && s->before != TMK_TIME_NONE &&
	     s->before <= s->after))
		abort();
}

static void match(const uint8_t *data, size_t size)
{
	size_t half = size / 2 < 500 ? size / 2 : 500;
	char list[501];

	memcpy(list, data, half);
	list[half] = '\0';
	(void)tmk_ssh_signers_match(list, data + half, half);
	/* A list that ends in a no to everything says no. */
	if (half < 490) {
		memcpy(list + strlen(list), ",!*", 4);
		if (tmk_ssh_signers_match(list, data + half, half))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tmk_ssh_signers *all;
	struct tmk_keyring *ring = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	match(data, size);
	if (tmk_seal_sshsig.keyring_read(&ring, data, size, "F", &err)) {
		if (ring || err.code != TMK_USAGE || !err.text[0])
			abort();
		return 0;
	}
	all = ring->priv;
	for (i = 0; i < all->signers; i++)
		check_line(&all->signer[i]);
	tmk_keyring_free(ring);
	return 0;
}
