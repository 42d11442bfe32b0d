/*
 * cmd_log.c - `touchmark log`: read, check and rotate the hash-chained logs
 * that our programs keep.
 *
 * Needs no key and no token. Ends with 1 when a chain breaks.
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
#include "plugins/audit_git.h"
#include "plugins/command.h"
#include "plugins/front_log.h"

#define SEGMENTS_MAX 100000	/* rotated logs that are followed */

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

/* The log that is meant. *out belongs to the caller. */
static int find_log(char **out, int operands, char **operand,
		    struct tmk_err *err)
{
	static const char *const words[] = {
		"config", "--type=path", "--get", "touchmark.gatelog", NULL
	};
	char *name = NULL;
	int rc;

	if (operands > 1) {
		tmk_err_set(err, TMK_USAGE, "at most one log is expected");
		return tmk_err_hint(err, "touchmark log --help");
	}
	if (operands) {
		*out = strdup(operand[0]);
		return *out ? 0 : tmk_err_nomem(err);
	}
	rc = tmk_audit_git_line(&name, words, err);
	if (rc > 0) {
		tmk_err_set(err, TMK_USAGE, "no log is named: "
			    "touchmark.gateLog is not set here, and no "
			    "program of this version writes "
			    "touchmark.auditLog");
		tmk_err_hint(err, "touchmark log VERB FILE; or be the owner of "
			     "the repository, git opens it for nobody else");
	}
	rc = rc ? -1 : from_repository(out, name, err);
	free(name);
	return rc;
}

static int breaks(const char *path, const struct tmk_chain_report *r,
		  struct tmk_err *err)
{
	tmk_err_set(err, TMK_REFUSED, "%s:%" PRIu64 ": the chain breaks: %s",
		    path, r->broken, r->text);
	tmk_err_hint(err, "find out why; then touchmark log rotate lets the "
		     "gate go on in a new log");
	return TMK_REFUSED;
}

/* ---- show ------------------------------------------------------------------- */

static int run_show(int argc, char **argv, struct tmk_err *err)
{
	struct tmk_front_log_filter f = { .since = TMK_TIME_NONE };
	bool help = false;
	const struct tmk_opt table[] = {
		{ 0, "key", TMK_OPT_TEXT, &f.key, "KEY",
		  "entries with this signer: fingerprint or name" },
		{ 0, "artefact", TMK_OPT_TEXT, &f.artefact, "F",
		  "entries about this object id, ref or file" },
		{ 0, "since", TMK_OPT_TIME, &f.since, "TIME",
		  "entries from then on (RFC 3339)" },
		{ 0, "json", TMK_OPT_FLAG, &f.json, NULL,
		  "the entries as they stand in the log" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	struct tmk_chain_report report;
	char *path = NULL;
	int n = 0, rc;

	if (tmk_opt_parse(table, argc, argv, &n, err) < 0)
		return TMK_USAGE;
	if (help) {
		tmk_opt_help(stdout, "touchmark log show [--key KEY] "
			     "[--artefact F] [--since TIME] [--json] [FILE]",
			     table);
		return TMK_OK;
	}
	if (find_log(&path, n, argv + 1, err) < 0)
		return err->code;
	rc = tmk_front_log_show(&report, path, &f, err);
	fflush(stdout);
	rc = rc < 0 ? err->code : rc ? breaks(path, &report, err) : TMK_OK;
	free(path);
	return rc;
}

/* ---- verify ------------------------------------------------------------------- */

/* The log that `path` goes on from, in the same folder; NULL when it is not
 * there any more. */
static int before(char **out, const char *path,
		  const struct tmk_chain_report *r, struct tmk_err *err)
{
	*out = NULL;
	if (!r->from[0] || strchr(r->from, '/') || r->was_broken[0])
		return 0;
	*out = tmk_file_resolve(path, NULL, r->from);
	if (!*out)
		return tmk_err_nomem(err);
	if (!tmk_file_exists(*out)) {
		free(*out);
		*out = NULL;
	}
	return 0;
}

static void tell(const char *path, const struct tmk_chain_report *r,
		 bool oldest)
{
	char name[1024], when[TMK_CLOCK_TEXT];

	printf("%s: good, %" PRIu64 " %s, the last is %" PRIu64
	       " of %s, sha256 %s\n", show(name, sizeof(name), path), r->lines,
	       r->lines == 1 ? "entry" : "entries", r->last.seq,
	       tmk_clock_format(when, r->last.time), r->last.hash);
	if (r->was_broken[0])
		printf("    it begins after a break: %s\n", r->was_broken);
	else if (r->from[0] && oldest)
		printf("    it goes on from %s, which is not here\n", r->from);
}

/* One log, and `next`, which goes on from it (NULL: none does). */
static int verify_one(struct tmk_chain_report *r, const char *path,
		      const struct tmk_chain_report *next, struct tmk_err *err)
{
	int rc = tmk_chain_log_read(r, path, NULL, err);

	if (rc < 0)
		return err->code;
	if (!rc && next && (next->first.seq != r->last.seq + 1 ||
			    strcmp(next->first.prev, r->last.hash))) {
		r->broken = r->lines;
		snprintf(r->text, sizeof(r->text), "the next log does not go "
			 "on from its last entry");
		rc = 1;
	}
	return rc ? breaks(path, r, err) : TMK_OK;
}

static int verify_all(const char *first, struct tmk_err *err)
{
	struct tmk_chain_report now, next;
	char *path = strdup(first), *older = NULL;
	int n, code = path ? TMK_OK : TMK_INTERNAL;

	for (n = 0; path && n < SEGMENTS_MAX; n++) {
		code = verify_one(&now, path, n ? &next : NULL, err);
		if (code || before(&older, path, &now, err) < 0)
			break;
		tell(path, &now, !older);
		free(path);
		path = older;
		older = NULL;
		next = now;
	}
	free(path);
	return code ? code : err->code;
}

static int run_verify(int argc, char **argv, struct tmk_err *err)
{
	bool help = false;
	const struct tmk_opt table[] = {
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	char *path = NULL;
	int n = 0, code;

	if (tmk_opt_parse(table, argc, argv, &n, err) < 0)
		return TMK_USAGE;
	if (help) {
		tmk_opt_help(stdout, "touchmark log verify [FILE]", table);
		return TMK_OK;
	}
	if (find_log(&path, n, argv + 1, err) < 0)
		return err->code;
	code = verify_all(path, err);
	free(path);
	return code;
}

/* ---- rotate ------------------------------------------------------------------- */

static void tell_rotated(const char *path, const char *moved,
			 const char *broken)
{
	char a[1024], b[1024];

	show(a, sizeof(a), path);
	if (moved)
		printf("%s is now %s, and a new log goes on from it\n", a,
		       show(b, sizeof(b), moved));
	else
		printf("%s was begun anew\n", a);
	if (*broken) {
		fflush(stdout);
		fprintf(stderr, "touchmark: warning: %s: %s; the new log says "
			"so in its first entry\n", a, broken);
	}
}

static int run_rotate(int argc, char **argv, struct tmk_err *err)
{
	bool help = false;
	const struct tmk_opt table[] = {
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	char *path = NULL, *moved = NULL, broken[256] = "";
	int n = 0, rc;

	if (tmk_opt_parse(table, argc, argv, &n, err) < 0)
		return TMK_USAGE;
	if (help) {
		tmk_opt_help(stdout, "touchmark log rotate [FILE]", table);
		return TMK_OK;
	}
	if (find_log(&path, n, argv + 1, err) < 0)
		return err->code;
	rc = tmk_chain_log_rotate(&moved, broken, sizeof(broken), path,
				  tmk_clock_now(), err);
	if (!rc)
		tell_rotated(path, moved, broken);
	free(path);
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
	"log", "show, verify, rotate: the record of the gate", run
};
