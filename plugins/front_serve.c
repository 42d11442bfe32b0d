#include "plugins/front_serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/enc.h"
#include "core/config_files.h"
#include "core/sign.h"
#include "formats/armour.h"
#include "iface/verdict.h"
#include "plugins/front_birth.h"
#include "plugins/front_env.h"
#include "plugins/front_places.h"
#include "plugins/front_remote.h"
#include "plugins/front_requesters.h"
#include "plugins/front_serve_job.h"
#include "plugins/front_softhsm.h"
#include "x509/digest.h"

static const char *program_of(const struct tmk_serve_job *s)
{
	return s->request->program ? s->request->program : "touchmark";
}

static void warn(void *ctx, const char *text)
{
	struct tmk_serve_job *s = ctx;

	tmk_answer_warn(s->answer, program_of(s), text);
}

/* ---- whose request is it ------------------------------------------------- */

const char *tmk_serve_job_env(const struct tmk_request *r, const char *name)
{
	size_t len = strlen(name);
	int i;

	for (i = 0; i < r->envs; i++)
		if (!strncmp(r->env[i], name, len) && r->env[i][len] == '=')
			return r->env[i] + len + 1;
	return NULL;
}

/* An agent knows the configuration that its own environment leads to; whoever
 * looks elsewhere signs by himself. */
static bool same_configuration(const struct tmk_request *r)
{
	static const char *const names[] = {
		"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
		"TOUCHMARK_CONFIG", "GIT_CONFIG_GLOBAL",
		"GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *mine = tmk_config_env_get(names[i]);
		const char *theirs = tmk_serve_job_env(r, names[i]);

		/* Set to nothing is not always as not set (git(1)). */
		if (!mine || !theirs ? mine != theirs : strcmp(mine, theirs))
			return false;
	}
	return tmk_front_softhsm_same(tmk_serve_job_env(r, "SOFTHSM2_CONF"));
}

static const char *directory_of(const struct tmk_request *r)
{
	return r->git_dir ? r->git_dir : r->directory ? r->directory : ".";
}

/* ---- what is to be made -------------------------------------------------- */

static int choose_seal(struct tmk_serve_job *s, struct tmk_err *err)
{
	enum tmk_request_format format = s->request->format;
	char *git = NULL;
	int i;

	if (format == TMK_REQUEST_GIT) {
		if (tmk_config_files_git_get(&git, directory_of(s->request),
					     "gpg.format", err))
			return -1;
		format = git && !strcmp(git, "x509") ? TMK_REQUEST_CMS :
			TMK_REQUEST_OPENPGP;
		free(git);
	}
	for (i = 0; tmk_seals[i]; i++)
		if ((int)tmk_seals[i]->format == (int)format)
			s->seal = tmk_seals[i];
	if (!s->seal)
		return tmk_err_set(err, TMK_USAGE,
				   "this format is not made here");
	if (s->request->text && s->seal->format != TMK_FORMAT_OPENPGP)
		return tmk_err_set(err, TMK_USAGE, "only OpenPGP makes "
				   "signatures of text");
	return 0;
}

/* Whether OpenPGP lets this key sign a digest other than its own: one that is
 * not weaker than that. */
static bool may_sign(const struct tmk_serve_job *s, enum tmk_hash hash)
{
	return hash == s->sealing.hash ||
		(s->seal->format == TMK_FORMAT_OPENPGP &&
		 (hash > s->sealing.hash ||
		  s->sealing.signer->algorithm == TMK_KEY_RSA));
}

/* --digest-algo: packaging tools ask for one by name. */
static int choose_digest(struct tmk_serve_job *s, struct tmk_err *err)
{
	static const struct {
		const char *name;
		enum tmk_hash hash;
	} known[] = {
		{ "SHA256", TMK_SHA256 }, { "SHA-256", TMK_SHA256 },
		{ "SHA384", TMK_SHA384 }, { "SHA-384", TMK_SHA384 },
		{ "SHA512", TMK_SHA512 }, { "SHA-512", TMK_SHA512 },
	};
	const char *name = s->request->digest_algo;
	size_t i;

	if (!name)
		return 0;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcasecmp(name, known[i].name) ||
		    !may_sign(s, known[i].hash))
			continue;
		s->sealing.hash = known[i].hash;
		return 0;
	}
	tmk_err_set(err, TMK_USAGE, "--digest-algo %s is not what this key "
		    "signs with", name);
	return tmk_err_hint(err, "leave it out: the digest is matched to the "
			    "key");
}

/* What the encoding needs beside the key. */
static int fill(struct tmk_serve_job *s, struct tmk_err *err)
{
	const struct tmk_front_key *key = &s->session->key;
	const struct tmk_request *r = s->request;

	s->sealing.signer = key->signer;
	s->sealing.certs = key->chain;
	s->sealing.name_space = r->name_space;
	s->sealing.text = r->text;
	s->sealing.artefact = r->artefact;
	s->sealing.key_name = s->pick.key ? s->pick.key->name : NULL;
	s->sealing.hash = s->seal->hash(key->signer);
	if (tmk_serve_job_time(s, err) || choose_digest(s, err))
		return -1;
	if (s->seal->format == TMK_FORMAT_SSH && !r->name_space)
		return tmk_err_set(err, TMK_USAGE, "an SSH signature needs a "
				   "namespace");
	if (s->seal->format != TMK_FORMAT_OPENPGP)
		return 0;
	if (tmk_front_birth(&s->sealing.created, s->user_id,
			    sizeof(s->user_id), &s->pick, s->config,
			    key->place, key->signer, err))
		return tmk_front_pick_prefix(&s->pick, err);
	s->sealing.user_id = s->user_id[0] ? s->user_id : NULL;
	return 0;
}

static int open_session(struct tmk_serve_job *s, int place, bool *elsewhere,
			struct tmk_err *err)
{
	const struct tmk_request *r = s->request;
	struct tmk_front_open how = {
		.format = s->seal->format,
		.pin_file = r->pin_file,
		.pin_file_env = r->pin_file_env,
		.credentials_dir = r->credentials_dir,
		.person = s->person,
		.shared = s->sessions->shared,
		.only = place + 1,
		.elsewhere = elsewhere,
		.now = tmk_clock_now(),
		.requester = r->requester,
		.what = s->sessions->what,
	};
	char warning[512] = "";

	if (tmk_session_get(&s->session, s->sessions, &s->pick, s->config,
			    &how, warning, sizeof(warning), err))
		return -1;
	if (!s->session)
		return tmk_err_set(err, TMK_INTERNAL, "no session");
	/* Whoever prepares first shows a line once (tmk_front_ask). */
	if (warning[0])
		warn(s, warning);
	s->session->key.signer->person = s->person;
	return 0;
}

/* ---- making it ----------------------------------------------------------- */

/*
 * Ed25519 signs a digest as a message. The message of an SSHSIG of namespace
 * "file" and SHA-256 is 64 bytes long, as a SHA-512 or BLAKE2b digest is:
 * whoever may have digests signed in another format would have that as well.
 * No hash begins so but one in 2^48.
 */
static bool is_message(const struct tmk_serve_job *s,
		       const struct tmk_request *r)
{
	static const uint8_t magic[] = { 'S', 'S', 'H', 'S', 'I', 'G' };

	return s->sealing.signer->algorithm == TMK_KEY_ED25519 &&
		r->digest_len >= sizeof(magic) &&
		!memcmp(r->digest, magic, sizeof(magic));
}

static int hash_payload(struct tmk_serve_job *s, struct tmk_err *err)
{
	const struct tmk_request *r = s->request;
	struct tmk_buf *trailer = &s->answer->trailer;
	struct tmk_digest d;
	int rc;

	if (r->digest) {
		if (r->hash != s->sealing.hash || r->time == TMK_TIME_NONE)
			return tmk_err_set(err, TMK_USAGE, "the digest is not "
					   "of the kind this key signs");
		if (is_message(s, r))
			return tmk_err_set(err, TMK_REFUSED, "%s: the digest "
					   "is a message of an SSH signature",
					   tmk_reason_id(
						TMK_SIGNATURE_FORMAT));
		s->sealing.digest = r->digest;
		s->sealing.digest_len = r->digest_len;
		return 0;
	}
	if (s->sealing.hash == TMK_WHOLE) {
		s->sealing.digest = r->payload;
		s->sealing.digest_len = r->payload_len;
		return 0;
	}
	if (tmk_digest_init(&d, (int)s->sealing.hash, err))
		return -1;
	rc = tmk_digest_update(&d, r->payload, r->payload_len, err);
	if (!rc && trailer->len)
		rc = tmk_digest_update(&d, trailer->data, trailer->len, err);
	if (!rc)
		rc = tmk_digest_final(&d, s->digest, &s->sealing.digest_len,
				      err);
	tmk_digest_release(&d);
	s->sealing.digest = s->digest;
	return rc;
}

int tmk_serve_job_stamp(struct tmk_serve_job *s, struct tmk_err *err)
{
	static const enum tmk_stamp_mode mode[] = {
		[TMK_REQUEST_STAMP_PREFER] = TMK_STAMP_PREFER,
		[TMK_REQUEST_STAMP_REQUIRE] = TMK_STAMP_REQUIRE,
		[TMK_REQUEST_STAMP_NEVER] = TMK_STAMP_NEVER,
	};
	enum tmk_request_stamp asked = s->request->stamp;

	if (!s->seal->stamp)
		return asked == TMK_REQUEST_STAMP_REQUIRE ?
			tmk_err_set(err, TMK_USAGE, "a%s signature cannot "
				    "carry a timestamp",
				    s->seal->format == TMK_FORMAT_SSH ?
				    "n SSH" : s->seal->format ==
				    TMK_FORMAT_MINISIGN ? " minisign" :
				    " signify") : 0;
	return tmk_front_stamp_init(&s->stamp, s->config,
				    asked ? mode[asked] : s->config->timestamp,
				    warn, s, &s->sealing.stamper, err);
}

static int make(struct tmk_serve_job *s, struct tmk_err *err)
{
	struct tmk_buf seal = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_answer *a = s->answer;
	bool stamped = false;
	int rc;

	if (hash_payload(s, err))
		return -1;
	rc = tmk_serve_job_make(s, &seal, &stamped, err);
	if (!rc && s->request->armour && s->seal->armour)
		rc = tmk_armour_write(&a->seal, s->seal->armour, seal.data,
				      seal.len, err);
	else if (!rc)
		rc = tmk_buf_add(&a->seal, seal.data, seal.len) ?
			tmk_err_nomem(err) : 0;
	if (!rc) {
		a->stamped = stamped;
		s->session->signatures++;
	}
	tmk_buf_release(&seal);
	return rc;
}

/* Whose signature it will be, for a caller who looks for earlier ones. */
static int give_key(struct tmk_serve_job *s, struct tmk_err *err)
{
	const struct tmk_buf *spki = &s->session->key.signer->spki;

	tmk_buf_clear(&s->answer->key);
	if (tmk_buf_add(&s->answer->key, spki->data, spki->len))
		return tmk_err_set(err, TMK_KEY, "the public key of %zu bytes "
				   "is too long", spki->len);
	return 0;
}

/* Everything but the opening, with the session as it is. */
static int work(struct tmk_serve_job *s, struct tmk_err *err)
{
	tmk_buf_clear(&s->answer->trailer);
	if (fill(s, err))
		return -1;
	if (s->seal->trailer &&
	    s->seal->trailer(&s->sealing, &s->answer->trailer, err))
		return -1;
	s->answer->hash = s->sealing.hash;
	if (tmk_serve_job_describe(s, err))
		return -1;
	return s->request->verb == TMK_REQUEST_SIGN ? make(s, err) :
		give_key(s, err);
}

/* Whether any key wants its uses confirmed. */
static bool any_confirmed(const struct tmk_config *config)
{
	int i;

	for (i = 0; i < config->n_keys; i++)
		if (config->keys[i].confirm)
			return true;
	return false;
}

/* A bare URI may lead to a key past its section, where it says that its uses
 * are to be confirmed: then an agent's login is not lent to it. */
static int refuse_bypass(struct tmk_serve_job *s, struct tmk_err *err)
{
	const char *uri = s->pick.uri[0];

	/* A module is code, beside the PINs of all the others. */
	if (s->sessions->shared && uri == s->request->key &&
	    (strcasestr(uri, "module-path") ||
	     strcasestr(uri, "module-name"))) {
		s->answer->declined = true;
		return tmk_err_set(err, TMK_KEY, "the agent loads no module "
				   "but those of the configuration");
	}
	if (!s->sessions->shared || s->pick.key || !any_confirmed(s->config))
		return 0;
	s->answer->declined = true;
	return tmk_err_set(err, TMK_KEY, "the agent signs with configured "
			   "keys alone, since one of them is to be confirmed");
}

/* Whether somebody else's place may be asked in the name of whoever asks. */
static bool is_far(const struct tmk_front_pick *pick)
{
	int i;

	for (i = 0; i < pick->uris; i++)
		if (tmk_front_remote_is(pick->uri[i]))
			return true;
	return false;
}

/* Whoever asks reaches services with credentials of his own; a signing host
 * asks no other one, and nobody here about somebody else's use. */
static int refuse_own(struct tmk_serve_job *s, struct tmk_err *err)
{
	bool far = is_far(&s->pick);

	if (!s->sessions->shared)
		return 0;
	if (s->pick.key && s->pick.key->confirm &&
	    (far || s->request->requester)) {
		s->answer->declined = true;
		return tmk_err_set(err, TMK_KEY, "the agent lends no key that "
				   "is to be confirmed");
	}
	if (!tmk_front_places_own(&s->pick) && !(far && s->request->requester))
		return 0;
	s->answer->declined = true;
	return tmk_err_set(err, TMK_KEY, "the agent leaves this key to whoever "
			   "asks");
}

/* An agent asks before it uses a key that says so: once for each request. */
static int confirm(struct tmk_serve_job *s, struct tmk_err *err)
{
	const struct tmk_person *person = s->person;
	char question[768], name[128], where[512];
	const char *dir = directory_of(s->request);

	if (!s->sessions->shared || s->request->verb != TMK_REQUEST_SIGN ||
	    s->confirmed || !s->pick.key || !s->pick.key->confirm)
		return 0;
	if (!person || !person->confirm)
		return tmk_err_set(err, TMK_KEY, "the key must be confirmed "
				   "at each use, and there is nobody to ask");
	tmk_enc_show_into(name, sizeof(name), s->pick.name,
			  strlen(s->pick.name));
	tmk_enc_show_into(where, sizeof(where), dir, strlen(dir));
	snprintf(question, sizeof(question), "Sign with the key %s, asked "
		 "for in %s", name, where);
	if (person->confirm(person->ctx, question, err))
		return -1;
	s->confirmed = true;
	return 0;
}

/* With a session that is held, so that others cannot close it meanwhile.
 * Negative with *again: it is gone, another one may do. */
static int sign_with(struct tmk_serve_job *s, bool *again, struct tmk_err *err)
{
	struct tmk_session *session = s->session;
	int rc = confirm(s, err), worked = !rc;

	if (worked) {
		rc = work(s, err);
		session->used = tmk_clock_slept_ms();
	}
	session->key.signer->person = NULL;
	if (!rc || !worked || err->code != TMK_KEY)
		return rc;
	*again = session->key.signer->lost;
	if (!*again)
		tmk_front_key_explain(&session->key, &s->pick, s->config, err);
	/* What failed for whatever reason is not kept. */
	tmk_session_drop(s->sessions, session);
	return rc;
}

/* A session whose token is gone is opened anew, once; then it is the next
 * place's turn. */
int tmk_serve_job_sign_at(struct tmk_serve_job *s, int i, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;
	bool again = true;
	int tries, rc = -1;

	if (s->request->verb == TMK_REQUEST_SIGN &&
	    tmk_serve_job_stamp(s, err))
		return -1;
	for (tries = 0; again && tries < 2; tries++) {
		bool elsewhere = false;

		why = (struct tmk_err)TMK_ERR_INIT;
		again = false;
		if (open_session(s, i, &elsewhere, &why)) {
			rc = elsewhere ? 1 : -1;
			break;
		}
		s->session->users++;
		rc = sign_with(s, &again, &why);
		tmk_session_leave(s->session);
		s->session = NULL;
		if (!rc)
			return 0;
	}
	if (err)
		*err = why;
	return again ? 1 : rc;
}

/* The key that is meant; declined when it is none of ours. */
static int pick(struct tmk_serve_job *s, struct tmk_err *err)
{
	const char *key = s->request->key;
	struct tmk_err seen = TMK_ERR_INIT;
	int found = tmk_front_pick(&s->pick, s->config, key, &seen);

	if (found > 0)
		return 0;
	s->answer->declined = !found;
	return tmk_front_pick_none(s->config, key, &seen, err);
}

/* Whether the policy wants another environment for what has a name. */
static int check_env(struct tmk_serve_job *s, struct tmk_err *err)
{
	char odd[512];

	if (tmk_front_env_check(s->config, &s->pick, s->request, odd,
				sizeof(odd), err))
		return -1;
	if (*odd && s->request->verb == TMK_REQUEST_SIGN)
		warn(s, odd);
	return 0;
}

static int serve(struct tmk_serve_job *s, struct tmk_err *err)
{
	const struct tmk_request *r = s->request;

	if (s->sessions->shared && !same_configuration(r)) {
		s->answer->declined = true;
		return tmk_err_set(err, TMK_USAGE, "the agent was started "
				   "with another configuration");
	}
	s->config = s->sessions->config;
	if (!s->config) {
		/* What a requester gets is no matter of where it was asked. */
		if (tmk_config_load(&s->loaded, r->requester ? NULL :
				    directory_of(r), err))
			return -1;
		s->config = s->loaded;
	}
	if (s->sessions->shared && !s->config->agent) {
		s->answer->declined = true;
		return tmk_err_set(err, TMK_USAGE, "touchmark.agent is never");
	}
	/* Whoever may not use it does not learn whether there is such a key. */
	if (r->requester &&
	    (choose_seal(s, err) ||
	     tmk_front_requesters_allow(s->config, r->requester,
					r->key ? r->key : "", s->seal->name,
					err)))
		return -1;
	if (pick(s, err) || choose_seal(s, err))
		return -1;
	if (refuse_bypass(s, err) ||
	    refuse_own(s, err) || check_env(s, err))
		return -1;
	if (!tmk_serve_job_sign(s, err))
		return 0;
	/* He may come through to a host that this process does not reach. */
	if (s->sessions->shared && s->answer->away && is_far(&s->pick))
		s->answer->declined = true;
	return -1;
}

void tmk_front_serve(struct tmk_answer *answer,
		     const struct tmk_request *request,
		     struct tmk_sessions *sessions,
		     const struct tmk_person *person)
{
	struct tmk_serve_job s = {
		.answer = answer,
		.request = request,
		.sessions = sessions,
		.person = person,
	};
	struct tmk_err err = TMK_ERR_INIT;

	if (serve(&s, &err)) {
		tmk_buf_clear(&answer->seal);
		tmk_answer_fail(answer, &err);
	}
	tmk_config_free(s.loaded);
}
