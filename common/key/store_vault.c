/*
 * The store of Vault's transit engine (and of OpenBao's, which is alike): keys
 * that sign digests over its HTTP interface, version 1.
 *
 * The version of the key that is newest when it is opened signs until it is
 * closed, so that one run never signs with two keys; every answer must be of
 * that version.
 */
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/file.h"
#include "base/json.h"
#include "iface/store.h"
#include "key/der.h"
#include "key/kms.h"
#include "key/kms_store.h"
#include "key/kms_text.h"

#define SCHEME "vault:"
#define SERVICE "Vault"
#define ADDRESS "https://127.0.0.1:8200"	/* as its own tool has it */
#define MOUNT_MAX 255
#define KEY_MAX 127
#define TOKEN_MAX 4096		/* bytes of a token */
#define URL_MAX 1536
#define PATH_TEXT_MAX 1024
#define MESSAGE "errors.0"

struct transit_key {
	struct tmk_kms_key key;		/* the first member */
	char address[512];		/* VAULT_ADDR without a last '/' */
	bool is_set;			/* or what its own tool takes */
	char host[256];
	char roots[512];		/* VAULT_CACERT, or "" */
	char mount[MOUNT_MAX + 1];
	char name[KEY_MAX + 1];
	char type[32];			/* "rsa-4096" */
	uint64_t version;		/* 0: the newest */
};

/* Every segment of a path of `len` bytes is a name. */
static bool segments(const char *p, size_t len)
{
	const char *end = p + len, *slash;

	for (;; p = slash + 1) {
		slash = memchr(p, '/', (size_t)(end - p));
		if (!tmk_kms_text_name(p, (size_t)((slash ? slash : end) - p),
				       "-_.", MOUNT_MAX))
			return false;
		if (!slash)
			return true;
	}
}

/* "MOUNT/KEY[?version=N]"; a mount may have several segments. */
static bool take_uri(struct transit_key *k, const char *text)
{
	static const char query[] = "?version=";
	size_t len = strcspn(text, "?"), mount;
	const char *slash = memrchr(text, '/', len);

	if (!slash)
		return false;
	mount = (size_t)(slash - text);
	len -= mount + 1;
	if (mount > MOUNT_MAX || !segments(text, mount) ||
	    !tmk_kms_text_name(slash + 1, len, "-_.", KEY_MAX))
		return false;
	snprintf(k->mount, sizeof(k->mount), "%.*s", (int)mount, text);
	snprintf(k->name, sizeof(k->name), "%.*s", (int)len, slash + 1);
	text = slash + 1 + len;
	if (!*text)
		return true;
	return !strncmp(text, query, sizeof(query) - 1) &&
		!tmk_kms_text_number(&k->version, text + sizeof(query) - 1,
				     INT32_MAX) && k->version;
}

static int take_address(struct transit_key *k,
			const char *(*env)(const char *), struct tmk_err *err)
{
	const char *address = tmk_kms_store_env(env, "VAULT_ADDR");
	const char *roots = tmk_kms_store_env(env, "VAULT_CACERT");
	struct tmk_kms_text_url url;
	size_t len;

	k->is_set = address != NULL;
	if (!address)
		address = ADDRESS;
	len = strlen(address);
	if (tmk_kms_text_split(&url, address) ||
	    url.host_len >= sizeof(k->host) || len >= sizeof(k->address))
		return tmk_err_set(err, TMK_USAGE, "VAULT_ADDR is no URL");
	if (tmk_kms_url_ok(address, err))
		return -1;
	if (roots && strlen(roots) >= sizeof(k->roots))
		return tmk_err_set(err, TMK_USAGE, "VAULT_CACERT is too long");
	snprintf(k->roots, sizeof(k->roots), "%s", roots ? roots : "");
	snprintf(k->address, sizeof(k->address), "%s", address);
	if (len && k->address[len - 1] == '/')
		k->address[len - 1] = '\0';
	snprintf(k->host, sizeof(k->host), "%.*s", (int)url.host_len,
		 url.host);
	return 0;
}

static int parse(struct transit_key *k, const char *uri,
		 const char *(*env)(const char *), struct tmk_err *err)
{
	if (strlen(uri) >= sizeof(k->key.uri) ||
	    !take_uri(k, uri + sizeof(SCHEME) - 1)) {
		tmk_err_set(err, TMK_USAGE, "this is no URI of a key in "
			    "Vault");
		return tmk_err_hint(err, "write it as vault:MOUNT/KEY or "
				    "vault:MOUNT/KEY?version=N");
	}
	return take_address(k, env, err);
}

/* ---- exchanges ---------------------------------------------------------- */

/* Append the token's header: from the environment, else where `vault login`
 * keeps it. */
static int add_token(struct tmk_buf *header, const char *(*env)(const char *),
		     struct tmk_err *err)
{
	const char *token = tmk_kms_store_env(env, "VAULT_TOKEN");
	const char *home = tmk_kms_store_env(env, "HOME");
	struct tmk_buf file = TMK_BUF_INIT(TOKEN_MAX + 2);
	char path[PATH_TEXT_MAX];
	int rc = 0, n = 0;

	path[0] = '\0';
	if (!token && home)
		n = snprintf(path, sizeof(path), "%s/.vault-token", home);
	if (!token && (!home || n < 0 || (size_t)n >= sizeof(path) ||
		       !tmk_file_exists(path))) {
		tmk_err_set(err, TMK_KEY, "there is no token for Vault");
		return tmk_err_hint(err, "set VAULT_TOKEN, or log in with "
				    "vault login");
	}
	if (!token) {
		rc = tmk_file_read(&file, path, err);
		while (file.len && strchr("\r\n", file.data[file.len - 1]))
			file.data[--file.len] = '\0';
		token = tmk_buf_str(&file);
	}
	if (!rc && (!tmk_kms_text_line(token, TOKEN_MAX) ||
		    tmk_buf_printf(header, "X-Vault-Token: %s", token)))
		rc = tmk_err_set(err, TMK_USAGE, "the token for Vault is "
				 "none");
	tmk_buf_release(&file);
	return rc;
}

static int add_namespace(struct tmk_buf *header,
			 const char *(*env)(const char *),
			 struct tmk_err *err)
{
	const char *space = tmk_kms_store_env(env, "VAULT_NAMESPACE");

	if (space && (!tmk_kms_text_line(space, 256) ||
		      tmk_buf_printf(header, "X-Vault-Namespace: %s", space)))
		return tmk_err_set(err, TMK_USAGE, "VAULT_NAMESPACE cannot be "
				   "sent");
	return 0;
}

/* Ask for "VERB/KEY" of the mount. Any answer but 200 fails. */
static int ask(struct tmk_kms_answer *answer, struct transit_key *k,
	       const char *verb, const struct tmk_buf *body,
	       struct tmk_err *err)
{
	struct tmk_buf token = TMK_BUF_INIT(TOKEN_MAX + 64);
	struct tmk_buf space = TMK_BUF_INIT(512);
	char url[URL_MAX];
	struct tmk_kms_request r = {
		.method = body ? "POST" : "GET", .url = url,
		.header = { "X-Vault-Request: true" }, .headers = 1,
		.roots = *k->roots ? k->roots : NULL, .ms = k->key.ms,
		.set_by = k->is_set ? "set by VAULT_ADDR" :
			"VAULT_ADDR is not set",
		.roots_by = "VAULT_CACERT or SSL_CERT_FILE"
	};
	int rc = add_token(&token, k->key.env, err);

	if (!rc)
		rc = add_namespace(&space, k->key.env, err);
	r.header[r.headers++] = tmk_buf_str(&token);
	if (space.len)
		r.header[r.headers++] = tmk_buf_str(&space);
	if (body) {
		r.header[r.headers++] = "Content-Type: application/json";
		r.body = body->data;
		r.body_len = body->len;
	}
	snprintf(url, sizeof(url), "%s/v1/%s/%s/%s", k->address, k->mount,
		 verb, k->name);
	if (!rc)
		rc = tmk_kms_ask(answer, &r, NULL, err);
	if (!rc && answer->status != 200)
		rc = tmk_kms_store_refused(SERVICE, answer, MESSAGE, err);
	tmk_buf_release(&token);
	tmk_buf_release(&space);
	return rc;
}

/* ---- signing ------------------------------------------------------------ */

static int make_body(struct tmk_buf *body, const struct transit_key *k,
		     enum tmk_scheme scheme, enum tmk_hash hash,
		     const uint8_t *data, size_t len, struct tmk_err *err)
{
	struct tmk_buf value = TMK_BUF_INIT(2 * TMK_MESSAGE_MAX);
	int bits = tmk_kms_store_hash_bits(hash);
	char name[16];
	struct tmk_json j;
	int rc = tmk_enc_base64(&value, data, len, 0);

	snprintf(name, sizeof(name), "sha2-%d", bits);
	tmk_json_init(&j, body);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "input", tmk_buf_str(&value));
	tmk_json_int(&j, "key_version", (int64_t)k->version);
	if (scheme != TMK_EDDSA) {
		tmk_json_bool(&j, "prehashed", true);
		tmk_json_string(&j, "hash_algorithm", name);
	}
	if (scheme == TMK_RSA_PKCS1)
		tmk_json_string(&j, "signature_algorithm", "pkcs1v15");
	if (scheme == TMK_ECDSA)
		tmk_json_string(&j, "marshaling_algorithm", "asn1");
	tmk_json_close_object(&j);
	if (tmk_json_finish(&j) || rc)
		rc = tmk_err_nomem(err);
	tmk_buf_release(&value);
	return rc;
}

/* "vault:vN:BASE64", N the version that was asked for. */
static int take_signature(struct tmk_buf *sig, const struct transit_key *k,
			  const struct tmk_buf *body, struct tmk_err *err)
{
	struct tmk_buf raw = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	char text[2 * TMK_SIGNATURE_MAX], head[40];
	int rc, n;

	n = snprintf(head, sizeof(head), "vault:v%llu:",
		     (unsigned long long)k->version);
	if (tmk_kms_json(text, sizeof(text), body, "data.signature", NULL))
		return tmk_kms_store_wrong(SERVICE, "no signature", err);
	if (strncmp(text, head, (size_t)n))
		return tmk_kms_store_wrong(SERVICE, "a signature of another "
					   "version of the key", err);
	if (tmk_dec_base64(&raw, text + n, strlen(text + n)))
		rc = tmk_kms_store_wrong(SERVICE, "no signature", err);
	else
		rc = tmk_kms_store_signature(sig, SERVICE, &k->key.signer,
					     &raw, err);
	tmk_buf_release(&raw);
	return rc;
}

static int sign(struct tmk_kms_key *key, enum tmk_scheme scheme,
		enum tmk_hash hash, const uint8_t *digest, size_t len,
		struct tmk_buf *sig, struct tmk_err *err)
{
	struct transit_key *k = (struct transit_key *)key;
	struct tmk_buf body = TMK_BUF_INIT(2 * TMK_MESSAGE_MAX);
	struct tmk_kms_answer answer;
	int rc;

	tmk_kms_answer_init(&answer);
	rc = make_body(&body, k, scheme, hash, digest, len, err);
	if (!rc)
		rc = ask(&answer, k, "sign", &body, err);
	if (!rc)
		rc = take_signature(sig, k, &answer.body, err);
	tmk_kms_answer_release(&answer);
	tmk_buf_release(&body);
	return rc;
}

/* ---- the key ------------------------------------------------------------ */

/* Which version it is to be: the newest, or the one that is named. */
static int take_version(struct transit_key *k, const struct tmk_buf *body,
			struct tmk_err *err)
{
	char text[24];
	uint64_t newest, least = 0;

	if (tmk_kms_json(text, sizeof(text), body, "data.latest_version",
			 NULL) ||
	    tmk_kms_text_number(&newest, text, INT32_MAX) || !newest)
		return tmk_kms_store_wrong(SERVICE, "no version of the key",
					   err);
	if (!tmk_kms_json(text, sizeof(text), body,
			  "data.min_encryption_version", NULL) &&
	    tmk_kms_text_number(&least, text, INT32_MAX))
		return tmk_kms_store_wrong(SERVICE, "no version of the key",
					   err);
	if (!k->version)
		k->version = newest;
	if (k->version <= newest && k->version >= least)
		return 0;
	tmk_err_set(err, TMK_KEY, "version %llu of the key does not sign: "
		    "Vault has versions up to %llu and signs from %llu on",
		    (unsigned long long)k->version,
		    (unsigned long long)newest, (unsigned long long)least);
	return tmk_err_hint(err, "name another version in the key's uri");
}

/* PEM for RSA and EC, 32 bytes in base64 for Ed25519. */
static int read_public(struct tmk_buf *spki, const struct transit_key *k,
		       const char *text)
{
	struct tmk_buf point = TMK_BUF_INIT(64);
	int rc;

	if (strcmp(k->type, "ed25519"))
		return tmk_kms_text_public(spki, text);
	rc = tmk_dec_base64(&point, text, strlen(text));
	if (!rc && point.len != 32)
		rc = -1;
	if (!rc)
		rc = tmk_der_ed25519_spki(spki, point.data, point.len);
	tmk_buf_release(&point);
	return rc;
}

static int take_public(struct transit_key *k, const struct tmk_buf *body,
		       struct tmk_err *err)
{
	struct tmk_buf spki = TMK_BUF_INIT(8192);
	char text[TMK_KMS_TEXT_MAX], path[48];
	int rc;

	snprintf(path, sizeof(path), "data.keys.%llu.public_key",
		 (unsigned long long)k->version);
	rc = tmk_kms_json(text, sizeof(text), body, path, NULL);
	if (rc || read_public(&spki, k, text)) {
		tmk_err_set(err, TMK_KEY, "Vault shows no public key of "
			    "version %llu", (unsigned long long)k->version);
		rc = tmk_err_hint(err, "use a key of the type ecdsa-p256, "
				  "ecdsa-p384, ed25519, rsa-3072 or "
				  "rsa-4096");
	} else {
		rc = tmk_kms_key_public(&k->key, spki.data, spki.len, err);
	}
	tmk_buf_release(&spki);
	return rc;
}

static int check_kind(struct transit_key *k, const struct tmk_buf *body,
		      struct tmk_err *err)
{
	char text[KEY_MAX + 1];

	if (tmk_kms_json(k->type, sizeof(k->type), body, "data.type", NULL))
		return tmk_kms_store_wrong(SERVICE, "no key", err);
	if (!tmk_kms_json(text, sizeof(text), body, "data.name", NULL) &&
	    strcmp(text, k->name))
		return tmk_kms_store_wrong(SERVICE, "another key", err);
	if (!tmk_kms_json(text, sizeof(text), body, "data.supports_signing",
			  NULL) && strcmp(text, "true"))
		return tmk_err_set(err, TMK_KEY, "keys of the type %s do not "
				   "sign", k->type);
	/* One key of many: which one would have to be said each time. */
	if (!tmk_kms_json(text, sizeof(text), body, "data.derived", NULL) &&
	    strcmp(text, "false"))
		return tmk_err_set(err, TMK_KEY, "the key is one from which "
				   "others are derived");
	return 0;
}

static int look(struct tmk_kms_key *key, struct tmk_kms_answer *answer,
		const struct tmk_place *place, struct tmk_err *err)
{
	struct transit_key *k = (struct transit_key *)key;
	int rc;

	rc = parse(k, place->uri, place->env, err);
	if (!rc)
		rc = ask(answer, k, "keys", NULL, err);
	if (!rc)
		rc = check_kind(k, &answer->body, err);
	if (!rc)
		rc = take_version(k, &answer->body, err);
	if (!rc)
		rc = take_public(k, &answer->body, err);
	snprintf(k->key.uri, sizeof(k->key.uri), SCHEME "%s/%s?version=%llu",
		 k->mount, k->name, (unsigned long long)k->version);
	return rc;
}

static struct tmk_kms_store_words words(const struct tmk_kms_key *key)
{
	const struct transit_key *k = (const struct transit_key *)key;

	return (struct tmk_kms_store_words){ k->host, k->type, k->name };
}

static const struct tmk_kms_store_fact shown[] = {
	{ "type", "data.type" },
	{ "latest_version", "data.latest_version" },
	{ "min_available_version", "data.min_available_version" },
	{ "min_encryption_version", "data.min_encryption_version" },
	{ "exportable", "data.exportable" },
	{ "allow_plaintext_backup", "data.allow_plaintext_backup" },
	{ "deletion_allowed", "data.deletion_allowed" },
	{ "imported_key", "data.imported_key" },
	{ "supports_signing", "data.supports_signing" },
	{ NULL, NULL }
};

static const struct tmk_kms_store store = {
	.scheme = SCHEME,
	.service = SERVICE " transit",
	.size = sizeof(struct transit_key),
	.sign = sign,
	.look = look,
	.words = words,
	.facts = shown,
};

TMK_KMS_STORE_DOOR(vault, store);
