#include "plugins/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/opt.h"
#include "base/tell.h"
#include "key/agent_client.h"
#include "key/agent_path.h"

#define STOP_MS 8000	/* for one that was stopped to be gone */

static const struct verb {
	const char *name;
	enum tmk_request_verb verb;
	const char *done;	/* what is said of it */
	const char *summary;
} verbs[] = {
	{ "start", TMK_REQUEST_UNLOCK, "running",
	  "start the agent, or unlock the one that runs" },
	{ "open", TMK_REQUEST_PREPARE, "open",
	  "log in to the token of a key, which is named after it or the "
	  "configured one" },
	{ "stop", TMK_REQUEST_STOP, "stopped",
	  "log out of every token and end the agent" },
	{ "status", TMK_REQUEST_STATUS, "running",
	  "what the agent holds" },
	{ "lock", TMK_REQUEST_LOCK, "locked",
	  "log out, and sign nothing until it is started again" },
	{ "forget", TMK_REQUEST_FORGET, "forgotten",
	  "log out; the next signature asks for the PIN" },
	{ NULL, TMK_REQUEST_STATUS, NULL, NULL }
};

struct options {
	bool json, help;
	const char *key;	/* to be opened; NULL: the configured one */
};

static void show_help(FILE *to, const struct tmk_opt *table)
{
	const struct verb *v;

	tmk_opt_help(to, "touchmark agent VERB [KEY] [--json]", table);
	fputs("\nverbs:\n", to);
	for (v = verbs; v->name; v++)
		fprintf(to, "  %-10s%s\n", v->name, v->summary);
}

/* ---- what is printed ------------------------------------------------------ */

static int print_json(const char *status, struct tmk_err *err)
{
	struct tmk_buf b = TMK_BUF_INIT(4096);
	struct tmk_json j;

	tmk_json_init(&j, &b);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "agent", status);
	tmk_json_close_object(&j);
	if (tmk_json_finish(&j)) {
		tmk_buf_release(&b);
		return tmk_err_nomem(err);
	}
	fputs(tmk_buf_str(&b), stdout);
	tmk_buf_release(&b);
	return 0;
}

/* A value of a flat line of JSON that the agent wrote, as it stands there;
 * its length, 0 when there is none. */
static int value_of(const char **out, const char *line, const char *key)
{
	char want[32];
	const char *p;

	snprintf(want, sizeof(want), "\"%s\":", key);
	p = strstr(line, want);
	if (!p)
		return 0;
	p += strlen(want);
	if (*p == '"') {
		*out = ++p;
		while (*p && (*p != '"' || p[-1] == '\\') && *p != '\n')
			p++;
	} else {
		*out = p;
		p += strcspn(p, ",}\n");
	}
	return (int)(p - *out);
}

static void print_value(const char *line, const char *key,
			const char *before, const char *after)
{
	const char *value;
	int len = value_of(&value, line, key);

	if (len)
		printf("%s%.*s%s", before, len, value, after);
}

/* For a person: one line for the agent, one for each session. */
static void print_status(const char *lines)
{
	const char *next;

	for (; *lines; lines = next) {
		next = strchr(lines, '\n');
		next = next ? next + 1 : lines + strlen(lines);
		if (!strncmp(lines, "{\"agent\":", 9)) {
			print_value(lines, "agent", "", "");
			print_value(lines, "pid", ", process ", "");
			print_value(lines, "seconds", ", for ", " s");
			print_value(lines, "sessions", ", ", " open");
			print_value(lines, "waiting", ", ", " waiting");
			putchar('\n');
			continue;
		}
		print_value(lines, "name", "", "");
		print_value(lines, "token", ": token ", "");
		print_value(lines, "algorithm", ", ", "");
		print_value(lines, "signatures", ", ", " signatures");
		print_value(lines, "opened", ", open for ", " s");
		print_value(lines, "used", ", used ", " s ago");
		putchar('\n');
	}
}

/* ---- the verbs ------------------------------------------------------------ */

static bool wants_one(const struct verb *v)
{
	return v->verb == TMK_REQUEST_UNLOCK || v->verb == TMK_REQUEST_PREPARE;
}

/* Nobody serves: fine for most verbs. */
static int nobody(const struct verb *v, const struct options *o,
		  struct tmk_err *err)
{
	if (wants_one(v)) {
		char path[TMK_AGENT_PATH_MAX];

		if (*tmk_agent_socket(path, sizeof(path))) {
			tmk_err_set(err, TMK_KEY, "the agent does not start");
			tmk_err_hint(err, "touchmark-agent --foreground shows "
				     "why");
			return TMK_KEY;
		}
		tmk_err_set(err, TMK_KEY, "there is no place for an agent: "
			    "XDG_RUNTIME_DIR names no directory of yours "
			    "alone");
		tmk_err_hint(err, "signatures are made without one, and ask "
			     "for the PIN each time");
		return TMK_KEY;
	}
	if (o->json && print_json("absent", err))
		return TMK_INTERNAL;
	if (!o->json)
		puts("no agent is running");
	return v->verb == TMK_REQUEST_STATUS ? TMK_REFUSED : TMK_OK;
}

/* It has said that it stops; wait until it has logged out and is gone. */
static int wait_gone(struct tmk_err *err)
{
	int lock, rc;

	rc = tmk_agent_path_lock(&lock, TMK_AGENT_LOCK, STOP_MS, err);
	if (rc < 0)
		return TMK_KEY;
	if (rc) {
		tmk_err_set(err, TMK_KEY, "the agent was told to stop and has "
			    "not ended yet");
		return TMK_KEY;
	}
	close(lock);
	return TMK_OK;
}

static void notice(void *ctx, const char *text)
{
	char line[TMK_TELL_LINE];

	fputs(tmk_tell_waiting(line, sizeof(line), ctx, text), stderr);
}

/* As tmk_agent_ask. What opens a key is the wish to sign with it; an SSH
 * signature is the one that needs nothing but the key. */
static int ask(struct tmk_answer *answer, const struct verb *v,
	       const struct options *o, struct tmk_err *err)
{
	static char program[] = "touchmark";
	struct tmk_buf space = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_person person = { .tty = -2, .notice = notice,
		.ctx = program };
	struct tmk_request request;
	int rc = 0;

	tmk_request_init(&request);
	request.verb = v->verb;
	request.program = program;
	if (v->verb == TMK_REQUEST_PREPARE) {
		person.tty = -1;
		request.key = o->key;
		request.format = TMK_REQUEST_SSH;
		request.name_space = "file";
		rc = tmk_agent_describe(&request, &space, err);
	}
	if (!rc)
		rc = tmk_agent_ask(answer, &request, &person, wants_one(v),
				   err);
	tmk_buf_release(&space);
	return rc;
}

static int act(const struct verb *v, const struct options *o,
	       struct tmk_err *err)
{
	struct tmk_answer answer;
	int rc, code = TMK_OK;

	tmk_answer_init(&answer);
	rc = ask(&answer, v, o, err);
	if (rc > 0) {
		code = nobody(v, o, err);
		goto out;
	}
	if (rc) {
		code = err->code;
		goto out;
	}
	fputs(tmk_buf_str(&answer.lines), stderr);
	if (answer.code) {
		code = answer.code;
		tmk_err_set(err, code, "%s", answer.text);
		if (*answer.hint)
			tmk_err_hint(err, "%s", answer.hint);
		goto out;
	}
	if (v->verb == TMK_REQUEST_STOP)
		code = wait_gone(err);
	if (code)
		goto out;
	if (v->verb == TMK_REQUEST_STATUS && o->json)
		fputs(tmk_buf_str(&answer.seal), stdout);
	else if (v->verb == TMK_REQUEST_STATUS)
		print_status(tmk_buf_str(&answer.seal));
	else if (o->json && print_json(v->done, err))
		code = TMK_INTERNAL;
	else if (!o->json)
		printf("agent: %s\n", v->done);
out:
	tmk_answer_release(&answer);
	return code;
}

static int run(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { 0 };
	const struct tmk_opt table[] = {
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this help" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL,
		  "print lines of JSON" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	const struct verb *v;
	int operands;

	if (tmk_opt_parse(table, argc, argv, &operands, err))
		return err->code;
	if (o.help) {
		show_help(stdout, table);
		return TMK_OK;
	}
	for (v = verbs; operands && v->name; v++)
		if (!strcmp(v->name, argv[1]))
			break;
	if (!operands || operands > (v->verb == TMK_REQUEST_PREPARE ? 2 : 1)) {
		tmk_err_set(err, TMK_USAGE, "agent needs one verb");
		tmk_err_hint(err, "touchmark agent --help lists them");
		return TMK_USAGE;
	}
	o.key = operands == 2 ? argv[2] : NULL;
	if (v->name)
		return act(v, &o, err);
	tmk_err_set(err, TMK_USAGE, "unknown verb '%s'", argv[1]);
	tmk_err_hint(err, "touchmark agent --help lists them");
	return TMK_USAGE;
}

const struct tmk_command tmk_command_agent = {
	"agent", "start, open, stop, status, lock, forget: what keeps you logged in",
	run
};
