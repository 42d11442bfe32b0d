/*
 * fuzz_openpgp_ring.c - hostile bytes as a keyring: read, and every key in it
 * asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "seal/openpgp_ring.h"

extern const struct tmk_seal_ops tmk_seal_openpgp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* Addresses of one '@', without blanks or control characters; as many as there
 * is room for. */
static void ask_emails(const struct tmk_keyring *keyring,
		       const struct tmk_evidence *ev)
{
	struct tmk_buf out = TMK_BUF_INIT(64);
	struct tmk_err err = TMK_ERR_INIT;
	const char *mail, *end, *p;

	demand(!tmk_seal_openpgp.keyring_emails(&out, keyring, ev, 0, "git",
						1700000000, &err));
	mail = tmk_buf_str(&out);
	for (end = mail + out.len; mail < end; mail += strlen(mail) + 1) {
		p = strchr(mail, '@');
		demand(p && p > mail && p[1] && !strchr(p + 1, '@'));
		for (p = mail; *p; p++)
			demand((unsigned char)*p > ' ' && *p != 0x7f);
	}
	demand(mail == end);
	tmk_buf_release(&out);
}

/* A signature that names key `k`, as the parser would give it. */
static void ask(const struct tmk_keyring *keyring, const uint8_t *fpr,
		bool id_alone)
{
	struct tmk_openpgp_sig sig = { .has_id = true, .has_fpr = !id_alone };
	struct tmk_evidence ev = { .ops = &tmk_seal_openpgp,
		.format = TMK_FORMAT_OPENPGP, .signatures = 1 };
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_standing s;

	memcpy(sig.fpr, fpr, sizeof(sig.fpr));
	memcpy(sig.id, fpr + 12, sizeof(sig.id));
	ev.signature[0].priv = &sig;
	ev.signature[0].claimed_time = UINT32_MAX;
	demand(!tmk_seal_openpgp.keyring_find(&s, keyring, &ev, 0, "git", &v,
					      &err));
	demand((v.reason == TMK_GOOD) == !v.text[0]);
	if (v.reason != TMK_GOOD)
		return;
	demand(s.key && strlen(s.key_id) == 40 && strlen(s.primary_id) == 40);
	demand(s.valid_from >= 0);
	demand(memchr(s.user, 0, sizeof(s.user)) && !strchr(s.user, 0x1b));
	ask_emails(keyring, &ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_keyring *keyring = NULL;
	const struct tmk_openpgp_ring *ring;
	int i;

	if (tmk_seal_openpgp.keyring_read(&keyring, data, size, "fuzz",
					  &err)) {
		demand(!keyring && err.code == TMK_USAGE && err.text[0]);
		return 0;
	}
	ring = keyring->priv;
	for (i = 0; i < ring->keys && i < 32; i++) {
		ask(keyring, ring->key[i].key.fpr, false);
		ask(keyring, ring->key[i].key.fpr, true);
	}
	tmk_keyring_free(keyring);
	return 0;
}
