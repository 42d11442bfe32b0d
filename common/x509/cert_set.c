#include "x509/cert_set.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "x509/cert.h"
#include "x509/cert_cache.h"
#include "x509/usage.h"

/* Sets are found by their last bytes, which are those of a signature. Whoever
 * makes many that fall together only pushes out his own kind. */
#define PLACES 32
#define WAYS 4

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tmk_cert_set *kept[PLACES][WAYS];
static unsigned int oldest[PLACES];

/* ---- making one --------------------------------------------------------- */

/* Certificate (RFC 5280 4.1) down to the subject. */
static bool cut(struct tmk_cert_set_item *item)
{
	struct tmk_strict_cursor c, tbs;
	struct tmk_strict e;

	tmk_strict_enter(&c, &item->der);
	if (!tmk_strict_open(&tbs, &c, TMK_STRICT_SEQUENCE))
		return false;
	if (tmk_strict_peek(&tbs) == TMK_STRICT_TAGGED &&
	    !tmk_strict_take(&e, &tbs, TMK_STRICT_TAGGED))
		return false;
	return tmk_strict_take(&item->serial, &tbs, TMK_STRICT_INTEGER) &&
		tmk_strict_is_integer(&item->serial) &&
		tmk_strict_take(&e, &tbs, TMK_STRICT_SEQUENCE) &&
		tmk_strict_take(&item->issuer, &tbs, TMK_STRICT_SEQUENCE) &&
		tmk_strict_take(&e, &tbs, TMK_STRICT_SEQUENCE) &&
		tmk_strict_take(&item->subject, &tbs, TMK_STRICT_SEQUENCE);
}

/* What OpenSSL would write is what was read: hashes over the one are those
 * over the other. */
static bool reads_back(X509 *x509, const struct tmk_strict *der)
{
	unsigned char *again = NULL;
	int n = i2d_X509(x509, &again);
	bool same = n > 0 && (size_t)n == der->all_len &&
		!memcmp(again, der->all, der->all_len);

	OPENSSL_free(again);
	return same;
}

/* Decode, and what is asked each time. */
static bool learn(struct tmk_cert_set *set, struct tmk_cert_set_item *item)
{
	char why[400];
	X509 *x509;

	x509 = tmk_cert_cache_decode(item->der.all, item->der.all_len);
	if (!x509)
		return false;
	if (!reads_back(x509, &item->der) || !sk_X509_push(set->bag, x509)) {
		X509_free(x509);
		return false;
	}
	item->x509 = x509;
	item->stamps = tmk_usage_tsa_ok(x509, why, sizeof(why));
	tmk_cert_subject(item->name, sizeof(item->name), x509);
	return true;
}

static bool read_all(struct tmk_cert_set *set)
{
	struct tmk_cert_set_item *item;
	struct tmk_strict_cursor c;
	int i;

	tmk_strict_start(&c, set->der, set->len);
	while (!tmk_strict_done(&c)) {
		if (set->items == TMK_CERT_SET_MAX)
			return false;
		item = &set->item[set->items];
		if (!tmk_strict_take(&item->der, &c, TMK_STRICT_SEQUENCE) ||
		    !cut(item))
			return false;
		for (i = 0; i < set->items; i++)
			if (tmk_strict_same(&set->item[i].der, &item->der))
				return false;
		if (!learn(set, item))
			return false;
		set->items++;
	}
	return set->items > 0;
}

static void destroy(struct tmk_cert_set *set)
{
	sk_X509_pop_free(set->bag, X509_free);
	free(set->der);
	free(set);
}

static struct tmk_cert_set *make(const uint8_t *der, size_t len)
{
	struct tmk_cert_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->references = 1;
	set->der = malloc(len);
	set->bag = sk_X509_new_null();
	if (set->der && set->bag) {
		memcpy(set->der, der, len);
		set->len = len;
		if (tmk_strict_whole(der, len) && read_all(set))
			return set;
	}
	destroy(set);
	return NULL;
}

/* ---- keeping the last ones ---------------------------------------------- */

static struct tmk_cert_set **place_of(unsigned int *place, const uint8_t *der,
				      size_t len)
{
	*place = (der[len - 1] ^ der[len - 2] << 1 ^ (unsigned int)len) %
		PLACES;
	return kept[*place];
}

void tmk_cert_set_free(struct tmk_cert_set *set)
{
	bool last;

	if (!set)
		return;
	pthread_mutex_lock(&lock);
	last = !--set->references;
	pthread_mutex_unlock(&lock);
	if (last)
		destroy(set);
}

static struct tmk_cert_set *find(const uint8_t *der, size_t len)
{
	struct tmk_cert_set **way, *found = NULL;
	unsigned int place;
	int i;

	way = place_of(&place, der, len);
	pthread_mutex_lock(&lock);
	for (i = 0; i < WAYS && !found; i++)
		if (way[i] && way[i]->len == len &&
		    !memcmp(way[i]->der, der, len))
			found = way[i];
	if (found)
		found->references++;
	pthread_mutex_unlock(&lock);
	return found;
}

/* In the place of the oldest. Two of the same, made at once, do no harm. */
static void keep(struct tmk_cert_set *set)
{
	struct tmk_cert_set **way, *out;
	unsigned int place;

	way = place_of(&place, set->der, set->len);
	pthread_mutex_lock(&lock);
	way += oldest[place]++ % WAYS;
	out = *way;
	*way = set;
	set->references++;
	pthread_mutex_unlock(&lock);
	tmk_cert_set_free(out);
}

struct tmk_cert_set *tmk_cert_set_get(const uint8_t *der, size_t len)
{
	struct tmk_cert_set *set;

	if (len < 2 || len > TMK_CERT_SET_BYTES)
		return NULL;
	set = find(der, len);
	if (set)
		return set;
	ERR_set_mark();
	set = make(der, len);
	ERR_pop_to_mark();
	if (set)
		keep(set);
	return set;
}

const struct tmk_cert_set_item *
tmk_cert_set_find(const struct tmk_cert_set *set,
		  const struct tmk_strict *issuer,
		  const struct tmk_strict *serial)
{
	const struct tmk_cert_set_item *found = NULL;
	int i;

	for (i = 0; i < set->items; i++) {
		if (!tmk_strict_same(&set->item[i].serial, serial))
			continue;
		if (found)
			return NULL;
		found = &set->item[i];
	}
	return found && tmk_strict_same(&found->issuer, issuer) ? found : NULL;
}
