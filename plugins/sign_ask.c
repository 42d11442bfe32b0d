#include "plugins/sign_ask.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "formats/armour.h"
#include "plugins/front_ask.h"
#include "plugins/front_audit.h"
#include "plugins/front_stamp.h"
#include "x509/tst.h"

#define KINDS 8			/* of signatures in one call */
#define KEY_TRIES 2		/* failures of the key in a row that are for
				   good */
#define SLOW_MS 1000		/* a timestamp that failed after so long is
				   not waited for by the next file */
#define AGAIN_MS 60000		/* before such an authority is asked again */

/* What one kind of signature needs in this second. */
struct ready {
	struct tmk_answer answer;	/* first: wants point at it */
	const struct tmk_seal_ops *seal;
	bool text;
	int users;		/* wants, and the asker */
};

struct tmk_sign_asker {
	const struct tmk_sign_options *options;
	const struct tmk_config *config;
	enum tmk_stamp_mode stamp;
	struct tmk_front_ask ask;
	pthread_mutex_t preparing;	/* guards `ready` */
	struct ready *ready[KINDS];
	pthread_mutex_t lock;	/* guards what follows */
	struct tmk_err key_err;	/* why the key failed last */
	int key_failures;	/* in a row */
	struct tmk_err stamp_err;	/* why an authority is not asked */
	int64_t stamp_until;	/* tmk_clock_ms() until when */
};

/* ---- life ----------------------------------------------------------------- */

static enum tmk_stamp_mode mode_of(const struct tmk_sign_options *options,
				   const struct tmk_config *config)
{
	static const enum tmk_stamp_mode mode[] = {
		[TMK_REQUEST_STAMP_PREFER] = TMK_STAMP_PREFER,
		[TMK_REQUEST_STAMP_REQUIRE] = TMK_STAMP_REQUIRE,
		[TMK_REQUEST_STAMP_NEVER] = TMK_STAMP_NEVER,
	};

	return options->stamp == TMK_REQUEST_STAMP_CONFIGURED ?
		config->timestamp : mode[options->stamp];
}

int tmk_sign_asker_new(struct tmk_sign_asker **out,
		       const struct tmk_sign_options *options,
		       const struct tmk_config *config, struct tmk_err *err)
{
	struct tmk_sign_asker *a = calloc(1, sizeof(*a));

	if (!a)
		return tmk_err_nomem(err);
	a->options = options;
	a->config = config;
	a->stamp = mode_of(options, config);
	tmk_front_ask_init(&a->ask, config, "touchmark");
	pthread_mutex_init(&a->preparing, NULL);
	pthread_mutex_init(&a->lock, NULL);
	*out = a;
	return 0;
}

/* `preparing` is held, or nobody else asks any more. */
static void put_ready(struct ready *r)
{
	if (!r || --r->users)
		return;
	tmk_answer_release(&r->answer);
	free(r);
}

void tmk_sign_asker_free(struct tmk_sign_asker *asker)
{
	int i;

	if (!asker)
		return;
	for (i = 0; i < KINDS; i++)
		put_ready(asker->ready[i]);
	tmk_front_ask_release(&asker->ask);
	pthread_mutex_destroy(&asker->preparing);
	pthread_mutex_destroy(&asker->lock);
	free(asker);
}

/* ---- what is broken ------------------------------------------------------- */

/* Whether the key may be asked. A token that was taken out, or a person who
 * says no, is not asked again for each of a thousand files. */
static int check_key(struct tmk_sign_asker *a, struct tmk_err *err)
{
	int rc = 0;

	pthread_mutex_lock(&a->lock);
	if (a->key_failures >= KEY_TRIES) {
		if (err)
			*err = a->key_err;
		rc = -1;
	}
	pthread_mutex_unlock(&a->lock);
	return rc;
}

/* How the key did. */
static void note_key(struct tmk_sign_asker *a, const struct tmk_err *failed)
{
	pthread_mutex_lock(&a->lock);
	if (!failed) {
		a->key_failures = 0;
	} else if (failed->code == TMK_KEY) {
		a->key_failures++;
		a->key_err = *failed;
	}
	pthread_mutex_unlock(&a->lock);
}

/* The same of the timestamp authorities, when one must answer. */
static int check_stamp(struct tmk_sign_asker *a, struct tmk_err *err)
{
	int rc = 0;

	pthread_mutex_lock(&a->lock);
	if (a->stamp_err.code && tmk_clock_ms() < a->stamp_until) {
		if (err)
			*err = a->stamp_err;
		rc = -1;
	}
	pthread_mutex_unlock(&a->lock);
	return rc;
}

static void note_stamp(struct tmk_sign_asker *a, const struct tmk_err *failed,
		       int64_t begun)
{
	int64_t now = tmk_clock_ms();

	pthread_mutex_lock(&a->lock);
	if (!failed) {
		a->stamp_err.code = 0;
	} else if (failed->code == TMK_NET && now - begun >= SLOW_MS) {
		a->stamp_err = *failed;
		a->stamp_until = now + AGAIN_MS;
	}
	pthread_mutex_unlock(&a->lock);
}

/* ---- one question --------------------------------------------------------- */

/* Ask, and take a no for the error it is. `answer` is begun anew. */
static int ask(struct tmk_answer *answer, struct tmk_sign_asker *a,
	       const struct tmk_seal_ops *seal, bool text,
	       struct tmk_request *request, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;

	if (check_key(a, err))
		return -1;
	request->key = a->options->key;
	request->format = (enum tmk_request_format)seal->format;
	request->text = text;
	request->name_space = seal->format == TMK_FORMAT_SSH ? "file" : NULL;
	/* It is got here, where it keeps nobody else from the key. */
	request->stamp = TMK_REQUEST_STAMP_NEVER;
	request->stamps_himself = a->stamp != TMK_STAMP_NEVER;
	request->pin_file = a->options->pin_file;
	tmk_answer_release(answer);
	tmk_answer_init(answer);
	if (!tmk_front_ask(answer, &a->ask, request, &why)) {
		if (!answer->code) {
			note_key(a, NULL);
			return 0;
		}
		tmk_err_set(&why, answer->code, "%s", answer->text);
		if (answer->hint[0])
			tmk_err_hint(&why, "%s", answer->hint);
	}
	note_key(a, &why);
	if (err)
		*err = why;
	return -1;
}

/* ---- who is about to sign ------------------------------------------------- */

/* As minisign's comment and the record have it: without directories. */
static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return !strcmp(file, "-") ? NULL : slash ? slash + 1 : file;
}

static int new_ready(struct ready **out, struct tmk_sign_asker *a,
		     const struct tmk_seal_ops *seal, bool text,
		     struct tmk_err *err)
{
	struct ready *r = calloc(1, sizeof(*r));
	struct tmk_request request;

	if (!r)
		return tmk_err_nomem(err);
	r->seal = seal;
	r->text = text;
	r->users = 1;
	tmk_answer_init(&r->answer);
	tmk_request_init(&request);
	request.verb = TMK_REQUEST_PREPARE;
	request.time = TMK_TIME_NONE;
	/* By its name a file that waits for approvals is met again. */
	if (a->options->files == 1)
		request.artefact = base_name(a->options->file[0]);
	if (ask(&r->answer, a, seal, text, &request, err)) {
		put_ready(r);
		return -1;
	}
	*out = r;
	return 0;
}

/* `fresh`: of this second. `preparing` is held. */
static int get_ready(struct ready **out, struct tmk_sign_asker *a,
		     const struct tmk_seal_ops *seal, bool text, bool fresh,
		     struct tmk_err *err)
{
	struct ready *r = NULL;
	int i;

	for (i = 0; i < KINDS && a->ready[i]; i++)
		if (a->ready[i]->seal == seal && a->ready[i]->text == text)
			break;
	if (i == KINDS)
		return tmk_err_set(err, TMK_INTERNAL, "more than %d kinds of "
				   "signatures", KINDS);
	if (!a->ready[i] ||
	    (fresh && a->ready[i]->answer.time != tmk_clock_now())) {
		if (new_ready(&r, a, seal, text, err))
			return -1;
		put_ready(a->ready[i]);
		a->ready[i] = r;
	}
	a->ready[i]->users++;
	*out = a->ready[i];
	return 0;
}

static void drop_ready(struct tmk_sign_want *want)
{
	put_ready((struct ready *)(uintptr_t)want->ready);
	want->ready = NULL;
}

static int set_ready(struct tmk_sign_job *job, int i, bool fresh,
		     struct tmk_err *err)
{
	struct tmk_sign_asker *a = job->asker;
	struct tmk_sign_want *want = &job->want[i];
	struct ready *r = NULL;
	int rc;

	pthread_mutex_lock(&a->preparing);
	rc = get_ready(&r, a, want->seal, want->text, fresh, err);
	if (!rc) {
		drop_ready(want);
		want->ready = &r->answer;
	}
	pthread_mutex_unlock(&a->preparing);
	return rc;
}

int tmk_sign_ready(struct tmk_sign_job *job, int i, struct tmk_err *err)
{
	return job->want[i].ready ? 0 : set_ready(job, i, false, err);
}

int tmk_sign_ready_now(struct tmk_sign_job *job, int i, struct tmk_err *err)
{
	const struct tmk_answer *ready = job->want[i].ready;

	if (ready && ready->time == tmk_clock_now())
		return 0;
	return set_ready(job, i, true, err);
}

bool tmk_sign_asker_stamps(const struct tmk_sign_asker *asker, bool always)
{
	return asker->stamp != TMK_STAMP_NEVER && asker->config->tsas &&
		(!always || asker->stamp == TMK_STAMP_REQUIRE);
}

int tmk_sign_asker_start(struct tmk_sign_asker *asker, struct tmk_err *err)
{
	const struct tmk_sign_options *o = asker->options;
	struct ready *r = NULL;
	int i, rc = 0;

	pthread_mutex_lock(&asker->preparing);
	for (i = 0; !rc && i < o->types; i++) {
		rc = get_ready(&r, asker, o->seal[i], false, false, err);
		if (!rc)
			r->users--;	/* the asker keeps it */
	}
	pthread_mutex_unlock(&asker->preparing);
	return rc;
}

void tmk_sign_ask_end(struct tmk_sign_job *job)
{
	int i;

	pthread_mutex_lock(&job->asker->preparing);
	for (i = 0; i < TMK_SIGN_WANTS; i++)
		if (job->want[i].ready)
			drop_ready(&job->want[i]);
	pthread_mutex_unlock(&job->asker->preparing);
	for (i = 0; i < TMK_SIGN_WANTS; i++)
		tmk_answer_release(&job->want[i].made);
}

/* ---- the signature -------------------------------------------------------- */

/* The digest belongs to one key and one trailer: a signer that has changed in
 * between would sign what is no signature of the file. */
static int check_same(const struct tmk_sign_want *want, struct tmk_err *err)
{
	const struct tmk_answer *a = want->ready, *b = &want->made;

	if (b->seal.len && !strcmp(a->fingerprint, b->fingerprint) &&
	    a->hash == b->hash &&
	    (a->hash == TMK_WHOLE || a->time == b->time) &&
	    a->trailer.len == b->trailer.len &&
	    (!a->trailer.len || !memcmp(a->trailer.data, b->trailer.data,
					a->trailer.len)))
		return 0;
	tmk_err_set(err, TMK_KEY, "the key changed while it was used");
	return tmk_err_hint(err, "nothing was written; try again");
}

static void warn(void *ctx, const char *text)
{
	struct tmk_answer line;
	struct tmk_sign_asker *a = ctx;

	tmk_answer_init(&line);
	tmk_answer_warn(&line, "touchmark", text);
	tmk_front_ask_say(&a->ask, tmk_buf_str(&line.lines));
	tmk_answer_release(&line);
}

/* A token over the signature's value into `token`; 1 for none. */
static int get_token(struct tmk_buf *token, struct tmk_sign_asker *a,
		     const struct tmk_signature *s, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_stamper *stamper = NULL;
	struct tmk_front_stamp stamp;
	int64_t begun = tmk_clock_ms();
	int rc;

	if (tmk_front_stamp_init(&stamp, a->config, a->stamp, warn, a,
				 &stamper, err))
		return -1;
	if (!stamper)
		return 1;
	if (check_stamp(a, err))
		return -1;
	rc = stamper->stamp(stamper->ctx, s->value, s->value_len, token, &why);
	note_stamp(a, rc < 0 ? &why : NULL, begun);
	if (rc < 0 && err)
		*err = why;
	return rc;
}

/* The record of uses knows the signature without it. */
static int record_stamp(const struct tmk_sign_asker *a,
			const struct tmk_sign_want *want,
			const struct tmk_signature *s,
			const struct tmk_buf *token, struct tmk_err *err)
{
	struct tmk_tst_answer answer;

	if (!a->config->audit_log)
		return 0;
	if (tmk_tst_judge(&answer, token->data, token->len, s->value,
			  s->value_len, NULL, TMK_REVOCATION_OFF,
			  tmk_clock_now(), err))
		return -1;
	return tmk_front_audit_stamped(a->config, want->made.seal.data,
				       want->made.seal.len,
				       answer.result == TMK_TST_GOOD ?
				       answer.time : TMK_TIME_NONE, err);
}

/* Put a timestamp beside the signature, which keeps every byte. */
static int stamp_seal(struct tmk_sign_asker *a, struct tmk_sign_want *want,
		      struct tmk_err *err)
{
	struct tmk_stamp_change change[TMK_SIGNATURES_MAX] = { { NULL, 0, 0 } };
	struct tmk_buf token = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf stamped = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *evidence = NULL;
	int rc;

	rc = want->seal->parse(&evidence, want->made.seal.data,
			       want->made.seal.len, &v, err);
	if (!rc && !evidence)
		rc = tmk_err_set(err, TMK_INTERNAL, "the signature that was "
				 "made cannot be read: %s", v.text);
	if (!rc)
		rc = get_token(&token, a, &evidence->signature[0], err);
	if (!rc) {
		change[0].token = token.data;
		change[0].len = token.len;
		rc = want->seal->stamp(evidence, change, &stamped, err);
	}
	if (!rc)
		rc = record_stamp(a, want, &evidence->signature[0], &token,
				  err);
	if (!rc) {
		tmk_buf_clear(&want->made.seal);
		rc = tmk_buf_add(&want->made.seal, stamped.data, stamped.len) ?
			tmk_err_nomem(err) : 0;
		want->made.stamped = !rc;
	}
	tmk_evidence_free(evidence);
	tmk_buf_release(&token);
	tmk_buf_release(&stamped);
	return rc > 0 ? 0 : rc;
}

static int armour_seal(struct tmk_sign_want *want, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_ANSWER_MAX);
	int rc;

	rc = tmk_armour_write(&text, want->seal->armour, want->made.seal.data,
			      want->made.seal.len, err);
	if (!rc) {
		tmk_buf_clear(&want->made.seal);
		rc = tmk_buf_add(&want->made.seal, text.data, text.len) ?
			tmk_err_nomem(err) : 0;
	}
	tmk_buf_release(&text);
	return rc;
}

int tmk_sign_ask(struct tmk_sign_job *job, int i, struct tmk_err *err)
{
	struct tmk_sign_want *want = &job->want[i];
	struct tmk_request request;

	tmk_request_init(&request);
	request.verb = TMK_REQUEST_SIGN;
	request.artefact = base_name(job->file);
	request.content = strcmp(job->form->name, "detached") ?
		job->form->name : "file";
	if (want->ready->hash == TMK_WHOLE) {
		request.payload = want->content;
		request.payload_len = want->content_len;
		request.time = TMK_TIME_NONE;
	} else {
		request.digest = want->digest;
		request.digest_len = want->digest_len;
		request.hash = want->ready->hash;
		request.time = want->ready->time;
	}
	if (ask(&want->made, job->asker, want->seal, want->text, &request,
		err) || check_same(want, err))
		return -1;
	if (want->seal->stamp && !want->made.stamped &&
	    job->asker->stamp != TMK_STAMP_NEVER &&
	    job->asker->config->tsas && stamp_seal(job->asker, want, err))
		return -1;
	return want->armour ? armour_seal(want, err) : 0;
}
