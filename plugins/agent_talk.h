/*
 * agent_talk.h - one connection: read the request, have it answered, answer.
 *
 * Each connection has a thread; a fixed number of them at a time. One request
 * is answered on each, after that it is closed. Who does not send the whole
 * request within ten seconds is cut off. Knows no keys.
 */
#ifndef TMK_PLUGINS_AGENT_TALK_H
#define TMK_PLUGINS_AGENT_TALK_H

#include <stdbool.h>

#include "base/err.h"
#include "plugins/agent_work.h"

/* Those that may wait for their turn, and some for whom nothing has to be
 * done first. */
#define TMK_AGENT_TALKS_MAX (TMK_AGENT_WAITING_MAX + 16)

struct tmk_agent_talks;

/* `wake` is written to (eventfd(2)) when a thread ends or the agent is to
 * stop. `work` and `wake` are borrowed as long as they exist. `credentials` is
 * the agent's own folder of credentials, or NULL. */
int tmk_agent_talks_new(struct tmk_agent_talks **out,
			struct tmk_agent_work *work, int wake,
			const char *credentials, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Talk to whoever is behind `fd` (taken). Returns 0, or -1 when there is no
 * room: then `fd` is closed. */
int tmk_agent_talks_add(struct tmk_agent_talks *talks, int fd);

/* Whether there is room for another one. */
bool tmk_agent_talks_have_room(struct tmk_agent_talks *talks);

/* How many there are. */
int tmk_agent_talks_count(struct tmk_agent_talks *talks);

/* Give all that wait for their answer a sign of life. */
void tmk_agent_talks_pulse(struct tmk_agent_talks *talks);

/* Whether somebody asked for the end. */
bool tmk_agent_talks_stop_wanted(struct tmk_agent_talks *talks);

/* The agent ends: prompts that wait for a person give up. */
void tmk_agent_talks_interrupt(struct tmk_agent_talks *talks);

/* Put every terminal back as it was, for an end that does not wait. */
void tmk_agent_talks_restore_terminals(struct tmk_agent_talks *talks);

/* Free it; only when the count is 0. */
void tmk_agent_talks_free(struct tmk_agent_talks *talks);

#endif
