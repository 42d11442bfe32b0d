/*
 * deadline.h - no call into a PKCS#11 module may last for ever.
 *
 * Work that calls into a module runs on one worker thread while the caller
 * waits. Each single module call is announced with tmk_deadline_beat and has
 * the deadline to itself. When one does not come back the module is given up
 * for the rest of the process: the thread stays inside it, nothing calls it
 * again, and everything the work can reach must be left alone for ever (it is
 * leaked on purpose: freeing it would pull it from under the module). Other
 * modules get a new worker.
 *
 * SIGHUP, SIGINT, SIGQUIT and SIGTERM are held back while work runs, for at
 * most two seconds: a token is not cut off while it writes, and nobody waits
 * for a module that hangs.
 *
 * Knows nothing of PKCS#11 itself. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_DEADLINE_H
#define TMK_KEY_DEADLINE_H

#include <stdbool.h>

#include "base/err.h"

#define TMK_DEADLINE_MS 30000		/* a module call, unless configured */
#define TMK_DEADLINE_PERSON_MS 120000	/* a PIN pad or a button */

#define TMK_DEADLINE_SLOW_MS 1000	/* a call that a person should know of */

/* What tmk_deadline_run returns when the work was given up. */
#define TMK_STUCK (-2)

/* Work on the worker thread: returns 0, or 1 for an answer of its own, or -1
 * with `err` filled. */
typedef int (*tmk_work)(void *state, struct tmk_err *err);

/*
 * Run work(state) on the worker and wait. `module` (a path or a name) says
 * who is called; one that was given up before is not called again (-1, the
 * work never ran). `ms` is the deadline of each module call inside, 0 for
 * TMK_DEADLINE_MS. Returns what the work returned, or TMK_STUCK with `err`
 * set: then `state`, and all it points to, is no longer the caller's.
 */
int tmk_deadline_run(const char *module, int ms, tmk_work work, void *state,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* Whom to tell that a module call takes its time. */
struct tmk_deadline_slow {
	/* Called on the waiting thread, once for each module call that lasts
	 * longer than TMK_DEADLINE_SLOW_MS. */
	void (*tell)(void *ctx, const char *call);
	void *ctx;
};

/* The same, telling `slow` (borrowed; NULL: nobody) what takes long. */
int tmk_deadline_run_told(const char *module, int ms, tmk_work work,
			  void *state, const struct tmk_deadline_slow *slow,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* On the worker: a module call begins; its time starts now. `call` is a
 * static string. Elsewhere it does nothing. */
void tmk_deadline_beat(const char *call);

/* The same for a call in which a person must act: `ms` instead of the
 * deadline, if that is longer. */
void tmk_deadline_beat_person(const char *call, int ms);

/* Whether some module was given up: then the process must end by _exit, since
 * exit would run the module's own exit handlers under its lock. */
bool tmk_deadline_stuck(void);

#endif
