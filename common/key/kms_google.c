#include "key/kms_google.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "key/kms.h"
#include "key/kms_store.h"
#include "key/kms_text.h"
#include "key/kms_token.h"

#define FILE_MAX (64 * 1024)	/* bytes of a credentials file */
#define PATH_TEXT_MAX 1024
#define KEY_TEXT_MAX 8192	/* bytes of a private key in PEM */
#define CLAIMS_MAX 4096
#define JWT_S 3600		/* an assertion may last no longer */
#define SCOPE "https://www.googleapis.com/auth/cloudkms"
#define TOKEN_URI "https://oauth2.googleapis.com/token"
#define GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define METADATA_HOST "169.254.169.254"
#define METADATA_PATH \
	"/computeMetadata/v1/instance/service-accounts/default/token"

struct asking {
	const char *(*env)(const char *name);
	int ms;
};

/* The file of credentials, "" when there is none to be looked for. A file that
 * is named must be there; the one of gcloud may be missing. */
static void file_of(char *out, size_t size,
		    const char *(*env)(const char *))
{
	static const char name[] = "application_default_credentials.json";
	const char *named = tmk_kms_store_env(env,
					"GOOGLE_APPLICATION_CREDENTIALS");
	const char *gcloud = tmk_kms_store_env(env, "CLOUDSDK_CONFIG");
	const char *home = tmk_kms_store_env(env, "HOME");
	int n = 0;

	*out = '\0';
	if (named)
		n = snprintf(out, size, "%s", named);
	else if (gcloud)
		n = snprintf(out, size, "%s/%s", gcloud, name);
	else if (home)
		n = snprintf(out, size, "%s/.config/gcloud/%s", home, name);
	if (n < 0 || (size_t)n >= size ||
	    (!named && *out && !tmk_file_exists(out)))
		*out = '\0';
}

/* A member of the credentials file that must be there. */
static int member(char *out, size_t size, const struct tmk_buf *file,
		  const char *name, struct tmk_err *err)
{
	if (tmk_kms_json(out, size, file, name, NULL) || !*out)
		return tmk_err_set(err, TMK_USAGE, "the file of Google "
				   "credentials has no usable \"%s\"", name);
	return 0;
}

/* ---- a service account: an assertion that its key signs (RFC 7523) ------- */

static int fill_claims(struct tmk_buf *json, const char *account,
		       const char *audience)
{
	int64_t now = tmk_clock_now();
	struct tmk_json j;

	tmk_json_init(&j, json);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "iss", account);
	tmk_json_string(&j, "scope", SCOPE);
	tmk_json_string(&j, "aud", audience);
	tmk_json_int(&j, "iat", now);
	tmk_json_int(&j, "exp", now + JWT_S);
	tmk_json_close_object(&j);
	return tmk_json_finish(&j);
}

static int fill_header(struct tmk_buf *json, const char *kid)
{
	struct tmk_json j;

	tmk_json_init(&j, json);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "alg", "RS256");
	tmk_json_string(&j, "typ", "JWT");
	if (*kid)
		tmk_json_string(&j, "kid", kid);
	tmk_json_close_object(&j);
	return tmk_json_finish(&j);
}

/* RSASSA-PKCS1-v1_5 with SHA-256 over the bytes (RFC 7518 3.3). */
static int sign_rs256(struct tmk_buf *sig, EVP_PKEY *key,
		      const struct tmk_buf *bytes)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t value[1024];
	size_t len = sizeof(value);
	int rc = -1;

	if (ctx && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	    EVP_PKEY_get_size(key) <= (int)sizeof(value) &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, value, &len, bytes->data, bytes->len) == 1)
		rc = tmk_buf_add(sig, value, len);
	EVP_MD_CTX_free(ctx);
	return rc;
}

static int no_password(char *buf, int size, int rwflag, void *u)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)u;
	return -1;
}

static EVP_PKEY *read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password,
						      NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

/* Append "HEADER.CLAIMS.SIGNATURE" (RFC 7515 7.1). */
static int make_jwt(struct tmk_buf *jwt, const struct tmk_buf *file,
		    const char *audience, struct tmk_err *err)
{
	struct tmk_buf json = TMK_BUF_INIT(CLAIMS_MAX);
	struct tmk_buf sig = TMK_BUF_INIT(1024);
	char pem[KEY_TEXT_MAX], account[320], kid[128];
	EVP_PKEY *key = NULL;
	int rc;

	rc = member(pem, sizeof(pem), file, "private_key", err);
	if (!rc)
		rc = member(account, sizeof(account), file, "client_email",
			    err);
	if (!rc && tmk_kms_json(kid, sizeof(kid), file, "private_key_id",
				NULL))
		kid[0] = '\0';
	if (!rc)
		key = read_key(pem);
	tmk_wipe(pem, sizeof(pem));
	if (!rc && (!key || fill_header(&json, kid) ||
		    tmk_kms_text_url64(jwt, json.data, json.len)))
		rc = -1;
	tmk_buf_clear(&json);
	if (!rc && (fill_claims(&json, account, audience) ||
		    tmk_buf_addch(jwt, '.') ||
		    tmk_kms_text_url64(jwt, json.data, json.len) ||
		    sign_rs256(&sig, key, jwt) || tmk_buf_addch(jwt, '.') ||
		    tmk_kms_text_url64(jwt, sig.data, sig.len)))
		rc = -1;
	if (rc && err && !err->code)
		rc = tmk_err_set(err, TMK_USAGE, "the private key in the file "
				 "of Google credentials cannot be used");
	EVP_PKEY_free(key);
	tmk_buf_release(&json);
	tmk_buf_release(&sig);
	return rc;
}

/* Where tokens are asked for; https, or this machine. */
static int token_uri(char *out, size_t size, const struct tmk_buf *file,
		     struct tmk_err *err)
{
	int rc = tmk_kms_json(out, size, file, "token_uri", err);

	if (rc > 0) {
		snprintf(out, size, "%s", TOKEN_URI);
		rc = 0;
	}
	return rc ? -1 : tmk_kms_url_ok(out, err);
}

static int post(struct tmk_buf *token, int64_t *seconds, const char *url,
		const struct tmk_buf *form, int ms, struct tmk_err *err)
{
	const struct tmk_kms_token_from from = {
		"Google", url, "token_uri of the file of credentials"
	};

	return tmk_kms_token_post(token, seconds, &from, form, ms, err);
}

static int ask_as_account(struct tmk_buf *token, int64_t *seconds,
			  const struct tmk_buf *file, const struct asking *a,
			  struct tmk_err *err)
{
	struct tmk_buf jwt = TMK_BUF_INIT(3 * CLAIMS_MAX);
	struct tmk_buf form = TMK_BUF_INIT(4 * CLAIMS_MAX);
	struct tmk_err own = TMK_ERR_INIT;
	char url[TMK_KMS_TEXT_MAX];
	int rc;

	rc = token_uri(url, sizeof(url), file, &own);
	if (!rc)
		rc = make_jwt(&jwt, file, url, &own);
	if (!rc && (tmk_kms_text_field(&form, "grant_type", GRANT) ||
		    tmk_kms_text_field(&form, "assertion",
				       tmk_buf_str(&jwt))))
		rc = tmk_err_nomem(&own);
	if (!rc)
		rc = post(token, seconds, url, &form, a->ms, &own);
	if (rc && err)
		*err = own;
	tmk_buf_release(&jwt);
	tmk_buf_release(&form);
	return rc;
}

/* ---- a person, a machine ------------------------------------------------- */

static int ask_as_person(struct tmk_buf *token, int64_t *seconds,
			 const struct tmk_buf *file, const struct asking *a,
			 struct tmk_err *err)
{
	static const char *const name[] = {
		"client_id", "client_secret", "refresh_token"
	};
	struct tmk_buf form = TMK_BUF_INIT(4 * CLAIMS_MAX);
	char url[TMK_KMS_TEXT_MAX], value[2048];
	int rc, i;

	rc = token_uri(url, sizeof(url), file, err);
	if (!rc && tmk_kms_text_field(&form, "grant_type", "refresh_token"))
		rc = tmk_err_nomem(err);
	for (i = 0; !rc && i < 3; i++) {
		rc = member(value, sizeof(value), file, name[i], err);
		if (!rc && tmk_kms_text_field(&form, name[i], value))
			rc = tmk_err_nomem(err);
	}
	tmk_wipe(value, sizeof(value));
	if (!rc)
		rc = post(token, seconds, url, &form, a->ms, err);
	tmk_buf_release(&form);
	return rc;
}

static int ask_machine(struct tmk_buf *token, int64_t *seconds,
		       const struct asking *a, struct tmk_err *err)
{
	const char *host = tmk_kms_store_env(a->env, "GCE_METADATA_HOST");
	struct tmk_kms_request request = {
		.method = "GET", .header = { "Metadata-Flavor: Google" },
		.headers = 1, .ms = a->ms
	};
	struct tmk_kms_answer answer;
	struct tmk_kms_text_url parts;
	char url[512];
	int n, rc = 0;

	n = snprintf(url, sizeof(url), "http://%s" METADATA_PATH, host ? host :
		     METADATA_HOST);
	request.url = url;
	if (n < 0 || (size_t)n >= sizeof(url) ||
	    tmk_kms_text_split(&parts, url) || strchr(host ? host : "", '/'))
		return tmk_err_set(err, TMK_USAGE, "GCE_METADATA_HOST is no "
				   "host");
	tmk_kms_answer_init(&answer);
	rc = tmk_kms_ask(&answer, &request, NULL, err);
	if (rc)
		(void)tmk_err_hint(err, "name a file of credentials in GOOGLE_"
				   "APPLICATION_CREDENTIALS, or run where "
				   "there is a service account");
	else
		rc = tmk_kms_token_read(token, seconds, "the metadata server",
					&answer, err);
	tmk_kms_answer_release(&answer);
	return rc;
}

static int fetch(void *ctx, struct tmk_buf *token, int64_t *seconds,
		 struct tmk_err *err)
{
	const struct asking *a = ctx;
	struct tmk_buf file = TMK_BUF_INIT(FILE_MAX);
	char path[PATH_TEXT_MAX], type[32];
	int rc;

	file_of(path, sizeof(path), a->env);
	if (!*path)
		return ask_machine(token, seconds, a, err);
	rc = tmk_file_read(&file, path, err);
	if (!rc)
		rc = member(type, sizeof(type), &file, "type", err);
	if (!rc && !strcmp(type, "service_account"))
		rc = ask_as_account(token, seconds, &file, a, err);
	else if (!rc && !strcmp(type, "authorized_user"))
		rc = ask_as_person(token, seconds, &file, a, err);
	else if (!rc)
		rc = tmk_err_set(err, TMK_USAGE, "Google credentials of the "
				 "type %s cannot be used; use service_account "
				 "or authorized_user", type);
	tmk_buf_release(&file);
	return rc;
}

static void make_id(char *id, size_t size, const char *(*env)(const char *))
{
	const char *host = tmk_kms_store_env(env, "GCE_METADATA_HOST");
	char path[PATH_TEXT_MAX];

	file_of(path, sizeof(path), env);
	snprintf(id, size, "google %s", *path ? path : host ? host : "-");
}

int tmk_kms_google_bearer(struct tmk_buf *header,
			  const char *(*env)(const char *name), int ms,
			  struct tmk_err *err)
{
	struct asking a = { env, ms };
	char id[PATH_TEXT_MAX + 16];

	make_id(id, sizeof(id), env);
	return tmk_kms_token_get(header, id, fetch, &a, err);
}

void tmk_kms_google_drop(const char *(*env)(const char *name))
{
	char id[PATH_TEXT_MAX + 16];

	make_id(id, sizeof(id), env);
	tmk_kms_token_drop(id);
}
