#include "plugins/front_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tell.h"
#include "key/agent_client.h"
#include "key/agent_env.h"

static void notice(void *ctx, const char *text)
{
	const struct tmk_front_ask *ask = ctx;
	char line[TMK_TELL_LINE];

	fputs(tmk_tell_waiting(line, sizeof(line), ask->program, text),
	      stderr);
}

#define SAID_MAX (4 * TMK_REQUEST_LINES_MAX)

/* The lines of one answer, without those that were printed before. What does
 * not fit into the memory is printed again. */
static void say(struct tmk_front_ask *ask, const char *lines)
{
	const char *p = lines, *end;
	char *line;

	for (; *p; p = end) {
		end = strchr(p, '\n');
		end = end ? end + 1 : p + strlen(p);
		line = strndup(p, (size_t)(end - p));
		if (line && strstr(tmk_buf_str(&ask->said), line)) {
			free(line);
			continue;
		}
		fwrite(p, 1, (size_t)(end - p), stderr);
		if (line && tmk_buf_addstr(&ask->said, line) < 0)
			tmk_buf_clear(&ask->said);
		free(line);
	}
}

void tmk_front_ask_say(struct tmk_front_ask *ask, const char *lines)
{
	pthread_mutex_lock(&ask->lock);
	say(ask, lines);
	pthread_mutex_unlock(&ask->lock);
}

static void give(void *ctx)
{
	struct tmk_front_ask *ask = ctx;

	pthread_mutex_unlock(&ask->lock);
}

static void take(void *ctx)
{
	struct tmk_front_ask *ask = ctx;

	pthread_mutex_lock(&ask->lock);
}

void tmk_front_ask_init(struct tmk_front_ask *ask,
			const struct tmk_config *config, const char *program)
{
	memset(ask, 0, sizeof(*ask));
	pthread_mutex_init(&ask->lock, NULL);
	tmk_buf_init(&ask->said, SAID_MAX);
	ask->config = config;
	ask->program = program;
	ask->person.tty = -1;
	ask->person.notice = notice;
	ask->person.ctx = ask;
	ask->turn = (struct tmk_sessions_turn){ give, take, ask };
	ask->own = (config && !config->agent) || !tmk_agent_env_plain();
}

void tmk_front_ask_release(struct tmk_front_ask *ask)
{
	tmk_sessions_free(ask->sessions);
	tmk_buf_release(&ask->said);
	pthread_mutex_destroy(&ask->lock);
	ask->sessions = NULL;
}

static int ask_self(struct tmk_answer *answer, struct tmk_front_ask *ask,
		    const struct tmk_request *request, struct tmk_err *err)
{
	int rc = 0;

	pthread_mutex_lock(&ask->lock);
	if (!ask->sessions) {
		rc = tmk_sessions_new(&ask->sessions, false, err);
		if (!rc)
			tmk_sessions_share(ask->sessions, &ask->turn);
	}
	if (!rc) {
		tmk_sessions_configure(ask->sessions, ask->config);
		tmk_front_serve(answer, request, ask->sessions, &ask->person);
	}
	pthread_mutex_unlock(&ask->lock);
	return rc;
}

int tmk_front_ask(struct tmk_answer *answer, struct tmk_front_ask *ask,
		  struct tmk_request *request, struct tmk_err *err)
{
	struct tmk_buf space = TMK_BUF_INIT(TMK_REQUEST_MAX);
	int rc;

	request->program = ask->program;
	rc = tmk_agent_describe(request, &space, err);
	if (!rc && !ask->own) {
		rc = tmk_agent_ask(answer, request, &ask->person, true, err);
		if (rc > 0 || (!rc && answer->declined)) {
			ask->own = true;
			tmk_answer_release(answer);
			tmk_answer_init(answer);
			rc = 0;
		} else {
			goto out;
		}
	}
	if (!rc)
		rc = ask_self(answer, ask, request, err);
out:
	if (!rc && answer->lines.len)
		tmk_front_ask_say(ask, tmk_buf_str(&answer->lines));
	tmk_buf_release(&space);
	return rc;
}
