/*
 * front_approval_serve.c - what approvers ask: which requests wait, what one
 * of them says, and that an approval of it be kept.
 */
#include "plugins/front_approval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/json.h"
#include "plugins/front_approval_judge.h"
#include "plugins/front_seal.h"
#include "x509/cert.h"

#define ARTEFACT_SHOWN 256	/* bytes */
#define BROKEN_SHOWN 256

/* The section of the key that a request is for, as long as it still needs
 * approvals. */
static const struct tmk_key_config *
section_of(const struct tmk_config *config,
	   const struct tmk_approval_request *r)
{
	const struct tmk_key_config *key = tmk_config_key(config, r->text.key);

	return key && key->approvals ? key : NULL;
}

static int tally_of(struct tmk_approval_tally *out,
		    const struct tmk_key_config *section,
		    const struct tmk_approval_request *r, struct tmk_err *err)
{
	struct tmk_approval_judge judge;
	int rc = tmk_approval_judge_open(&judge, section, err);

	if (rc)
		return -1;
	rc = tmk_approval_judge_all(out, &judge, r, err);
	tmk_approval_judge_close(&judge);
	return rc;
}

/* ---- telling ---------------------------------------------------------------- */

static void put_time(struct tmk_json *j, const char *name, int64_t t)
{
	char text[TMK_CLOCK_TEXT];

	tmk_json_string(j, name, t == TMK_TIME_NONE ? NULL :
			tmk_clock_format(text, t));
}

static void put_text(struct tmk_json *j, const char *name, const char *text)
{
	tmk_json_string(j, name, *text ? text : NULL);
}

/* A list of many stays one that can be sent: what somebody calls his file is
 * a claim, and whole in the text of the request. */
static void put_some(struct tmk_json *j, const char *name, const char *text,
		     size_t n)
{
	char some[ARTEFACT_SHOWN + BROKEN_SHOWN + 4];

	if (strlen(text) <= n) {
		put_text(j, name, text);
		return;
	}
	while (n && (text[n] & 0xc0) == 0x80)
		n--;
	snprintf(some, sizeof(some), "%.*s...", (int)n, text);
	tmk_json_string(j, name, some);
}

/* How many approve it, and who; or why that cannot be told. */
static void put_state(struct tmk_json *j, const struct tmk_key_config *section,
		      const struct tmk_approval_tally *tally,
		      const struct tmk_err *broken)
{
	int i;

	if (!broken)
		tmk_json_int(j, "approvals", tally->count);
	tmk_json_int(j, "needed", section->approvals);
	if (broken) {
		tmk_json_int(j, "code", broken->code);
		put_some(j, "text", broken->text, BROKEN_SHOWN);
		return;
	}
	tmk_json_open_array(j, "approved_by");
	for (i = 0; i < tally->mails; i++)
		tmk_json_string(j, NULL, tally->mail[i]);
	tmk_json_close_array(j);
}

/* `broken`: why its approvals cannot be judged, or NULL. */
static int put_request(struct tmk_buf *out,
		       const struct tmk_approval_request *r,
		       const struct tmk_key_config *section,
		       const struct tmk_approval_tally *tally,
		       const struct tmk_err *broken)
{
	const struct tmk_approval_text *t = &r->text;
	char hex[2 * TMK_HASH_MAX + 1], spki[80] = "sha256:";
	struct tmk_json j;

	tmk_enc_hex(hex, t->digest, t->digest_len);
	memcpy(spki + 7, t->spki, sizeof(t->spki));
	tmk_json_init(&j, out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "request", r->id);
	tmk_json_string(&j, "status", broken ? "broken" :
			tally->count < section->approvals ? "waiting" :
			"approved");
	tmk_json_string(&j, "use", t->what);
	tmk_json_string(&j, "requester", t->requester);
	tmk_json_string(&j, "key", t->key);
	tmk_json_string(&j, "spki", spki);
	put_text(&j, "format", t->format);
	put_text(&j, "namespace", t->name_space);
	tmk_json_string(&j, "hash", tmk_approval_text_hash(t->hash));
	tmk_json_string(&j, "digest", hex);
	put_some(&j, "artefact", t->artefact, ARTEFACT_SHOWN);
	put_text(&j, "content", t->content);
	put_time(&j, "time", t->time);
	put_time(&j, "created", t->created);
	put_time(&j, "expires", t->expires);
	put_state(&j, section, tally, broken);
	tmk_json_close_object(&j);
	return tmk_json_finish(&j);
}

/* ---- the list --------------------------------------------------------------- */

struct list {
	const struct tmk_config *config;
	struct tmk_buf *out;
	struct tmk_approval_tally *tally;
	int64_t now;
};

/* What is wrong with one key's configuration is told beside its requests, and
 * hides no others. */
static int list_one(void *ctx, struct tmk_approval_request *r,
		    struct tmk_err *err)
{
	const struct list *l = ctx;
	const struct tmk_key_config *section = section_of(l->config, r);
	struct tmk_err why = TMK_ERR_INIT;
	bool broken;

	if (!section || r->spent || r->text.expires <= l->now)
		return 0;
	broken = tally_of(l->tally, section, r, &why);
	if (broken && why.code == TMK_INTERNAL)
		return tmk_err_set(err, TMK_INTERNAL, "%s", why.text);
	return put_request(l->out, r, section, l->tally, broken ? &why :
			   NULL) ?
		tmk_err_set(err, TMK_INPUT, "too many requests to show") : 0;
}

int tmk_front_approval_list(struct tmk_buf *out,
			    const struct tmk_config *config,
			    struct tmk_err *err)
{
	struct list l = { .config = config, .out = out,
			  .now = tmk_clock_now() };
	char *path = NULL;
	int lock = -1, rc = -1;

	l.tally = calloc(1, sizeof(*l.tally));
	if (!l.tally)
		return tmk_err_nomem(err);
	if (!tmk_approval_store_open(&lock, &path, err)) {
		/* Judging takes its time, and only reads. */
		close(lock);
		rc = tmk_approval_store_each(path, list_one, &l, err);
	}
	free(path);
	free(l.tally);
	return rc;
}

/* ---- one of them ------------------------------------------------------------ */

/* Load one that can still be approved. *r is to be released whatever is
 * returned. */
static int load_open(struct tmk_approval_request *r,
		     const struct tmk_key_config **section,
		     const struct tmk_config *config, const char *id,
		     bool lock, struct tmk_err *err)
{
	char *path = NULL;
	int fd = -1, rc;

	memset(r, 0, sizeof(*r));
	r->lock = -1;
	if (tmk_approval_store_open(&fd, &path, err))
		return -1;
	close(fd);
	rc = tmk_approval_store_load(r, path, id, err);
	free(path);
	if (!rc && lock)
		rc = tmk_approval_store_lock(r, err);
	if (rc)
		return -1;
	*section = section_of(config, r);
	if (!*section)
		return tmk_err_set(err, TMK_INPUT, "request %s is for a key "
				   "that needs no approvals (any more)", id);
	if (r->spent)
		return tmk_err_set(err, TMK_INPUT, "request %s was used "
				   "already", id);
	if (r->text.expires <= tmk_clock_now()) {
		tmk_err_set(err, TMK_INPUT, "request %s has expired", id);
		return tmk_err_hint(err, "ask for the signature again");
	}
	return 0;
}

int tmk_front_approval_text(struct tmk_buf *out,
			    const struct tmk_config *config, const char *id,
			    struct tmk_err *err)
{
	const struct tmk_key_config *section;
	struct tmk_approval_request r;
	int rc = load_open(&r, &section, config, id, false, err);

	if (!rc && tmk_buf_add(out, r.bytes.data, r.bytes.len))
		rc = tmk_err_nomem(err);
	tmk_approval_store_release(&r);
	return rc;
}

/* Whether somebody with this address is among those who approved. */
static bool has_approved(const struct tmk_approval_tally *tally,
			 const char *mail)
{
	int i;

	for (i = 0; i < tally->mails; i++)
		if (!strcasecmp(tally->mail[i], mail))
			return true;
	return false;
}

static int refuse(const struct tmk_verdict *v, struct tmk_err *err)
{
	tmk_err_set(err, TMK_REFUSED, "%s: %s", tmk_reason_id(v->reason),
		    v->text);
	return tmk_err_hint(err, "%s", v->hint);
}

/* Keep it if it counts: one more person than before. */
static int keep(const struct tmk_approval_judge *judge,
		const struct tmk_approval_request *r,
		struct tmk_approval_tally *tally, const uint8_t *der,
		size_t len, struct tmk_err *err)
{
	struct tmk_approval_finding f;
	struct tmk_verdict *v = &f.finding.verdict;
	char sha256[TMK_FINGERPRINT_TEXT];
	int rc;

	rc = tmk_approval_judge_one(&f, judge, r, der, len, err);
	if (!rc && !v->reason && has_approved(tally, f.mail)) {
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "%s has "
				   "approved it already", f.mail);
		tmk_verdict_hint(v, "somebody else must approve it");
	}
	if (!rc && v->reason)
		rc = refuse(v, err);
	if (!rc)
		rc = tmk_approval_store_keep(r, tmk_cert_sha256(sha256,
							f.finding.cert),
					     der, len, err);
	tmk_approval_finding_release(&f);
	return rc;
}

static int add(struct tmk_buf *out, const struct tmk_approval_request *r,
	       const struct tmk_key_config *section, const uint8_t *der,
	       size_t len, struct tmk_err *err)
{
	struct tmk_approval_tally *tally = calloc(1, sizeof(*tally));
	struct tmk_approval_judge judge;
	int rc;

	if (!tally)
		return tmk_err_nomem(err);
	if (tmk_approval_judge_open(&judge, section, err)) {
		free(tally);
		return -1;
	}
	rc = tmk_approval_judge_all(tally, &judge, r, err);
	if (!rc)
		rc = keep(&judge, r, tally, der, len, err);
	if (!rc)
		rc = tmk_approval_judge_all(tally, &judge, r, err);
	if (!rc && put_request(out, r, section, tally, NULL))
		rc = tmk_err_nomem(err);
	tmk_approval_judge_close(&judge);
	free(tally);
	return rc;
}

int tmk_front_approval_add(struct tmk_buf *out,
			   const struct tmk_config *config, const char *id,
			   const uint8_t *der, size_t len,
			   struct tmk_err *err)
{
	const struct tmk_key_config *section;
	struct tmk_approval_request r;
	int rc = load_open(&r, &section, config, id, true, err);

	if (!rc)
		rc = add(out, &r, section, der, len, err);
	tmk_approval_store_release(&r);
	return rc;
}
