/*
 * cmd_approve.c - `touchmark approve`: one more signer, of a file's detached
 * signature or beside a signed tag, or of a request for a signature.
 *
 * Options, the key, and the line that tells of it. What there is already must
 * verify first, and nobody signs twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/opt.h"
#include "plugins/approve_request.h"
#include "plugins/command.h"
#include "plugins/front_file.h"
#include "plugins/front_key_verbs.h"
#include "plugins/front_kind.h"
#include "plugins/front_libgit2.h"
#include "plugins/front_report.h"
#include "plugins/front_stamp.h"
#include "plugins/sign_tell.h"

static const char synopsis[] =
	"touchmark approve [-k KEY] [-o OUT] [--keyring F] [--no-timestamp |\n"
	"                         --timestamp=require] [--pin-file F] [--json]\n"
	"                         FILE SIGNATURE\n"
	"       touchmark approve --tag NAME [-C DIR] [-k KEY] [...]\n"
	"       touchmark approve --list [--on HOST] [--json]\n"
	"       touchmark approve --request ID [-k KEY] [--file F]\n"
	"                         [--on HOST] [--pin-file F] [--json]";

/* ---- telling ------------------------------------------------------------ */

static int tell_json(const struct tmk_approve *r, FILE *to,
		     struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(16384);
	bool good = !r->verdict.reason;
	char when[TMK_CLOCK_TEXT];
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, r->request ? "request" : r->tag ? "tag" : "file",
			r->what);
	tmk_json_string(&j, "status", good ? "approved" : "refused");
	tmk_json_string(&j, "reason", good ? NULL :
			tmk_reason_id(r->verdict.reason));
	tmk_json_string(&j, "text", good ? NULL : r->verdict.text);
	tmk_json_string(&j, "hint", good ? NULL : r->verdict.hint);
	tmk_json_string(&j, r->tag ? "ref" : "signature", r->place);
	tmk_json_string(&j, "signer", good ? r->made.signer : NULL);
	if (good)
		tmk_front_report_fingerprint(&j, r->made.fingerprint);
	tmk_json_string(&j, "time", good ?
			tmk_clock_format(when, r->made.time) : NULL);
	tmk_json_bool(&j, "stamped", good && r->made.stamped);
	tmk_json_int(&j, "signers", r->signers);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(to, &j, err);
	tmk_buf_release(&line);
	return rc;
}

/* What is to be done next. The tag's name is for a shell. */
static int tell_push(const struct tmk_approve *r, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(8192);
	int rc;

	rc = tmk_buf_addstr(&line, "git push origin ") ||
		tmk_approve_quote(&line, r->what) ||
		tmk_buf_addstr(&line, " '" TMK_APPROVE_REFS "*:"
			       TMK_APPROVE_REFS "*'");
	rc = rc ? tmk_err_nomem(err) :
		tmk_front_report_line(stdout, err, "%s", tmk_buf_str(&line));
	tmk_buf_release(&line);
	return rc;
}

static int tell(const struct tmk_approve *r, struct tmk_err *err)
{
	/* Where the signature itself goes to standard output, no other line
	 * may. */
	FILE *to = r->out && !strcmp(r->out, "-") ? stderr : stdout;

	if (r->json)
		return tell_json(r, to, err);
	if (r->verdict.reason) {
		if (tmk_front_report_line(to, err, "%s: refused %s: %s",
				r->what, tmk_reason_id(r->verdict.reason),
				r->verdict.text))
			return -1;
		return tmk_front_report_line(stderr, err,
					     "touchmark: hint: %s",
					     r->verdict.hint);
	}
	if (tmk_front_report_line(to, err, "%s: approved by %s, %s, in %s",
			r->what, r->made.signer, r->made.stamped ?
			"timestamped" : "no timestamp", r->place))
		return -1;
	return r->tag ? tell_push(r, err) :
		tmk_front_report_line(to, err, "%s: %d signers", r->what,
				      r->signers);
}

int tmk_approve_quote(struct tmk_buf *out, const char *word)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+-";

	if (*word && word[strspn(word, safe)] == '\0')
		return tmk_buf_addstr(out, word);
	if (tmk_buf_addch(out, '\''))
		return -1;
	for (; *word; word++)
		if (*word == '\'' ? tmk_buf_addstr(out, "'\\''") :
		    tmk_buf_addch(out, *word))
			return -1;
	return tmk_buf_addch(out, '\'');
}

/* ---- the key ------------------------------------------------------------ */

/* What is signed, for the record, the policy and a key's own command. */
static void name_it(const struct tmk_approve *r, struct tmk_request *request)
{
	const char *slash = r->tag || r->request ? NULL :
		strrchr(r->what, '/');

	request->artefact = slash ? slash + 1 : r->what;
	if (r->tag && !strncmp(r->tag, "refs/tags/", 10))
		request->artefact = r->tag + 10;
	request->content = r->tag ? TMK_FRONT_KIND_TAG : r->request ?
		"approval" : "file";
}

/* Ask, and take a no for the error it is. `answer` is begun anew. */
static int ask(struct tmk_answer *answer, struct tmk_approve *r,
	       struct tmk_request *request, struct tmk_err *err)
{
	request->key = r->key;
	request->format = r->format;
	request->stamp = r->stamp;
	request->pin_file = r->pin_file;
	name_it(r, request);
	tmk_answer_release(answer);
	tmk_answer_init(answer);
	if (tmk_front_ask(answer, &r->ask, request, err))
		return -1;
	if (!answer->code)
		return 0;
	tmk_err_set(err, answer->code, "%s", answer->text);
	if (answer->hint[0])
		tmk_err_hint(err, "%s", answer->hint);
	return -1;
}

int tmk_approve_prepare(struct tmk_approve *r, struct tmk_err *err)
{
	struct tmk_request request;

	tmk_request_init(&request);
	request.verb = TMK_REQUEST_PREPARE;
	request.time = TMK_TIME_NONE;
	return ask(&r->ready, r, &request, err);
}

int tmk_approve_sign(struct tmk_approve *r, const uint8_t *digest, size_t len,
		     struct tmk_err *err)
{
	struct tmk_request request;

	tmk_request_init(&request);
	request.verb = TMK_REQUEST_SIGN;
	request.digest = digest;
	request.digest_len = len;
	request.hash = r->ready.hash;
	request.time = r->ready.time;
	if (ask(&r->made, r, &request, err))
		return -1;
	/* Whoever signed twice was looked for by this fingerprint. */
	if (r->made.seal.len &&
	    !strcmp(r->ready.fingerprint, r->made.fingerprint))
		return 0;
	tmk_err_set(err, TMK_KEY, "the key changed while it was used");
	return tmk_err_hint(err, "nothing was written; try again");
}

void tmk_approve_twice(struct tmk_approve *r, const char *fingerprint)
{
	if (r->verdict.reason || strcmp(fingerprint, r->ready.fingerprint))
		return;
	tmk_verdict_refuse(&r->verdict, TMK_SIGNER_NOT_ALLOWED,
			   "%s has signed it already", r->ready.signer);
	tmk_verdict_hint(&r->verdict, "approve with another person's key: "
			 "-k KEY");
}

/* ---- options ------------------------------------------------------------ */

/* What is asked of a timestamp, before the key is opened for nothing. */
static int choose_stamp(struct tmk_approve *r, struct tmk_err *err)
{
	enum tmk_stamp_mode mode = r->config->timestamp;
	const char *name = r->no_timestamp ? "never" : r->timestamp;

	if (r->no_timestamp && r->timestamp)
		return tmk_err_set(err, TMK_USAGE, "--no-timestamp and "
				   "--timestamp exclude each other");
	if (name && !strcmp(name, "never")) {
		r->stamp = TMK_REQUEST_STAMP_NEVER;
		mode = TMK_STAMP_NEVER;
	} else if (name && !strcmp(name, "prefer")) {
		r->stamp = TMK_REQUEST_STAMP_PREFER;
		mode = TMK_STAMP_PREFER;
	} else if (name && !strcmp(name, "require")) {
		r->stamp = TMK_REQUEST_STAMP_REQUIRE;
		mode = TMK_STAMP_REQUIRE;
	} else if (name) {
		return tmk_err_set(err, TMK_USAGE, "--timestamp=%s: write "
				   "require, prefer or never", name);
	}
	if (mode != TMK_STAMP_REQUIRE || r->config->tsas)
		return 0;
	tmk_err_set(err, TMK_USAGE, "a timestamp is required, but no "
		    "touchmark.tsa is configured");
	return tmk_err_hint(err, "git config --global --add touchmark.tsa "
			    "URL");
}

/* What belongs to one form of the command alone. */
static int check_form(const struct tmk_approve *r, int operands,
		      struct tmk_err *err)
{
	bool waiting = r->list || r->request;

	if (r->list && (r->request || r->key || r->file || r->pin_file_name))
		return tmk_err_set(err, TMK_USAGE, "--list goes with --on and "
				   "--json alone");
	if (!waiting && (r->on || r->file))
		return tmk_err_set(err, TMK_USAGE, "--on and --file go with "
				   "--request");
	if (waiting && (operands || r->tag || r->out || r->keyring ||
			r->timestamp || r->no_timestamp || r->dir))
		return tmk_err_set(err, TMK_USAGE, "--%s goes with no other "
				   "form of this command", r->list ? "list" :
				   "request");
	return 0;
}

static int check_call(const struct tmk_approve *r, int operands,
		      char **operand, struct tmk_err *err)
{
	if (check_form(r, operands, err))
		return -1;
	if (r->list || r->request)
		return 0;
	if (r->tag && (operands || r->out))
		return tmk_err_set(err, TMK_USAGE, "with --tag there is %s",
				   operands ? "no FILE" : "no -o: the "
				   "approval lies in the repository");
	if (r->tag && r->keyring)
		return tmk_err_set(err, TMK_USAGE, "--keyring goes with FILE "
				   "and SIGNATURE");
	if (!r->tag && r->dir)
		return tmk_err_set(err, TMK_USAGE, "-C goes with --tag");
	if (!r->tag && operands != 2) {
		tmk_err_set(err, TMK_USAGE, "a FILE and its SIGNATURE are "
			    "expected, or --tag NAME, --request ID or --list");
		return tmk_err_hint(err, "touchmark approve --help");
	}
	if (r->tag)
		return 0;
	if (!strcmp(operand[1], "-"))
		return tmk_err_set(err, TMK_USAGE, "the SIGNATURE is a file "
				   "with a name");
	if (tmk_front_file_same(operand[0], operand[1]) ||
	    (r->out && tmk_front_file_same(operand[0], r->out)))
		return tmk_err_set(err, TMK_USAGE, "%s is the file and the "
				   "signature", operand[0]);
	return 0;
}

static int start(struct tmk_approve *r, struct tmk_err *err)
{
	if (r->pin_file_name &&
	    tmk_front_key_absolute(&r->pin_file, r->pin_file_name, err))
		return -1;
	if (r->dir && chdir(r->dir))
		return tmk_err_set(err, TMK_INPUT, "%s: there is no such "
				   "directory, or it cannot be entered",
				   r->dir);
	if (tmk_config_load(&r->config, ".", err) || choose_stamp(r, err))
		return -1;
	tmk_front_ask_init(&r->ask, r->config, "touchmark");
	return 0;
}

/* Returns the exit code. */
static int approve(struct tmk_approve *r, char **operand, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;
	bool waiting = r->list || r->request;
	int rc = start(r, &why);

	r->what = waiting ? r->request : r->tag ? r->tag :
		tmk_front_file_name(operand[0]);
	if (!rc)
		rc = r->list ? tmk_approve_list(r, &why) :
			r->request ? tmk_approve_request(r, &why) :
			r->tag ? tmk_approve_tag(r, &why) :
			tmk_approve_file(r, operand[0], operand[1], &why);
	if (!rc && waiting && !r->verdict.reason)
		return TMK_OK;
	if (!rc) {
		if (tell(r, err))
			return err->code;
		return r->verdict.reason ? TMK_REFUSED : TMK_OK;
	}
	if (!r->json || !r->what || why.code == TMK_USAGE) {
		*err = why;
		return why.code;
	}
	return tmk_sign_tell_error(r->what, true, &why, err) ? err->code :
		why.code;
}

static int approve_run(int argc, char **argv, struct tmk_err *err)
{
	struct tmk_approve r = { .format = TMK_REQUEST_CMS };
	const struct tmk_opt table[] = {
		{ 'k', "key", TMK_OPT_TEXT, &r.key, "KEY",
		  "name, URI, fingerprint or e-mail of the key" },
		{ 'o', "output", TMK_OPT_TEXT, &r.out, "OUT",
		  "where the signature goes, in place of SIGNATURE" },
		{ 0, "keyring", TMK_OPT_TEXT, &r.keyring, "F",
		  "OpenPGP keys of those who signed already" },
		{ 0, "tag", TMK_OPT_TEXT, &r.tag, "NAME",
		  "approve a signed tag" },
		{ 'C', "repo", TMK_OPT_TEXT, &r.dir, "DIR",
		  "the repository of the tag; default: here" },
		{ 0, "list", TMK_OPT_FLAG, &r.list, NULL,
		  "show the requests that wait for approvals" },
		{ 0, "request", TMK_OPT_TEXT, &r.request, "ID",
		  "approve a request for a signature" },
		{ 0, "file", TMK_OPT_TEXT, &r.file, "F",
		  "approve only if this is what is to be signed" },
		{ 0, "on", TMK_OPT_TEXT, &r.on, "HOST",
		  "where it waits: ssh://USER@HOST[:PORT] or "
		  "unix:SOCKET; default: here" },
		{ 0, "timestamp", TMK_OPT_TEXT, &r.timestamp, "WHEN",
		  "require, prefer or never" },
		{ 0, "no-timestamp", TMK_OPT_FLAG, &r.no_timestamp, NULL,
		  "ask no timestamp authority" },
		{ 0, "pin-file", TMK_OPT_TEXT, &r.pin_file_name, "F",
		  "file that holds the PIN" },
		{ 0, "json", TMK_OPT_FLAG, &r.json, NULL,
		  "one JSON object" },
		{ 'h', "help", TMK_OPT_FLAG, &r.help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int operands, rc;

	if (tmk_opt_parse(table, argc, argv, &operands, err))
		return err->code;
	if (r.help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	if (check_call(&r, operands, argv + 1, err))
		return err->code;
	tmk_answer_init(&r.ready);
	tmk_answer_init(&r.made);
	tmk_front_libgit2_start();
	rc = approve(&r, argv + 1, err);
	tmk_front_ask_release(&r.ask);
	tmk_answer_release(&r.ready);
	tmk_answer_release(&r.made);
	tmk_config_free(r.config);
	free(r.pin_file);
	free(r.place);
	return rc;
}

const struct tmk_command tmk_command_approve = {
	"approve", "add one more signer to a signature or a tag", approve_run
};
