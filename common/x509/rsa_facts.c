#include "x509/rsa_facts.h"

#include <pthread.h>
#include <stdint.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "x509/fast.h"

#define KEPT 64			/* keys, each in the one place it can have */

struct entry {
	EVP_PKEY *key;		/* with a reference: its address is its own */
	struct tmk_rsa_facts facts;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry kept[KEPT];

static struct entry *place_of(const EVP_PKEY *key)
{
	return &kept[(uintptr_t)key / 64 % KEPT];
}

static bool find(struct tmk_rsa_facts *out, const EVP_PKEY *key)
{
	const struct entry *e = place_of(key);
	bool found;

	pthread_mutex_lock(&lock);
	found = e->key == key;
	if (found)
		*out = e->facts;
	pthread_mutex_unlock(&lock);
	return found;
}

static void keep(EVP_PKEY *key, const struct tmk_rsa_facts *facts)
{
	struct entry *e = place_of(key);
	EVP_PKEY *out;

	if (!EVP_PKEY_up_ref(key))
		return;
	pthread_mutex_lock(&lock);
	out = e->key;
	e->key = key;
	e->facts = *facts;
	pthread_mutex_unlock(&lock);
	EVP_PKEY_free(out);
}

static bool learn(struct tmk_rsa_facts *out, EVP_PKEY *key)
{
	BIGNUM *n = NULL, *e = NULL;
	bool good;

	good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
		EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1;
	if (good) {
		out->bits = BN_num_bits(n);
		out->odd = BN_is_odd(n);
		out->exponent_bits = BN_num_bits(e);
		out->exponent_good = BN_is_odd(e) && !BN_is_one(e) &&
			!BN_is_negative(e);
	}
	BN_free(n);
	BN_free(e);
	return good;
}

bool tmk_rsa_facts_get(struct tmk_rsa_facts *out, EVP_PKEY *key)
{
	bool fast = tmk_fast();

	if (fast && find(out, key))
		return true;
	if (!learn(out, key))
		return false;
	if (fast)
		keep(key, out);
	return true;
}
