#include "x509/cert_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

/* Threads that come and go (an agent's) find what others decoded. */
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

X509 *tmk_cert_cache_decode(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	X509 *x509 = find(der, len);

	if (x509)
		return x509;
	ERR_set_mark();
	x509 = d2i_X509(NULL, &p, (long)len);
	ERR_pop_to_mark();
	if (x509 && p != der + len) {
		X509_free(x509);
		return NULL;
	}
	if (x509)
		keep(der, len, x509);
	return x509;
}

void tmk_cert_cache_keep(X509 *x509)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x509, &der);
	X509 *known = len > 0 ? find(der, (size_t)len) : NULL;

	if (len > 0 && !known)
		keep(der, (size_t)len, x509);
	X509_free(known);
	OPENSSL_free(der);
}
