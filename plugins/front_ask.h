/*
 * front_ask.h - get a request answered: by the agent if it is wanted and
 * there, else by this process. Front-ends do not know which one it was.
 *
 * Several threads may ask at once: with an agent each over a connection of its
 * own, in this process one after the other.
 */
#ifndef TMK_PLUGINS_FRONT_ASK_H
#define TMK_PLUGINS_FRONT_ASK_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/config.h"
#include "key/request.h"
#include "plugins/front_serve.h"

struct tmk_front_ask {
	const struct tmk_config *config;	/* borrowed */
	pthread_mutex_t lock;	/* of sessions and said */
	struct tmk_sessions *sessions;	/* made when first needed */
	struct tmk_sessions_turn turn;	/* of those who wait for the lock */
	struct tmk_person person;	/* notices go to stderr */
	const char *program;
	struct tmk_buf said;	/* warnings, each said once */
	atomic_bool own;	/* the agent declined, or is not wanted or there */
};

/* Start; _release logs out and frees. */
void tmk_front_ask_init(struct tmk_front_ask *ask,
			const struct tmk_config *config, const char *program);
void tmk_front_ask_release(struct tmk_front_ask *ask);

/* Ask. 0 with an answer (initialised by the caller), which may say no;
 * negative when the agent broke. Warnings in the answer are printed here, the
 * same one not again for the next file. */
int tmk_front_ask(struct tmk_answer *answer, struct tmk_front_ask *ask,
		  struct tmk_request *request, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Print these lines, each closed by LF, but for those that were printed
 * before. */
void tmk_front_ask_say(struct tmk_front_ask *ask, const char *lines);

#endif
