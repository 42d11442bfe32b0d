/*
 * front_serve_time.c - the signing time, and what it is met again by.
 *
 * A request that waited for approvals has one already: a signature that holds
 * its own time has another digest at another one.
 */
#include "plugins/front_serve_job.h"

#include "base/clock.h"
#include "plugins/front_approval.h"
#include "x509/digest.h"

#define TIME_SLACK 86400	/* s that a caller's signing time may be off */

const uint8_t *tmk_serve_job_content(struct tmk_serve_job *s)
{
	const struct tmk_request *r = s->request;
	size_t len;

	if (r->content_digest)
		return r->content_digest;
	if (!r->payload || !s->pick.key || !s->pick.key->approvals)
		return NULL;
	/* Without it, it is met by other means. */
	return tmk_digest_bytes(TMK_SHA256, r->payload, r->payload_len,
				s->content, &len, NULL) ? NULL : s->content;
}

/* The use, as far as it is known before its digest. */
static struct tmk_front_use describe(const struct tmk_serve_job *s)
{
	const struct tmk_signer *signer = s->session->key.signer;

	return (struct tmk_front_use){
		.what = "sign",
		.requester = s->request->requester,
		.key = s->pick.name,
		.section = s->pick.key,
		.spki = signer->spki.data,
		.spki_len = signer->spki.len,
		.format = s->seal->name,
		.name_space = s->seal->format == TMK_FORMAT_SSH ?
			s->request->name_space : NULL,
		.artefact = s->request->artefact,
		.time = s->request->time,
	};
}

int tmk_serve_job_time(struct tmk_serve_job *s, struct tmk_err *err)
{
	const struct tmk_front_use use = describe(s);
	int64_t now = tmk_clock_now(), t = use.time;
	const uint8_t *content;

	if (t == TMK_TIME_NONE) {
		content = tmk_serve_job_content(s);
		t = tmk_front_approval_time(&use, content, content ? 32 : 0);
		s->sealing.signing_time = t == TMK_TIME_NONE ? now : t;
		return 0;
	}
	s->sealing.signing_time = t;
	/* Approvals may take longer. */
	if ((t >= now - TIME_SLACK && t <= now + TIME_SLACK) ||
	    (t < now && tmk_front_approval_has_time(&use)))
		return 0;
	return tmk_err_set(err, TMK_USAGE, "the signing time is more than a "
			   "day away from this clock");
}
