/*
 * agent_work.h - the one thing that an agent does at a time.
 *
 * PKCS#11 work is done for one caller after the other. What must not wait
 * (status, lock, forget, stop) never does: it leaves a note, and whoever is at
 * work sees to it. A thread of its own closes what is no longer used. Knows
 * no socket.
 */
#ifndef TMK_PLUGINS_AGENT_WORK_H
#define TMK_PLUGINS_AGENT_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/pin.h"
#include "key/request.h"

struct tmk_agent_work;

/* How many callers may wait; the others are declined. */
#define TMK_AGENT_WAITING_MAX 64

/* *out belongs to the caller. Starts the thread. */
int tmk_agent_work_new(struct tmk_agent_work **out, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Answer a SIGN or PREPARE when its turn comes. Returns false, and `answer`
 * means nothing, when person->gone said that nobody waits for it any more
 * before it began.
 */
bool tmk_agent_work_serve(struct tmk_agent_work *work,
			  struct tmk_answer *answer,
			  const struct tmk_request *request,
			  const struct tmk_person *person);

/* Log out of every token and close every session; `lock`: and sign nothing
 * until _unlock. Returns true when that is done, false when a request that
 * runs has to end first (which it then does without a signature). */
bool tmk_agent_work_forget(struct tmk_agent_work *work, bool lock);

/* Whether it is locked, or about to forget: who prompts is to give up. Takes
 * no lock, since one who waits for his turn is asked with it held. */
bool tmk_agent_work_is_quiet(struct tmk_agent_work *work);

/* Sign again. Returns whether it was locked. */
bool tmk_agent_work_unlock(struct tmk_agent_work *work);

/* Lines of JSON: one for the agent, one for each session. */
int tmk_agent_work_status(struct tmk_agent_work *work, struct tmk_buf *out,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* tmk_clock_ms() since when nothing is open, waits or runs; -1 when something
 * does. */
int64_t tmk_agent_work_idle_since(struct tmk_agent_work *work);

/* Whether nothing is open, waits or runs. */
bool tmk_agent_work_is_empty(struct tmk_agent_work *work);

/* Whether a module was given up, so that this process should end. */
bool tmk_agent_work_is_stuck(struct tmk_agent_work *work);

/* Take no more requests; those that wait are declined unless `finish`. */
void tmk_agent_work_leave(struct tmk_agent_work *work, bool finish);

/* Wait until nothing runs, at most `ms`, then log out and, if the caller is
 * `alone` (no other thread may still come), free everything. Returns false
 * when something did not end in time: then nothing was freed and the process
 * must end by _exit. */
bool tmk_agent_work_end(struct tmk_agent_work *work, int ms, bool alone);

#endif
