#include "x509/spki.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#define KEPT 8			/* keys */
#define SPKI_MAX 4096		/* bytes of one that is kept */

struct entry {
	uint8_t *spki;
	size_t len;
	EVP_PKEY *key;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry kept[KEPT];
static unsigned int oldest;

static EVP_PKEY *find(const uint8_t *spki, size_t len)
{
	EVP_PKEY *found = NULL;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < KEPT && !found; i++)
		if (kept[i].len == len && !memcmp(kept[i].spki, spki, len) &&
		    EVP_PKEY_up_ref(kept[i].key))
			found = kept[i].key;
	pthread_mutex_unlock(&lock);
	return found;
}

/* In the place of the oldest. Without memory it is simply not kept. */
static void keep(const uint8_t *spki, size_t len, EVP_PKEY *key)
{
	uint8_t *copy = len <= SPKI_MAX ? malloc(len) : NULL;
	struct entry *e;

	if (!copy)
		return;
	if (!EVP_PKEY_up_ref(key)) {
		free(copy);
		return;
	}
	memcpy(copy, spki, len);
	pthread_mutex_lock(&lock);
	e = &kept[oldest++ % KEPT];
	free(e->spki);
	EVP_PKEY_free(e->key);
	e->spki = copy;
	e->len = len;
	e->key = key;
	pthread_mutex_unlock(&lock);
}

EVP_PKEY *tmk_spki_key(const uint8_t *spki, size_t len)
{
	const unsigned char *p = spki;
	EVP_PKEY *key;

	if (!len)
		return NULL;
	key = find(spki, len);
	if (key)
		return key;
	ERR_set_mark();
	key = d2i_PUBKEY(NULL, &p, (long)len);
	ERR_pop_to_mark();
	if (key && p != spki + len) {
		EVP_PKEY_free(key);
		return NULL;
	}
	if (key)
		keep(spki, len, key);
	return key;
}
