#include "key/kms_store.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/enc.h"
#include "key/der.h"

#define SERVICE_MS 10000	/* per exchange, unless configured */

static int shut(struct tmk_err *err, const char *what)
{
	tmk_err_set(err, TMK_KEY, "a cloud service %s", what);
	return -1;
}

int tmk_kms_store_generate(const struct tmk_place *place,
			   const struct tmk_keygen *what,
			   struct tmk_key_info *info, struct tmk_err *err)
{
	(void)place;
	(void)what;
	(void)info;
	(void)shut(err, "makes keys with its own tools");
	return tmk_err_hint(err, "make the key there (docs/CLOUD.md has the "
			    "commands), then write its uri into the "
			    "configuration");
}

int tmk_kms_store_certs(const struct tmk_place *place, const uint8_t *id,
			size_t id_len,
			int (*visit)(void *ctx, const uint8_t *der, size_t len,
				     struct tmk_err *err),
			void *ctx, struct tmk_err *err)
{
	(void)place;
	(void)id;
	(void)id_len;
	(void)visit;
	(void)ctx;
	(void)err;
	return 0;
}

int tmk_kms_store_put_cert(const struct tmk_place *place, const uint8_t *id,
			   size_t id_len, const char *label,
			   const uint8_t *der, size_t len,
			   struct tmk_err *err)
{
	(void)place;
	(void)id;
	(void)id_len;
	(void)label;
	(void)der;
	(void)len;
	(void)shut(err, "keeps no certificates");
	return tmk_err_hint(err, "the configuration names the file: cert = "
			    "CHAIN.pem");
}

int tmk_kms_store_get_data(const struct tmk_place *place, const char *label,
			   struct tmk_buf *out, struct tmk_err *err)
{
	(void)place;
	(void)label;
	(void)out;
	(void)err;
	return 1;
}

int tmk_kms_store_put_data(const struct tmk_place *place, const char *label,
			   const void *data, size_t len, struct tmk_err *err)
{
	(void)place;
	(void)label;
	(void)data;
	(void)len;
	return shut(err, "keeps no data beside a key");
}

const char *tmk_kms_store_env(const char *(*env)(const char *name),
			      const char *name)
{
	const char *value = env ? env(name) : NULL;

	return value && *value ? value : NULL;
}

int tmk_kms_store_ms(const struct tmk_place *place)
{
	return place->service_ms > 0 ? place->service_ms : SERVICE_MS;
}

static const char *meaning(int status)
{
	switch (status) {
	case 400: return "what was asked for does not fit the key, or the "
			 "key's state";
	case 401: return "the credentials are wrong or have expired: get new "
			 "ones";
	case 403: return "these credentials may not use the key: "
			 "docs/CLOUD.md lists the rights that are needed";
	case 404: return "there is no such key: check the key's uri";
	case 409: return "the key is being changed, or cannot be used in its "
			 "state";
	}
	return status == 429 || status >= 500 ? "try again later" : "";
}

int tmk_kms_store_refused(const char *service,
			  const struct tmk_kms_answer *answer,
			  const char *message, struct tmk_err *err)
{
	bool later = answer->status == 429 || answer->status >= 500;
	char text[512];

	/* Its words may be missing, too long or not in JSON at all. */
	if (tmk_kms_json(text, sizeof(text), &answer->body, message, NULL))
		text[0] = '\0';
	tmk_err_set(err, later ? TMK_NET : TMK_KEY, "%s %s (HTTP %d)%s%s",
		    service, later ? "cannot answer now" : "refuses",
		    answer->status, *text ? ": " : "", text);
	return tmk_err_hint(err, "%s", meaning(answer->status));
}

int tmk_kms_store_wrong(const char *service, const char *what,
			struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "%s answers with something else than was "
		    "asked for: %s", service, what);
	return tmk_err_hint(err, "nothing was used of it; see what stands "
			    "between this machine and the service");
}

int tmk_kms_store_signature(struct tmk_buf *sig, const char *service,
			    const struct tmk_signer *signer,
			    const struct tmk_buf *raw, struct tmk_err *err)
{
	size_t bits = (size_t)signer->bits;

	if (signer->algorithm == TMK_KEY_EC)
		return tmk_kms_ecdsa_raw(sig, raw->data, raw->len,
					 signer->bits, err);
	if (raw->len != (signer->algorithm == TMK_KEY_RSA ?
			 (bits + 7) / 8 : 64))
		return tmk_kms_store_wrong(service, "a signature of another "
					   "length", err);
	return tmk_buf_add(sig, raw->data, raw->len) ? tmk_err_nomem(err) : 0;
}

/* As tokens name keys: SHA-1 of the key bits (RFC 5280 4.2.1.2). */
static void make_id(struct tmk_key_info *info)
{
	unsigned int id_len = 0;
	size_t len = 0;
	const uint8_t *bits = tmk_der_spki_bits(&info->spki, &len);

	if (bits && len && EVP_Digest(bits, len, info->id, &id_len,
				      EVP_sha1(), NULL))
		info->id_len = id_len;
}

static int fill_info(struct tmk_key_info *info,
		     const struct tmk_kms_store *store,
		     const struct tmk_kms_key *key, struct tmk_err *err)
{
	const struct tmk_signer *s = &key->signer;
	struct tmk_kms_store_words w = store->words(key);

	if (tmk_buf_add(&info->spki, s->spki.data, s->spki.len))
		return tmk_err_nomem(err);
	tmk_enc_show_into(info->token, sizeof(info->token), w.holder,
			  strlen(w.holder));
	tmk_enc_show_into(info->manufacturer, sizeof(info->manufacturer),
			  store->service, strlen(store->service));
	tmk_enc_show_into(info->model, sizeof(info->model), w.model,
			  strlen(w.model));
	tmk_enc_show_into(info->label, sizeof(info->label), w.label,
			  strlen(w.label));
	snprintf(info->uri, sizeof(info->uri), "%s", key->uri);
	info->algorithm = s->algorithm;
	info->bits = s->bits;
	info->sign = TMK_YES;
	make_id(info);
	return 0;
}

/* Whether the key is the one that the place expects. */
static int expected(const struct tmk_place *place,
		    const struct tmk_kms_key *key, struct tmk_err *err)
{
	const struct tmk_buf *spki = &key->signer.spki;

	if (!place->spki_hint ||
	    (place->spki_hint_len == spki->len &&
	     !memcmp(place->spki_hint, spki->data, spki->len)))
		return 0;
	if (place->why)
		*place->why = TMK_OPEN_OTHER;
	return tmk_err_set(err, TMK_KEY, "the service holds another key than "
			   "the one that is expected");
}

/* The key of a place, as its service shows it now. It belongs to the caller. */
static int look(struct tmk_kms_key **out, struct tmk_kms_answer *answer,
		const struct tmk_kms_store *store,
		const struct tmk_place *place, struct tmk_err *err)
{
	struct tmk_kms_key *key = tmk_kms_key_new(store->size, err);

	if (!key)
		return -1;
	key->sign = store->sign;
	key->ms = tmk_kms_store_ms(place);
	key->env = place->env;
	if (store->look(key, answer, place, err)) {
		tmk_signer_free(&key->signer);
		return -1;
	}
	*out = key;
	return 0;
}

bool tmk_kms_store_claims(const struct tmk_kms_store *store, const char *uri)
{
	return !strncmp(uri, store->scheme, strlen(store->scheme));
}

int tmk_kms_store_open(struct tmk_signer **out,
		       const struct tmk_kms_store *store,
		       const struct tmk_place *place, struct tmk_err *err)
{
	struct tmk_err own = TMK_ERR_INIT;
	struct tmk_kms_answer answer;
	struct tmk_kms_key *key = NULL;
	int rc;

	tmk_kms_answer_init(&answer);
	rc = look(&key, &answer, store, place, &own);
	if (!rc && store->usable)
		rc = store->usable(&answer.body, &own);
	if (rc && place->why)
		*place->why = own.code == TMK_NET ? TMK_OPEN_DEVICE :
			TMK_OPEN_KEY;
	if (!rc)
		rc = expected(place, key, &own);
	tmk_kms_answer_release(&answer);
	if (!rc) {
		*out = &key->signer;
		return 0;
	}
	if (key)
		tmk_signer_free(&key->signer);
	if (err)
		*err = own;
	return -1;
}

int tmk_kms_store_list(const struct tmk_kms_store *store,
		       const struct tmk_place *place, tmk_key_visit visit,
		       void *ctx, struct tmk_err *err)
{
	struct tmk_kms_answer answer;
	struct tmk_kms_key *key = NULL;
	struct tmk_key_info info;
	int rc;

	tmk_key_info_init(&info);
	tmk_kms_answer_init(&answer);
	rc = look(&key, &answer, store, place, err);
	if (!rc)
		rc = fill_info(&info, store, key, err);
	if (!rc)
		rc = visit(ctx, &info, err);
	if (key)
		tmk_signer_free(&key->signer);
	tmk_kms_answer_release(&answer);
	tmk_key_info_release(&info);
	return rc;
}

/* Nothing is told where the fact is not there. */
static int tell(tmk_fact_visit visit, void *ctx,
		const struct tmk_kms_store_fact *fact,
		const struct tmk_buf *body, struct tmk_err *err)
{
	char text[TMK_KMS_TEXT_MAX];
	int rc = tmk_kms_json(text, sizeof(text), body, fact->path, err);

	return rc < 0 ? -1 : rc ? 0 : visit(ctx, fact->name, text, err);
}

int tmk_kms_store_inspect(const struct tmk_kms_store *store,
			  const struct tmk_place *place,
			  struct tmk_key_facts *facts, tmk_fact_visit visit,
			  void *ctx, struct tmk_err *err)
{
	struct tmk_kms_answer answer;
	struct tmk_kms_key *key = NULL;
	int rc, i;

	tmk_kms_answer_init(&answer);
	rc = look(&key, &answer, store, place, err);
	if (!rc)
		rc = fill_info(&facts->info, store, key, err);
	if (!rc && store->describe)
		rc = store->describe(&answer, key, err);
	if (!rc)
		rc = visit(ctx, "service", store->service, err);
	for (i = 0; !rc && store->facts[i].name; i++)
		rc = tell(visit, ctx, &store->facts[i], &answer.body, err);
	if (key)
		tmk_signer_free(&key->signer);
	tmk_kms_answer_release(&answer);
	return rc;
}

int tmk_kms_store_hash_bits(enum tmk_hash hash)
{
	return hash == TMK_SHA256 ? 256 : hash == TMK_SHA384 ? 384 :
		hash == TMK_SHA512 ? 512 : 0;
}
