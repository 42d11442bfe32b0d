/* Whether a value is a key's signature: an answer is kept, but only a yes, and
 * only for exactly the same input. */
#include "t/unit/tap.h"

#include <dlfcn.h>

#include "t/unit/soft.h"
#include "x509/fast.h"
#include "x509/value.h"

#define MANY 40			/* more than are remembered */

static int calculated;

/* In the place of OpenSSL's, to see when it is asked. */
int EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
		    size_t sig_len, const unsigned char *digest, size_t len)
{
	int (*real)(EVP_PKEY_CTX *, const unsigned char *, size_t,
		    const unsigned char *, size_t);

	*(void **)&real = must(dlsym(RTLD_NEXT, "EVP_PKEY_verify"));
	calculated++;
	return real(ctx, sig, sig_len, digest, len);
}

struct made {
	EVP_PKEY *key;
	enum tmk_value_scheme scheme;
	uint8_t digest[32], value[512];
	size_t len;
};

static void make(struct made *m, EVP_PKEY *key, enum tmk_value_scheme scheme,
		 int salt)
{
	EVP_PKEY_CTX *ctx = must(EVP_PKEY_CTX_new(key, NULL));

	m->key = key;
	m->scheme = scheme;
	memset(m->digest, salt, sizeof(m->digest));
	m->len = sizeof(m->value);
	must_be(EVP_PKEY_sign_init(ctx) > 0 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
		EVP_PKEY_sign(ctx, m->value, &m->len, m->digest,
			      sizeof(m->digest)) > 0);
	EVP_PKEY_CTX_free(ctx);
}

static int check(const struct made *m, int hash)
{
	return tmk_value_check(m->key, m->scheme, 0, hash, m->digest,
			       sizeof(m->digest), m->value, m->len, NULL);
}

/* What differs in anything is calculated, and is no signature. */
static void differs(const struct made *m, int hash, const char *what)
{
	int before = calculated;

	ok(!check(m, hash), "%s: no", what);
	ok(!check(m, hash), "%s: no again", what);
	is_int(calculated - before, 2, "%s: calculated each time", what);
}

static void test_same(EVP_PKEY *key, EVP_PKEY *other,
		      enum tmk_value_scheme scheme)
{
	struct made good, m;
	int before = calculated;

	make(&good, key, scheme, 1);
	is_int(check(&good, TMK_SHA256), 1, "a signature is good");
	is_int(check(&good, TMK_SHA256), 1, "and good again");
	is_int(check(&good, TMK_SHA256), 1, "and a third time");
	is_int(calculated - before, 1, "calculated once");
	m = good;
	m.digest[31] ^= 1;
	differs(&m, TMK_SHA256, "another digest");
	m = good;
	m.value[m.len - 1] ^= 1;
	differs(&m, TMK_SHA256, "another value");
	m = good;
	m.len--;
	differs(&m, TMK_SHA256, "a shorter value");
	m = good;
	m.key = other;
	differs(&m, TMK_SHA256, "another key");
}

static void test_bounds(EVP_PKEY *key)
{
	struct made first, m;
	int before, i;

	make(&first, key, TMK_VALUE_ECDSA, 100);
	is_int(check(&first, TMK_SHA256), 1, "the first of many");
	for (i = 0; i < MANY; i++) {
		make(&m, key, TMK_VALUE_ECDSA, 101 + i);
		must_be(check(&m, TMK_SHA256) == 1);
	}
	before = calculated;
	is_int(check(&first, TMK_SHA256), 1, "it is good after many others");
	is_int(calculated - before, 1, "but not known any more");
	tmk_fast_set(false);
	before = calculated;
	is_int(check(&first, TMK_SHA256), 1, "good on the long way too");
	is_int(calculated - before, 1, "which always calculates");
	tmk_fast_set(true);
}

int main(void)
{
	EVP_PKEY *ec = soft_ec("P-256"), *ec2 = soft_ec("P-256");
	EVP_PKEY *rsa = soft_rsa(2048), *rsa2 = soft_rsa(2048);

	test_same(ec, ec2, TMK_VALUE_ECDSA);
	test_same(rsa, rsa2, TMK_VALUE_PKCS1);
	test_bounds(ec);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(ec2);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(rsa2);
	return tap_done();
}
