/*
 * The store of Google Cloud KMS: key versions that sign digests over its REST
 * interface, version 1.
 *
 * Every request and every answer is checked end to end with the CRC-32C that
 * the interface has for it: the digest that arrived is the one that was sent,
 * the signature the one that was made, of the key version that was named.
 */
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/json.h"
#include "iface/store.h"
#include "key/der.h"
#include "key/kms.h"
#include "key/kms_google.h"
#include "key/kms_store.h"
#include "key/kms_text.h"

#define SCHEME "gcpkms:"
#define SERVICE "Cloud KMS"
#define ENDPOINT "https://cloudkms.googleapis.com/"
#define RESOURCE_MAX 480	/* characters of a key version's name */
#define SEGMENT_MAX 63		/* of one part of it, as the service has it */
#define URL_MAX 1024
#define MESSAGE "error.message"

/* What the service calls the ways of signing that are ours. */
struct way {
	const char *name;
	enum tmk_scheme scheme;
	enum tmk_hash hash;	/* 0: any; it gets a DigestInfo */
	unsigned int bits;
};

static const struct way ways[] = {
	{ "RSA_SIGN_PKCS1_2048_SHA256", TMK_RSA_PKCS1, TMK_SHA256, 2048 },
	{ "RSA_SIGN_PKCS1_3072_SHA256", TMK_RSA_PKCS1, TMK_SHA256, 3072 },
	{ "RSA_SIGN_PKCS1_4096_SHA256", TMK_RSA_PKCS1, TMK_SHA256, 4096 },
	{ "RSA_SIGN_PKCS1_4096_SHA512", TMK_RSA_PKCS1, TMK_SHA512, 4096 },
	{ "RSA_SIGN_RAW_PKCS1_2048", TMK_RSA_PKCS1, 0, 2048 },
	{ "RSA_SIGN_RAW_PKCS1_3072", TMK_RSA_PKCS1, 0, 3072 },
	{ "RSA_SIGN_RAW_PKCS1_4096", TMK_RSA_PKCS1, 0, 4096 },
	{ "EC_SIGN_P256_SHA256", TMK_ECDSA, TMK_SHA256, 256 },
	{ "EC_SIGN_P384_SHA384", TMK_ECDSA, TMK_SHA384, 384 },
	{ "EC_SIGN_ED25519", TMK_EDDSA, 0, 256 },
	{ NULL, 0, 0, 0 }
};

struct google_key {
	struct tmk_kms_key key;		/* the first member */
	const struct way *way;
	char base[320];			/* "https://HOST/" */
	const char *set_by;		/* what it comes from, for people */
	char host[256];
	char name[RESOURCE_MAX + 1];	/* "projects/..." */
	char level[32];			/* protectionLevel */
	char label[SEGMENT_MAX + 1];	/* of the crypto key */
};

/* "projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N". */
static bool take_name(struct google_key *k, const char *name)
{
	static const char *const word[] = {
		"projects", "locations", "keyRings", "cryptoKeys",
		"cryptoKeyVersions"
	};
	const char *p = name;
	uint64_t version;
	size_t len;
	int i;

	if (strlen(name) > RESOURCE_MAX)
		return false;
	for (i = 0; i < 5; i++) {
		len = strlen(word[i]);
		if (strncmp(p, word[i], len) || p[len] != '/')
			return false;
		p += len + 1;
		len = strcspn(p, "/");
		/* A project may belong to a domain: "example.org:name". */
		if (!tmk_kms_text_name(p, len, i ? "-_" : "-_.:", SEGMENT_MAX))
			return false;
		if (i == 3)
			snprintf(k->label, sizeof(k->label), "%.*s", (int)len,
				 p);
		if (i < 4 && p[len] != '/')
			return false;
		if (i < 4)
			p += len + 1;
	}
	if (p[len] || tmk_kms_text_number(&version, p, INT64_MAX) || !version)
		return false;
	snprintf(k->name, sizeof(k->name), "%s", name);
	return true;
}

static int take_endpoint(struct google_key *k, const char *(*env)(const char *),
			 struct tmk_err *err)
{
	const char *base = tmk_kms_store_env(env,
			"CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS");
	struct tmk_kms_text_url url;

	k->set_by = base ? "set by CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS" :
		"Google's own";
	if (!base)
		base = ENDPOINT;
	if (tmk_kms_text_split(&url, base) ||
	    url.host_len >= sizeof(k->host) ||
	    strlen(base) + 2 > sizeof(k->base))
		return tmk_err_set(err, TMK_USAGE, "CLOUDSDK_API_ENDPOINT_"
				   "OVERRIDES_CLOUDKMS is no URL");
	if (tmk_kms_url_ok(base, err))
		return -1;
	snprintf(k->base, sizeof(k->base), "%s%s", base,
		 base[strlen(base) - 1] == '/' ? "" : "/");
	snprintf(k->host, sizeof(k->host), "%.*s", (int)url.host_len,
		 url.host);
	return 0;
}

static int parse(struct google_key *k, const char *uri,
		 const char *(*env)(const char *), struct tmk_err *err)
{
	if (strlen(uri) >= sizeof(k->key.uri) ||
	    !take_name(k, uri + sizeof(SCHEME) - 1)) {
		tmk_err_set(err, TMK_USAGE, "this is no URI of a key version "
			    "in Cloud KMS");
		return tmk_err_hint(err, "write it as gcpkms:projects/P/"
				    "locations/L/keyRings/R/cryptoKeys/K/"
				    "cryptoKeyVersions/N");
	}
	snprintf(k->key.uri, sizeof(k->key.uri), "%s", uri);
	return take_endpoint(k, env, err);
}

/* ---- exchanges ---------------------------------------------------------- */

static int exchange(struct tmk_kms_answer *answer, struct google_key *k,
		    const char *what, const struct tmk_buf *body,
		    const char *bearer, struct tmk_err *err)
{
	char url[URL_MAX];
	struct tmk_kms_request r = {
		.method = body ? "POST" : "GET", .url = url,
		.header = { bearer, "Accept: application/json" },
		.headers = 2, .ms = k->key.ms, .set_by = k->set_by
	};

	if (body) {
		r.header[r.headers++] = "Content-Type: application/json";
		r.body = body->data;
		r.body_len = body->len;
	}
	snprintf(url, sizeof(url), "%sv1/%s%s", k->base, k->name, what);
	tmk_kms_answer_release(answer);
	tmk_kms_answer_init(answer);
	return tmk_kms_ask(answer, &r, NULL, err);
}

/* Ask, as whoever the environment says we are. A token that has run out is
 * renewed once. Any answer but 200 fails. */
static int ask(struct tmk_kms_answer *answer, struct google_key *k,
	       const char *what, const struct tmk_buf *body,
	       struct tmk_err *err)
{
	struct tmk_buf bearer = TMK_BUF_INIT(TMK_KMS_ANSWER_MAX);
	int rc = 0, i;

	for (i = 0; !rc && i < 2; i++) {
		tmk_buf_clear(&bearer);
		rc = tmk_kms_google_bearer(&bearer, k->key.env, k->key.ms,
					   err);
		if (!rc)
			rc = exchange(answer, k, what, body,
				      tmk_buf_str(&bearer), err);
		if (rc || answer->status != 401)
			break;
		tmk_kms_google_drop(k->key.env);
	}
	if (!rc && answer->status != 200)
		rc = tmk_kms_store_refused(SERVICE, answer, MESSAGE, err);
	tmk_buf_release(&bearer);
	return rc;
}

static int check_name(const struct google_key *k, const struct tmk_buf *body,
		      struct tmk_err *err)
{
	char name[RESOURCE_MAX + 1];

	if (tmk_kms_json(name, sizeof(name), body, "name", NULL) ||
	    strcmp(name, k->name))
		return tmk_kms_store_wrong(SERVICE, "another key", err);
	return 0;
}

/* Whether the checksum at `path` is that of these bytes. */
static bool checksum_is(const struct tmk_buf *body, const char *path,
			const void *data, size_t len)
{
	char text[24];
	uint64_t crc;

	return !tmk_kms_json(text, sizeof(text), body, path, NULL) &&
		!tmk_kms_text_number(&crc, text, UINT32_MAX) &&
		crc == tmk_kms_text_crc32c(data, len);
}

/* ---- signing ------------------------------------------------------------ */

/* What the service is sent, as { "NAME": BASE64 } or inside "digest". */
static int make_body(struct tmk_buf *body, const char *hash,
		     const uint8_t *data, size_t len, struct tmk_err *err)
{
	struct tmk_buf value = TMK_BUF_INIT(2 * TMK_MESSAGE_MAX);
	char crc[16];
	struct tmk_json j;
	int rc = tmk_enc_base64(&value, data, len, 0);

	snprintf(crc, sizeof(crc), "%u",
		 (unsigned int)tmk_kms_text_crc32c(data, len));
	tmk_json_init(&j, body);
	tmk_json_open_object(&j, NULL);
	if (hash) {
		tmk_json_open_object(&j, "digest");
		tmk_json_string(&j, hash, tmk_buf_str(&value));
		tmk_json_close_object(&j);
	} else {
		tmk_json_string(&j, "data", tmk_buf_str(&value));
	}
	tmk_json_string(&j, hash ? "digestCrc32c" : "dataCrc32c", crc);
	tmk_json_close_object(&j);
	if (tmk_json_finish(&j) || rc)
		rc = tmk_err_nomem(err);
	tmk_buf_release(&value);
	return rc;
}

static int cannot(const struct way *way, struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "a key of the algorithm %s does not sign "
		    "this", way->name);
	return tmk_err_hint(err, "RSA_SIGN_RAW_PKCS1 keys sign with every "
			    "digest, the others with the one in their name");
}

static int body_for(struct tmk_buf *body, const struct way *way,
		    enum tmk_scheme scheme, enum tmk_hash hash,
		    const uint8_t *digest, size_t len, struct tmk_err *err)
{
	static const char *const name[] = {
		[TMK_SHA256] = "sha256", [TMK_SHA384] = "sha384",
		[TMK_SHA512] = "sha512"
	};
	struct tmk_buf info = TMK_BUF_INIT(128);
	int rc = -1;

	if (scheme != way->scheme)
		return cannot(way, err);
	if (scheme == TMK_EDDSA)
		return make_body(body, NULL, digest, len, err);
	if (!tmk_kms_store_hash_bits(hash) || len != tmk_der_hash_len(hash) ||
	    (way->hash && way->hash != hash))
		return cannot(way, err);
	if (way->hash)
		return make_body(body, name[hash], digest, len, err);
	if (tmk_der_digest_info(&info, hash, digest, len))
		rc = tmk_err_nomem(err);
	else
		rc = make_body(body, NULL, info.data, info.len, err);
	tmk_buf_release(&info);
	return rc;
}

/* Take the signature out of the answer, once everything else in it fits. */
static int take_signature(struct tmk_buf *sig, struct google_key *k,
			  bool digest, const struct tmk_buf *body,
			  struct tmk_err *err)
{
	struct tmk_buf raw = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	char text[2 * TMK_SIGNATURE_MAX], good[8];
	int rc = check_name(k, body, err);

	if (!rc && (tmk_kms_json(good, sizeof(good), body, digest ?
				 "verifiedDigestCrc32c" :
				 "verifiedDataCrc32c", NULL) ||
		    strcmp(good, "true")))
		rc = tmk_kms_store_wrong(SERVICE, "it did not check what it "
					 "was sent", err);
	if (!rc && (tmk_kms_json(text, sizeof(text), body, "signature",
				 NULL) ||
		    tmk_dec_base64(&raw, text, strlen(text)) ||
		    !checksum_is(body, "signatureCrc32c", raw.data, raw.len)))
		rc = tmk_kms_store_wrong(SERVICE, "a signature that was "
					 "changed on the way", err);
	if (!rc)
		rc = tmk_kms_store_signature(sig, SERVICE, &k->key.signer,
					     &raw, err);
	tmk_buf_release(&raw);
	return rc;
}

static int sign(struct tmk_kms_key *key, enum tmk_scheme scheme,
		enum tmk_hash hash, const uint8_t *digest, size_t len,
		struct tmk_buf *sig, struct tmk_err *err)
{
	struct google_key *k = (struct google_key *)key;
	struct tmk_buf body = TMK_BUF_INIT(2 * TMK_MESSAGE_MAX);
	struct tmk_kms_answer answer;
	int rc;

	tmk_kms_answer_init(&answer);
	rc = body_for(&body, k->way, scheme, hash, digest, len, err);
	if (!rc)
		rc = ask(&answer, k, ":asymmetricSign", &body, err);
	if (!rc)
		rc = take_signature(sig, k, k->way->hash, &answer.body, err);
	tmk_kms_answer_release(&answer);
	tmk_buf_release(&body);
	return rc;
}

/* ---- the key ------------------------------------------------------------ */

static int take_way(struct google_key *k, const struct tmk_buf *body,
		    struct tmk_err *err)
{
	char name[64];
	int i;

	if (tmk_kms_json(name, sizeof(name), body, "algorithm", NULL))
		return tmk_kms_store_wrong(SERVICE, "no algorithm", err);
	for (i = 0; ways[i].name; i++)
		if (!strcmp(ways[i].name, name)) {
			k->way = &ways[i];
			return 0;
		}
	tmk_err_set(err, TMK_KEY, "keys of the algorithm %s are not signed "
		    "with here", name);
	if (strstr(name, "_PSS_"))
		return tmk_err_hint(err, "git, OpenPGP and SSH know no RSA-"
				    "PSS: make a key version of RSA_SIGN_"
				    "PKCS1 or EC_SIGN_P256_SHA256");
	return tmk_err_hint(err, "make a key version of EC_SIGN_P256_SHA256, "
			    "EC_SIGN_P384_SHA384 or RSA_SIGN_PKCS1");
}

/* The public key, whose PEM the service vouches for with a checksum. */
static int take_public(struct google_key *k, const struct tmk_buf *body,
		       struct tmk_err *err)
{
	struct tmk_buf spki = TMK_BUF_INIT(8192);
	char pem[TMK_KMS_TEXT_MAX];
	int rc = 0;

	if (tmk_kms_json(pem, sizeof(pem), body, "pem", NULL) ||
	    !checksum_is(body, "pemCrc32c", pem, strlen(pem)))
		return tmk_kms_store_wrong(SERVICE, "a public key that was "
					   "changed on the way", err);
	if (tmk_kms_text_public(&spki, pem))
		rc = tmk_kms_store_wrong(SERVICE, "no public key", err);
	if (!rc)
		rc = tmk_kms_key_public(&k->key, spki.data, spki.len, err);
	tmk_buf_release(&spki);
	return rc;
}

/* The algorithm and the key must fit, so that neither is believed alone. */
static int check_fit(const struct google_key *k, struct tmk_err *err)
{
	static const enum tmk_algorithm of[] = {
		[TMK_RSA_PKCS1] = TMK_KEY_RSA, [TMK_ECDSA] = TMK_KEY_EC,
		[TMK_EDDSA] = TMK_KEY_ED25519
	};
	const struct tmk_signer *s = &k->key.signer;

	if (s->algorithm == of[k->way->scheme] && s->bits == k->way->bits)
		return 0;
	return tmk_kms_store_wrong(SERVICE, "a public key of another "
				   "algorithm", err);
}

static int look(struct tmk_kms_key *key, struct tmk_kms_answer *answer,
		const struct tmk_place *place, struct tmk_err *err)
{
	struct google_key *k = (struct google_key *)key;
	int rc;

	rc = parse(k, place->uri, place->env, err);
	if (!rc)
		rc = ask(answer, k, "/publicKey", NULL, err);
	if (!rc)
		rc = check_name(k, &answer->body, err);
	if (!rc)
		rc = take_way(k, &answer->body, err);
	if (!rc && tmk_kms_json(k->level, sizeof(k->level), &answer->body,
				"protectionLevel", NULL))
		k->level[0] = '\0';
	if (!rc)
		rc = take_public(k, &answer->body, err);
	if (!rc)
		rc = check_fit(k, err);
	if (!rc)
		k->key.signer.only = k->way->hash;
	return rc;
}

static struct tmk_kms_store_words words(const struct tmk_kms_key *key)
{
	const struct google_key *k = (const struct google_key *)key;

	return (struct tmk_kms_store_words){ k->host, k->level, k->label };
}

/* The version itself tells more than its public key does. */
static int describe(struct tmk_kms_answer *answer, struct tmk_kms_key *key,
		    struct tmk_err *err)
{
	struct google_key *k = (struct google_key *)key;

	if (ask(answer, k, "", NULL, err))
		return -1;
	return check_name(k, &answer->body, err);
}

static const struct tmk_kms_store_fact shown[] = {
	{ "name", "name" },
	{ "state", "state" },
	{ "protectionLevel", "protectionLevel" },
	{ "algorithm", "algorithm" },
	{ "createTime", "createTime" },
	{ "generateTime", "generateTime" },
	{ "destroyTime", "destroyTime" },
	{ "importJob", "importJob" },
	{ "importTime", "importTime" },
	{ "attestation.format", "attestation.format" },
	{ "reimportEligible", "reimportEligible" },
	{ NULL, NULL }
};

static const struct tmk_kms_store store = {
	.scheme = SCHEME,
	.service = "Google " SERVICE,
	.size = sizeof(struct google_key),
	.sign = sign,
	.look = look,
	.words = words,
	.describe = describe,
	.facts = shown,
};

TMK_KMS_STORE_DOOR(gcpkms, store);
