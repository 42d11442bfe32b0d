/*
 * The certificates that were decoded last. Nothing is decided here: a hit is
 * what decoding the same bytes again would give. One for the process: threads
 * that come and go (an agent's) find what others decoded.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "seal/cms_read.h"

#define KEPT 16			/* certificates */
#define KEPT_MAX 8192		/* bytes of one; larger ones are rare */

struct entry {
	uint8_t *der;
	size_t len;
	X509 *x509;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry kept[KEPT];
static unsigned int oldest;

static X509 *find(const uint8_t *der, size_t len)
{
	X509 *found = NULL;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < KEPT && !found; i++)
		if (kept[i].len == len && !memcmp(kept[i].der, der, len) &&
		    X509_up_ref(kept[i].x509))
			found = kept[i].x509;
	pthread_mutex_unlock(&lock);
	return found;
}

/* Keep it in the place of the oldest. Without memory it is simply not kept. */
static void keep(const uint8_t *der, size_t len, X509 *x509)
{
	struct entry *e;
	uint8_t *copy;

	if (len > KEPT_MAX)
		return;
	copy = malloc(len);
	if (!copy)
		return;
	if (!X509_up_ref(x509)) {
		free(copy);
		return;
	}
	memcpy(copy, der, len);
	pthread_mutex_lock(&lock);
	e = &kept[oldest++ % KEPT];
	free(e->der);
	X509_free(e->x509);
	e->der = copy;
	e->len = len;
	e->x509 = x509;
	pthread_mutex_unlock(&lock);
}

X509 *tmk_cms_cache_decode(const struct tmk_ber *der)
{
	const unsigned char *p = der->all;
	X509 *x509 = find(der->all, der->all_len);

	if (x509)
		return x509;
	ERR_set_mark();
	x509 = d2i_X509(NULL, &p, (long)der->all_len);
	ERR_pop_to_mark();
	if (x509 && p != der->all + der->all_len) {
		X509_free(x509);
		return NULL;
	}
	if (x509)
		keep(der->all, der->all_len, x509);
	return x509;
}

void tmk_cms_cache_keep(X509 *x509)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x509, &der);
	X509 *known = len > 0 ? find(der, (size_t)len) : NULL;

	if (len > 0 && !known)
		keep(der, (size_t)len, x509);
	X509_free(known);
	OPENSSL_free(der);
}
