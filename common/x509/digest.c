#include "x509/digest.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/objects.h>

/* Large enough that read() costs nothing beside hashing, small enough to stay
 * in the second-level cache. */
#define CHUNK (128 * 1024)

/* The values of enum tmk_hash, which this floor may not include. */
static const struct {
	int hash;
	int nid;
	const EVP_MD *(*md)(void);
} hashes[] = {
	{ 1, NID_sha256, EVP_sha256 },
	{ 2, NID_sha384, EVP_sha384 },
	{ 3, NID_sha512, EVP_sha512 },
	{ 4, NID_blake2b512, EVP_blake2b512 },
};

#define HASHES ((int)(sizeof(hashes) / sizeof(hashes[0])))

/* What the names of EVP_sha256() and its kin are looked up to each time they
 * are used: looked up once, never freed. NULL: that failed. */
static EVP_MD *fetched[HASHES];

static void fetch_all(void)
{
	int i;

	ERR_set_mark();
	for (i = 0; i < HASHES; i++)
		fetched[i] = EVP_MD_fetch(NULL, OBJ_nid2sn(hashes[i].nid),
					  NULL);
	ERR_pop_to_mark();
}

const EVP_MD *tmk_digest_md(int hash)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int i;

	pthread_once(&once, fetch_all);
	for (i = 0; i < HASHES; i++)
		if (hashes[i].hash == hash)
			return fetched[i] ? fetched[i] : hashes[i].md();
	return NULL;
}

int tmk_digest_from_nid(int nid)
{
	int i;

	/* CMS and its certificates know SHA-2 alone (RFC 5754). */
	for (i = 0; i < HASHES; i++)
		if (hashes[i].nid == nid && nid != NID_blake2b512)
			return hashes[i].hash;
	return 0;
}

int tmk_digest_init(struct tmk_digest *d, int hash, struct tmk_err *err)
{
	const EVP_MD *md = tmk_digest_md(hash);
	EVP_MD_CTX *ctx;

	if (!md)
		return tmk_err_set(err, TMK_INTERNAL,
				   "there is no hash number %d", hash);
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return tmk_err_nomem(err);
	if (EVP_DigestInit_ex(ctx, md, NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		return tmk_err_set(err, TMK_INTERNAL,
				   "OpenSSL cannot start hash number %d",
				   hash);
	}
	d->ctx = ctx;
	return 0;
}

int tmk_digest_update(struct tmk_digest *d, const void *data, size_t len,
		      struct tmk_err *err)
{
	if (EVP_DigestUpdate(d->ctx, data, len) != 1)
		return tmk_err_set(err, TMK_INTERNAL,
				   "OpenSSL cannot go on hashing");
	return 0;
}

int tmk_digest_final(struct tmk_digest *d, uint8_t *out, size_t *len,
		     struct tmk_err *err)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	int rc = 0;

	if (EVP_DigestFinal_ex(d->ctx, md, &n) != 1 || n > TMK_DIGEST_MAX) {
		rc = tmk_err_set(err, TMK_INTERNAL,
				 "OpenSSL cannot finish hashing");
	} else {
		memcpy(out, md, n);
		*len = n;
	}
	tmk_digest_release(d);
	return rc;
}

void tmk_digest_release(struct tmk_digest *d)
{
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

int tmk_digest_bytes(int hash, const void *data, size_t len, uint8_t *out,
		     size_t *out_len, struct tmk_err *err)
{
	struct tmk_digest d = { NULL };
	int rc = -1;

	if (tmk_digest_init(&d, hash, err))
		return -1;
	if (tmk_digest_update(&d, data, len, err))
		goto out;
	rc = tmk_digest_final(&d, out, out_len, err);
out:
	tmk_digest_release(&d);
	return rc;
}

int tmk_digest_fd(int hash, int fd, const char *name, uint8_t *out,
		  size_t *out_len, struct tmk_err *err)
{
	struct tmk_digest d = { NULL };
	uint8_t *chunk = NULL;
	ssize_t n;
	int rc = -1;

	if (tmk_digest_init(&d, hash, err))
		return -1;
	chunk = malloc(CHUNK);
	if (!chunk) {
		tmk_err_nomem(err);
		goto out;
	}
	for (;;) {
		n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			tmk_err_set(err, TMK_INPUT, "cannot read %s: %s",
				    name, strerror(errno));
			goto out;
		}
		if (n == 0)
			break;
		if (tmk_digest_update(&d, chunk, (size_t)n, err))
			goto out;
	}
	rc = tmk_digest_final(&d, out, out_len, err);
out:
	free(chunk);
	tmk_digest_release(&d);
	return rc;
}
