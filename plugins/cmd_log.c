/*
 * cmd_log.c - `touchmark log`: read, check and rotate the hash-chained logs
 * that our programs keep.
 *
 * The record of uses of keys (touchmark.auditLog) and that of the gate are the
 * same kind of file. Needs no key and no token. Ends with 1 when a chain
 * breaks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "base/opt.h"
#include "core/chain_log.h"
#include "core/config.h"
#include "plugins/audit_git.h"
#include "plugins/command.h"
#include "plugins/front_log.h"
#include "plugins/front_report.h"

#define KINDS "intent, result, refused, stamped, event, seal, push, rotate " \
	"or recovered"
#define KEY_TEXT 16384		/* bytes of what is looked for, escaped */
#define LINE_TEXT 16384		/* bytes of a line of JSON */

static const char *show(char *out, size_t size, const char *text)
{
	return tmk_enc_line_into(out, size, text, strlen(text));
}

/* A name in the repository's configuration is seen from its common folder. */
static int from_repository(char **out, const char *name, struct tmk_err *err)
{
	static const char *const words[] = {
		"rev-parse", "--git-common-dir", NULL
	};
	char *dir = NULL, *base = NULL;
	int rc;

	if (*name == '/') {
		*out = strdup(name);
		return *out ? 0 : tmk_err_nomem(err);
	}
	rc = tmk_audit_git_line(&dir, words, err);
	if (rc > 0)
		rc = tmk_err_set(err, TMK_USAGE, "touchmark.gateLog is %s, "
				 "and here is no repository", name);
	if (!rc && asprintf(&base, "%s/config", dir) < 0) {
		base = NULL;
		rc = tmk_err_nomem(err);
	}
	if (!rc) {
		*out = tmk_file_resolve(base, NULL, name);
		rc = *out ? 0 : tmk_err_nomem(err);
	}
	free(dir);
	free(base);
	return rc ? -1 : 0;
}

/* The log that is meant, and the configuration as far as it can be read. */
struct meant {
	char *path;
	struct tmk_config *config;
};

static void release(struct meant *log)
{
	free(log->path);
	tmk_config_free(log->config);
}

/* The gate's log of the repository at hand: 0, or 1 when there is none. */
static int gate_log(char **out, struct tmk_err *err)
{
	static const char *const words[] = {
		"config", "--type=path", "--get", "touchmark.gatelog", NULL
	};
	char *name = NULL;
	int rc = tmk_audit_git_line(&name, words, err);

	if (!rc)
		rc = from_repository(out, name, err);
	free(name);
	return rc;
}

static int none_named(struct tmk_err *err)
{
	tmk_err_set(err, TMK_USAGE, "no log is named: touchmark.auditLog is "
		    "not set, and touchmark.gateLog is not set here");
	return tmk_err_hint(err, "touchmark log VERB FILE; or be the owner of "
			    "the repository, git opens it for nobody else");
}

/* The record of uses comes first; who looks for the other one is told. */
static void say_which(const char *path)
{
	struct tmk_err ignored = TMK_ERR_INIT;
	char *gate = NULL, shown[1024];

	if (!gate_log(&gate, &ignored) && gate && strcmp(gate, path))
		fprintf(stderr, "touchmark: note: this is touchmark.auditLog; "
			"the gate's is %s\n",
			show(shown, sizeof(shown), gate));
	free(gate);
}

static int find_configured(struct meant *log, struct tmk_err *err)
{
	int rc;

	if (log->config->audit_log) {
		log->path = strdup(log->config->audit_log);
		if (!log->path)
			return tmk_err_nomem(err);
		say_which(log->path);
		return 0;
	}
	rc = gate_log(&log->path, err);
	return rc > 0 ? none_named(err) : rc;
}

/* The log that is meant. What is in *log belongs to the caller. */
static int find_log(struct meant *log, int operands, char **operand,
		    struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;

	*log = (struct meant){ NULL, NULL };
	if (operands > 1) {
		tmk_err_set(err, TMK_USAGE, "at most one log is expected");
		return tmk_err_hint(err, "touchmark log --help");
	}
	if (tmk_config_load(&log->config, ".", &why) < 0) {
		/* A log that is named needs none. */
		if (!operands) {
			*err = why;
			return -1;
		}
		fprintf(stderr, "touchmark: warning: %s\n", why.text);
	}
	if (!operands) {
		if (!find_configured(log, err))
			return 0;
		release(log);
		return -1;
	}
	log->path = strdup(operand[0]);
	if (log->path)
		return 0;
	release(log);
	return tmk_err_nomem(err);
}

/* ---- show ------------------------------------------------------------------- */

/* As it stands in the log. */
static const char *escaped(char out[KEY_TEXT], const char *text)
{
	return text ? tmk_enc_show_into(out, KEY_TEXT, text, strlen(text)) :
		NULL;
}

/* A word that was mistyped would show nothing, as if there were none. */
static int check_kind(const char *kind, struct tmk_err *err)
{
	static const char *const known[] = {
		"intent", "result", "refused", "stamped", "event", "seal",
		"push", "rotate", "recovered"
	};
	size_t i;

	for (i = 0; kind && i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i], kind))
			return 0;
	return kind ? tmk_err_set(err, TMK_USAGE, "--kind takes " KINDS
				  ", not '%s'", kind) : 0;
}

static int run_show(int argc, char **argv, struct tmk_err *err)
{
	struct tmk_front_log_filter f = { .since = TMK_TIME_NONE };
	bool help = false;
	const struct tmk_opt table[] = {
		{ 0, "key", TMK_OPT_TEXT, &f.key, "KEY",
		  "entries with this key or signer: fingerprint or name" },
		{ 0, "artefact", TMK_OPT_TEXT, &f.artefact, "F",
		  "entries about this object id, ref or file" },
		{ 0, "kind", TMK_OPT_TEXT, &f.kind, "KIND",
		  KINDS "; entries of this kind" },
		{ 0, "since", TMK_OPT_TIME, &f.since, "TIME",
		  "entries from then on (RFC 3339)" },
		{ 0, "no-rotated", TMK_OPT_FLAG, &f.alone, NULL,
		  "not those of the rotated logs before it" },
		{ 0, "json", TMK_OPT_FLAG, &f.json, NULL,
		  "the entries as they stand in the log" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	char key[KEY_TEXT], artefact[KEY_TEXT];
	struct meant log;
	int n = 0, code;

	if (tmk_opt_parse(table, argc, argv, &n, err) < 0)
		return TMK_USAGE;
	if (help) {
		tmk_opt_help(stdout, "touchmark log show [--key KEY] "
			     "[--artefact F] [--kind KIND] [--since TIME] "
			     "[--json] [FILE]",
			     table);
		return TMK_OK;
	}
	if (check_kind(f.kind, err) || find_log(&log, n, argv + 1, err) < 0)
		return err->code;
	f.key = escaped(key, f.key);
	f.artefact = escaped(artefact, f.artefact);
	code = tmk_front_log_show(log.path, &f, err);
	fflush(stdout);
	release(&log);
	return code;
}

/* ---- verify ------------------------------------------------------------------- */

static int run_verify(int argc, char **argv, struct tmk_err *err)
{
	const char *roots = NULL;
	bool help = false, json = false;
	const struct tmk_opt table[] = {
		{ 0, "tsa-roots", TMK_OPT_TEXT, &roots, "FILE",
		  "PEM: timestamps must chain to one of these" },
		{ 0, "json", TMK_OPT_FLAG, &json, NULL,
		  "one JSON object per log" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	struct meant log;
	int n = 0, code;

	if (tmk_opt_parse(table, argc, argv, &n, err) < 0)
		return TMK_USAGE;
	if (help) {
		tmk_opt_help(stdout, "touchmark log verify [--tsa-roots FILE] "
			     "[--json] [FILE]", table);
		return TMK_OK;
	}
	if (find_log(&log, n, argv + 1, err) < 0)
		return err->code;
	if (roots && !log.config) {
		tmk_err_set(err, TMK_USAGE, "--tsa-roots needs a "
			    "configuration that can be read");
		code = TMK_USAGE;
	} else {
		code = tmk_front_log_verify(log.path, log.config, roots, json,
					    err);
	}
	release(&log);
	return code;
}

/* ---- rotate ------------------------------------------------------------------- */

static int rotated_json(const char *path, const char *moved,
			const char *broken, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_TEXT);
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", path);
	tmk_json_string(&j, "status", *broken ? "broken" : "good");
	tmk_json_string(&j, "moved", moved);
	tmk_json_string(&j, "text", *broken ? broken : NULL);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&line);
	return rc;
}

static int tell_rotated(const char *path, const char *moved,
			const char *broken, bool json, struct tmk_err *err)
{
	char a[1024], b[1024];
	int rc;

	show(a, sizeof(a), path);
	if (json)
		rc = rotated_json(path, moved, broken, err);
	else if (moved)
		rc = tmk_front_report_line(stdout, err, "%s is now %s, and a "
					   "new log goes on from it", a,
					   show(b, sizeof(b), moved));
	else
		rc = tmk_front_report_line(stdout, err, "%s was begun anew",
					   a);
	if (!rc && *broken && !json)
		fprintf(stderr, "touchmark: warning: %s: %s; the new log says "
			"so in its first entry\n", a, broken);
	return rc;
}

static int run_rotate(int argc, char **argv, struct tmk_err *err)
{
	bool help = false, json = false;
	const struct tmk_opt table[] = {
		{ 0, "json", TMK_OPT_FLAG, &json, NULL, "one JSON object" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	char *moved = NULL, broken[256] = "";
	struct meant log;
	int n = 0, rc;

	if (tmk_opt_parse(table, argc, argv, &n, err) < 0)
		return TMK_USAGE;
	if (help) {
		tmk_opt_help(stdout, "touchmark log rotate [--json] [FILE]",
			     table);
		return TMK_OK;
	}
	if (find_log(&log, n, argv + 1, err) < 0)
		return err->code;
	rc = tmk_chain_log_rotate(&moved, broken, sizeof(broken), log.path,
				  tmk_clock_now(), err);
	if (!rc)
		rc = tell_rotated(log.path, moved, broken, json, err);
	release(&log);
	free(moved);
	return rc ? err->code : TMK_OK;
}

static int run(int argc, char **argv, struct tmk_err *err)
{
	static const char usage[] =
		"usage: touchmark log VERB [OPTION...] [FILE]\n\n"
		"  show          what stands in it\n"
		"  verify        whether its chain is whole, and where it "
		"breaks\n"
		"  rotate        put it aside and go on in a new one\n\n"
		"touchmark log VERB --help tells more\n";

	if (argc >= 2 && !strcmp(argv[1], "show"))
		return run_show(argc - 1, argv + 1, err);
	if (argc >= 2 && !strcmp(argv[1], "verify"))
		return run_verify(argc - 1, argv + 1, err);
	if (argc >= 2 && !strcmp(argv[1], "rotate"))
		return run_rotate(argc - 1, argv + 1, err);
	if (argc >= 2 && (!strcmp(argv[1], "--help") ||
			  !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return TMK_OK;
	}
	tmk_err_set(err, TMK_USAGE, argc < 2 ? "log needs a verb" :
		    "unknown verb '%s'", argc < 2 ? "" : argv[1]);
	tmk_err_hint(err, "touchmark log --help lists them");
	return TMK_USAGE;
}

const struct tmk_command tmk_command_log = {
	"log", "show, verify, rotate: the records of uses and of the gate", run
};
