/*
 * front_session.h - the keys that are open, and how long they may stay so;
 * private to plugins/front_serve*.c, front_session.c, front_remote.c and
 * front_places.c.
 *
 * A session is one opened key: a PKCS#11 session with its login, and the
 * chain that signs at present. It is found again by what the configuration
 * says of the key, so that a changed configuration opens anew. For one thread
 * at a time.
 */
#ifndef TMK_PLUGINS_FRONT_SESSION_H
#define TMK_PLUGINS_FRONT_SESSION_H

#include <pthread.h>
#include <sys/stat.h>

#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "plugins/front_serve.h"

struct tmk_session {
	char *id;		/* name, URIs, certificate file */
	struct tmk_front_key key;
	int64_t opened, used;	/* tmk_clock_ms */
	int64_t chained;	/* when the chain was chosen; 0: never */
	struct stat cert;	/* the file it was chosen from, as it was */
	uint64_t signatures;
	int users;		/* who hold it: it is not closed under them */
	bool dropped;		/* closed when the last one leaves */
	struct tmk_session *next;
};

struct tmk_sessions {
	bool shared;
	const char *what;	/* what keys are used for, static; NULL: "sign" */
	int only;		/* 1 + the one place that may be used; 0: any */
	struct tmk_front_link *link;	/* to a signing host; or NULL */
	pthread_mutex_t line;	/* `link`, where several share the sessions:
				   waited for by nobody who has them */
	const struct tmk_config *config;	/* borrowed; NULL: by request */
	const struct tmk_sessions_turn *turn;	/* borrowed; or NULL */
	int64_t idle_ms, lifetime_ms;
	struct tmk_session *first;
};

/* The session of a picked key, opened if there is none. *out is borrowed from
 * `sessions` until it is dropped. Errors as of tmk_front_key_open. */
int tmk_session_get(struct tmk_session **out, struct tmk_sessions *sessions,
		    const struct tmk_front_pick *pick,
		    const struct tmk_config *config,
		    const struct tmk_front_open *how, char *warning,
		    size_t size, struct tmk_err *err) TMK_MUST_CHECK;

/* While one of several callers waits for another host, the next one has the
 * sessions. Nothing where they are not shared. */
void tmk_sessions_give(struct tmk_sessions *sessions);
void tmk_sessions_take(struct tmk_sessions *sessions);

/* Log out, close, free this one: at once, or when nobody holds it any more. It
 * is not found again. */
void tmk_session_drop(struct tmk_sessions *sessions,
		      struct tmk_session *session);

/* Hold it no longer (`users` was counted up). */
void tmk_session_leave(struct tmk_session *session);

#endif
