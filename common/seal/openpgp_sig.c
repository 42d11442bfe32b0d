/*
 * Reading a signature packet of version 4 (RFC 9580 section 5.2.3).
 */
#include "seal/openpgp_sig.h"

#include <string.h>

#include "base/clock.h"

#define VERSION 4
#define REVOKER_LEN 22		/* class, algorithm, fingerprint */

static bool wrong(const char **why, const char *what)
{
	*why = what;
	return false;
}

static void odd(struct tmk_openpgp_sig *sig, const char *what)
{
	if (!sig->odd)
		sig->odd = what;
}

/* Where subpackets come from, and what was seen there already. */
struct area {
	struct tmk_openpgp_sig *sig;
	bool hashed;
	uint64_t seen[2];	/* a bit for each type */
};

static bool again(struct area *a, int type)
{
	uint64_t bit = UINT64_C(1) << (type & 63);
	bool was = a->seen[type >> 6 & 1] & bit;

	a->seen[type >> 6 & 1] |= bit;
	return was;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | p[3];
}

/* The low 64 bits of the issuer: all that say it must say the same. */
static void issuer(struct tmk_openpgp_sig *sig, const uint8_t *id)
{
	if (sig->has_id && memcmp(sig->id, id, sizeof(sig->id)))
		odd(sig, "names two issuers");
	memcpy(sig->id, id, sizeof(sig->id));
	sig->has_id = true;
}

static bool fingerprint(struct area *a, const struct tmk_openpgp_sub *s)
{
	struct tmk_openpgp_sig *sig = a->sig;

	if (s->len != TMK_OPENPGP_FPR + 1 || s->body[0] != VERSION) {
		odd(sig, "names an issuer of another version");
		return true;
	}
	issuer(sig, s->body + 1 + TMK_OPENPGP_FPR - sizeof(sig->id));
	if (!a->hashed)
		return true;
	memcpy(sig->fpr, s->body + 1, TMK_OPENPGP_FPR);
	sig->has_fpr = true;
	return true;
}

/* Name and value (section 5.2.3.24). Ours is a timestamp when it stands where
 * it is put after signing; whoever makes another critical means that it must
 * be understood. */
static bool notation(struct area *a, const struct tmk_openpgp_sub *s)
{
	static const char ours[] = TMK_OPENPGP_TOKEN_NAME;
	struct tmk_openpgp_cursor c = { s->body, s->len };
	struct tmk_openpgp_sig *sig = a->sig;
	uint32_t flags, name_len, value_len;
	const uint8_t *name;

	if (!tmk_openpgp_number(&flags, &c, 4) ||
	    !tmk_openpgp_number(&name_len, &c, 2) ||
	    !tmk_openpgp_number(&value_len, &c, 2))
		return false;
	name = tmk_openpgp_take(&c, name_len);
	if (!name || c.left != value_len)
		return false;
	if (s->critical)
		odd(sig, "has a critical notation that is not known");
	if (a->hashed || name_len != sizeof(ours) - 1 ||
	    memcmp(name, ours, name_len))
		return true;
	if (flags || !value_len)
		odd(sig, "has a timestamp in a form that is not ours");
	if (sig->tokens < TMK_TOKENS_MAX) {
		sig->token[sig->tokens] = c.at;
		sig->token_len[sig->tokens] = value_len;
	}
	sig->tokens++;
	return true;
}

static void embedded(struct area *a, const struct tmk_openpgp_sub *s)
{
	/* A second one would be tried in vain: the hashed one counts. */
	if (a->sig->embedded)
		return;
	a->sig->embedded = s->body;
	a->sig->embedded_len = s->len;
}

static void revoker(struct area *a, const struct tmk_openpgp_sub *s)
{
	struct tmk_openpgp_sig *sig = a->sig;

	if (!a->hashed || s->len != REVOKER_LEN || !(s->body[0] & 0x80))
		return;
	if (sig->revokers < TMK_OPENPGP_REVOKERS)
		sig->revoker[sig->revokers] = s->body + 2;
	sig->revokers++;
}

/* A subpacket that is only meant where it is signed. Its length is exact. */
static bool hashed_only(struct area *a, const struct tmk_openpgp_sub *s)
{
	struct tmk_openpgp_sig *sig = a->sig;
	uint32_t v;

	if (s->type == TMK_OPENPGP_SUB_PRIMARY ? s->len != 1 : s->len != 4)
		return false;
	if (!a->hashed) {
		odd(sig, "says times where they are not signed");
		return true;
	}
	v = s->len == 4 ? be32(s->body) : s->body[0];
	if (s->type == TMK_OPENPGP_SUB_CREATED)
		sig->created = v;
	else if (s->type == TMK_OPENPGP_SUB_EXPIRES)
		sig->expires = v;
	else if (s->type == TMK_OPENPGP_SUB_PRIMARY)
		sig->primary = v;
	else {
		sig->key_expires = v;
		sig->says_key_expires = true;
	}
	return true;
}

/* Whether somebody who marks this one critical is understood by us. Those of
 * a key's preferences are, since nothing here depends on them. */
static bool known(int type)
{
	switch (type) {
	case 4: case 7: case 22: case 23: case 24: case 26: case 30:
	case TMK_OPENPGP_SUB_CIPHERS: case TMK_OPENPGP_SUB_HASHES:
	case TMK_OPENPGP_SUB_FLAGS: case TMK_OPENPGP_SUB_USER:
	case TMK_OPENPGP_SUB_REASON:
		return true;
	}
	return false;
}

static bool one(struct area *a, const struct tmk_openpgp_sub *s)
{
	struct tmk_openpgp_sig *sig = a->sig;
	bool twice = again(a, s->type);

	switch (s->type) {
	case TMK_OPENPGP_SUB_CREATED:
	case TMK_OPENPGP_SUB_EXPIRES:
	case TMK_OPENPGP_SUB_KEY_EXPIRES:
	case TMK_OPENPGP_SUB_PRIMARY:
		if (twice)
			odd(sig, "says the same thing twice");
		return hashed_only(a, s);
	case TMK_OPENPGP_SUB_ISSUER:
		if (s->len != sizeof(sig->id))
			return false;
		if (twice)
			odd(sig, "names its issuer twice");
		issuer(sig, s->body);
		return true;
	case TMK_OPENPGP_SUB_FINGERPRINT:
		if (twice)
			odd(sig, "names its issuer twice");
		return fingerprint(a, s);
	case TMK_OPENPGP_SUB_NOTATION:
		return notation(a, s);
	case TMK_OPENPGP_SUB_EMBEDDED:
		embedded(a, s);
		return true;
	case TMK_OPENPGP_SUB_REVOKER:
		revoker(a, s);
		return true;
	case TMK_OPENPGP_SUB_FLAGS:
		if (a->hashed)
			sig->flags = s->len ? s->body[0] : 0;
		return true;
	case TMK_OPENPGP_SUB_REASON:
		if (a->hashed && s->len)
			sig->reason = s->body[0];
		return true;
	}
	if (s->critical && !known(s->type))
		odd(sig, "has a critical subpacket that is not known");
	return true;
}

static bool read_area(struct tmk_openpgp_sig *sig, bool hashed,
		      const uint8_t *at, size_t len)
{
	struct area a = { sig, hashed, { 0, 0 } };
	struct tmk_openpgp_cursor c = { at, len };
	struct tmk_openpgp_sub s;

	if (len > TMK_OPENPGP_AREA_MAX)
		odd(sig, "has subpackets of more than 10000 octets");
	while (c.left)
		if (!tmk_openpgp_sub_next(&s, &c) || !one(&a, &s))
			return false;
	return true;
}

static bool read_numbers(struct tmk_openpgp_sig *sig,
			 struct tmk_openpgp_cursor *c)
{
	int i, count = 2;

	switch (sig->algorithm) {
	case TMK_OPENPGP_RSA:
	case TMK_OPENPGP_RSA_SIGN:
		count = 1;
		break;
	case TMK_OPENPGP_ECDSA:
	case TMK_OPENPGP_EDDSA:
		break;
	default:
		return true;
	}
	for (i = 0; i < count; i++)
		if (!tmk_openpgp_mpi_next(&sig->mpi[i], c) ||
		    sig->mpi[i].len > TMK_SIGNATURE_MAX * 2)
			return false;
	sig->mpis = count;
	return !c->left;
}

bool tmk_openpgp_sig_read(struct tmk_openpgp_sig *out, const uint8_t *body,
			  size_t len, const char **why)
{
	struct tmk_openpgp_cursor c = { body, len };
	struct tmk_openpgp_sig sig = { .body = body, .flags = -1,
		.reason = -1, .created = TMK_TIME_NONE };
	const uint8_t *head, *hashed, *unhashed, *left;
	uint32_t hashed_len, unhashed_len;

	head = tmk_openpgp_take(&c, 4);
	if (!head || head[0] != VERSION)
		return wrong(why, "is not of version 4");
	sig.type = head[1];
	sig.algorithm = head[2];
	sig.hash = head[3];
	if (!tmk_openpgp_number(&hashed_len, &c, 2))
		return wrong(why, "is cut off");
	hashed = tmk_openpgp_take(&c, hashed_len);
	sig.hashed_end = len - c.left;
	if (!hashed || !tmk_openpgp_number(&unhashed_len, &c, 2))
		return wrong(why, "is cut off");
	unhashed = tmk_openpgp_take(&c, unhashed_len);
	left = tmk_openpgp_take(&c, sizeof(sig.left));
	if (!unhashed || !left)
		return wrong(why, "is cut off");
	memcpy(sig.left, left, sizeof(sig.left));
	sig.value = c.at;
	sig.value_len = c.left;
	if (!read_area(&sig, true, hashed, hashed_len) ||
	    !read_area(&sig, false, unhashed, unhashed_len))
		return wrong(why, "has a malformed subpacket");
	if (!read_numbers(&sig, &c))
		return wrong(why, "has malformed numbers");
	*out = sig;
	return true;
}
