#include "x509/value.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "x509/digest.h"
#include "x509/fast.h"

#define KEPT 16			/* preparations */
#define KNOWN 32		/* answers */
#define DIGEST_MAX 64		/* bytes of a digest that is remembered */
#define VALUE_MAX 512		/* of a value: RSA-4096 */

/* One that nobody is using. */
struct entry {
	EVP_PKEY_CTX *ctx;	/* NULL: none; it holds the key */
	const EVP_PKEY *key;	/* for comparing only */
	enum tmk_value_scheme scheme;
	int hash;
};

/* A signature that was good: all that the arithmetic has as input. */
struct known {
	EVP_PKEY *key;		/* held, so that its address stays its own */
	enum tmk_value_scheme scheme;
	int hash;
	size_t digest_len, value_len;
	uint8_t digest[DIGEST_MAX], value[VALUE_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry kept[KEPT];
static struct known known[KNOWN];
static unsigned int oldest, oldest_known;

/* Take one out; NULL when there is none that fits. The key it holds cannot
 * have been freed, so that an equal address is the same key. */
static EVP_PKEY_CTX *take(const EVP_PKEY *key, enum tmk_value_scheme scheme,
			  int hash)
{
	EVP_PKEY_CTX *ctx = NULL;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < KEPT && !ctx; i++) {
		struct entry *e = &kept[i];

		if (e->ctx && e->key == key && e->scheme == scheme &&
		    e->hash == hash) {
			ctx = e->ctx;
			e->ctx = NULL;
		}
	}
	pthread_mutex_unlock(&lock);
	return ctx;
}

/* Put it back, into an empty place or that of the oldest. */
static void put(EVP_PKEY_CTX *ctx, const EVP_PKEY *key,
		enum tmk_value_scheme scheme, int hash)
{
	EVP_PKEY_CTX *out;
	struct entry *e;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < KEPT && kept[i].ctx; i++)
		;
	e = &kept[i < KEPT ? (unsigned int)i : oldest++ % KEPT];
	out = e->ctx;
	*e = (struct entry){ ctx, key, scheme, hash };
	pthread_mutex_unlock(&lock);
	EVP_PKEY_CTX_free(out);
}

/* Whether the same was found good a moment ago. Who makes a signature checks
 * what the token gave, what was encoded and what is in the file: the same
 * numbers three times, when nothing has gone wrong in between. */
static bool is_known(const struct known *as)
{
	bool found = false;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < KNOWN && !found; i++) {
		const struct known *k = &known[i];

		found = k->key == as->key && k->scheme == as->scheme &&
			k->hash == as->hash &&
			k->digest_len == as->digest_len &&
			k->value_len == as->value_len &&
			!memcmp(k->digest, as->digest, as->digest_len) &&
			!memcmp(k->value, as->value, as->value_len);
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* It is good: in the place of the oldest. */
static void remember(const struct known *good)
{
	struct known *k;
	EVP_PKEY *out;

	if (!EVP_PKEY_up_ref(good->key))
		return;
	pthread_mutex_lock(&lock);
	k = &known[oldest_known++ % KNOWN];
	out = k->key;
	*k = *good;
	pthread_mutex_unlock(&lock);
	EVP_PKEY_free(out);
}

static bool set_pss(EVP_PKEY_CTX *ctx, const EVP_MD *md, int salt)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
		EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) > 0;
}

static bool prepare(EVP_PKEY_CTX *ctx, enum tmk_value_scheme scheme, int salt,
		    int hash)
{
	const EVP_MD *md = tmk_digest_md(hash);
	bool good = EVP_PKEY_verify_init(ctx) > 0;

	if (good && scheme == TMK_VALUE_PKCS1)
		good = EVP_PKEY_CTX_set_rsa_padding(ctx,
						    RSA_PKCS1_PADDING) > 0;
	good = good && EVP_PKEY_CTX_set_signature_md(ctx, md) > 0;
	if (good && scheme == TMK_VALUE_PSS)
		good = set_pss(ctx, md, salt);
	return good;
}

static int check(EVP_PKEY *key, enum tmk_value_scheme scheme, int salt,
		 int hash, const uint8_t *digest, size_t digest_len,
		 const uint8_t *value, size_t value_len, struct tmk_err *err)
{
	bool keeps = scheme != TMK_VALUE_PSS && tmk_fast();
	EVP_PKEY_CTX *ctx = keeps ? take(key, scheme, hash) : NULL;
	bool good = true;

	ERR_set_mark();
	if (!ctx) {
		ctx = EVP_PKEY_CTX_new(key, NULL);
		if (!ctx) {
			ERR_pop_to_mark();
			return tmk_err_nomem(err);
		}
		good = prepare(ctx, scheme, salt, hash);
	}
	/* A signature of a wrong form makes it negative: no is no. */
	good = good && EVP_PKEY_verify(ctx, value, value_len, digest,
				       digest_len) == 1;
	/* One that said no may have been left half way. */
	if (good && keeps)
		put(ctx, key, scheme, hash);
	else
		EVP_PKEY_CTX_free(ctx);
	ERR_pop_to_mark();
	return good;
}

int tmk_value_check(EVP_PKEY *key, enum tmk_value_scheme scheme, int salt,
		    int hash, const uint8_t *digest, size_t digest_len,
		    const uint8_t *value, size_t value_len,
		    struct tmk_err *err)
{
	struct known now = { key, scheme, hash, digest_len, value_len,
			     { 0 }, { 0 } };
	int rc;

	if (scheme == TMK_VALUE_PSS || !tmk_fast() ||
	    digest_len > DIGEST_MAX || value_len > VALUE_MAX)
		return check(key, scheme, salt, hash, digest, digest_len,
			     value, value_len, err);
	memcpy(now.digest, digest, digest_len);
	memcpy(now.value, value, value_len);
	if (is_known(&now))
		return 1;
	rc = check(key, scheme, salt, hash, digest, digest_len, value,
		   value_len, err);
	if (rc == 1)
		remember(&now);
	return rc;
}
