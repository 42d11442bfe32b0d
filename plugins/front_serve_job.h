/*
 * front_serve_job.h - one request while it is answered; private to
 * plugins/front_serve*.c.
 */
#ifndef TMK_PLUGINS_FRONT_SERVE_JOB_H
#define TMK_PLUGINS_FRONT_SERVE_JOB_H

#include "core/config.h"
#include "iface/seal.h"
#include "plugins/front_pick.h"
#include "plugins/front_serve.h"
#include "plugins/front_session.h"
#include "plugins/front_stamp.h"

/* Everything that one request needs; borrowed or released at its end. */
struct tmk_serve_job {
	struct tmk_answer *answer;
	const struct tmk_request *request;
	struct tmk_sessions *sessions;
	const struct tmk_person *person;
	bool confirmed;		/* the person said yes to this request */
	struct tmk_config *loaded;
	const struct tmk_config *config;
	struct tmk_front_pick pick;
	struct tmk_session *session;
	const struct tmk_seal_ops *seal;
	struct tmk_front_stamp stamp;
	struct tmk_seal_request sealing;
	char user_id[512];
	uint8_t digest[TMK_HASH_MAX];	/* of a payload */
	uint8_t content[TMK_HASH_MAX];	/* SHA-256 of a payload alone */
};

/* A variable of whoever asks; NULL. Borrowed from the request. */
const char *tmk_serve_job_env(const struct tmk_request *r, const char *name);

/* Who signs, into the answer: name, fingerprint, and what GnuPG says after
 * SIG_CREATED (doc/DETAILS): type, public key algorithm, digest, class, time,
 * fingerprint. */
int tmk_serve_job_describe(struct tmk_serve_job *s, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Set sealing.signing_time: what the caller says, else that of a request
 * which waits for approvals, else now (front_serve_time.c). */
int tmk_serve_job_time(struct tmk_serve_job *s, struct tmk_err *err)
	TMK_MUST_CHECK;

/* SHA-256 of the content alone, as far as it is known and of any use; or
 * NULL. Borrowed from the job. */
const uint8_t *tmk_serve_job_content(struct tmk_serve_job *s);

/* Answer it at one place of the key after the other (front_serve_places.c). */
int tmk_serve_job_sign(struct tmk_serve_job *s, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Answer it with the key in its place `i`, a token or service. 0; 1 when the
 * place is away or broken, so that the next one may be tried; negative when
 * that is the answer. */
int tmk_serve_job_sign_at(struct tmk_serve_job *s, int i, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Make the seal of s->sealing between the two sides of the guard; *stamped:
 * it carries a timestamp. s->session is held by the caller, since others may
 * have the sessions meanwhile. After a failure `seal` is of no use. */
int tmk_serve_job_make(struct tmk_serve_job *s, struct tmk_buf *seal,
		       bool *stamped, struct tmk_err *err) TMK_MUST_CHECK;

/* Set sealing.stamper as the request and the configuration want it: NULL when
 * no timestamp is wanted. */
int tmk_serve_job_stamp(struct tmk_serve_job *s, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
