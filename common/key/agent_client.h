/*
 * agent_client.h - asking touchmark-agent, and starting it.
 *
 * Finds the socket, makes sure that it is ours and that the peer runs as us,
 * starts one agent when there is none (several front-ends at once still start
 * one), sends a request and waits for the answer. Refuses to know what is
 * asked. Needs libc alone, since small programs link it.
 */
#ifndef TMK_KEY_AGENT_CLIENT_H
#define TMK_KEY_AGENT_CLIENT_H

#include <stdbool.h>

#include "base/err.h"
#include "iface/pin.h"
#include "key/request.h"

/* $XDG_RUNTIME_DIR/touchmark/agent.sock; "" when there can be none (no
 * XDG_RUNTIME_DIR, or it is not a directory of ours alone). `out` has `size`
 * bytes. Returns `out`. */
char *tmk_agent_socket(char *out, size_t size);

/*
 * Connect. 0 with *fd (belongs to the caller), 1 when there is no agent and
 * `start` is false or none can be had (the caller signs by itself), negative
 * (TMK_KEY) when something stands there that must not be talked to.
 */
int tmk_agent_connect(int *fd, bool start, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * Ask once. `answer` must be initialised. `person->tty` (or /dev/tty, when it
 * is -1) goes along so that the agent can ask there; notices go to
 * person->notice. 0 with an answer (which may say no); 1 when nobody was
 * there to ask; negative (TMK_KEY) when the agent died over it or answered
 * what is no answer: then nothing was signed as far as can be known.
 * Waits for as long as the agent is at work, or until person->gone() says
 * that nobody waits here; then nothing that is made is given out.
 */
int tmk_agent_ask(struct tmk_answer *answer, const struct tmk_request *request,
		  const struct tmk_person *person, bool start,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* Fill the fields that describe the caller: directory, git_dir, env, PIN
 * variables. `space` holds the texts and belongs to the caller, who releases
 * it after the request. Fails with TMK_INPUT. */
int tmk_agent_describe(struct tmk_request *request, struct tmk_buf *space,
		       struct tmk_err *err) TMK_MUST_CHECK;

#endif
