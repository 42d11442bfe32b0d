/* test_front_certs.c - a certificate file is read again when it has changed,
 * however soon; one that stays the same is read once. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "plugins/front_certs.h"
#include "t/unit/tap.h"
#include "t/unit/x509_mint.h"

#define ROUNDS 50

static char path[256], other[256];
static X509 *cert[2];
static char *pem[2];
static size_t len[2];

static void make(int i, const char *name)
{
	struct mint_spec spec = { .name = name };
	BIO *bio = BIO_new(BIO_s_mem());
	struct mint m;
	char *text;
	long n;

	mint_cert(&m, NULL, &spec);
	mint_must(bio && PEM_write_bio_X509(bio, m.cert) == 1, "PEM");
	n = BIO_get_mem_data(bio, &text);
	/* Both of one size: what stands before the block says nothing. */
	len[i] = 4096;
	pem[i] = malloc(len[i]);
	mint_must(pem[i] && (size_t)n <= len[i], "memory");
	memset(pem[i], '\n', len[i]);
	memcpy(pem[i] + len[i] - (size_t)n, text, (size_t)n);
	BIO_free(bio);
	cert[i] = m.cert;
	EVP_PKEY_free(m.key);
}

/* In place: the same file, and no moment at which it is another. */
static void put(const char *to, int i)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	mint_must(fd >= 0 && pwrite(fd, pem[i], len[i], 0) ==
		  (ssize_t)len[i] && !close(fd), "a file");
}

/* Which of the two is read; -1: something else. */
static int which(const char *from)
{
	STACK_OF(X509) *certs = NULL;
	int i, found = -1;

	if (tmk_front_certs_load(&certs, from, NULL))
		return -1;
	for (i = 0; i < 2; i++)
		if (sk_X509_num(certs) == 1 &&
		    !X509_cmp(sk_X509_value(certs, 0), cert[i]))
			found = i;
	sk_X509_pop_free(certs, X509_free);
	return found;
}

/* Whether it is read once for two who want it. */
static bool kept(const char *from)
{
	STACK_OF(X509) *a = NULL, *b = NULL;
	bool same;

	mint_must(!tmk_front_certs_load(&a, from, NULL) &&
		  !tmk_front_certs_load(&b, from, NULL), "a load");
	same = sk_X509_value(a, 0) == sk_X509_value(b, 0);
	sk_X509_pop_free(a, X509_free);
	sk_X509_pop_free(b, X509_free);
	return same;
}

static void changes(void)
{
	int i, wrong = 0;

	for (i = 0; i < ROUNDS; i++) {
		put(path, i % 2);
		wrong += which(path) != i % 2;
	}
	is_int(wrong, 0, "a file that changes at once is read each time");
	put(other, 1);
	put(path, 0);
	is_int(which(path), 0, "a file");
	mint_must(!rename(other, path), "rename");
	is_int(which(path), 1, "another one in its place");
	mint_must(!unlink(path), "unlink");
	is_int(which(path), -1, "one that has gone is not remembered");
}

static void keeps(void)
{
	struct timespec past[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	put(path, 0);
	/* File systems whose times are exact would not show it otherwise. */
	ok(!kept(path), "one that was just written may change unseen");
	/* Past the time in which a change would not show. */
	sleep(4);
	ok(kept(path), "a file that stays the same is read once");
	put(path, 1);
	is_int(which(path), 1, "and again when it was changed");
	/* Times that are put back: the change of that shows. */
	put(path, 0);
	mint_must(!utimensat(AT_FDCWD, path, past, 0), "times");
	sleep(4);
	is_int(which(path), 0, "a file with old times");
	put(path, 1);
	mint_must(!utimensat(AT_FDCWD, path, past, 0), "times");
	is_int(which(path), 1, "its times are no proof of its content");
}

int main(void)
{
	int i;

	snprintf(path, sizeof(path), "%s/chain.pem", mint_dir());
	snprintf(other, sizeof(other), "%s/other.pem", mint_dir());
	make(0, "one");
	make(1, "two");
	changes();
	keeps();
	mint_clean();
	for (i = 0; i < 2; i++) {
		X509_free(cert[i]);
		free(pem[i]);
	}
	return tap_done();
}
