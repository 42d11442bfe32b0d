/*
 * front_serve_guard.c - one signature, between the two sides of the guard.
 *
 * What the guard waits for (a disk, a command) needs no token: meanwhile the
 * sessions are somebody else's, and this one's is held.
 */
#include "plugins/front_serve_job.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/sign.h"
#include "plugins/front_guard.h"
#include "plugins/front_kind.h"
#include "x509/digest.h"
#include "x509/tst.h"

/* ---- whose turn it is ------------------------------------------------------ */

/* Whether the guard has anything to wait for. */
static bool waits(const struct tmk_serve_job *s)
{
	return s->sessions->turn &&
		(s->config->audit_log || s->config->pre_sign ||
		 (s->pick.key && s->pick.key->pre_sign));
}

static void give(struct tmk_serve_job *s)
{
	const struct tmk_sessions_turn *turn = s->sessions->turn;

	if (!waits(s))
		return;
	/* Whoever comes next is asked for himself. */
	s->session->key.signer->person = NULL;
	turn->give(turn->ctx);
}

static void take(struct tmk_serve_job *s)
{
	const struct tmk_sessions_turn *turn = s->sessions->turn;

	if (!waits(s))
		return;
	turn->take(turn->ctx);
	s->session->key.signer->person = s->person;
}

/* ---- the use ---------------------------------------------------------------- */

static void warn(void *ctx, const char *text)
{
	struct tmk_serve_job *s = ctx;

	tmk_answer_warn(s->answer, s->request->program ? s->request->program :
			"touchmark", text);
}

/* When an authority saw the signature: the earliest of its timestamps. */
static int64_t stamped_at(const struct tmk_serve_job *s,
			  const struct tmk_buf *seal)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *evidence = NULL;
	int64_t at = TMK_TIME_NONE;
	int i;

	if (!s->sealing.stamper ||
	    s->seal->parse(&evidence, seal->data, seal->len, &v, NULL) ||
	    !evidence)
		return TMK_TIME_NONE;
	for (i = 0; i < evidence->signature[0].tokens; i++) {
		const struct tmk_signature *sig = &evidence->signature[0];
		struct tmk_tst_answer a;

		if (!tmk_tst_judge(&a, sig->token[i], sig->token_len[i],
				   sig->value, sig->value_len, NULL,
				   TMK_REVOCATION_OFF, tmk_clock_now(),
				   NULL) && a.result == TMK_TST_GOOD &&
		    (at == TMK_TIME_NONE || a.time < at))
			at = a.time;
	}
	tmk_evidence_free(evidence);
	return at;
}

/* What the key is about to be used for. */
static void describe_use(struct tmk_serve_job *s, struct tmk_front_use *use,
			 char *place, size_t size)
{
	const char *uri = s->pick.uri[s->session->key.place];
	const struct tmk_request *r = s->request;
	const struct tmk_signer *signer = s->session->key.signer;
	const struct tmk_buf *trailer = &s->answer->trailer;

	/* Behind the question mark a PIN may stand. */
	snprintf(place, size, "%.*s", (int)strcspn(uri, "?"), uri);
	*use = (struct tmk_front_use){
		.what = s->sessions->what ? s->sessions->what : "sign",
		.requester = r->requester,
		.key = s->pick.name,
		.section = s->pick.key,
		.spki = signer->spki.data,
		.spki_len = signer->spki.len,
		.fingerprint = s->answer->fingerprint,
		.place = place,
		.format = s->seal->name,
		.name_space = s->seal->format == TMK_FORMAT_SSH ?
			r->name_space : NULL,
		.hash = s->sealing.hash,
		.digest = s->sealing.digest,
		.digest_len = s->sealing.digest_len,
		.trailer = trailer->data,
		.trailer_len = trailer->len,
		.time = s->answer->time,
		.artefact = r->artefact,
		.content_digest = tmk_serve_job_content(s),
		.content = r->content || !r->payload ? r->content :
			tmk_front_kind(r->payload, r->payload_len),
		.warn = warn,
		.warn_ctx = s,
	};
}

/* A content that is signed as a whole goes on record by its digest. */
static int use_digest(struct tmk_front_use *use, uint8_t *digest,
		      struct tmk_err *err)
{
	if (use->hash != TMK_WHOLE)
		return 0;
	use->hash = TMK_SHA256;
	if (tmk_digest_bytes(TMK_SHA256, use->digest, use->digest_len, digest,
			     &use->digest_len, err))
		return -1;
	use->digest = digest;
	return 0;
}

/* From the guard's yes to its record of what became of it. The sessions are
 * somebody else's on both ends. */
static int make_guarded(struct tmk_serve_job *s, struct tmk_buf *seal,
			bool *stamped, const struct tmk_front_use *use,
			struct tmk_err *err)
{
	struct tmk_front_outcome outcome = { .stamped = TMK_TIME_NONE };
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_front_guard *guard = NULL;
	int rc;

	if (tmk_front_guard_before(&guard, s->config, use, err))
		return -1;
	take(s);
	/* A command may have taken its time, and sshd's client hung up. */
	if (s->request->requester && tmk_person_is_gone(s->person))
		rc = tmk_err_set(&why, TMK_KEY, "nobody waits for the "
				 "signature any more");
	else
		rc = tmk_sign_seal(seal, s->seal, &s->sealing, &why);
	give(s);
	if (rc) {
		outcome.why = &why;
		if (err)
			*err = why;
	} else {
		outcome.signature = seal;
		outcome.stamped = stamped_at(s, seal);
	}
	if (tmk_front_guard_after(guard, use, &outcome, rc ? NULL : err))
		rc = -1;
	*stamped = outcome.stamped != TMK_TIME_NONE;
	return rc;
}

int tmk_serve_job_make(struct tmk_serve_job *s, struct tmk_buf *seal,
		       bool *stamped, struct tmk_err *err)
{
	STACK_OF(X509) *held = NULL;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_front_use use;
	char place[512];
	int rc;

	describe_use(s, &use, place, sizeof(place));
	if (use_digest(&use, digest, err))
		return -1;
	/* Somebody else may choose the chain anew while this one waits. */
	if (s->sealing.certs) {
		held = X509_chain_up_ref(s->sealing.certs);
		if (!held)
			return tmk_err_nomem(err);
		s->sealing.certs = held;
	}
	give(s);
	rc = make_guarded(s, seal, stamped, &use, err);
	take(s);
	s->sealing.certs = NULL;
	sk_X509_pop_free(held, X509_free);
	return rc;
}
