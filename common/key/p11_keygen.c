#include "key/p11_keygen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/sha.h>

#include "key/der.h"
#include "key/p11.h"
#include "key/p11_error.h"
#include "key/p11_find.h"
#include "key/p11_token.h"

#define SPKI_MAX 2048

/* How much of the template is asked for; each module takes one of these. */
enum strictness {
	STRICT = 0,	/* every use but signing denied, nothing changeable */
	PLAIN,		/* without the denials that are defaults anyway */
	BARE,		/* what no key is made without */
	STRICTNESS_END
};

struct gen_job {
	/* In: copies, since the worker may outlive the caller. */
	char label[256];
	uint8_t id[64];
	size_t id_len;		/* 0: the id is made from the key */
	enum tmk_algorithm algorithm;
	int form;		/* how Ed25519's curve is named */
	unsigned int bits;
	CK_ULONG modulus_bits;	/* the same in PKCS#11's type */
	/* At work. */
	CK_OBJECT_HANDLE public, private;
	/* Out. */
	struct tmk_key_info info;
};

static void gen_job_release(void *job)
{
	tmk_key_info_release(&((struct gen_job *)job)->info);
}

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

struct template {
	CK_ATTRIBUTE a[16];
	CK_ULONG n;
};

static void add(struct template *t, CK_ATTRIBUTE_TYPE type, const void *value,
		size_t len)
{
	CK_ATTRIBUTE a = { type, (void *)(uintptr_t)value, len };

	t->a[t->n++] = a;
}

static void add_flag(struct template *t, CK_ATTRIBUTE_TYPE type, bool on)
{
	add(t, type, on ? &yes : &no, 1);
}

static void add_names(struct template *t, const struct gen_job *j)
{
	add(t, CKA_LABEL, j->label, strlen(j->label));
	add(t, CKA_ID, j->id, j->id_len);
}

static void private_template(struct template *t, const struct gen_job *j,
			     enum strictness s, bool token)
{
	t->n = 0;
	add_flag(t, CKA_TOKEN, token);
	add_flag(t, CKA_PRIVATE, true);
	add_flag(t, CKA_SENSITIVE, true);
	add_flag(t, CKA_EXTRACTABLE, false);
	add_flag(t, CKA_SIGN, true);
	add_names(t, j);
	if (s == BARE)
		return;
	add_flag(t, CKA_DECRYPT, false);
	add_flag(t, CKA_UNWRAP, false);
	if (s == PLAIN)
		return;
	add_flag(t, CKA_SIGN_RECOVER, false);
	add_flag(t, CKA_DERIVE, false);
}

static void public_template(struct template *t, const struct gen_job *j,
			    enum strictness s, bool token)
{
	static const uint8_t f4[] = { 0x01, 0x00, 0x01 };
	const uint8_t *params;
	size_t len = 0;

	t->n = 0;
	add_flag(t, CKA_TOKEN, token);
	add_flag(t, CKA_VERIFY, true);
	add_names(t, j);
	if (j->algorithm == TMK_KEY_RSA) {
		add(t, CKA_MODULUS_BITS, &j->modulus_bits,
		    sizeof(j->modulus_bits));
		add(t, CKA_PUBLIC_EXPONENT, f4, sizeof(f4));
	} else {
		params = j->algorithm == TMK_KEY_ED25519 ?
			tmk_der_ed25519_params(j->form, &len) :
			tmk_der_curve_params(j->bits, &len);
		add(t, CKA_EC_PARAMS, params, len);
	}
	if (s != STRICT)
		return;
	add_flag(t, CKA_PRIVATE, false);
	add_flag(t, CKA_ENCRYPT, false);
	add_flag(t, CKA_WRAP, false);
}

/* ---- making ------------------------------------------------------------- */

/* Modules differ in what they refuse and how they say so. */
static bool is_template_refused(CK_RV rv)
{
	return rv == CKR_GENERAL_ERROR || rv == CKR_ATTRIBUTE_READ_ONLY ||
	       rv == CKR_ATTRIBUTE_TYPE_INVALID ||
	       rv == CKR_ATTRIBUTE_VALUE_INVALID ||
	       rv == CKR_TEMPLATE_INCONSISTENT;
}

/* A curve that is not known by this name; some modules say no more than for a
 * template that they refuse. */
static bool is_curve_refused(CK_RV rv)
{
	return is_template_refused(rv) || rv == CKR_CURVE_NOT_SUPPORTED ||
	       rv == CKR_DOMAIN_PARAMS_INVALID || rv == CKR_FUNCTION_FAILED ||
	       rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD;
}

static CK_MECHANISM_TYPE generation_of(enum tmk_algorithm algorithm)
{
	switch (algorithm) {
	case TMK_KEY_RSA:
		return CKM_RSA_PKCS_KEY_PAIR_GEN;
	case TMK_KEY_EC:
		return CKM_EC_KEY_PAIR_GEN;
	case TMK_KEY_ED25519:
		break;
	}
	return CKM_EC_EDWARDS_KEY_PAIR_GEN;
}

/* From the strictest template to the one that is taken. `locked`: the
 * attributes cannot be changed afterwards. */
static CK_RV make_strict(struct tmk_p11 *p, struct gen_job *j, bool token,
			 bool locked)
{
	CK_MECHANISM m = { generation_of(j->algorithm), NULL, 0 };
	struct template public, private;
	CK_RV rv = CKR_GENERAL_ERROR;
	int s;

	for (s = STRICT; s < STRICTNESS_END; s++) {
		public_template(&public, j, s, token);
		private_template(&private, j, s, token);
		if (locked && s == STRICT) {
			add_flag(&public, CKA_MODIFIABLE, false);
			add_flag(&private, CKA_MODIFIABLE, false);
		}
		rv = TMK_P11(p, C_GenerateKeyPair, p->session, &m, public.a,
			     public.n, private.a, private.n, &j->public,
			     &j->private);
		if (!is_template_refused(rv))
			break;
	}
	return rv;
}

/* Modules differ in how they want Ed25519 to be named. */
static CK_RV make_pair(struct tmk_p11 *p, struct gen_job *j, bool token,
		       bool locked)
{
	CK_RV rv, first = CKR_OK;
	size_t len;

	if (j->algorithm != TMK_KEY_ED25519)
		return make_strict(p, j, token, locked);
	for (j->form = 0; tmk_der_ed25519_params(j->form, &len); j->form++) {
		rv = make_strict(p, j, token, locked);
		if (!is_curve_refused(rv))
			return rv;
		if (!j->form)
			first = rv;
	}
	return first;
}

static void destroy(struct tmk_p11 *p, CK_OBJECT_HANDLE *h)
{
	if (*h)
		(void)TMK_P11(p, C_DestroyObject, p->session, *h);
	*h = 0;
}

static void destroy_pair(struct tmk_p11 *p, struct gen_job *j)
{
	destroy(p, &j->private);
	destroy(p, &j->public);
}

/* The id that belongs to the key: SHA-1 of its key bits (RFC 5280 4.2.1.2,
 * method 1), as certificates name it too. */
static int derive_id(struct tmk_p11 *p, struct gen_job *j,
		     uint8_t id[SHA_DIGEST_LENGTH], struct tmk_err *err)
{
	struct tmk_buf spki = TMK_BUF_INIT(SPKI_MAX);
	struct tmk_p11_key key;
	enum tmk_algorithm algorithm;
	const uint8_t *bits;
	unsigned int n;
	size_t len;
	int rc = -1;

	if (tmk_p11_read_key(p, &key, j->public, CKO_PUBLIC_KEY, false, err))
		goto out;
	rc = tmk_p11_key_spki(p, &key, &algorithm, &n, &spki, err);
	if (rc > 0)
		rc = tmk_err_set(err, TMK_KEY, "the token does not tell the "
				 "new public key");
	if (rc)
		goto out;
	bits = tmk_der_spki_bits(&spki, &len);
	SHA1(bits, len, id);
out:
	tmk_buf_release(&spki);
	return rc;
}

/* Some modules forget with a copy what they know of the key: a copy of which
 * less is asserted than of a key made in place is none to keep. */
static bool keeps_proof(struct tmk_p11 *p, CK_OBJECT_HANDLE private)
{
	struct tmk_p11_key key;

	return !tmk_p11_read_key(p, &key, private, CKO_PRIVATE_KEY, true,
				 NULL) &&
	       key.flag[TMK_P11_ALWAYS_SENSITIVE] != TMK_NO &&
	       key.flag[TMK_P11_NEVER_EXTRACTABLE] != TMK_NO &&
	       key.flag[TMK_P11_LOCAL] != TMK_NO;
}

/*
 * A key pair whose id comes from the key itself and which cannot be changed
 * afterwards: made for this session alone, then copied to the token under its
 * final id. Nothing is on the token before both are right. Returns 1 when the
 * token cannot do that.
 */
static int make_by_copy(struct tmk_p11 *p, struct gen_job *j,
			struct tmk_err *err)
{
	CK_OBJECT_HANDLE public = 0, private = 0;
	uint8_t id[SHA_DIGEST_LENGTH];
	struct template t = { .n = 0 };
	int rc = 1;

	if (make_pair(p, j, false, false) != CKR_OK)
		return 1;
	if (derive_id(p, j, id, err)) {
		rc = -1;
		goto out;
	}
	add_flag(&t, CKA_TOKEN, true);
	add(&t, CKA_ID, id, sizeof(id));
	add_flag(&t, CKA_MODIFIABLE, false);
	if (TMK_P11(p, C_CopyObject, p->session, j->public, t.a, t.n,
		    &public) != CKR_OK)
		goto out;
	if (TMK_P11(p, C_CopyObject, p->session, j->private, t.a, t.n,
		    &private) != CKR_OK)
		goto out;
	rc = keeps_proof(p, private) ? 0 : 1;
out:
	destroy_pair(p, j);
	if (rc) {
		destroy(p, &private);
		destroy(p, &public);
		return rc;
	}
	j->public = public;
	j->private = private;
	memcpy(j->id, id, sizeof(id));
	j->id_len = sizeof(id);
	return 0;
}

/* The same for a token that cannot copy: made on the token under a random id,
 * which is then changed; the key stays modifiable, as the listing says. */
static int make_and_rename(struct tmk_p11 *p, struct gen_job *j,
			   struct tmk_err *err)
{
	uint8_t id[SHA_DIGEST_LENGTH];
	struct template t = { .n = 0 };
	CK_RV rv;

	rv = make_pair(p, j, true, false);
	if (tmk_p11_check(p, rv, "C_GenerateKeyPair", err))
		return -1;
	if (derive_id(p, j, id, err))
		goto out;
	add(&t, CKA_ID, id, sizeof(id));
	rv = TMK_P11(p, C_SetAttributeValue, p->session, j->private, t.a, 1);
	if (rv == CKR_OK)
		rv = TMK_P11(p, C_SetAttributeValue, p->session, j->public,
			     t.a, 1);
	if (tmk_p11_check(p, rv, "C_SetAttributeValue", err))
		goto out;
	memcpy(j->id, id, sizeof(id));
	j->id_len = sizeof(id);
	return 0;
out:
	destroy_pair(p, j);
	return -1;
}

static int make(struct tmk_p11 *p, struct gen_job *j, struct tmk_err *err)
{
	CK_RV rv;
	int rc;

	if (j->id_len) {
		rv = make_pair(p, j, true, true);
		return tmk_p11_check(p, rv, "C_GenerateKeyPair", err);
	}
	/* Until its own is known; never seen by anybody else. */
	j->id_len = SHA_DIGEST_LENGTH;
	if (getrandom(j->id, j->id_len, 0) != (ssize_t)j->id_len)
		return tmk_err_set(err, TMK_INTERNAL, "no random bytes");
	rc = make_by_copy(p, j, err);
	return rc > 0 ? make_and_rename(p, j, err) : rc;
}

/* ---- judging ------------------------------------------------------------ */

/* What is wrong with a new key; NULL when nothing is. */
static const char *fault_of(const struct tmk_key_info *i,
			    const struct gen_job *j)
{
	if (i->sensitive != TMK_YES)
		return "is not SENSITIVE";
	if (i->extractable != TMK_NO)
		return "is EXTRACTABLE";
	if (i->always_sensitive == TMK_NO)
		return "was not always SENSITIVE";
	if (i->never_extractable == TMK_NO)
		return "was EXTRACTABLE once";
	if (i->local == TMK_NO)
		return "was not made in the token (LOCAL is false)";
	if (i->sign != TMK_YES)
		return "may not SIGN";
	if (i->decrypt == TMK_YES)
		return "may DECRYPT";
	if (i->unwrap == TMK_YES)
		return "may UNWRAP";
	if (i->algorithm != j->algorithm || i->bits != j->bits)
		return "is of another kind or size than was asked for";
	if (i->id_len != j->id_len || memcmp(i->id, j->id, i->id_len))
		return "has another id than was asked for";
	return NULL;
}

static int read_back(struct tmk_p11 *p, struct gen_job *j, struct tmk_err *err)
{
	struct tmk_p11_key key;
	const char *fault;
	int rc;

	if (tmk_p11_read_key(p, &key, j->private, CKO_PRIVATE_KEY, true, err))
		return -1;
	rc = tmk_p11_key_info(p, &key, &j->info, err);
	if (rc < 0)
		return -1;
	fault = rc > 0 ? "has no public part" : fault_of(&j->info, j);
	if (!fault && !j->info.uri[0])
		fault = "has names too long for a URI";
	if (!fault)
		return 0;
	tmk_err_set(err, TMK_KEY, "the new key %s, says the token: it was "
		    "destroyed", fault);
	return tmk_err_hint(err, "see the token's own policy for new keys, or "
			    "choose another token");
}

/* A label or id that is taken would make every later URI ambiguous. */
static int check_free(struct tmk_p11 *p, const struct gen_job *j,
		      struct tmk_err *err)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY,
						   CKO_PUBLIC_KEY };
	CK_OBJECT_HANDLE h;
	size_t n, i;

	for (i = 0; i < 2; i++) {
		if (tmk_p11_search_keys(p, classes[i], NULL, 0, j->label, &h,
					1, &n, err))
			return -1;
		if (n) {
			tmk_err_set(err, TMK_KEY, "a key with the label %s is "
				    "on the token already", j->label);
			return tmk_err_hint(err, "choose another label");
		}
		if (!j->id_len)
			continue;
		if (tmk_p11_search_keys(p, classes[i], j->id, j->id_len, NULL,
					&h, 1, &n, err))
			return -1;
		if (n) {
			tmk_err_set(err, TMK_KEY, "a key with this id is on "
				    "the token already");
			return tmk_err_hint(err, "choose another id, or none");
		}
	}
	return 0;
}

static int gen_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct gen_job *j = p->job;

	if (check_free(p, j, err) || make(p, j, err))
		return -1;
	if (!read_back(p, j, err))
		return 0;
	destroy_pair(p, j);
	return -1;
}

/* ---- the door ----------------------------------------------------------- */

static bool is_made(enum tmk_algorithm algorithm, unsigned int bits)
{
	size_t len;

	switch (algorithm) {
	case TMK_KEY_RSA:
		return bits >= 3072 && bits <= 8192 && !(bits % 1024);
	case TMK_KEY_EC:
		return tmk_der_curve_params(bits, &len);
	case TMK_KEY_ED25519:
		return bits == 256;
	}
	return false;
}

static int check_what(const struct tmk_keygen *what, struct tmk_err *err)
{
	if (!is_made(what->algorithm, what->bits)) {
		tmk_err_set(err, TMK_KEY, "keys of %u bits are not made",
			    what->bits);
		return tmk_err_hint(err, "choose rsa3072, rsa4096, p256, p384 "
				    "or ed25519");
	}
	if (!what->label || !*what->label || strlen(what->label) > 255 ||
	    what->id_len > 64)
		return tmk_err_set(err, TMK_KEY, "a key needs a label of 1 to "
				   "255 bytes and an id of at most 64");
	return 0;
}

int tmk_p11_generate(const struct tmk_place *place,
		     const struct tmk_keygen *what, struct tmk_key_info *info,
		     struct tmk_err *err)
{
	struct tmk_p11 *p = NULL;
	struct gen_job *j;
	int rc = -1;

	if (check_what(what, err) ||
	    tmk_p11_connect(&p, place, TMK_P11_LOGIN | TMK_P11_WRITE, err))
		return -1;
	j = tmk_p11_job(p, sizeof(*j), gen_job_release);
	if (!j) {
		tmk_err_nomem(err);
		goto out;
	}
	tmk_key_info_init(&j->info);
	memcpy(j->label, what->label, strlen(what->label));
	if (what->id && what->id_len)
		memcpy(j->id, what->id, what->id_len);
	j->id_len = what->id ? what->id_len : 0;
	j->algorithm = what->algorithm;
	j->bits = what->bits;
	j->modulus_bits = what->bits;
	if (tmk_p11_run(&p, gen_work, err))
		goto out;
	tmk_key_info_release(info);
	*info = j->info;
	tmk_key_info_init(&j->info);
	if (what->made)
		what->made(what->ctx, info);
	rc = 0;
out:
	tmk_p11_free(p);
	return rc;
}
