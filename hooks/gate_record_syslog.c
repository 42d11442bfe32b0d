/*
 * gate_record_syslog.c - the gate's record, forwarded: one line for each push,
 * with the number and hash of its entry, so that a copy elsewhere holds the
 * log fast. journald takes it from the same socket. Whether it arrives is not
 * known here (syslog(3) does not say): the log is what counts.
 */
#include "hooks/gate_record_job.h"

#include <string.h>
#include <strings.h>
#include <stdlib.h>
#include <syslog.h>

#include "base/enc.h"

#define SYSLOG_LINE 2048		/* bytes; what syslog receivers take whole */
#define SYSLOG_TEXT 256

int tmk_gate_record_facility(const char *value)
{
	static const struct {
		const char *name;
		int facility;
	} known[] = {
		{ "false", -1 }, { "no", -1 }, { "off", -1 },
		{ "true", LOG_AUTHPRIV }, { "yes", LOG_AUTHPRIV },
		{ "on", LOG_AUTHPRIV }, { "auth", LOG_AUTH },
		{ "authpriv", LOG_AUTHPRIV }, { "daemon", LOG_DAEMON },
		{ "user", LOG_USER }, { "local0", LOG_LOCAL0 },
		{ "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 },
		{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 },
		{ "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 },
		{ "local7", LOG_LOCAL7 }
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcasecmp(known[i].name, value))
			return known[i].facility;
	return -2;
}

static void put(struct tmk_json *j, const char *key, const char *text)
{
	char shown[SYSLOG_TEXT];

	tmk_json_string(j, key, tmk_enc_show_into(shown, sizeof(shown), text,
						  strlen(text)));
}

/* Who it was, by the first name that the server has for him. */
static void put_user(struct tmk_json *j)
{
	static const char *const names[] = {
		"REMOTE_USER", "GL_USERNAME", "GL_USER", "GITEA_PUSHER_NAME",
		"GL_ID"
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *name = getenv(names[i]);

		if (name) {
			put(j, "user", name);
			return;
		}
	}
}

void tmk_gate_record_forward(const struct tmk_gate *gate,
			     enum tmk_reason reason, const struct tmk_err *why,
			     const struct tmk_chain_head *head)
{
	const char *outcome = tmk_gate_record_outcome(gate, why);
	struct tmk_buf line = TMK_BUF_INIT(SYSLOG_LINE);
	struct tmk_json j;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_int(&j, "seq", (int64_t)head->seq);
	tmk_json_string(&j, "sha256", head->hash);
	put(&j, "repository", gate->repo->dir);
	put_user(&j);
	tmk_json_string(&j, "outcome", outcome);
	if (why)
		tmk_json_string(&j, "reason", tmk_reason_id(reason));
	tmk_json_int(&j, "refs", gate->commands);
	if (gate->commands)
		put(&j, "ref", gate->command[0].ref);
	tmk_json_int(&j, "judged", (int64_t)gate->record->judged);
	tmk_json_int(&j, "refused", gate->refused);
	tmk_json_close_object(&j);
	if (!j.failed) {
		openlog("touchmark-pre-receive", LOG_PID, gate->record->facility);
		syslog(strcmp(outcome, "accepted") ? LOG_WARNING : LOG_INFO,
		       "%s", tmk_buf_str(&line));
		closelog();
	}
	tmk_buf_release(&line);
}
