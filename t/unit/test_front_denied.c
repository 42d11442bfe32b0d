/* Denied keys: one key in every spelling, and a list that only grows. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "plugins/front_denied.h"
#include "plugins/front_denied_list.h"
#include "plugins/front_spki.h"
#include "t/unit/tap.h"

static char dir[] = "/tmp/tmk-denied.XXXXXX";

struct der {
	unsigned char *data;
	size_t len;
};

static struct der spki_of(EVP_PKEY *key)
{
	struct der d = { NULL, 0 };
	int n = i2d_PUBKEY(key, &d.data);

	d.len = n > 0 ? (size_t)n : 0;
	return d;
}

static int denied(const struct der *d)
{
	struct tmk_err err = TMK_ERR_INIT;

	return tmk_front_denied_find(NULL, d->data, d->len, &err);
}

static int add(const struct der *d, const char *name, const char *reason)
{
	struct tmk_err err = TMK_ERR_INIT;

	return tmk_front_denied_add(d->data, d->len, name, reason, &err);
}

static void test_points(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	struct der plain = spki_of(key), packed, no = spki_of(other);

	EVP_PKEY_set_utf8_string_param(key,
		OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed");
	packed = spki_of(key);
	ok(plain.len && packed.len && plain.len != packed.len,
	   "one EC key in two spellings");
	ok(!denied(&plain) && !denied(&packed), "nobody denied it");
	ok(!add(&packed, "packed", "x"), "denied by its compressed point");
	ok(denied(&packed) == 1, "which is denied");
	ok(denied(&plain) == 1, "and the usual spelling is, too");
	ok(!denied(&no), "another key is not");
	ok(add(&plain, "plain", "y") == 1, "it is denied already");
	OPENSSL_free(plain.data);
	OPENSSL_free(packed.data);
	OPENSSL_free(no.data);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

/* The same numbers under the name of PSS (RFC 4055 1.2): what d2i makes of a
 * SubjectPublicKeyInfo whose algorithm was exchanged. */
static struct der as_pss(EVP_PKEY *rsa)
{
	X509_PUBKEY *pub = NULL;
	struct der d = { NULL, 0 };
	const unsigned char *bits = NULL;
	unsigned char *copy;
	int n = 0, len;

	X509_PUBKEY_set(&pub, rsa);
	X509_PUBKEY_get0_param(NULL, &bits, &n, NULL, pub);
	copy = OPENSSL_memdup(bits, (size_t)n);
	X509_PUBKEY_set0_param(pub, OBJ_nid2obj(NID_rsassaPss), V_ASN1_UNDEF,
			       NULL, copy, n);
	len = i2d_X509_PUBKEY(pub, &d.data);
	d.len = len > 0 ? (size_t)len : 0;
	X509_PUBKEY_free(pub);
	return d;
}

static void test_pss(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	struct der plain = spki_of(key), pss = as_pss(key);

	ok(pss.len && (pss.len != plain.len ||
		       memcmp(pss.data, plain.data, plain.len)),
	   "one RSA key under two names");
	ok(!add(&plain, "rsa", "x"), "denied by one");
	ok(denied(&pss) == 1, "denied by the other");
	OPENSSL_free(plain.data);
	OPENSSL_free(pss.data);
	EVP_PKEY_free(key);
}

static void test_unknown(void)
{
	unsigned char junk[40];
	struct der d = { junk, sizeof(junk) }, none = { junk, 0 };

	memset(junk, 0x30, sizeof(junk));
	ok(!denied(&d), "bytes that are no key");
	ok(!add(&d, "junk", "x") && denied(&d) == 1,
	   "are denied as they stand");
	ok(denied(&none) < 0, "no bytes are no key");
}

static int count(void *ctx, const struct tmk_front_denied_key *key,
		 struct tmk_err *err)
{
	(void)err;
	if (strlen(key->sha256) == 64)
		++*(int *)ctx;
	return 0;
}

/* Several at once: nobody's key gets lost. */
static void test_together(void)
{
	enum { MANY = 8 };
	struct tmk_err err = TMK_ERR_INIT;
	int before = 0, after = 0, bad = 0, i, status;

	ok(!tmk_front_denied_each(count, &before, &err), "the list is read");
	for (i = 0; i < MANY; i++) {
		pid_t pid = fork();

		if (!pid) {
			unsigned char bytes[20];
			struct der d = { bytes, sizeof(bytes) };

			memset(bytes, i + 1, sizeof(bytes));
			_exit(add(&d, "many", "at once") ? 1 : 0);
		}
		bad += pid < 0;
	}
	while (wait(&status) > 0)
		bad += !WIFEXITED(status) || WEXITSTATUS(status);
	ok(!bad, "%d processes add a key each", MANY);
	ok(!tmk_front_denied_each(count, &after, &err) &&
	   after == before + MANY, "all are there");
}

/* What is written must be what is read, whatever a person types. */
static void test_text(void)
{
	static const char odd[] = "a \"b\" \\ c\n[denied \"x\"]\n\t; # \033[1m=";
	unsigned char bytes[21];
	struct der d = { bytes, sizeof(bytes) };
	struct tmk_front_denied what;
	struct tmk_err err = TMK_ERR_INIT;
	char longest[4096];

	memset(bytes, 0x77, sizeof(bytes));
	ok(!add(&d, odd, odd), "a name and a reason with everything in them");
	ok(tmk_front_denied_find(&what, d.data, d.len, &err) == 1 &&
	   !strchr(what.reason, '\033') && !strchr(what.reason, '\n') &&
	   strstr(what.reason, "a \"b\" "), "are read back, escaped");
	ok(strlen(what.since) == 20 && what.since[19] == 'Z',
	   "with the time: %s", what.since);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memset(bytes, 0x78, sizeof(bytes));
	ok(!add(&d, longest, longest) && denied(&d) == 1,
	   "a text without end is cut");
}

static void test_file(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	unsigned char bytes[22];
	struct der d = { bytes, sizeof(bytes) };
	char *path = NULL;
	struct stat st;
	FILE *f;

	memset(bytes, 0x79, sizeof(bytes));
	ok(!tmk_front_denied_path(&path, &err) &&
	   !strncmp(path, dir, strlen(dir)), "beside the configuration");
	ok(!stat(path, &st) && (st.st_mode & 07777) == 0600, "mode 0600");
	f = fopen(path, "a");
	ok(f && fputs("[nonsense]\n", f) >= 0 && !fclose(f), "a broken line");
	ok(denied(&d) < 0, "denies every key");
	ok(add(&d, "x", "y") < 0, "and is left for its owner");
	ok(!unlink(path) && !denied(&d), "taken away, nothing is denied");
	free(path);
}

int main(void)
{
	char config[64];

	if (!mkdtemp(dir))
		return 1;
	snprintf(config, sizeof(config), "%s/config", dir);
	setenv("TOUCHMARK_CONFIG", config, 1);
	setenv("HOME", dir, 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
	test_points();
	test_pss();
	test_unknown();
	test_together();
	test_text();
	test_file();
	rmdir(dir);
	return tap_done();
}
