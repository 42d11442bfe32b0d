/*
 * serve_request.h - what one requester may ask of `touchmark serve`, and the
 * answer.
 *
 * Refuses everything that is the client's own (files, environment, folders)
 * and everything that would look for a key: a key is a configured name, what
 * is signed is a digest. Who may use which key says front_requesters.h; the
 * work is done by this user's agent, which holds the login, or by front_serve.h
 * here, approvals by front_approval.h. Prints nothing.
 */
#ifndef TMK_PLUGINS_SERVE_REQUEST_H
#define TMK_PLUGINS_SERVE_REQUEST_H

#include "core/config.h"
#include "key/request.h"
#include "plugins/front_serve.h"

/* All of it borrowed. */
struct tmk_serve {
	const struct tmk_config *config;
	struct tmk_sessions *sessions;
	const char *requester;
	const struct tmk_person *person;
	bool alone;		/* there is no agent to be asked */
};

/* Answer one request; always fills `answer` (initialised by the caller). */
void tmk_serve_request(struct tmk_answer *answer, struct tmk_serve *serve,
		       const struct tmk_request *request);

#endif
