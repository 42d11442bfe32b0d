#include "plugins/front_session.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_certs.h"
#include "plugins/front_pick_known.h"
#include "plugins/front_places.h"
#include "plugins/front_remote_link.h"
#include "x509/digest.h"

#define RECHAIN_MS 60000	/* how long a chosen chain is believed */
#define ID_MAX 16384

int tmk_sessions_new(struct tmk_sessions **out, bool shared,
		     struct tmk_err *err)
{
	struct tmk_sessions *s = calloc(1, sizeof(*s));

	if (!s)
		return tmk_err_nomem(err);
	pthread_mutex_init(&s->line, NULL);
	s->shared = shared;
	s->idle_ms = s->lifetime_ms = INT64_MAX;
	*out = s;
	return 0;
}

void tmk_sessions_configure(struct tmk_sessions *sessions,
			    const struct tmk_config *config)
{
	sessions->config = config;
}

void tmk_sessions_share(struct tmk_sessions *sessions,
			const struct tmk_sessions_turn *turn)
{
	sessions->turn = turn;
}

void tmk_sessions_give(struct tmk_sessions *sessions)
{
	if (sessions->shared && sessions->turn)
		sessions->turn->give(sessions->turn->ctx);
}

void tmk_sessions_take(struct tmk_sessions *sessions)
{
	if (sessions->shared && sessions->turn)
		sessions->turn->take(sessions->turn->ctx);
}

static void close_session(struct tmk_session *session)
{
	tmk_front_key_release(&session->key);
	free(session->id);
	free(session);
}

void tmk_session_leave(struct tmk_session *session)
{
	if (!--session->users && session->dropped)
		close_session(session);
}

void tmk_session_drop(struct tmk_sessions *sessions,
		      struct tmk_session *session)
{
	struct tmk_session **p = &sessions->first;

	while (*p && *p != session)
		p = &(*p)->next;
	if (!*p)
		return;
	*p = session->next;
	if (session->key.name)
		tmk_front_pick_unlearn(session->key.name);
	session->dropped = true;
	if (!session->users)
		close_session(session);
}

void tmk_sessions_forget(struct tmk_sessions *sessions)
{
	while (sessions->first)
		tmk_session_drop(sessions, sessions->first);
	tmk_front_link_free(sessions->link);
	sessions->link = NULL;
}

void tmk_sessions_free(struct tmk_sessions *sessions)
{
	if (!sessions)
		return;
	tmk_sessions_forget(sessions);
	pthread_mutex_destroy(&sessions->line);
	free(sessions);
}

int tmk_sessions_count(const struct tmk_sessions *sessions)
{
	const struct tmk_session *s;
	int n = 0;

	for (s = sessions->first; s; s = s->next)
		n++;
	return n;
}

/* When it has to go; the earlier of both ends. */
static int64_t due(const struct tmk_sessions *all, const struct tmk_session *s)
{
	int64_t idle = all->idle_ms > INT64_MAX - s->used ? INT64_MAX :
		s->used + all->idle_ms;
	int64_t life = all->lifetime_ms > INT64_MAX - s->opened ? INT64_MAX :
		s->opened + all->lifetime_ms;

	return idle < life ? idle : life;
}

/* A link that is in use is no matter of time. When the next look is due. */
static int64_t expire_link(struct tmk_sessions *sessions, int64_t now_ms)
{
	int64_t due = INT64_MAX;

	if (pthread_mutex_trylock(&sessions->line))
		return due;
	if (sessions->link)
		due = tmk_front_link_expire(sessions->link, now_ms);
	pthread_mutex_unlock(&sessions->line);
	return due;
}

int64_t tmk_sessions_expire(struct tmk_sessions *sessions, int64_t now_ms)
{
	struct tmk_session *s, *next;
	int64_t first = expire_link(sessions, now_ms);

	for (s = sessions->first; s; s = next) {
		next = s->next;
		if (s->users)
			continue;
		if (due(sessions, s) <= now_ms)
			tmk_session_drop(sessions, s);
		else if (due(sessions, s) < first)
			first = due(sessions, s);
	}
	if (!sessions->first && first == INT64_MAX)
		return -1;
	return first == INT64_MAX ? INT64_MAX : first - now_ms;
}

static int status_line(const struct tmk_session *s, struct tmk_buf *out,
		       int64_t now, struct tmk_err *err)
{
	static const char *const algorithm[] = {
		[TMK_KEY_RSA] = "rsa", [TMK_KEY_EC] = "ec",
		[TMK_KEY_ED25519] = "ed25519",
	};
	struct tmk_json j;

	tmk_json_init(&j, out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", s->key.name);
	tmk_json_string(&j, "algorithm", algorithm[s->key.signer->algorithm]);
	tmk_json_int(&j, "bits", s->key.signer->bits);
	tmk_json_int(&j, "signatures", (int64_t)s->signatures);
	tmk_json_int(&j, "opened", (now - s->opened) / 1000);
	tmk_json_int(&j, "used", (now - s->used) / 1000);
	tmk_json_close_object(&j);
	return tmk_json_finish(&j) ? tmk_err_nomem(err) : 0;
}

int tmk_sessions_status(const struct tmk_sessions *sessions,
			struct tmk_buf *out, struct tmk_err *err)
{
	const struct tmk_session *s;
	int64_t now = tmk_clock_slept_ms();

	for (s = sessions->first; s; s = s->next)
		if (status_line(s, out, now, err))
			return -1;
	return 0;
}

/* ---- opening ------------------------------------------------------------- */

/* A digest, since a URI may hold a PIN and this one stays in memory. */
static int make_id(char **out, const struct tmk_front_pick *pick, int only,
		   struct tmk_err *err)
{
	struct tmk_buf b = TMK_BUF_INIT(ID_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0;
	int i, rc;

	rc = tmk_buf_printf(&b, "%d\n%s\n%s", only, pick->name,
			    pick->cert ? pick->cert : "");
	for (i = 0; !rc && i < pick->uris; i++)
		rc = tmk_buf_printf(&b, "\n%s", pick->uri[i]);
	if (rc)
		rc = tmk_err_nomem(err);
	else
		rc = tmk_digest_bytes(TMK_SHA256, b.data, b.len, digest, &len,
				      err);
	tmk_buf_release(&b);
	if (rc)
		return -1;
	*out = malloc(2 * len + 1);
	if (!*out)
		return tmk_err_nomem(err);
	tmk_enc_hex(*out, digest, len);
	return 0;
}

static struct tmk_session *find(struct tmk_sessions *sessions, const char *id)
{
	struct tmk_session *s;

	for (s = sessions->first; s; s = s->next)
		if (!strcmp(s->id, id))
			return s;
	return NULL;
}

/* The file of the certificates as it is now; all zero when there is none. */
static struct stat cert_file(const struct tmk_front_pick *pick)
{
	struct stat st;

	if (!pick->cert || stat(pick->cert, &st))
		memset(&st, 0, sizeof(st));
	return st;
}

/* The chain of a session that is there already. One whose leaf has run out,
 * whose file is another now, or that was chosen a while ago (a token cannot be
 * asked each time), is chosen anew: the certificate may have been renewed. */
static int refresh(struct tmk_session *s, const struct tmk_front_pick *pick,
		   const struct tmk_config *config, int64_t now,
		   char *warning, size_t size, struct tmk_err *err)
{
	struct stat file = cert_file(pick);
	int64_t ms = tmk_clock_slept_ms();

	if (s->key.chain && ms - s->chained < RECHAIN_MS &&
	    tmk_front_certs_same(&file, &s->cert) &&
	    !tmk_front_key_cert_ok(sk_X509_value(s->key.chain, 0), pick, now,
				   warning, size, NULL))
		return 0;
	if (tmk_front_key_rechain(&s->key, pick, config, now, warning, size,
				  err))
		return -1;
	s->chained = ms;
	s->cert = file;
	return 0;
}

static int open_new(struct tmk_session **out, struct tmk_sessions *sessions,
		    char *id, const struct tmk_front_pick *pick,
		    const struct tmk_config *config,
		    const struct tmk_front_open *how, char *warning,
		    size_t size, struct tmk_err *err)
{
	struct tmk_session *s = calloc(1, sizeof(*s));

	if (!s)
		return tmk_err_nomem(err);
	/* Before it is read: a change meanwhile is seen the next time. */
	s->cert = cert_file(pick);
	if (tmk_front_key_open(&s->key, pick, config, how, warning, size,
			       err)) {
		free(s);
		return -1;
	}
	if (tmk_front_places_same(pick, s->key.place, s->key.signer->spki.data,
				  s->key.signer->spki.len, err)) {
		tmk_front_key_release(&s->key);
		free(s);
		return -1;
	}
	s->id = id;
	s->opened = s->used = tmk_clock_slept_ms();
	s->chained = s->key.chain ? s->opened : 0;
	s->next = sessions->first;
	sessions->first = s;
	tmk_front_pick_learn(pick, &s->key.signer->spki);
	*out = s;
	return 0;
}

int tmk_session_get(struct tmk_session **out, struct tmk_sessions *sessions,
		    const struct tmk_front_pick *pick,
		    const struct tmk_config *config,
		    const struct tmk_front_open *how, char *warning,
		    size_t size, struct tmk_err *err)
{
	struct tmk_session *s;
	char *id = NULL;
	int rc;

	if (size)
		*warning = '\0';
	sessions->idle_ms = config->agent_idle * INT64_C(1000);
	sessions->lifetime_ms = config->agent_lifetime * INT64_C(1000);
	tmk_sessions_expire(sessions, tmk_clock_slept_ms());
	if (make_id(&id, pick, how->only, err))
		return -1;
	s = find(sessions, id);
	if (!s) {
		rc = open_new(&s, sessions, id, pick, config, how, warning,
			      size, err);
		if (rc)
			free(id);
	} else {
		free(id);
		rc = how->format == TMK_FORMAT_X509 ?
			refresh(s, pick, config, how->now, warning, size,
				err) : 0;
	}
	/* The configuration may have changed since it was opened. */
	if (rc || tmk_front_places_pinned(pick, s->key.place,
					  s->key.signer->spki.data,
					  s->key.signer->spki.len, err))
		return -1;
	s->used = tmk_clock_slept_ms();
	*out = s;
	return 0;
}
