/*
 * front_serve.h - a request for a signature, answered by this process.
 *
 * The one place where configuration, key, certificate, seal and timestamp
 * come together: the agent calls it for its clients, a front-end for itself.
 * Sessions keep opened keys from one request to the next. Never prints; what
 * a person should know goes into the answer or to person->notice.
 */
#ifndef TMK_PLUGINS_FRONT_SERVE_H
#define TMK_PLUGINS_FRONT_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "iface/pin.h"
#include "key/request.h"

/* Opened keys: session, login, certificates. For one thread at a time. */
struct tmk_sessions;

/* `shared`: several callers over a long time (an agent): always-authenticated
 * keys ask each time, and requests from another configuration are declined. */
int tmk_sessions_new(struct tmk_sessions **out, bool shared,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* The configuration of every request to come, borrowed as long as the
 * sessions live: for a process that serves itself. Without it each request's
 * directory is asked. */
struct tmk_config;
void tmk_sessions_configure(struct tmk_sessions *sessions,
			    const struct tmk_config *config);

/* Several threads have the sessions one after the other. While a request waits
 * for what needs no key (a disk, a command), `give` lets the next one have
 * them, and `take` returns when they are this one's again. */
struct tmk_sessions_turn {
	void (*give)(void *ctx);
	void (*take)(void *ctx);
	void *ctx;
};

/* `turn` is borrowed as long as the sessions live. */
void tmk_sessions_share(struct tmk_sessions *sessions,
			const struct tmk_sessions_turn *turn);

/* Log out, close, free. NULL is fine. */
void tmk_sessions_free(struct tmk_sessions *sessions);

/* Log out of every token and close every session. */
void tmk_sessions_forget(struct tmk_sessions *sessions);

/* Close those that lie unused for the configured idle time or are older than
 * the configured life time at `now_ms` (tmk_clock_slept_ms), and hang up on a
 * signing host that nobody asks any more. Returns milliseconds until the next
 * look is due, -1 when there is nothing to look at. */
int64_t tmk_sessions_expire(struct tmk_sessions *sessions, int64_t now_ms);

/* How many are open. */
int tmk_sessions_count(const struct tmk_sessions *sessions);

/* Append one line of JSON for each: name, token, algorithm, signatures,
 * seconds since opened and since used. No secret. */
int tmk_sessions_status(const struct tmk_sessions *sessions,
			struct tmk_buf *out, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Answer a SIGN or PREPARE. Always fills `answer` (initialised by the
 * caller): a failure is an answer too. A session whose token was taken out or
 * whose module lost it is opened anew, once. Declined when the key is not
 * ours. What request->requester may not do (front_requesters.h) is refused
 * before any token is looked at. After it tmk_deadline_stuck() may hold: then
 * the process should end soon, since a module is lost to it.
 */
void tmk_front_serve(struct tmk_answer *answer,
		     const struct tmk_request *request,
		     struct tmk_sessions *sessions,
		     const struct tmk_person *person);

#endif
