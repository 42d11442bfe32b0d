/*
 * cmd_sign.c - `touchmark sign`: what is asked for; how it is done is the
 * engine's business (sign_engine.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/opt.h"
#include "core/config.h"
#include "plugins/command.h"
#include "plugins/front_file.h"
#include "plugins/front_key_verbs.h"
#include "plugins/front_libgit2.h"
#include "plugins/sign_engine.h"

/* As they are written. */
struct words {
	bool help, no_timestamp;
	const char *type, *timestamp, *pin_file;
	uint64_t jobs;
};

struct run {
	struct words word;
	struct tmk_sign_options opt;
	struct tmk_config *config;
	char *pin_file;		/* absolute: an agent works elsewhere */
};

static const char synopsis[] =
	"touchmark sign [-k KEY] [-t TYPE[,TYPE...]] [-o OUT] [--embed]\n"
	"                      [--role NAME] [--resign | --resume] [--manifest]\n"
	"                      [--no-timestamp | --timestamp=require]\n"
	"                      [--pin-file F] [--jobs N] [--json] FILE...";

/* ---- what was asked ------------------------------------------------------ */

static const struct {
	const char *name;
	enum tmk_seal_format format;
} types[] = {
	{ "cms", TMK_FORMAT_X509 },
	{ "openpgp", TMK_FORMAT_OPENPGP },
	{ "ssh", TMK_FORMAT_SSH },
	{ "minisign", TMK_FORMAT_MINISIGN },
	{ "signify", TMK_FORMAT_SIGNIFY },
};

#define TYPES ((int)(sizeof(types) / sizeof(*types)))

static int no_type(const char *name, size_t len, struct tmk_err *err)
{
	tmk_err_set(err, TMK_USAGE, "--type %.*s is unknown", (int)len, name);
	return tmk_err_hint(err, "write cms, openpgp, ssh, minisign or "
			    "signify, or several of them with commas between");
}

static int add_type(struct tmk_sign_options *o, const char *name, size_t len,
		    struct tmk_err *err)
{
	int i, j;

	for (i = 0; i < TYPES; i++)
		if (strlen(types[i].name) == len &&
		    !strncmp(types[i].name, name, len))
			break;
	if (i == TYPES)
		return no_type(name, len, err);
	for (j = 0; j < o->types; j++)
		if (o->seal[j]->format == types[i].format)
			return tmk_err_set(err, TMK_USAGE, "--type names %s "
					   "twice", types[i].name);
	for (j = 0; tmk_seals[j]; j++)
		if (tmk_seals[j]->format == types[i].format)
			break;
	if (!tmk_seals[j])
		return tmk_err_set(err, TMK_INTERNAL, "%s cannot be made here",
				   types[i].name);
	o->type[o->types] = types[i].name;
	o->seal[o->types++] = tmk_seals[j];
	return 0;
}

static int choose_types(struct run *run, struct tmk_err *err)
{
	struct tmk_sign_options *o = &run->opt;
	const char *p = run->word.type;

	if (!p)
		p = o->embed ? "openpgp" : "cms";
	for (;;) {
		size_t len = strcspn(p, ",");

		if (add_type(o, p, len, err))
			return -1;
		if (!p[len])
			break;
		p += len + 1;
	}
	if (!o->embed || (o->types == 1 &&
			  o->seal[0]->format == TMK_FORMAT_OPENPGP))
		return 0;
	tmk_err_set(err, TMK_USAGE, "signatures inside packages are OpenPGP");
	return tmk_err_hint(err, "leave --type away with --embed, and make "
			    "the other signatures in a call of their own");
}

static int no_place(const char *type, struct tmk_err *err)
{
	bool ssh = !strcmp(type, "ssh");

	tmk_err_set(err, TMK_USAGE, "a%s signature cannot carry a timestamp",
		    ssh ? "n SSH" : !strcmp(type, "minisign") ? " minisign" :
		    " signify");
	return tmk_err_hint(err, "leave %s out of --type, or "
			    "--timestamp=require away", type);
}

/* What is asked of a timestamp, before the key is opened for nothing. */
static int choose_stamp(struct run *run, struct tmk_err *err)
{
	static const struct {
		const char *name;
		enum tmk_request_stamp stamp;
		enum tmk_stamp_mode mode;
	} m[] = {
		{ "require", TMK_REQUEST_STAMP_REQUIRE, TMK_STAMP_REQUIRE },
		{ "prefer", TMK_REQUEST_STAMP_PREFER, TMK_STAMP_PREFER },
		{ "never", TMK_REQUEST_STAMP_NEVER, TMK_STAMP_NEVER },
	};
	const struct words *o = &run->word;
	const char *name = o->no_timestamp ? "never" : o->timestamp;
	enum tmk_stamp_mode mode = run->config->timestamp;
	size_t i, n = sizeof(m) / sizeof(*m);
	int j, bare = -1, stamped = 0;

	if (o->no_timestamp && o->timestamp)
		return tmk_err_set(err, TMK_USAGE, "--no-timestamp and "
				   "--timestamp exclude each other");
	for (i = 0; name && i < n && strcmp(name, m[i].name); i++)
		;
	if (name && i == n)
		return tmk_err_set(err, TMK_USAGE, "--timestamp=%s: write "
				   "require, prefer or never", name);
	if (name) {
		run->opt.stamp = m[i].stamp;
		mode = m[i].mode;
	}
	for (j = 0; j < run->opt.types; j++) {
		if (run->opt.seal[j]->stamp)
			stamped++;
		else if (bare < 0)
			bare = j;
	}
	if (bare >= 0 && run->opt.stamp == TMK_REQUEST_STAMP_REQUIRE)
		return no_place(run->opt.type[bare], err);
	if (stamped && mode == TMK_STAMP_REQUIRE &&
	    !run->config->tsas) {
		tmk_err_set(err, TMK_USAGE, "a timestamp is required, but no "
			    "touchmark.tsa is configured");
		return tmk_err_hint(err, "git config --global --add "
				    "touchmark.tsa URL");
	}
	return 0;
}

static int check_embed(const struct tmk_sign_options *o, struct tmk_err *err)
{
	if (o->embed && o->manifest)
		return tmk_err_set(err, TMK_USAGE, "--embed and --manifest "
				   "exclude each other");
	if (o->resign && o->resume)
		return tmk_err_set(err, TMK_USAGE, "--resign and --resume "
				   "exclude each other");
	if (o->role && !o->embed)
		return tmk_err_set(err, TMK_USAGE, "--role is for packages: "
				   "say --embed with it");
	return 0;
}

static int check_files(const struct tmk_sign_options *o, int files,
		       char **file, struct tmk_err *err)
{
	int i;

	if (!files) {
		tmk_err_set(err, TMK_USAGE, "no file to sign is named");
		return tmk_err_hint(err, "touchmark sign --help");
	}
	if (o->out && files > 1)
		return tmk_err_set(err, TMK_USAGE, "-o names one signature, "
				   "but %d files are to be signed", files);
	if (o->out && o->types > 1)
		return tmk_err_set(err, TMK_USAGE, "-o names one signature, "
				   "but %d are to be made", o->types);
	if (o->out && o->manifest)
		return tmk_err_set(err, TMK_USAGE, "-o names one file, but a "
				   "manifest and its signature are to be "
				   "made");
	for (i = 0; i < files; i++) {
		if (!strcmp(file[i], "-") && !o->out)
			return tmk_err_set(err, TMK_USAGE, "standard input "
					   "has no name: say with -o where "
					   "the signature goes");
		if (o->out && !o->embed &&
		    tmk_front_file_same(file[i], o->out))
			return tmk_err_set(err, TMK_USAGE, "%s is the file "
					   "to sign and the signature",
					   o->out);
	}
	return 0;
}

static int start(struct run *run, int files, char **file, struct tmk_err *err)
{
	if (run->word.jobs > TMK_SIGN_THREADS_MAX)
		return tmk_err_set(err, TMK_USAGE, "--jobs: at most %d",
				   TMK_SIGN_THREADS_MAX);
	if (check_embed(&run->opt, err) || choose_types(run, err) ||
	    check_files(&run->opt, files, file, err))
		return -1;
	if (run->word.pin_file &&
	    tmk_front_key_absolute(&run->pin_file, run->word.pin_file, err))
		return -1;
	run->opt.pin_file = run->pin_file;
	if (tmk_config_load(&run->config, ".", err))
		return -1;
	return choose_stamp(run, err);
}

/* ---- the command ---------------------------------------------------------- */

static int parse(struct run *run, int argc, char **argv, int *files,
		 struct tmk_err *err)
{
	struct tmk_sign_options *o = &run->opt;
	struct words *w = &run->word;
	const struct tmk_opt table[] = {
		{ 'k', "key", TMK_OPT_TEXT, &o->key, "KEY",
		  "name, URI, fingerprint or e-mail of the key" },
		{ 't', "type", TMK_OPT_TEXT, &w->type, "TYPE",
		  "cms (default), openpgp, ssh, minisign, signify; several "
		  "with commas" },
		{ 'o', "output", TMK_OPT_TEXT, &o->out, "OUT",
		  "where the signature goes; - is standard output" },
		{ 0, "embed", TMK_OPT_FLAG, &o->embed, NULL,
		  "sign inside what has a place for it: rpm, deb, Release" },
		{ 0, "role", TMK_OPT_TEXT, &o->role, "NAME",
		  "of the signature in a deb; default origin" },
		{ 0, "resign", TMK_OPT_FLAG, &o->resign, NULL,
		  "replace what this key has signed before" },
		{ 0, "resume", TMK_OPT_FLAG, &o->resume, NULL,
		  "leave alone what this key has signed" },
		{ 0, "manifest", TMK_OPT_FLAG, &o->manifest, NULL,
		  "write and sign a list of what is inside" },
		{ 0, "timestamp", TMK_OPT_TEXT, &w->timestamp, "WHEN",
		  "require, prefer or never" },
		{ 0, "no-timestamp", TMK_OPT_FLAG, &w->no_timestamp, NULL,
		  "ask no timestamp authority" },
		{ 0, "pin-file", TMK_OPT_TEXT, &w->pin_file, "F",
		  "file that holds the PIN" },
		{ 0, "jobs", TMK_OPT_SIZE, &w->jobs, "N",
		  "files at the same time; default: one for each processor" },
		{ 0, "json", TMK_OPT_FLAG, &o->json, NULL,
		  "one JSON object per signature" },
		{ 'h', "help", TMK_OPT_FLAG, &w->help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};

	if (tmk_opt_parse(table, argc, argv, files, err))
		return -1;
	if (w->help)
		tmk_opt_help(stdout, synopsis, table);
	return 0;
}

static int sign_run(int argc, char **argv, struct tmk_err *err)
{
	struct run run = { .config = NULL };
	int files, rc = -1;

	if (parse(&run, argc, argv, &files, err))
		return err->code;
	if (run.word.help)
		return TMK_OK;
	tmk_front_libgit2_start();
	if (!start(&run, files, argv + 1, err))
		rc = tmk_sign_engine_run(&run.opt, run.config,
					 (int)run.word.jobs, argv + 1, files,
					 err);
	tmk_config_free(run.config);
	free(run.pin_file);
	return rc < 0 ? err->code : rc;
}

const struct tmk_command tmk_command_sign = {
	"sign", "sign files: beside each, or inside", sign_run
};
