#include "plugins/front_selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/enc.h"
#include "iface/seal.h"
#include "key/request.h"
#include "plugins/front_guard.h"
#include "plugins/front_places.h"
#include "plugins/front_seal.h"
#include "plugins/front_spki.h"
#include "x509/digest.h"
#include "x509/spki.h"

#define PROBE_MAX 512
#define NONCE 16

/* The text that is signed: another one each time, so that an old answer is
 * none. */
struct probe {
	char text[PROBE_MAX];
	uint8_t digest[TMK_DIGEST_MAX];
	size_t digest_len;
};

const char *tmk_front_selftest_word(enum tmk_selftest status)
{
	static const char *const word[] = {
		[TMK_SELFTEST_OK] = "ok", [TMK_SELFTEST_FAILED] = "failed",
		[TMK_SELFTEST_AWAY] = "away",
		[TMK_SELFTEST_REFUSED] = "refused",
	};

	return word[status];
}

static int make_text(struct probe *p, const char *key, struct tmk_err *err)
{
	char hex[2 * NONCE + 1], now[TMK_CLOCK_TEXT], name[128];
	uint8_t nonce[NONCE];

	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return tmk_err_set(err, TMK_INTERNAL, "no random bytes");
	tmk_enc_hex(hex, nonce, sizeof(nonce));
	snprintf(p->text, sizeof(p->text), TMK_SELFTEST_PREFIX
		 "key %s\ntime %s\nnonce %s\n",
		 tmk_enc_show_into(name, sizeof(name), key, strlen(key)),
		 tmk_clock_format(now, tmk_clock_now()), hex);
	return 0;
}

static int make_digest(struct probe *p, enum tmk_hash hash,
		       struct tmk_err *err)
{
	return tmk_digest_bytes((int)hash, p->text, strlen(p->text),
				p->digest, &p->digest_len, err);
}

/* ---- is it the key? -------------------------------------------------------- */

static int same_key(struct tmk_selftest_answer *a,
		    struct tmk_selftest_key *key, const struct tmk_buf *spki,
		    const char *place, struct tmk_err *err)
{
	char *have = a->spki, want[TMK_FRONT_SPKI_HEX];

	if (!spki->len)
		return tmk_err_set(err, TMK_KEY, "it shows no public key");
	if (tmk_front_spki_same(have, spki->data, spki->len, err))
		return -1;
	if (!key->spki.len) {
		snprintf(key->from, sizeof(key->from), "%s", place);
		return tmk_buf_add(&key->spki, spki->data, spki->len) ?
			tmk_err_nomem(err) : 0;
	}
	if (tmk_front_spki_same(want, key->spki.data, key->spki.len, err))
		return -1;
	if (!strcmp(have, want))
		return 0;
	tmk_err_set(err, TMK_KEY, "another key than %s: sha256:%.16s... "
		    "instead of sha256:%.16s...", key->from, have, want);
	return tmk_err_hint(err, "take this uri off the key, or put the same "
			    "key there");
}

/* The seal, checked with the key that it must be and not with the one that it
 * brings along. */
static int check_seal(const struct tmk_seal_ops *ops, const struct probe *p,
		      const struct tmk_buf *seal, const struct tmk_buf *spki,
		      struct tmk_err *err)
{
	struct tmk_evidence *evidence = NULL;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	EVP_PKEY *pkey = tmk_spki_key(spki->data, spki->len);
	int rc = -1;

	if (!pkey) {
		tmk_err_set(err, TMK_KEY, "its public key cannot be used");
		goto out;
	}
	if (ops->parse(&evidence, seal->data, seal->len, &v, err))
		goto out;
	if (v.reason == TMK_GOOD && evidence &&
	    ops->check(evidence, 0, pkey, p->digest, p->digest_len, &v, err))
		goto out;
	rc = v.reason == TMK_GOOD && evidence ? 0 : tmk_signer_wrong(err);
out:
	tmk_evidence_free(evidence);
	EVP_PKEY_free(pkey);
	return rc;
}

/* ---- one place --------------------------------------------------------------- */

/* What it said no with becomes the error; denied, or not allowed, is no fault
 * of the place. */
static int ask(struct tmk_answer *answer, struct tmk_selftest_answer *a,
	       const struct tmk_request *r, const struct tmk_selftest_key *key,
	       int i, struct tmk_err *err)
{
	int rc = tmk_front_places_ask(answer, r, key->config, "selftest",
				      key->pick, i, NULL, err);

	/* A place that is written wrongly is not away. */
	if (rc > 0 && err->code != TMK_USAGE)
		a->status = TMK_SELFTEST_AWAY;
	if (rc)
		return -1;
	if (!answer->code)
		return 0;
	if (answer->code == TMK_REFUSED)
		a->status = TMK_SELFTEST_REFUSED;
	tmk_err_set(err, answer->code, "%s", answer->text);
	return *answer->hint ? tmk_err_hint(err, "%s", answer->hint) : -1;
}

static int prepare(struct tmk_answer *answer, struct tmk_selftest_answer *a,
		   struct tmk_request *r, struct tmk_selftest_key *key, int i,
		   const char *place, struct tmk_err *err)
{
	struct tmk_front_use use = {
		.what = "selftest", .key = key->pick->name,
		.section = key->pick->key, .place = place,
		.format = "ssh", .time = TMK_TIME_NONE,
	};

	r->verb = TMK_REQUEST_PREPARE;
	if (ask(answer, a, r, key, i, err) ||
	    same_key(a, key, &answer->key, place, err))
		return -1;
	use.spki = answer->key.data;
	use.spki_len = answer->key.len;
	if (!tmk_front_guard_denied(key->config, &use, err))
		return 0;
	a->status = TMK_SELFTEST_REFUSED;
	return -1;
}

static int sign_probe(struct tmk_selftest_answer *a,
		      const struct tmk_request *prepared,
		      const struct tmk_selftest_key *key, int i,
		      enum tmk_hash hash, struct tmk_err *err)
{
	const struct tmk_seal_ops *ops = tmk_front_seal_of(TMK_FORMAT_SSH);
	struct tmk_request r = *prepared;
	struct tmk_answer made;
	struct probe p;
	int rc;

	tmk_answer_init(&made);
	rc = make_text(&p, key->pick->name, err);
	if (!rc)
		rc = make_digest(&p, hash, err);
	if (!rc) {
		r.verb = TMK_REQUEST_SIGN;
		r.payload = (const uint8_t *)p.text;
		r.payload_len = strlen(p.text);
		rc = ask(&made, a, &r, key, i, err);
	}
	if (!rc)
		rc = check_seal(ops, &p, &made.seal, &key->spki, err);
	tmk_answer_release(&made);
	return rc;
}

static int test(struct tmk_selftest_answer *a, struct tmk_selftest_key *key,
		int i, const char *place, struct tmk_err *err)
{
	const struct tmk_key_config *section = key->pick->key;
	struct tmk_answer answer;
	struct tmk_request r;
	int rc;

	tmk_request_init(&r);
	tmk_answer_init(&answer);
	r.program = "touchmark";
	r.format = TMK_REQUEST_SSH;
	r.name_space = TMK_SELFTEST_NAMESPACE;
	r.content = "selftest";
	r.pin_file = key->pin_file;
	/* Nothing is told to an agent here: the PIN's other sources too are
	 * looked at in this process. */
	r.pin_file_env = secure_getenv("TOUCHMARK_PIN_FILE");
	r.credentials_dir = secure_getenv("CREDENTIALS_DIRECTORY");
	rc = prepare(&answer, a, &r, key, i, place, err);
	/* A probe is no reason to wake M people up. */
	a->opened_only = section && section->approvals > 0;
	if (!rc && !a->opened_only)
		rc = sign_probe(a, &r, key, i, answer.hash, err);
	tmk_answer_release(&answer);
	return rc;
}

void tmk_front_selftest(struct tmk_selftest_answer *answer,
			struct tmk_selftest_key *key, int i)
{
	struct tmk_err err = TMK_ERR_INIT;
	int64_t from = tmk_clock_ms();
	int rc;

	memset(answer, 0, sizeof(*answer));
	answer->status = TMK_SELFTEST_FAILED;
	tmk_front_places_shown(answer->place, sizeof(answer->place),
			       key->pick->uri[i]);
	rc = test(answer, key, i, answer->place, &err);
	answer->ms = tmk_clock_ms() - from;
	if (!rc)
		answer->status = TMK_SELFTEST_OK;
	else
		answer->why = err;
}
