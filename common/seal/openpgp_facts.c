/*
 * What the signatures in a keyring say about one of its keys (RFC 9580
 * sections 5.2.3.10 and 10.1). Only what the owner signed counts, with SHA-2;
 * a revocation counts with SHA-1 as well, and with subpackets that are not
 * understood: a key that was given up stays given up.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "base/clock.h"
#include "base/enc.h"
#include "seal/openpgp_hash.h"
#include "seal/openpgp_ring.h"

#define SUPERSEDED 1		/* reasons of revocation that leave what was */
#define RETIRED 3		/* signed before (section 5.2.3.31) */
#define USER_MAX 2048		/* octets of a user id: gpg's limit */

/* Signatures that decide, the newest of their kind so far. */
struct choice {
	bool found;
	struct tmk_openpgp_sig sig;
};

struct walk {
	struct tmk_openpgp_ring *ring;
	const struct tmk_openpgp_ring_cert *cert;
	const struct tmk_openpgp_ring_key *primary;
	const struct tmk_openpgp_ring_key *subkey;	/* asked for; or NULL */
	EVP_PKEY *owner;		/* the primary key's */
	struct tmk_openpgp_facts *facts;	/* being filled */
	struct tmk_openpgp_packet over;	/* what the next signatures are about */
	struct choice direct, binding;
	struct choice user, best;	/* of this user id; of all */
	struct choice odd;	/* of all, with what is not understood */
	int64_t user_revoked;
	/* Keys of those whom the owner named; NULL: not in the keyring. */
	const struct tmk_openpgp_ring_key *revoker[TMK_OPENPGP_REVOKERS];
	int64_t back_until;		/* the end of the subkey's own word */
	int tries;
	struct tmk_err *err;
};

static bool is_certification(int type)
{
	return type >= TMK_OPENPGP_CERTIFY &&
		type <= TMK_OPENPGP_CERTIFY_POSITIVE;
}

static bool is_revocation(int type)
{
	return type == TMK_OPENPGP_REVOKE_KEY ||
		type == TMK_OPENPGP_REVOKE_SUBKEY ||
		type == TMK_OPENPGP_REVOKE_CERTIFY;
}

/* The digest that a signature of this type is over. */
static int digest_of(const struct walk *w, const struct tmk_openpgp_sig *sig,
		     uint8_t *digest, size_t *len)
{
	const struct tmk_openpgp_key *key = &w->primary->key;
	struct tmk_openpgp_hash h;
	int rc;

	rc = tmk_openpgp_hash_init(&h, sig->hash, w->err);
	if (!rc)
		rc = tmk_openpgp_hash_key(&h, key->body, key->len, w->err);
	if (!rc && (is_certification(sig->type) ||
		    sig->type == TMK_OPENPGP_REVOKE_CERTIFY))
		rc = tmk_openpgp_hash_user(&h, 0xb4, w->over.body,
					   w->over.len, w->err);
	if (!rc && (sig->type == TMK_OPENPGP_BINDING ||
		    sig->type == TMK_OPENPGP_BACK ||
		    sig->type == TMK_OPENPGP_REVOKE_SUBKEY))
		rc = tmk_openpgp_hash_key(&h, w->over.body, w->over.len,
					  w->err);
	if (!rc)
		rc = tmk_openpgp_hash_close(&h, sig->body, sig->hashed_end,
					    digest, len, w->err);
	tmk_openpgp_hash_release(&h);
	return rc;
}

/* Whether `key`, made at `born`, made this signature: 1, 0, negative. One that
 * says to be older than its key is no word of its owner's. */
static int holds(struct walk *w, const struct tmk_openpgp_sig *sig,
		 EVP_PKEY *key, int64_t born)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	const char *why = NULL;
	size_t len = 0;

	if (!sig->mpis || !tmk_openpgp_hash_md(sig->hash))
		return 0;
	if (!is_revocation(sig->type) && (!tmk_openpgp_sig_hash(sig->hash) ||
					  sig->created < born))
		return 0;
	if (++w->tries > TMK_OPENPGP_TRIES_MAX) {
		w->facts->flooded = true;
		return 0;
	}
	if (digest_of(w, sig, digest, &len))
		return -1;
	return tmk_openpgp_sig_verify(sig, key, digest, len, &why, w->err);
}

static bool named(const struct tmk_openpgp_sig *sig, const uint8_t *fpr)
{
	const size_t id = TMK_OPENPGP_FPR - sizeof(sig->id);

	if (sig->has_fpr)
		return !memcmp(sig->fpr, fpr, TMK_OPENPGP_FPR);
	return !sig->has_id || !memcmp(sig->id, fpr + id, sizeof(sig->id));
}

static void prefer(struct choice *choice, const struct tmk_openpgp_sig *sig)
{
	if (choice->found && choice->sig.created > sig->created)
		return;
	choice->found = true;
	choice->sig = *sig;
}

static void revoke(struct tmk_openpgp_facts *f,
		   const struct tmk_openpgp_sig *sig)
{
	int64_t at = sig->created == TMK_TIME_NONE ? 0 : sig->created;

	if (sig->reason != SUPERSEDED && sig->reason != RETIRED)
		f->revoked_hard = true;
	if (f->revoked_at == TMK_TIME_NONE || at < f->revoked_at)
		f->revoked_at = at;
}

static void keep_user(struct tmk_openpgp_facts *f,
		      const struct tmk_openpgp_packet *id,
		      const struct tmk_openpgp_sig *sig)
{
	struct tmk_openpgp_user *u;

	if (!f->users || f->user_count == TMK_OPENPGP_USERS_MAX)
		return;
	u = &f->users[f->user_count++];
	u->id = id->body;
	u->len = id->len;
	u->until = sig->expires ? sig->created + sig->expires : TMK_TIME_NONE;
}

/* The user id that was walked over: kept unless it was taken back. What is not
 * understood binds nothing, but an older word does not come back for it. */
static void close_user(struct walk *w)
{
	const struct tmk_openpgp_sig *sig = &w->user.sig;
	bool better;

	if (w->user.found && w->user_revoked < sig->created && sig->odd) {
		prefer(&w->odd, sig);
	} else if (w->user.found && w->user_revoked < sig->created) {
		keep_user(w->facts, &w->over, sig);
		better = !w->best.found ||
			sig->primary > w->best.sig.primary ||
			(sig->primary == w->best.sig.primary &&
			 sig->created > w->best.sig.created);
		if (better) {
			w->best = w->user;
			tmk_enc_show_into(w->facts->user,
					  sizeof(w->facts->user),
					  (const char *)w->over.body,
					  w->over.len);
		}
	}
	w->user.found = false;
	w->user_revoked = TMK_TIME_NONE;
}

static bool is_revoker(const struct tmk_openpgp_facts *f, const uint8_t *fpr)
{
	int i;

	for (i = 0; i < f->revokers; i++)
		if (!memcmp(f->revoker[i], fpr, TMK_OPENPGP_FPR))
			return true;
	return false;
}

/* Whoever is left out could not revoke: too many are too many to judge. */
static void add_revokers(struct tmk_openpgp_facts *f,
			 const struct tmk_openpgp_sig *sig)
{
	int i;

	if (sig->revokers > TMK_OPENPGP_REVOKERS) {
		f->flooded = true;
		return;
	}
	for (i = 0; i < sig->revokers && !f->flooded; i++) {
		if (is_revoker(f, sig->revoker[i]))
			continue;
		if (f->revokers == TMK_OPENPGP_REVOKERS)
			f->flooded = true;
		else
			memcpy(f->revoker[f->revokers++], sig->revoker[i],
			       TMK_OPENPGP_FPR);
	}
}

/* A subkey that signs must say itself whose it is (section 5.2.1.9), or
 * anybody could claim it as his own. */
static int back_signed(struct walk *w, const struct tmk_openpgp_sig *binding)
{
	struct tmk_openpgp_sig back;
	const char *why = NULL;

	if (!binding->embedded || !w->facts->key ||
	    !tmk_openpgp_sig_read(&back, binding->embedded,
				  binding->embedded_len, &why) ||
	    back.type != TMK_OPENPGP_BACK || back.odd)
		return 0;
	if (back.expires)
		w->back_until = back.created + back.expires;
	return holds(w, &back, w->facts->key, w->subkey->key.created);
}

/* Whether this signature may be about what is asked for, where it stands. */
static bool in_place(const struct walk *w, int type)
{
	if (w->subkey)
		return w->over.tag == TMK_OPENPGP_PUBLIC_SUBKEY &&
			w->over.body == w->subkey->key.body &&
			(type == TMK_OPENPGP_BINDING ||
			 type == TMK_OPENPGP_REVOKE_SUBKEY);
	if (type == TMK_OPENPGP_DIRECT || type == TMK_OPENPGP_REVOKE_KEY)
		return true;
	return w->over.tag == TMK_OPENPGP_USER_ID && w->over.len <= USER_MAX &&
		(is_certification(type) || type == TMK_OPENPGP_REVOKE_CERTIFY);
}

/* Who may have made it: the owner; for a revocation of the key also whom the
 * owner named. Those are looked at when all their names are known. */
static int signature(struct walk *w, const struct tmk_openpgp_packet *packet)
{
	struct tmk_openpgp_sig sig;
	const char *why = NULL;
	int rc;

	if (!tmk_openpgp_sig_read(&sig, packet->body, packet->len, &why) ||
	    !in_place(w, sig.type) || !named(&sig, w->primary->key.fpr))
		return 0;
	rc = holds(w, &sig, w->owner, w->primary->key.created);
	if (rc <= 0)
		return rc;
	if (sig.type == TMK_OPENPGP_REVOKE_KEY ||
	    sig.type == TMK_OPENPGP_REVOKE_SUBKEY) {
		revoke(w->facts, &sig);
	} else if (sig.type == TMK_OPENPGP_REVOKE_CERTIFY) {
		if (sig.created == TMK_TIME_NONE)
			w->user_revoked = INT64_MAX;
		else if (sig.created > w->user_revoked)
			w->user_revoked = sig.created;
	} else if (sig.type == TMK_OPENPGP_DIRECT) {
		add_revokers(w->facts, &sig);
		prefer(&w->direct, &sig);
	} else if (sig.type == TMK_OPENPGP_BINDING) {
		prefer(&w->binding, &sig);
	} else {
		add_revokers(w->facts, &sig);
		prefer(&w->user, &sig);
	}
	return 0;
}

static int walk_over(struct walk *w,
		     int (*each)(struct walk *w,
				 const struct tmk_openpgp_packet *packet))
{
	struct tmk_openpgp_cursor c = { w->cert->data, w->cert->len };
	struct tmk_openpgp_packet packet;

	while (!w->facts->flooded && tmk_openpgp_packet_next(&packet, &c)) {
		if (packet.tag == TMK_OPENPGP_SIGNATURE) {
			if (each(w, &packet))
				return -1;
		} else if (packet.tag != TMK_OPENPGP_TRUST &&
			   packet.tag != TMK_OPENPGP_MARKER) {
			close_user(w);
			w->over = packet;
		}
	}
	close_user(w);
	return 0;
}

/* A revocation by one of those whom the owner named, if the keyring has their
 * key. */
static int by_revoker(struct walk *w, const struct tmk_openpgp_packet *packet)
{
	const struct tmk_openpgp_ring_key *by;
	struct tmk_openpgp_sig sig;
	const char *why = NULL;
	EVP_PKEY *key;
	int i, rc = 0;

	if (!tmk_openpgp_sig_read(&sig, packet->body, packet->len, &why) ||
	    sig.type != TMK_OPENPGP_REVOKE_KEY)
		return 0;
	for (i = 0; i < w->facts->revokers && !rc; i++) {
		by = w->revoker[i];
		if (!by || !named(&sig, by->key.fpr))
			continue;
		key = tmk_openpgp_key_decode(&by->key, &why);
		if (!key)
			continue;
		rc = holds(w, &sig, key, by->key.created);
		EVP_PKEY_free(key);
	}
	if (rc > 0)
		revoke(w->facts, &sig);
	return rc < 0 ? rc : 0;
}

/* Once for all revocations: a keyring is long. */
static void find_revokers(struct walk *w)
{
	const struct tmk_openpgp_ring_key *key = w->ring->key;
	int i, k;

	for (i = 0; i < w->facts->revokers; i++)
		for (k = 0; k < w->ring->keys && !w->revoker[i]; k++)
			if (key[k].primary &&
			    !memcmp(key[k].key.fpr, w->facts->revoker[i],
				    TMK_OPENPGP_FPR))
				w->revoker[i] = &key[k];
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a == TMK_TIME_NONE || b == TMK_TIME_NONE)
		return a == TMK_TIME_NONE ? b : a;
	return a < b ? a : b;
}

/* The end that a signature sets: that of the key, and its own. */
static int64_t end_of(const struct tmk_openpgp_sig *sig, int64_t created)
{
	return earlier(sig->key_expires ? created + sig->key_expires :
		       TMK_TIME_NONE, sig->expires ? sig->created +
		       sig->expires : TMK_TIME_NONE);
}

/* What the key says of itself, and what it says with a name. Where the two
 * differ, verifiers differ in which of them they ask: here only what both
 * allow is allowed. */
static void join(struct tmk_openpgp_facts *f,
		 const struct tmk_openpgp_sig *sig, int64_t created)
{
	if (sig->flags >= 0)
		f->flags = f->flags < 0 ? sig->flags : f->flags & sig->flags;
	f->until = earlier(f->until, end_of(sig, created));
}

static int about_primary(struct walk *w)
{
	struct tmk_openpgp_facts *f = w->facts;
	int64_t created = w->primary->key.created;

	f->bound = w->best.found || (w->direct.found && !w->direct.sig.odd);
	f->flags = -1;
	if (w->direct.found)
		join(f, &w->direct.sig, created);
	if (w->best.found)
		join(f, &w->best.sig, created);
	if (w->odd.found)
		join(f, &w->odd.sig, created);
	if (f->flags < 0)
		f->flags = 0;
	if (f->revokers) {
		find_revokers(w);
		w->over = (struct tmk_openpgp_packet){ 0 };
		return walk_over(w, by_revoker);
	}
	return 0;
}

static int about_subkey(struct walk *w)
{
	struct tmk_openpgp_facts *f = w->facts;
	const struct tmk_openpgp_sig *sig = &w->binding.sig;
	int rc;

	if (!w->binding.found || sig->odd)
		return 0;
	w->over = (struct tmk_openpgp_packet){ TMK_OPENPGP_PUBLIC_SUBKEY,
		w->subkey->key.body, w->subkey->key.len };
	rc = back_signed(w, sig);
	if (rc < 0)
		return rc;
	f->bound = rc;
	f->flags = sig->flags < 0 ? 0 : sig->flags;
	f->until = earlier(end_of(sig, w->subkey->key.created),
			   w->back_until);
	return 0;
}

int tmk_openpgp_ring_facts(const struct tmk_openpgp_facts **out,
			   struct tmk_openpgp_ring *ring, int i,
			   struct tmk_err *err)
{
	struct tmk_openpgp_ring_key *entry = &ring->key[i];
	const struct tmk_openpgp_ring_cert *cert = &ring->cert[entry->cert];
	struct walk w = { .ring = ring, .cert = cert, .err = err,
		.user_revoked = TMK_TIME_NONE, .back_until = TMK_TIME_NONE };
	struct tmk_openpgp_facts *facts;
	const char *why = NULL;
	int rc = 0;

	if (entry->facts) {
		*out = entry->facts;
		return 0;
	}
	facts = calloc(1, sizeof(*facts));
	if (facts && entry->primary)
		facts->users = calloc(TMK_OPENPGP_USERS_MAX,
				      sizeof(*facts->users));
	if (!facts || (entry->primary && !facts->users)) {
		free(facts);
		return tmk_err_nomem(err);
	}
	facts->until = facts->revoked_at = TMK_TIME_NONE;
	facts->key = tmk_openpgp_key_decode(&entry->key, &facts->why);
	w.facts = facts;
	w.primary = &ring->key[cert->primary];
	w.subkey = entry->primary ? NULL : entry;
	w.owner = entry->primary ? facts->key :
		tmk_openpgp_key_decode(&w.primary->key, &why);
	ERR_set_mark();
	if (facts->key && w.owner) {
		rc = walk_over(&w, signature);
		if (!rc)
			rc = entry->primary ? about_primary(&w) :
				about_subkey(&w);
	}
	ERR_pop_to_mark();
	if (!entry->primary)
		EVP_PKEY_free(w.owner);
	if (rc) {
		tmk_openpgp_ring_facts_free(facts);
		return -1;
	}
	entry->facts = facts;
	*out = facts;
	return 0;
}

void tmk_openpgp_ring_facts_free(struct tmk_openpgp_facts *facts)
{
	if (!facts)
		return;
	EVP_PKEY_free(facts->key);
	free(facts->users);
	free(facts);
}
