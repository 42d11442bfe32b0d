#include "plugins/front_remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "formats/armour.h"
#include "key/remote.h"
#include "plugins/front_guard.h"
#include "plugins/front_kind.h"
#include "plugins/front_pick_known.h"
#include "plugins/front_places.h"
#include "plugins/front_remote_check.h"
#include "plugins/front_remote_link.h"
#include "x509/digest.h"


/* One request while a host answers it. */
struct asking {
	struct tmk_serve_job *s;
	int place;
	struct tmk_front_link *link;	/* borrowed from the sessions */
	struct tmk_remote_uri uri;
	char where[TMK_REMOTE_SHOWN];
	uint8_t digest[TMK_DIGEST_MAX];	/* of content and trailer */
	uint8_t content[TMK_DIGEST_MAX];	/* of the content alone */
	size_t digest_len, content_len;
	enum tmk_hash hash;
	int64_t time;
};

bool tmk_front_remote_is(const char *uri)
{
	return tmk_remote_claims(uri);
}

/* ---- the connection ---------------------------------------------------------- */

/* What a host says is shown under its own name. */
static void tell_lines(struct asking *a, const struct tmk_answer *got)
{
	const char *program = a->s->request->program;
	const char *at = tmk_buf_str(&got->lines), *end, *colon;
	char line[2 * TMK_REMOTE_SHOWN + 1024];

	for (; *at; at = *end ? end + 1 : end) {
		end = at + strcspn(at, "\n");
		colon = strstr(at, ": ");
		if (colon && colon < end)
			at = colon + 2;
		snprintf(line, sizeof(line), "%s: %.*s", a->where,
			 (int)(end - at), at);
		tmk_answer_warn(a->s->answer, program ? program : "touchmark",
				line);
	}
}

/* A no of the host becomes the error; 1 when what it says no for is that its
 * key is away. */
static int said_no(struct asking *a, const struct tmk_answer *got,
		   struct tmk_err *err)
{
	tmk_err_set(err, got->code ? got->code : TMK_KEY, "%s says: %s",
		    a->where, *got->text ? got->text :
		    "it does not sign with that key");
	if (*got->hint)
		(void)tmk_err_hint(err, "%s", got->hint);
	return got->away ? 1 : -1;
}

/* Whoever asks an agent comes to a host with his own ssh-agent. */
static const char *auth_sock(const struct tmk_serve_job *s)
{
	const char *his = tmk_serve_job_env(s->request, "SSH_AUTH_SOCK");

	return !s->sessions->shared ? NULL : his ? his : "";
}

/* As tmk_remote_ask, and a no is an error. */
static int ask(struct tmk_answer *got, struct asking *a,
	       const struct tmk_request *request, struct tmk_err *err)
{
	struct tmk_front_link *l = a->link;
	struct tmk_err why = TMK_ERR_INIT;
	int rc;

	tmk_sessions_give(a->s->sessions);
	rc = tmk_front_link_ask(got, l, &a->uri,
				a->s->config->service_deadline * 1000,
				auth_sock(a->s), request, a->s->person, &why);
	tmk_sessions_take(a->s->sessions);
	if (!rc) {
		tell_lines(a, got);
		if (got->code || got->declined)
			rc = said_no(a, got, &why);
	}
	if (rc)
		tmk_front_link_hang_up(l);
	if (rc && err)
		*err = why;
	return rc;
}

/* ---- what is asked ------------------------------------------------------------ */

/* Whether there must be a timestamp, whoever gets it. */
static bool stamp_required(const struct tmk_serve_job *s)
{
	enum tmk_request_stamp asked = s->request->stamp;

	return asked ? asked == TMK_REQUEST_STAMP_REQUIRE :
		s->seal->stamp && s->config->timestamp == TMK_STAMP_REQUIRE;
}

/* The host does as it is configured; what it leaves out this one gets from its
 * own authorities, where it has any. */
static enum tmk_request_stamp stamp_there(const struct tmk_serve_job *s)
{
	if (s->request->stamp == TMK_REQUEST_STAMP_NEVER)
		return s->request->stamps_himself ?
			TMK_REQUEST_STAMP_CONFIGURED : TMK_REQUEST_STAMP_NEVER;
	return stamp_required(s) && !s->sealing.stamper ?
		TMK_REQUEST_STAMP_REQUIRE : TMK_REQUEST_STAMP_CONFIGURED;
}

/* What both requests say: nothing that is this host's own. */
static void describe(struct tmk_request *to, const struct asking *a)
{
	const struct tmk_request *r = a->s->request;

	tmk_request_init(to);
	to->program = "touchmark";
	to->key = a->uri.key;
	to->format = (enum tmk_request_format)a->s->seal->format;
	to->name_space = r->name_space;
	to->text = r->text;
	to->artefact = r->artefact;
	to->digest_algo = r->digest_algo;
	to->stamp = stamp_there(a->s);
	to->content = r->content || !r->payload ? r->content :
		tmk_front_kind(r->payload, r->payload_len);
	to->content_digest = r->content_digest;
	to->content_digest_len = r->content_digest_len;
	if (a->content_len) {
		to->content_digest = a->content;
		to->content_digest_len = a->content_len;
	}
}

/* Remember what the host prepared, checked. */
static int keep_prepared(struct asking *a, const struct tmk_answer *got,
			 struct tmk_err *err)
{
	struct tmk_front_link *l = a->link;

	if (tmk_front_remote_check_prepared(a->s, a->where, got, err) ||
	    tmk_front_remote_check_key(a->s, a->place, a->where, &got->key,
				       err)) {
		tmk_front_link_hang_up(l);
		return -1;
	}
	if (tmk_front_link_prepared(l, got, a->s->seal->format,
				    a->s->request->text, err))
		return -1;
	tmk_front_pick_learn(&a->s->pick, &l->spki);
	return 0;
}

static int prepare(struct tmk_answer *got, struct asking *a,
		   struct tmk_err *err)
{
	struct tmk_request request;
	int rc;

	describe(&request, a);
	request.verb = TMK_REQUEST_PREPARE;
	rc = ask(got, a, &request, err);
	return rc ? rc : keep_prepared(a, got, err);
}

/* ---- PREPARE ------------------------------------------------------------------ */

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* Everything but the lines, which were told. */
static int take(struct tmk_answer *to, const struct tmk_answer *got,
		struct tmk_err *err)
{
	copy_text(to->created, sizeof(to->created), got->created);
	copy_text(to->signer, sizeof(to->signer), got->signer);
	copy_text(to->fingerprint, sizeof(to->fingerprint), got->fingerprint);
	to->hash = got->hash;
	to->time = got->time;
	tmk_buf_clear(&to->trailer);
	tmk_buf_clear(&to->key);
	if (tmk_buf_add(&to->trailer, got->trailer.data, got->trailer.len) ||
	    tmk_buf_add(&to->key, got->key.data, got->key.len))
		return tmk_err_nomem(err);
	return 0;
}

static int serve_prepare(struct asking *a, struct tmk_err *err)
{
	struct tmk_answer got;
	int rc;

	tmk_answer_init(&got);
	rc = prepare(&got, a, err);
	if (!rc)
		rc = take(a->s->answer, &got, err);
	tmk_answer_release(&got);
	return rc;
}

/* ---- SIGN --------------------------------------------------------------------- */

/* Of the content and what the host wants behind it. */
static int hash_content(struct asking *a, const struct tmk_answer *prepared,
			struct tmk_err *err)
{
	const struct tmk_request *r = a->s->request;
	struct tmk_digest d;
	int rc;

	a->hash = prepared->hash;
	a->time = prepared->time;
	if (tmk_digest_init(&d, (int)a->hash, err))
		return -1;
	rc = tmk_digest_update(&d, r->payload, r->payload_len, err);
	if (!rc)
		rc = tmk_digest_update(&d, prepared->trailer.data,
				       prepared->trailer.len, err);
	if (!rc)
		rc = tmk_digest_final(&d, a->digest, &a->digest_len, err);
	tmk_digest_release(&d);
	return rc;
}

/* The digest that is to be signed. What the caller has prepared needs no
 * second preparation, as long as it is known whose key that was. */
static int find_digest(struct asking *a, struct tmk_err *err)
{
	const struct tmk_request *r = a->s->request;
	struct tmk_answer got;
	int rc = 0;

	if (r->digest) {
		a->hash = r->hash;
		a->time = r->time;
		a->digest_len = r->digest_len;
		memcpy(a->digest, r->digest, r->digest_len);
		if (r->time == TMK_TIME_NONE)
			return tmk_err_set(err, TMK_USAGE, "a digest without "
					   "its time is not signed");
		/* The configuration may name another key since. */
		if (a->link->spki.len)
			return tmk_front_remote_check_key(a->s, a->place,
							  a->where,
							  &a->link->spki, err);
	} else if (tmk_digest_bytes(TMK_SHA256, r->payload, r->payload_len,
				    a->content, &a->content_len, err)) {
		return -1;
	}
	tmk_answer_init(&got);
	rc = prepare(&got, a, err);
	if (!rc && !r->digest)
		rc = hash_content(a, &got, err);
	tmk_answer_release(&got);
	return rc;
}

/* The trailer that was prepared for this signature; NULL when the caller had
 * it prepared elsewhere. */
static const struct tmk_buf *prepared_trailer(const struct asking *a)
{
	return tmk_front_link_trailer(a->link, a->time, a->s->seal->format,
				      a->hash, a->s->request->text);
}

static int check(struct asking *a, struct tmk_answer *got, struct tmk_err *err)
{
	const struct tmk_buf *trailer = prepared_trailer(a);
	const struct tmk_remote_wanted wanted = {
		.where = a->where,
		.spki = &a->link->spki,
		.hash = a->hash,
		.digest = a->digest,
		.digest_len = a->digest_len,
		.trailer = trailer ? trailer : &got->trailer,
		.time = a->time,
	};

	got->time = a->time;
	got->hash = a->hash;
	return tmk_front_remote_check_seal(&got->stamped, a->s, &got->seal,
					   &wanted, err);
}

/* A timestamp of this host's authorities beside the signature. */
static int stamp(struct asking *a, struct tmk_answer *got, struct tmk_err *err)
{
	struct tmk_stamp_change change[TMK_SIGNATURES_MAX] = { { NULL, 0, 0 } };
	struct tmk_stamper *stamper = a->s->sealing.stamper;
	struct tmk_buf token = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf stamped = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *e = NULL;
	int rc;

	if (!stamper || !a->s->seal->stamp || got->stamped)
		return 0;
	rc = a->s->seal->parse(&e, got->seal.data, got->seal.len, &v, err);
	if (!rc && !e)
		rc = tmk_err_set(err, TMK_INTERNAL, "the signature cannot be "
				 "read again: %s", v.text);
	if (!rc)
		rc = stamper->stamp(stamper->ctx, e->signature[0].value,
				    e->signature[0].value_len, &token, err);
	if (!rc) {
		change[0].token = token.data;
		change[0].len = token.len;
		rc = a->s->seal->stamp(e, change, &stamped, err);
	}
	if (!rc) {
		tmk_buf_clear(&got->seal);
		rc = tmk_buf_add(&got->seal, stamped.data, stamped.len) ?
			tmk_err_nomem(err) : 0;
		got->stamped = !rc;
	}
	tmk_evidence_free(e);
	tmk_buf_release(&token);
	tmk_buf_release(&stamped);
	return rc < 0 ? -1 : 0;
}

/* Whether a signature without a timestamp will do. */
static int check_stamp(const struct asking *a, const struct tmk_answer *got,
		       struct tmk_err *err)
{
	if (got->stamped || !stamp_required(a->s))
		return 0;
	return tmk_err_set(err, TMK_NET, "%s returned no timestamp, and one "
			   "is required", a->where);
}

/* Have the host sign, and look at what it made. */
static int make(struct tmk_answer *got, struct asking *a, struct tmk_err *err)
{
	struct tmk_request request;
	int rc;

	describe(&request, a);
	request.verb = TMK_REQUEST_SIGN;
	request.digest = a->digest;
	request.digest_len = a->digest_len;
	request.hash = a->hash;
	request.time = a->time;
	rc = ask(got, a, &request, err);
	if (rc)
		return rc;
	if (!got->seal.len)
		return tmk_err_set(err, TMK_KEY, "%s returned no signature",
				   a->where);
	if (check(a, got, err)) {
		tmk_front_link_hang_up(a->link);
		return -1;
	}
	return stamp(a, got, err) || check_stamp(a, got, err) ? -1 : 0;
}

static void describe_use(const struct asking *a, struct tmk_front_use *use)
{
	const struct tmk_serve_job *s = a->s;
	const struct tmk_request *r = s->request;
	const struct tmk_buf *trailer = prepared_trailer(a);

	*use = (struct tmk_front_use){
		.what = s->sessions->what ? s->sessions->what : "sign",
		.requester = r->requester,
		.key = s->pick.name,
		.section = s->pick.key,
		.spki = a->link->spki.data,
		.spki_len = a->link->spki.len,
		.place = a->where,
		.format = s->seal->name,
		.name_space = s->seal->format == TMK_FORMAT_SSH ?
			r->name_space : NULL,
		.hash = a->hash,
		.digest = a->digest,
		.digest_len = a->digest_len,
		.trailer = trailer ? trailer->data : NULL,
		.trailer_len = trailer ? trailer->len : 0,
		.time = a->time,
		.artefact = r->artefact,
		.content = r->content || !r->payload ? r->content :
			tmk_front_kind(r->payload, r->payload_len),
	};
}

/* Between the two sides of this host's own guard. */
static int make_guarded(struct tmk_answer *got, struct asking *a,
			struct tmk_err *err)
{
	struct tmk_front_outcome outcome = { .stamped = TMK_TIME_NONE };
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_sessions *all = a->s->sessions;
	struct tmk_front_guard *guard = NULL;
	struct tmk_front_use use;
	int rc;

	describe_use(a, &use);
	tmk_sessions_give(all);
	rc = tmk_front_guard_before(&guard, a->s->config, &use, err);
	tmk_sessions_take(all);
	if (rc)
		return -1;
	rc = make(got, a, &why);
	if (rc)
		outcome.why = &why;
	else
		outcome.signature = &got->seal;
	if (rc && err)
		*err = why;
	tmk_sessions_give(all);
	if (tmk_front_guard_after(guard, &use, &outcome, rc ? NULL : err))
		rc = -1;
	tmk_sessions_take(all);
	return rc;
}

static int serve_sign(struct asking *a, struct tmk_err *err)
{
	struct tmk_serve_job *s = a->s;
	struct tmk_answer got;
	int rc = find_digest(a, err);

	if (rc)
		return rc;
	tmk_answer_init(&got);
	rc = make_guarded(&got, a, err);
	if (!rc)
		rc = take(s->answer, &got, err);
	if (!rc && s->request->armour && s->seal->armour)
		rc = tmk_armour_write(&s->answer->seal, s->seal->armour,
				      got.seal.data, got.seal.len, err);
	else if (!rc)
		rc = tmk_buf_add(&s->answer->seal, got.seal.data,
				 got.seal.len) ? tmk_err_nomem(err) : 0;
	if (!rc)
		s->answer->stamped = got.stamped;
	tmk_answer_release(&got);
	return rc;
}

/* With the one link that there is, which nobody else has meanwhile. */
static int serve(struct asking *a, struct tmk_err *err)
{
	struct tmk_sessions *all = a->s->sessions;
	int rc;

	tmk_sessions_give(all);
	if (all->shared)
		pthread_mutex_lock(&all->line);
	tmk_sessions_take(all);
	a->link = tmk_front_link_get(&all->link, a->s->pick.uri[a->place]);
	if (!a->link)
		rc = tmk_err_nomem(err);
	else
		rc = a->s->request->verb == TMK_REQUEST_SIGN ?
			serve_sign(a, err) : serve_prepare(a, err);
	if (all->shared)
		pthread_mutex_unlock(&all->line);
	return rc;
}

int tmk_serve_job_remote(struct tmk_serve_job *s, int i, struct tmk_err *err)
{
	struct asking a = { .s = s, .place = i };

	if (tmk_remote_uri_parse(&a.uri, s->pick.uri[i], err))
		return -1;
	tmk_remote_shown(a.where, sizeof(a.where), &a.uri);
	if (s->seal->format == TMK_FORMAT_SSH && !s->request->name_space)
		return tmk_err_set(err, TMK_USAGE, "an SSH signature needs a "
				   "namespace");
	/* Authorities of this host, where it has any. */
	if ((s->config->tsas || !s->seal->stamp) &&
	    s->request->verb == TMK_REQUEST_SIGN &&
	    tmk_serve_job_stamp(s, err))
		return -1;
	return serve(&a, err);
}
