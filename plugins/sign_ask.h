/*
 * sign_ask.h - the key as the jobs of one call meet it: one login for all of
 * them, asked by several threads.
 *
 * With an agent every thread has a connection of its own; in this process the
 * one session is lent to one thread at a time. Timestamps are got outside, by
 * as many threads as there are. What broke for good (a token that was taken
 * out, an authority that does not answer) is remembered, so that thousands of
 * files do not wait for it one after the other. Refuses to know files. Prints
 * warnings, each once.
 */
#ifndef TMK_PLUGINS_SIGN_ASK_H
#define TMK_PLUGINS_SIGN_ASK_H

#include "base/err.h"
#include "core/config.h"
#include "plugins/sign_job.h"

/* Who asks; made once, used by every thread. */
struct tmk_sign_asker;

/* Options and configuration are borrowed as long as it lives. *out belongs to
 * the caller; freed when no thread asks any more. */
int tmk_sign_asker_new(struct tmk_sign_asker **out,
		       const struct tmk_sign_options *options,
		       const struct tmk_config *config, struct tmk_err *err)
	TMK_MUST_CHECK;
/* Log out, free. NULL is fine. */
void tmk_sign_asker_free(struct tmk_sign_asker *asker);

/* Meet the key once, before any file is opened: log in, find out whether an
 * agent answers. Fails as asking does. For one thread alone. */
int tmk_sign_asker_start(struct tmk_sign_asker *asker, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether timestamps are asked for; `always`: whether a signature must have
 * one. */
bool tmk_sign_asker_stamps(const struct tmk_sign_asker *asker, bool always);

/*
 * Who is about to make signature `i` of the job, whose seal, text and type are
 * set: sets its `ready`, which stays as it is until tmk_sign_ask or
 * tmk_sign_ask_end. For forms that look for earlier signatures of that key,
 * in their `open`: ready->key is the public key, ready->fingerprint as the
 * format says it.
 */
int tmk_sign_ready(struct tmk_sign_job *job, int i, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The signing time is now: what `ready` holds is renewed if it is older than
 * this second. Called before the form's `digest`. */
int tmk_sign_ready_now(struct tmk_sign_job *job, int i, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Have signature `i` made of want[i].digest (or content), stamped and
 * armoured: sets `made`. Fails with TMK_KEY, TMK_NET. */
int tmk_sign_ask(struct tmk_sign_job *job, int i, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Give back what the wants of a job hold. */
void tmk_sign_ask_end(struct tmk_sign_job *job);

#endif
