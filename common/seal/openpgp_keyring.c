/*
 * Reading a keyring: transferable public keys (RFC 9580 section 10.1), binary
 * or armoured, one or many; and finding the key behind a signature.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/radix64.h"
#include "seal/openpgp_ring.h"

#define BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
#define END "-----END PGP PUBLIC KEY BLOCK-----"

extern const struct tmk_seal_ops tmk_seal_openpgp;

static int bad(struct tmk_err *err, const char *name, const char *what)
{
	tmk_err_set(err, TMK_USAGE, "%s: the keyring %s", name, what);
	return tmk_err_hint(err, "write it with gpg --export, or touchmark "
			    "key export --type openpgp");
}

/* Whether `c` goes on with `text`; moved over it. */
static bool skip(struct tmk_openpgp_cursor *c, const char *text)
{
	size_t len = strlen(text);

	if (c->left < len || memcmp(c->at, text, len))
		return false;
	return tmk_openpgp_take(c, len) != NULL;
}

/* Armoured blocks, one after the other, empty lines between. */
static int read_armour(struct tmk_buf *out, const uint8_t *data, size_t len,
		       const char *name, struct tmk_err *err)
{
	struct tmk_openpgp_cursor c = { data, len };
	const char *why;
	const uint8_t *end;
	size_t body;

	while (c.left) {
		if (skip(&c, "\n"))
			continue;
		if (!skip(&c, BEGIN))
			return bad(err, name, "has text that is no public "
				   "key block");
		end = memmem(c.at, c.left, "\n" END, sizeof(END));
		if (!end)
			return bad(err, name, "has a block without its END");
		body = (size_t)(end + 1 - c.at);
		if (tmk_radix64_decode(out, c.at, body, &why)) {
			if (!why)
				return tmk_err_nomem(err);
			tmk_err_set(err, TMK_USAGE, "%s: an armour in the "
				    "keyring %s", name, why);
			return -1;
		}
		if (!tmk_openpgp_take(&c, body) || !skip(&c, END) ||
		    (c.left && !skip(&c, "\n")))
			return bad(err, name, "has text behind an END");
	}
	return 0;
}

static int more_keys(struct tmk_openpgp_ring *ring, struct tmk_err *err)
{
	struct tmk_openpgp_ring_key *keys;

	/* Doubled whenever the count is a power of two. */
	if (ring->keys & (ring->keys - 1))
		return 0;
	keys = reallocarray(ring->key, ring->keys ? 2 * (size_t)ring->keys :
			    1, sizeof(*keys));
	if (!keys)
		return tmk_err_nomem(err);
	ring->key = keys;
	return 0;
}

static int add_key(struct tmk_openpgp_ring *ring, bool primary,
		   const struct tmk_openpgp_packet *packet,
		   struct tmk_err *err)
{
	struct tmk_openpgp_ring_cert *cert = &ring->cert[ring->certs - 1];
	struct tmk_openpgp_ring_key *entry;
	struct tmk_openpgp_key key;

	/* Keys of other versions lie in old keyrings; they make no signature
	 * that is read here. */
	if (!tmk_openpgp_key_read(&key, packet->body, packet->len) ||
	    (!primary && cert->primary < 0))
		return 0;
	if (more_keys(ring, err))
		return -1;
	if (primary)
		cert->primary = ring->keys;
	entry = &ring->key[ring->keys++];
	memset(entry, 0, sizeof(*entry));
	entry->key = key;
	entry->cert = ring->certs - 1;
	entry->primary = primary;
	return 0;
}

/* Every packet: which key it belongs to. `start` is where it begins. */
static int add_packet(struct tmk_openpgp_ring *ring,
		      const struct tmk_openpgp_packet *packet,
		      const uint8_t *start, int *subkeys, const char *name,
		      struct tmk_err *err)
{
	struct tmk_openpgp_ring_cert *cert;

	switch (packet->tag) {
	case TMK_OPENPGP_PUBLIC_KEY:
		if (ring->certs == TMK_OPENPGP_CERTS_MAX)
			return bad(err, name, "has more than 4096 keys");
		cert = &ring->cert[ring->certs++];
		*cert = (struct tmk_openpgp_ring_cert){ start, 0, -1 };
		*subkeys = 0;
		return add_key(ring, true, packet, err);
	case TMK_OPENPGP_SECRET_KEY:
	case TMK_OPENPGP_SECRET_SUBKEY:
		return bad(err, name, "holds a secret key");
	case TMK_OPENPGP_MARKER:
	case TMK_OPENPGP_TRUST:
		return 0;
	case TMK_OPENPGP_PUBLIC_SUBKEY:
	case TMK_OPENPGP_SIGNATURE:
	case TMK_OPENPGP_USER_ID:
	case TMK_OPENPGP_USER_ATTRIBUTE:
		break;
	default:
		return bad(err, name, "has a packet that belongs to no public "
			   "key");
	}
	if (!ring->certs)
		return bad(err, name, "does not begin with a public key");
	if (packet->tag != TMK_OPENPGP_PUBLIC_SUBKEY)
		return 0;
	if (++*subkeys > TMK_OPENPGP_SUBKEYS_MAX)
		return bad(err, name, "has a key with more than 64 subkeys");
	return add_key(ring, false, packet, err);
}

/* One key twice: one copy may tell of a revocation that the other hides. */
static int by_fingerprint(const void *a, const void *b)
{
	const struct tmk_openpgp_ring_key *const *x = a, *const *y = b;

	return memcmp((*x)->key.fpr, (*y)->key.fpr, TMK_OPENPGP_FPR);
}

static int check_once(const struct tmk_openpgp_ring *ring, const char *name,
		      struct tmk_err *err)
{
	const struct tmk_openpgp_ring_key **sorted;
	char fpr[2 * TMK_OPENPGP_FPR + 1];
	int i, n = 0, rc = 0;

	sorted = calloc((size_t)ring->keys + 1, sizeof(*sorted));
	if (!sorted)
		return tmk_err_nomem(err);
	for (i = 0; i < ring->keys; i++)
		if (ring->key[i].primary)
			sorted[n++] = &ring->key[i];
	qsort(sorted, (size_t)n, sizeof(*sorted), by_fingerprint);
	for (i = 1; i < n && !rc; i++) {
		if (by_fingerprint(&sorted[i - 1], &sorted[i]))
			continue;
		tmk_enc_hex_upper(fpr, sorted[i]->key.fpr, TMK_OPENPGP_FPR);
		tmk_err_set(err, TMK_USAGE, "%s: the keyring has the key %s "
			    "twice", name, fpr);
		rc = tmk_err_hint(err, "let gpg --import merge them, then "
				  "export the key again");
	}
	free(sorted);
	return rc;
}

static int read_packets(struct tmk_openpgp_ring *ring, const char *name,
			struct tmk_err *err)
{
	struct tmk_openpgp_cursor c = { ring->data.data, ring->data.len };
	struct tmk_openpgp_packet packet;
	const uint8_t *start;
	int subkeys = 0;

	while (c.left) {
		start = c.at;
		if (!tmk_openpgp_packet_next(&packet, &c))
			return bad(err, name, "is no OpenPGP data, or cut "
				   "off");
		if (add_packet(ring, &packet, start, &subkeys, name, err))
			return -1;
		if (ring->certs)
			ring->cert[ring->certs - 1].len = (size_t)
				(c.at - ring->cert[ring->certs - 1].data);
	}
	if (!ring->certs)
		return bad(err, name, "holds no key");
	return check_once(ring, name, err);
}

int tmk_openpgp_keyring_read(struct tmk_keyring **out, const uint8_t *data,
			     size_t len, const char *name,
			     struct tmk_err *err)
{
	struct tmk_openpgp_ring *ring;
	int rc;

	if (!len)
		return bad(err, name, "is empty");
	if (len > TMK_OPENPGP_RING_MAX)
		return bad(err, name, "is larger than 16 MiB");
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return tmk_err_nomem(err);
	tmk_buf_init(&ring->data, TMK_OPENPGP_RING_MAX);
	ring->keyring.ops = &tmk_seal_openpgp;
	ring->keyring.priv = ring;
	ring->cert = calloc(TMK_OPENPGP_CERTS_MAX, sizeof(*ring->cert));
	if (!ring->cert)
		rc = tmk_err_nomem(err);
	else if (data[0] & 0x80)
		rc = tmk_buf_add(&ring->data, data, len) ? tmk_err_nomem(err) :
			0;
	else
		rc = read_armour(&ring->data, data, len, name, err);
	if (!rc)
		rc = read_packets(ring, name, err);
	if (rc) {
		tmk_openpgp_keyring_free(&ring->keyring);
		return -1;
	}
	*out = &ring->keyring;
	return 0;
}

void tmk_openpgp_keyring_free(struct tmk_keyring *keyring)
{
	struct tmk_openpgp_ring *ring = keyring->priv;
	int i;

	for (i = 0; i < ring->keys; i++)
		tmk_openpgp_ring_facts_free(ring->key[i].facts);
	free(ring->key);
	free(ring->cert);
	tmk_buf_release(&ring->data);
	free(ring);
}

static int missing(struct tmk_verdict *v, const char *key_id,
		   const char *what)
{
	tmk_verdict_refuse(v, TMK_CERT_MISSING, "the keyring %s %s", what,
			   key_id);
	return tmk_verdict_hint(v, "add the signer's public key to the "
				"keyring: gpg --export, or touchmark key "
				"export --type openpgp");
}

static bool is_named(const struct tmk_openpgp_sig *sig,
		     const struct tmk_openpgp_key *key)
{
	if (sig->has_fpr)
		return !memcmp(sig->fpr, key->fpr, TMK_OPENPGP_FPR);
	return sig->has_id &&
		!memcmp(sig->id, key->fpr + TMK_OPENPGP_FPR - 8, 8);
}

static int too_many(struct tmk_verdict *v, const char *key_id,
		    const char *what)
{
	return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the key %s %s",
				  key_id, what);
}

/* Exactly one key that is somebody's. Two owners of one key would let one sign
 * in the name of the other. */
static int pick(int *at, const struct tmk_openpgp_facts **facts,
		struct tmk_openpgp_ring *ring,
		const struct tmk_signature *sig, struct tmk_verdict *v,
		struct tmk_err *err)
{
	const struct tmk_openpgp_facts *f;
	int i, found = -1, unbound = 0, alike = 0;

	for (i = 0; i < ring->keys; i++) {
		if (!is_named(sig->priv, &ring->key[i].key))
			continue;
		if (++alike > TMK_OPENPGP_ALIKE_MAX)
			return too_many(v, sig->key_id, "stands in the keyring "
					"too often");
		if (tmk_openpgp_ring_facts(&f, ring, i, err))
			return -1;
		if (f->flooded)
			return too_many(v, sig->key_id, "in the keyring has "
				"more signatures or revokers than are looked "
				"at");
		if (!f->bound) {
			unbound++;
			continue;
		}
		if (found >= 0)
			return missing(v, sig->key_id, "has two keys for");
		found = i;
		*facts = f;
	}
	*at = found;
	if (found >= 0)
		return 0;
	if (!unbound)
		return missing(v, sig->key_id, "has no key");
	tmk_verdict_refuse(v, TMK_CERT_MISSING, "the key %s in the keyring "
			   "carries no signature of its owner that holds",
			   sig->key_id);
	return tmk_verdict_hint(v, "its owner must sign it anew, with SHA-2, "
		"a subkey also the other way round; then export it again");
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a == TMK_TIME_NONE || b == TMK_TIME_NONE)
		return a == TMK_TIME_NONE ? b : a;
	return a < b ? a : b;
}

static void fill(struct tmk_standing *out,
		 const struct tmk_openpgp_ring_key *entry,
		 const struct tmk_openpgp_facts *f,
		 const struct tmk_openpgp_ring_key *primary,
		 const struct tmk_openpgp_facts *pf)
{
	memset(out, 0, sizeof(*out));
	out->key = f->key;
	out->owner = pf->key;
	tmk_enc_hex_upper(out->key_id, entry->key.fpr, TMK_OPENPGP_FPR);
	tmk_enc_hex_upper(out->primary_id, primary->key.fpr, TMK_OPENPGP_FPR);
	memcpy(out->user, pf->user, sizeof(out->user));
	out->valid_from = entry->key.created > primary->key.created ?
		entry->key.created : primary->key.created;
	out->valid_until = earlier(f->until, pf->until);
	out->revoked_at = earlier(f->revoked_at, pf->revoked_at);
	out->revoked_hard = f->revoked_hard || pf->revoked_hard;
}

int tmk_openpgp_keyring_find(struct tmk_standing *out,
			     const struct tmk_keyring *keyring,
			     const struct tmk_evidence *evidence, int i,
			     const char *name_space, struct tmk_verdict *v,
			     struct tmk_err *err)
{
	struct tmk_openpgp_ring *ring = keyring->priv;
	const struct tmk_signature *sig = &evidence->signature[i];
	const struct tmk_openpgp_facts *f = NULL, *pf = NULL;
	char made[TMK_CLOCK_TEXT];
	struct tmk_standing s;
	int at = -1, primary;

	(void)name_space;	/* an OpenPGP signature does not say */
	if (pick(&at, &f, ring, sig, v, err))
		return -1;
	if (v->reason != TMK_GOOD)
		return 0;
	if (!f)
		return tmk_err_set(err, TMK_INTERNAL, "no key was found");
	primary = ring->cert[ring->key[at].cert].primary;
	if (tmk_openpgp_ring_facts(&pf, ring, primary, err))
		return -1;
	if (!pf->bound || pf->flooded)
		return missing(v, sig->key_id, "has no valid signature of "
			       "its owner on the key that owns");
	if (!(f->flags & TMK_OPENPGP_FLAG_SIGN)) {
		tmk_verdict_refuse(v, TMK_CERT_USAGE, "the key %s is not for "
				   "signing, as its owner says", sig->key_id);
		return tmk_verdict_hint(v, "sign with a key or subkey whose "
					"flags include signing");
	}
	fill(&s, &ring->key[at], f, &ring->key[primary], pf);
	if (sig->claimed_time < s.valid_from)
		return tmk_verdict_refuse(v, TMK_CERT_NOT_YET_VALID,
			"the signature says a time before its key was made "
			"(%s)", tmk_clock_format(made, s.valid_from));
	*out = s;
	return 0;
}

int tmk_openpgp_keyring_emails(struct tmk_buf *out,
			       const struct tmk_keyring *keyring,
			       const struct tmk_evidence *evidence, int i,
			       const char *name_space, int64_t at,
			       struct tmk_err *err)
{
	struct tmk_openpgp_ring *ring = keyring->priv;
	const struct tmk_openpgp_facts *f = NULL, *pf = NULL;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	const struct tmk_openpgp_user *u;
	const uint8_t *mail;
	size_t len;
	int k, found = -1;

	(void)name_space;
	if (pick(&found, &f, ring, &evidence->signature[i], &v, err))
		return -1;
	if (v.reason != TMK_GOOD || found < 0)
		return tmk_err_set(err, TMK_INTERNAL, "no key was found");
	if (tmk_openpgp_ring_facts(&pf, ring, ring->cert[ring->key[found].cert]
				   .primary, err))
		return -1;
	for (k = 0; k < pf->user_count; k++) {
		u = &pf->users[k];
		if ((u->until != TMK_TIME_NONE && at >= u->until) ||
		    !tmk_openpgp_user_email(&mail, &len, u->id, u->len))
			continue;
		if (out->max - out->len < len + 1)
			break;
		if (tmk_buf_add(out, mail, len) || tmk_buf_addch(out, 0))
			return tmk_err_nomem(err);
	}
	return 0;
}
