/*
 * The fast path says what the long way says: of everything usual, which it
 * takes; of everything else, which it leaves; and of either one spoilt, byte
 * by byte and element by element.
 */
#include "t/unit/tap.h"

#include <dirent.h>
#include <unistd.h>

#include "t/unit/fast_differ.h"
#include "t/unit/fast_samples.h"
#include "t/unit/forge.h"

/* Sanitizers make each step cost twenty times as much: they see fewer. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 7
#else
#define STRIDE 1
#endif

static struct tmk_trust *trust;
static int64_t now;

static void trust_world(const struct sample_world *w)
{
	char path[] = "/tmp/tmk-fast-XXXXXX";
	struct tmk_err err = TMK_ERR_INIT;
	FILE *f = must(fdopen(mkstemp(path), "w"));

	must_be(PEM_write_X509(f, w->root.cert) == 1 && !fclose(f));
	tmk_trust_free(trust);
	must_be(!tmk_trust_new(&trust, &err) &&
		!tmk_trust_add_roots(trust, path, &err));
	unlink(path);
}

/* ---- whole samples ------------------------------------------------------ */

/* A signature that the fast path takes (or not), and both ways agree on. */
static void whole(const struct tmk_buf *der, bool taken, int tokens,
		  const char *what)
{
	unsigned long seals = differ_taken.good_seals;
	unsigned long stamps = differ_taken.good_tokens;
	const char *why = differ_all(der->data, der->len, trust, now);

	ok(!why, "%s: both ways agree%s%s", what, why ? ", but not on " : "",
	   why ? why : "");
	is_int((long long)(differ_taken.good_seals - seals), taken,
	       "%s: the fast path %s it", what, taken ? "takes" : "leaves");
	if (tokens >= 0)
		is_int((long long)(differ_taken.good_tokens - stamps), tokens,
		       "%s: of its tokens %d", what, tokens);
}

/* ---- spoilt samples ----------------------------------------------------- */

static bool report(const char *why, const char *how, size_t at)
{
	if (why)
		diag("%s at %zu: differ in %s", how, at, why);
	return !why;
}

/* One bit of each byte, the byte gone, and one put before it, every `step`-th
 * of those; and one behind the last. */
static void bytes(const struct tmk_buf *der, size_t step, const char *what)
{
	uint8_t *copy = must(malloc(der->len + 1));
	size_t i, n = 0;
	bool good = true;

	for (i = 0; good && i < der->len; i += STRIDE, n++) {
		memcpy(copy, der->data, der->len);
		copy[i] ^= (uint8_t)(1u << i % 8);
		good = report(differ_all(copy, der->len, trust, now), "flip",
			      i);
	}
	for (i = 0; good && i < der->len; i += step * STRIDE, n += 2) {
		memcpy(copy, der->data, i);
		memcpy(copy + i, der->data + i + 1, der->len - i - 1);
		good = report(differ_all(copy, der->len - 1, trust, now),
			      "delete", i);
		memcpy(copy + i + 1, der->data + i, der->len - i);
		copy[i] = (uint8_t)(i * 37);
		good = good && report(differ_all(copy, der->len + 1, trust,
						 now), "insert", i);
	}
	memcpy(copy, der->data, der->len);
	copy[der->len] = 0;
	good = good && report(differ_all(copy, der->len + 1, trust, now),
			      "append", der->len);
	ok(good, "%s: %zu changes of a byte", what, n + 1);
	free(copy);
}

/* Each element, in each way; all lengths around it are right again. */
static void elements(const struct tmk_buf *der, const char *what)
{
	struct spoil_tree *t = must(calloc(1, sizeof(*t)));
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	unsigned long seals = differ_taken.seals;
	bool good = true;
	int i, how, n = 0;

	must_be(spoil_read(t, der->data, der->len));
	spoil_write(&out, t, 0, t->nodes, -1, SPOIL_DELETE);
	is_mem(out.data, out.len, der->data, der->len,
	       "%s: written again, it is the same", what);
	for (i = 0; good && i < t->nodes; i += STRIDE)
		for (how = 0; good && how < SPOILS; how++, n++) {
			out.len = 0;
			spoil_write(&out, t, 0, t->nodes, i, (enum spoil)how);
			good = report(differ_all(out.data, out.len, trust,
						 now), "element", (size_t)
				      (i * 100 + how));
		}
	ok(good, "%s: %d changes of an element, %lu still taken", what, n,
	   differ_taken.seals - seals);
	tmk_buf_release(&out);
	free(t);
}

/* ---- what is made here -------------------------------------------------- */

static void made(EVP_PKEY *key, EVP_PKEY *tsa, enum tmk_hash hash,
		 size_t step, const char *what)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct sample_world w;
	struct sample_stamp how = { .w = &w };

	sample_world_init(&w, key, tsa);
	trust_world(&w);
	sample_seal(&der, &w, hash, NULL);
	whole(&der, true, 0, what);
	der.len = 0;
	sample_seal(&der, &w, hash, &how);
	whole(&der, true, 1, what);
	if (step) {
		elements(&der, what);
		bytes(&der, step, what);
	}
	tmk_buf_release(&der);
	sample_world_release(&w);
}

/* What TSAs may write, and what then is not usual any more. */
static void stamped(struct sample_world *w)
{
	const struct {
		struct sample_stamp how;
		bool usual;
		const char *what;
	} all[] = {
		{ { w, EVP_sha384() }, true, "a token with SHA-384" },
		{ { w, EVP_sha512() }, true, "a token with SHA-512" },
		{ { w, NULL, EVP_sha384() }, true,
		  "an ESS attribute with SHA-384" },
		{ { w, NULL, EVP_sha1() }, true, "the ESS attribute of old" },
		{ { w, .flags = TS_ORDERING }, true, "a token in order" },
		{ { w, .flags = TS_TSA_NAME }, true, "a TSA with a name" },
		{ { w, .accuracy = 200 }, true, "a token with accuracy" },
		{ { w, .digits = 3 }, true, "a fraction of a second" },
		{ { w, .flags = TS_TSA_NAME | TS_ORDERING, .accuracy = 1 },
		  true, "a token with everything" },
		{ { w, .chain = true }, true, "a token with a chain" },
		{ { w, .chain = true, .flags = TS_ESS_CERT_ID_CHAIN }, false,
		  "an ESS attribute that names a chain" },
	};
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct sample_stamp how = all[i].how;

		der.len = 0;
		sample_seal(&der, w, TMK_SHA256, &how);
		whole(&der, true, all[i].usual, all[i].what);
		if (i == 8)
			elements(&der, all[i].what);
	}
	tmk_buf_release(&der);
}

/* What others write. */
static void foreign(void)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct sample_world w;

	sample_world_init(&w, soft_rsa(3072), soft_ec("P-256"));
	trust_world(&w);
	sample_foreign(&der, &w, CMS_DETACHED, false, false);
	whole(&der, true, 0, "with S/MIME capabilities");
	der.len = 0;
	sample_foreign(&der, &w, CMS_DETACHED | CMS_CADES, false, false);
	whole(&der, true, 0, "with a signing certificate");
	elements(&der, "with a signing certificate");
	der.len = 0;
	sample_foreign(&der, &w, 0, false, false);
	whole(&der, false, 0, "with content");
	der.len = 0;
	sample_foreign(&der, &w, CMS_DETACHED | CMS_USE_KEYID, false, false);
	whole(&der, false, 0, "by key identifier");
	der.len = 0;
	sample_foreign(&der, &w, CMS_DETACHED | CMS_NOCERTS, false, false);
	whole(&der, false, 0, "without certificates");
	der.len = 0;
	sample_foreign(&der, &w, CMS_DETACHED | CMS_NOATTR, false, false);
	whole(&der, false, 0, "without attributes");
	der.len = 0;
	sample_foreign(&der, &w, CMS_DETACHED, true, false);
	whole(&der, false, 0, "with RSA-PSS");
	der.len = 0;
	sample_foreign(&der, &w, CMS_DETACHED, false, true);
	whole(&der, false, 0, "with two signers");
	tmk_buf_release(&der);
	sample_world_release(&w);
}

#define TEN(c) c c c c c c c c c c
#define UNKNOWN(values) DER("\x30\x33\x06\x03\x2a\x03\x04\x31\x2c" values)

/* An attribute that nobody knows, rightly signed as it stands: whoever writes
 * it again in DER to verify that must come to the same bytes. */
static void unknown(const struct sample_world *w)
{
	static const struct {
		struct der attr;
		bool usual;
		const char *what;
	} all[] = {
		{ UNKNOWN("\x04\x14" TEN("aa") "\x04\x14" TEN("ab")), true,
		  "two values" },
		{ UNKNOWN("\x04\x14" TEN("ab") "\x04\x14" TEN("aa")), false,
		  "two values out of order" },
		{ UNKNOWN("\x04\x14" TEN("aa") "\x04\x14" TEN("aa")), false,
		  "one value twice" },
		{ UNKNOWN("\x0c\x2a" TEN("abcd") "ab"), true, "a string" },
		{ UNKNOWN("\x2c\x2a\x0c\x28" TEN("abcd")), false,
		  "a string in pieces" },
		{ UNKNOWN("\x03\x2a\x01" TEN("abcd") "\x02"), true, "bits" },
		{ UNKNOWN("\x03\x2a\x01" TEN("abcd") "\x01"), false,
		  "bits with a rest" },
		{ UNKNOWN("\x0a\x2a\x00" TEN("abcd") "\x01"), false,
		  "a choice written too long" },
		{ UNKNOWN("\x10\x2a" TEN("abcd") "ab"), false,
		  "a sequence without elements" },
	};
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	struct forge f = { .key = w->dev.key, .cert = w->dev.cert,
		.digest = digest };
	size_t i;

	must_be(!tmk_digest_bytes(TMK_SHA256, SAMPLE_CONTENT,
				  strlen(SAMPLE_CONTENT), digest,
				  &f.digest_len, NULL));
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		f.more_attrs = all[i].attr;
		der.len = 0;
		forge(&der, &f);
		whole(&der, all[i].usual, 0, all[i].what);
	}
	tmk_buf_release(&der);
}

/* ---- every seed --------------------------------------------------------- */

static bool one_seed(const char *path)
{
	struct tmk_buf file = TMK_BUF_INIT(TMK_SEAL_MAX);
	FILE *f = must(fopen(path, "rb"));
	bool good;
	size_t i, n;

	n = fread(must(tmk_buf_reserve(&file, 65536)), 1, 65536, f);
	tmk_buf_commit(&file, n);
	fclose(f);
	good = report(differ_all(file.data, file.len, trust, now), path, 0);
	for (i = 0; good && i < file.len; i += STRIDE) {
		file.data[i] ^= (uint8_t)(1u << i % 8);
		good = report(differ_all(file.data, file.len, trust, now),
			      path, i);
		file.data[i] ^= (uint8_t)(1u << i % 8);
	}
	tmk_buf_release(&file);
	return good;
}

static void seeds(const char *folder)
{
	char path[512];
	struct dirent *d;
	bool good = true;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "t/fuzz/seeds/%s", folder);
	dir = opendir(path);
	while (dir && good && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "t/fuzz/seeds/%s/%s", folder,
			 d->d_name);
		good = one_seed(path);
		n++;
	}
	if (dir)
		closedir(dir);
	ok(good && n > 0, "the %d seeds of %s, each bit of a byte changed", n,
	   folder);
}

/* ---- the switch --------------------------------------------------------- */

static bool takes(const struct tmk_buf *der)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *ev = NULL;
	bool set;

	must_be(!tmk_seal_cms.parse(&ev, der->data, der->len, &v, NULL) && ev);
	set = ((struct tmk_cms *)ev->priv)->set != NULL;
	tmk_evidence_free(ev);
	return set;
}

static void switched(struct sample_world *w)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);

	sample_seal(&der, w, TMK_SHA256, NULL);
	tmk_fast_set(false);
	ok(!tmk_fast() && !takes(&der), "off, the fast path takes nothing");
	tmk_fast_set(true);
	ok(tmk_fast() && takes(&der), "on, it takes the usual form");
	tmk_buf_release(&der);
}

int main(void)
{
	struct sample_world w;

	now = time(NULL);
	ok(tmk_fast(), "the fast path is on at the start");
	sample_world_init(&w, soft_ec("P-256"), soft_ec("P-256"));
	trust_world(&w);
	switched(&w);
	stamped(&w);
	unknown(&w);
	sample_world_release(&w);
	made(soft_ec("P-256"), soft_ec("P-256"), TMK_SHA256, 3, "P-256");
	made(soft_rsa(3072), soft_rsa(3072), TMK_SHA256, 0, "RSA-3072");
	made(soft_rsa(2048), soft_ec("P-384"), TMK_SHA384, 0, "RSA, SHA-384");
	made(soft_ec("P-384"), soft_rsa(2048), TMK_SHA384, 0, "P-384");
	made(soft_ec("P-521"), soft_ec("P-521"), TMK_SHA512, 0, "P-521");
	foreign();
	seeds("cms");
	seeds("cms_stamp");
	seeds("cms_fast");
	seeds("tst");
	tmk_trust_free(trust);
	return tap_done();
}
