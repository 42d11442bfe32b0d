/*
 * The store of Azure Key Vault and Managed HSM: keys that sign digests over
 * their REST interface, version 7.4.
 *
 * A key without a version is the newest one when it is opened; what is signed
 * then is signed with that version, which the service names in its answers.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "iface/store.h"
#include "key/der.h"
#include "key/kms.h"
#include "key/kms_azure.h"
#include "key/kms_jwk.h"
#include "key/kms_store.h"
#include "key/kms_text.h"

#define SCHEME "azurekv:"
#define SERVICE "Key Vault"
#define API "api-version=7.4"
#define KEY_NAME_MAX 127		/* characters of a key's name */
#define VERSION_MAX 64
#define URL_MAX 768
#define MESSAGE "error.message"

struct vault_key {
	struct tmk_kms_key key;		/* the first member */
	struct tmk_kms_azure azure;
	bool challenged;		/* `azure` is known */
	char vault[TMK_KMS_AZURE_TEXT + 16];	/* "https://HOST" */
	char host[TMK_KMS_AZURE_TEXT];
	char name[KEY_NAME_MAX + 1];
	char version[VERSION_MAX + 1];	/* "" : the newest */
	char kty[16];
};

/* "keys/NAME[/VERSION]" behind the host. */
static bool take_path(struct vault_key *k, const char *path)
{
	const char *version;
	size_t len;

	if (strncmp(path, "/keys/", 6))
		return false;
	path += 6;
	len = strcspn(path, "/");
	if (!tmk_kms_text_name(path, len, "-", KEY_NAME_MAX))
		return false;
	memcpy(k->name, path, len);
	k->name[len] = '\0';
	k->version[0] = '\0';
	if (!path[len])
		return true;
	version = path + len + 1;
	if (!tmk_kms_text_name(version, strlen(version), "", VERSION_MAX))
		return false;
	snprintf(k->version, sizeof(k->version), "%s", version);
	return true;
}

static int parse(struct vault_key *k, const char *uri, struct tmk_err *err)
{
	const char *text = uri + sizeof(SCHEME) - 1;
	struct tmk_kms_text_url url;

	if (strlen(uri) >= sizeof(k->key.uri) ||
	    tmk_kms_text_split(&url, text) || !take_path(k, url.path) ||
	    url.host_len >= sizeof(k->host)) {
		tmk_err_set(err, TMK_USAGE, "this is no URI of a key in a key "
			    "vault");
		return tmk_err_hint(err, "write it as azurekv:https://VAULT-"
				    "HOST/keys/NAME or .../NAME/VERSION");
	}
	if (tmk_kms_url_ok(text, err))
		return -1;
	snprintf(k->host, sizeof(k->host), "%.*s", (int)url.host_len,
		 url.host);
	snprintf(k->vault, sizeof(k->vault), "http%s://%s",
		 url.tls ? "s" : "", k->host);
	return 0;
}

/* ---- exchanges ---------------------------------------------------------- */

static int exchange(struct tmk_kms_answer *answer, struct vault_key *k,
		    const char *path, const struct tmk_buf *body,
		    const char *bearer, struct tmk_err *err)
{
	char url[URL_MAX];
	struct tmk_kms_request r = {
		.method = body ? "POST" : "GET", .url = url,
		.header = { "Accept: application/json" }, .headers = 1,
		.ms = k->key.ms
	};

	if (body) {
		r.header[r.headers++] = "Content-Type: application/json";
		r.body = body->data;
		r.body_len = body->len;
	}
	if (bearer)
		r.header[r.headers++] = bearer;
	snprintf(url, sizeof(url), "%s/keys/%s%s?" API, k->vault, k->name,
		 path);
	tmk_kms_answer_release(answer);
	tmk_kms_answer_init(answer);
	return tmk_kms_ask(answer, &r, NULL, err);
}

/* Ask without saying who we are, so that the vault says whom it believes: the
 * body stays here. */
static int learn_challenge(struct tmk_kms_answer *answer, struct vault_key *k,
			   struct tmk_err *err)
{
	if (exchange(answer, k, "", NULL, NULL, err))
		return -1;
	if (answer->status == 200)
		return tmk_kms_store_wrong(SERVICE, "it does not ask who we "
					   "are", err);
	if (answer->status != 401)
		return tmk_kms_store_refused(SERVICE, answer, MESSAGE, err);
	if (tmk_kms_azure_challenge(&k->azure, answer->authenticate, k->vault,
				    k->key.env, err))
		return -1;
	k->challenged = true;
	return 0;
}

/* Ask, as whoever the environment says we are. A token that has run out is
 * renewed once. Any answer but 200 fails. */
static int ask(struct tmk_kms_answer *answer, struct vault_key *k,
	       const char *path, const struct tmk_buf *body,
	       struct tmk_err *err)
{
	struct tmk_buf bearer = TMK_BUF_INIT(2 * TMK_KMS_ANSWER_MAX);
	int rc = 0, i;

	if (!k->challenged)
		rc = learn_challenge(answer, k, err);
	for (i = 0; !rc && i < 2; i++) {
		tmk_buf_clear(&bearer);
		rc = tmk_kms_azure_bearer(&bearer, &k->azure, k->key.env,
					  k->key.ms, err);
		if (!rc)
			rc = exchange(answer, k, path, body,
				      tmk_buf_str(&bearer), err);
		if (rc || answer->status != 401)
			break;
		tmk_kms_azure_drop(&k->azure, k->key.env);
	}
	if (!rc && answer->status != 200)
		rc = tmk_kms_store_refused(SERVICE, answer, MESSAGE, err);
	tmk_buf_release(&bearer);
	return rc;
}

/* ---- the key ------------------------------------------------------------ */

/* "https://HOST/keys/NAME/VERSION" must be the key that was asked for; its
 * version is kept where none was named. Names are compared as the service
 * does, without regard to case. */
static int check_kid(struct vault_key *k, const struct tmk_buf *body,
		     const char *path, struct tmk_err *err)
{
	char kid[URL_MAX];
	struct vault_key other;
	struct tmk_kms_text_url url;

	if (tmk_kms_json(kid, sizeof(kid), body, path, NULL) ||
	    tmk_kms_text_split(&url, kid) || !take_path(&other, url.path) ||
	    !*other.version || url.host_len != strlen(k->host) ||
	    strncasecmp(url.host, k->host, url.host_len) ||
	    strcasecmp(other.name, k->name) ||
	    (*k->version && strcasecmp(other.version, k->version)))
		return tmk_kms_store_wrong(SERVICE, "another key", err);
	if (!*k->version)
		memcpy(k->version, other.version, sizeof(k->version));
	return 0;
}

/* A time in an attribute, s since 1970; 0 when there is none. */
static uint64_t attribute_time(const struct tmk_buf *body, const char *path)
{
	char text[24];
	uint64_t n = 0;

	if (tmk_kms_json(text, sizeof(text), body, path, NULL) ||
	    tmk_kms_text_number(&n, text, INT64_MAX))
		return 0;
	return n;
}

static bool may_sign(const struct tmk_buf *body)
{
	char path[32], op[32];
	int i;

	for (i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "key.key_ops.%d", i);
		if (tmk_kms_json(op, sizeof(op), body, path, NULL))
			return false;
		if (!strcmp(op, "sign"))
			return true;
	}
	return false;
}

/* Whether the key can be used now, so that nothing is prepared in vain. */
static int check_state(const struct tmk_buf *body, struct tmk_err *err)
{
	uint64_t from = attribute_time(body, "attributes.nbf");
	uint64_t until = attribute_time(body, "attributes.exp");
	uint64_t now = (uint64_t)tmk_clock_now();
	char text[TMK_CLOCK_TEXT], enabled[8];

	if (tmk_kms_json(enabled, sizeof(enabled), body, "attributes.enabled",
			 NULL) || strcmp(enabled, "true")) {
		tmk_err_set(err, TMK_KEY, "the key is disabled in the vault");
		return tmk_err_hint(err, "have it enabled, or name another "
				    "version");
	}
	if (!may_sign(body)) {
		tmk_err_set(err, TMK_KEY, "the key may not sign: its "
			    "operations do not list it");
		return tmk_err_hint(err, "use a key with the operation sign");
	}
	if (from && now < from)
		return tmk_err_set(err, TMK_KEY, "the key cannot be used "
				   "before %s",
				   tmk_clock_format(text, (int64_t)from));
	if (until && now >= until)
		return tmk_err_set(err, TMK_KEY, "the key has expired in the "
				   "vault (%s)",
				   tmk_clock_format(text, (int64_t)until));
	return 0;
}

/* What signing needs: "RS256", "ES384". The digest must be the algorithm's. */
static int algorithm_of(char *alg, size_t size, const struct tmk_signer *s,
			enum tmk_scheme scheme, enum tmk_hash hash,
			size_t len, struct tmk_err *err)
{
	int bits = tmk_kms_store_hash_bits(hash);
	bool rsa = scheme == TMK_RSA_PKCS1;
	int curve = s->bits == 521 ? 512 : (int)s->bits;

	if (!bits || len != tmk_der_hash_len(hash) ||
	    (scheme != TMK_RSA_PKCS1 && scheme != TMK_ECDSA) ||
	    rsa != (s->algorithm == TMK_KEY_RSA) || (!rsa && bits != curve)) {
		tmk_err_set(err, TMK_KEY, SERVICE " does not sign such a "
			    "digest with this key");
		return tmk_err_hint(err, "an EC key there signs the digest of "
				    "its own length alone: SHA-256 with "
				    "P-256, SHA-384 with P-384, SHA-512 with "
				    "P-521");
	}
	snprintf(alg, size, "%s%d", rsa ? "RS" : "ES", bits);
	return 0;
}

static int make_body(struct tmk_buf *body, const char *alg,
		     const uint8_t *digest, size_t len, struct tmk_err *err)
{
	struct tmk_buf value = TMK_BUF_INIT(128);
	struct tmk_json j;
	int rc = tmk_kms_text_url64(&value, digest, len);

	if (!rc) {
		tmk_json_init(&j, body);
		tmk_json_open_object(&j, NULL);
		tmk_json_string(&j, "alg", alg);
		tmk_json_string(&j, "value", tmk_buf_str(&value));
		tmk_json_close_object(&j);
		rc = tmk_json_finish(&j);
	}
	tmk_buf_release(&value);
	return rc ? tmk_err_nomem(err) : 0;
}

/* The signature, as long as the key makes one. */
static int take_signature(struct tmk_buf *sig, struct vault_key *k,
			  const struct tmk_buf *body, struct tmk_err *err)
{
	const struct tmk_signer *s = &k->key.signer;
	size_t bytes = (s->bits + 7) / 8, was = sig->len;
	size_t want = s->algorithm == TMK_KEY_RSA ? bytes : 2 * bytes;
	char text[2 * TMK_SIGNATURE_MAX];

	if (check_kid(k, body, "kid", err))
		return -1;
	if (tmk_kms_json(text, sizeof(text), body, "value", NULL) ||
	    tmk_kms_text_url64_read(sig, text, strlen(text)))
		return tmk_kms_store_wrong(SERVICE, "no signature", err);
	if (sig->len - was == want)
		return 0;
	sig->len = was;
	return tmk_kms_store_wrong(SERVICE, "a signature of another length",
				   err);
}

static int sign(struct tmk_kms_key *key, enum tmk_scheme scheme,
		enum tmk_hash hash, const uint8_t *digest, size_t len,
		struct tmk_buf *sig, struct tmk_err *err)
{
	struct vault_key *k = (struct vault_key *)key;
	struct tmk_buf body = TMK_BUF_INIT(TMK_KMS_TEXT_MAX);
	char alg[8], path[VERSION_MAX + 8];
	struct tmk_kms_answer answer;
	int rc;

	tmk_kms_answer_init(&answer);
	rc = algorithm_of(alg, sizeof(alg), &key->signer, scheme, hash, len,
			  err);
	if (!rc)
		rc = make_body(&body, alg, digest, len, err);
	snprintf(path, sizeof(path), "/%s/sign", k->version);
	if (!rc)
		rc = ask(&answer, k, path, &body, err);
	if (!rc)
		rc = take_signature(sig, k, &answer.body, err);
	tmk_kms_answer_release(&answer);
	tmk_buf_release(&body);
	return rc;
}

/* Fetch what the vault shows of the key: JSON in `answer`. */
static int look(struct tmk_kms_key *key, struct tmk_kms_answer *answer,
		const struct tmk_place *place, struct tmk_err *err)
{
	struct vault_key *k = (struct vault_key *)key;
	struct tmk_buf spki = TMK_BUF_INIT(8192);
	char path[VERSION_MAX + 2];
	int rc;

	rc = parse(k, place->uri, err);
	if (!rc) {
		snprintf(path, sizeof(path), "%s%s", *k->version ? "/" : "",
			 k->version);
		rc = ask(answer, k, path, NULL, err);
	}
	if (!rc)
		rc = check_kid(k, &answer->body, "key.kid", err);
	if (!rc)
		rc = tmk_kms_jwk_spki(&spki, k->kty, &answer->body, "key",
				      err);
	snprintf(k->key.uri, sizeof(k->key.uri), SCHEME "%s/keys/%s/%s",
		 k->vault, k->name, k->version);
	if (!rc)
		rc = tmk_kms_key_public(&k->key, spki.data, spki.len, err);
	tmk_buf_release(&spki);
	return rc;
}

static struct tmk_kms_store_words words(const struct tmk_kms_key *key)
{
	const struct vault_key *k = (const struct vault_key *)key;

	return (struct tmk_kms_store_words){ k->host, k->kty, k->name };
}

static const struct tmk_kms_store_fact shown_facts[] = {
	{ "kty", "key.kty" },
	{ "kid", "key.kid" },
	{ "enabled", "attributes.enabled" },
	{ "created", "attributes.created" },
	{ "updated", "attributes.updated" },
	{ "nbf", "attributes.nbf" },
	{ "exp", "attributes.exp" },
	{ "exportable", "attributes.exportable" },
	{ "recoveryLevel", "attributes.recoveryLevel" },
	{ "recoverableDays", "attributes.recoverableDays" },
	{ "hsmPlatform", "attributes.hsmPlatform" },
	{ "managed", "managed" },
	{ NULL, NULL }
};

static const struct tmk_kms_store store = {
	.scheme = SCHEME,
	.service = "Azure " SERVICE,
	.size = sizeof(struct vault_key),
	.sign = sign,
	.look = look,
	.usable = check_state,
	.words = words,
	.facts = shown_facts,
};

TMK_KMS_STORE_DOOR(azurekv, store);
