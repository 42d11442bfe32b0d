/*
 * cmd_sign.c - `touchmark sign`: detached signatures beside each file.
 *
 * One login serves all files, and one reading of a file all of its signatures;
 * every file is tried and gets its lines. A file gets all the signatures that
 * were asked for or, when one cannot be made, none. What stands there already
 * is replaced in one step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/opt.h"
#include "core/config.h"
#include "plugins/command.h"
#include "plugins/front_ask.h"
#include "plugins/front_file.h"
#include "plugins/front_key_verbs.h"
#include "plugins/front_libgit2.h"
#include "plugins/front_report.h"
#include "plugins/front_seal.h"
#include "plugins/front_stamp.h"

#define TYPES_MAX 3

struct options {
	bool help, json, no_timestamp, embed, manifest;
	const char *key, *type, *out, *timestamp, *pin_file;
};

/* One signature for each file. */
struct kind {
	const char *name;	/* as --type calls it */
	const struct tmk_seal_ops *seal;
	struct tmk_answer ready;	/* what it needs: digest, trailer */
	struct tmk_answer made;	/* for the file in hand */
	char *out;		/* where it goes, for the file in hand */
};

struct run {
	struct options opt;
	struct tmk_config *config;
	struct tmk_front_ask ask;
	struct kind kind[TYPES_MAX];
	int kinds;
	char *pin_file;		/* absolute: an agent works elsewhere */
	enum tmk_request_stamp stamp;
};

static const char synopsis[] =
	"touchmark sign [-k KEY] [-t TYPE[,TYPE...]] [-o OUT]\n"
	"                      [--no-timestamp | --timestamp=require]\n"
	"                      [--pin-file F] [--json] FILE...";

/* ---- what was asked ------------------------------------------------------ */

static const struct {
	const char *name;
	enum tmk_seal_format format;
} types[] = {
	{ "cms", TMK_FORMAT_X509 },
	{ "openpgp", TMK_FORMAT_OPENPGP },
	{ "ssh", TMK_FORMAT_SSH },
};

#define TYPES ((int)(sizeof(types) / sizeof(*types)))

static int no_type(const char *name, size_t len, struct tmk_err *err)
{
	static const char *const later[] = { "minisign", "signify" };
	size_t i;

	for (i = 0; i < sizeof(later) / sizeof(*later); i++)
		if (strlen(later[i]) == len && !strncmp(later[i], name, len))
			break;
	if (i < sizeof(later) / sizeof(*later))
		tmk_err_set(err, TMK_USAGE, "--type %s is not supported yet",
			    later[i]);
	else
		tmk_err_set(err, TMK_USAGE, "--type %.*s is unknown",
			    (int)len, name);
	return tmk_err_hint(err, "write cms, openpgp or ssh, or several of "
			    "them with commas between");
}

static int add_kind(struct run *run, const char *name, size_t len,
		    struct tmk_err *err)
{
	struct kind *k = &run->kind[run->kinds];
	int i, j;

	for (i = 0; i < TYPES; i++)
		if (strlen(types[i].name) == len &&
		    !strncmp(types[i].name, name, len))
			break;
	if (i == TYPES)
		return no_type(name, len, err);
	for (j = 0; j < run->kinds; j++)
		if (run->kind[j].seal->format == types[i].format)
			return tmk_err_set(err, TMK_USAGE, "--type names %s "
					   "twice", types[i].name);
	for (j = 0; tmk_seals[j]; j++)
		if (tmk_seals[j]->format == types[i].format)
			break;
	if (!tmk_seals[j])
		return tmk_err_set(err, TMK_INTERNAL, "%s cannot be made here",
				   types[i].name);
	k->name = types[i].name;
	k->seal = tmk_seals[j];
	tmk_answer_init(&k->ready);
	tmk_answer_init(&k->made);
	run->kinds++;
	return 0;
}

static int choose_kinds(struct run *run, struct tmk_err *err)
{
	const char *p = run->opt.type ? run->opt.type : "cms";

	for (;;) {
		size_t len = strcspn(p, ",");

		if (add_kind(run, p, len, err))
			return -1;
		if (!p[len])
			return 0;
		p += len + 1;
	}
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
	const struct options *o = &run->opt;
	const char *name = o->no_timestamp ? "never" : o->timestamp;
	enum tmk_stamp_mode mode = run->config->timestamp;
	size_t i, n = sizeof(m) / sizeof(*m);
	bool ssh = false;
	int j;

	if (o->no_timestamp && o->timestamp)
		return tmk_err_set(err, TMK_USAGE, "--no-timestamp and "
				   "--timestamp exclude each other");
	for (i = 0; name && i < n && strcmp(name, m[i].name); i++)
		;
	if (name && i == n)
		return tmk_err_set(err, TMK_USAGE, "--timestamp=%s: write "
				   "require, prefer or never", name);
	if (name) {
		run->stamp = m[i].stamp;
		mode = m[i].mode;
	}
	for (j = 0; j < run->kinds; j++)
		ssh |= run->kind[j].seal->format == TMK_FORMAT_SSH;
	if (ssh && run->stamp == TMK_REQUEST_STAMP_REQUIRE) {
		tmk_err_set(err, TMK_USAGE, "an SSH signature cannot carry a "
			    "timestamp");
		return tmk_err_hint(err, "leave ssh out of --type, or "
				    "--timestamp=require away");
	}
	if (run->kinds > ssh && mode == TMK_STAMP_REQUIRE &&
	    !run->config->tsas) {
		tmk_err_set(err, TMK_USAGE, "a timestamp is required, but no "
			    "touchmark.tsa is configured");
		return tmk_err_hint(err, "git config --global --add "
				    "touchmark.tsa URL");
	}
	return 0;
}

static int check_options(const struct run *run, int files, char **file,
			 struct tmk_err *err)
{
	const struct options *o = &run->opt;
	int i;

	if (o->embed || o->manifest)
		return tmk_err_set(err, TMK_USAGE, "--%s is not supported "
				   "yet", o->embed ? "embed" : "manifest");
	if (!files) {
		tmk_err_set(err, TMK_USAGE, "no file to sign is named");
		return tmk_err_hint(err, "touchmark sign --help");
	}
	if (o->out && files > 1)
		return tmk_err_set(err, TMK_USAGE, "-o names one signature, "
				   "but %d files are to be signed", files);
	if (o->out && run->kinds > 1)
		return tmk_err_set(err, TMK_USAGE, "-o names one signature, "
				   "but %d are to be made", run->kinds);
	for (i = 0; i < files; i++) {
		if (!strcmp(file[i], "-") && !o->out)
			return tmk_err_set(err, TMK_USAGE, "standard input "
					   "has no name: say with -o where "
					   "the signature goes");
		if (o->out && tmk_front_file_same(file[i], o->out))
			return tmk_err_set(err, TMK_USAGE, "%s is the file "
					   "to sign and the signature",
					   o->out);
	}
	return 0;
}

/* ---- asking the signer --------------------------------------------------- */

/* Ask, and take a no for the error it is. `answer` is begun anew. */
static int ask(struct tmk_answer *answer, struct run *run,
	       const struct kind *k, struct tmk_request *request,
	       struct tmk_err *err)
{
	request->key = run->opt.key;
	request->format = (enum tmk_request_format)k->seal->format;
	request->armour = k->seal->format != TMK_FORMAT_X509;
	request->name_space = k->seal->format == TMK_FORMAT_SSH ? "file" :
		NULL;
	request->stamp = run->stamp;
	request->pin_file = run->pin_file;
	tmk_answer_release(answer);
	tmk_answer_init(answer);
	if (tmk_front_ask(answer, &run->ask, request, err))
		return -1;
	if (!answer->code)
		return 0;
	tmk_err_set(err, answer->code, "%s", answer->text);
	if (answer->hint[0])
		tmk_err_hint(err, "%s", answer->hint);
	return -1;
}

/* What each signature needs, as of now: an OpenPGP trailer holds the time. */
static int prepare(struct run *run, struct tmk_err *err)
{
	struct tmk_request request;
	int i;

	for (i = 0; i < run->kinds; i++) {
		struct kind *k = &run->kind[i];

		if (k->ready.hash && k->ready.time == tmk_clock_now())
			continue;
		tmk_request_init(&request);
		request.verb = TMK_REQUEST_PREPARE;
		request.time = TMK_TIME_NONE;
		if (ask(&k->ready, run, k, &request, err)) {
			k->ready.hash = 0;
			return -1;
		}
	}
	return 0;
}

/* The digest belongs to one key and one trailer: a signer that has changed in
 * between would sign what is no signature of the file. */
static int check_same(const struct kind *k, struct tmk_err *err)
{
	const struct tmk_answer *a = &k->ready, *b = &k->made;

	if (b->seal.len && !strcmp(a->fingerprint, b->fingerprint) &&
	    a->time == b->time && a->hash == b->hash &&
	    a->trailer.len == b->trailer.len &&
	    (!a->trailer.len || !memcmp(a->trailer.data, b->trailer.data,
					a->trailer.len)))
		return 0;
	tmk_err_set(err, TMK_KEY, "the key changed while it was used");
	return tmk_err_hint(err, "nothing was written; try again");
}

static int hash_file(struct tmk_front_file_hash *hash, const struct run *run,
		     const char *file, struct tmk_err *err)
{
	int i, fd, rc;

	for (i = 0; i < run->kinds; i++) {
		const struct tmk_answer *ready = &run->kind[i].ready;

		hash[i] = (struct tmk_front_file_hash){
			.hash = ready->hash,
			.suffix = ready->trailer.data,
			.suffix_len = ready->trailer.len,
		};
	}
	if (tmk_front_file_open(&fd, file, err))
		return -1;
	rc = tmk_front_file_digests(hash, run->kinds, fd,
				    tmk_front_file_name(file), err);
	close(fd);
	return rc;
}

/* All signatures of one file, before the first of them is written. */
static int make(struct run *run, const char *file, struct tmk_err *err)
{
	struct tmk_front_file_hash hash[TYPES_MAX];
	struct tmk_request request;
	int i;

	if (prepare(run, err) || hash_file(hash, run, file, err))
		return -1;
	for (i = 0; i < run->kinds; i++) {
		struct kind *k = &run->kind[i];

		tmk_request_init(&request);
		request.verb = TMK_REQUEST_SIGN;
		request.digest = hash[i].digest;
		request.digest_len = hash[i].digest_len;
		request.hash = hash[i].hash;
		request.time = k->ready.time;
		if (ask(&k->made, run, k, &request, err) ||
		    check_same(k, err))
			return -1;
	}
	return 0;
}

/* ---- one file ------------------------------------------------------------ */

static void add_fingerprint(struct tmk_json *j, const struct kind *k)
{
	if (k->seal->format == TMK_FORMAT_X509)
		tmk_front_report_fingerprint(j, k->made.fingerprint);
	else
		tmk_json_string(j, "fingerprint", k->made.fingerprint);
}

static int tell(const struct run *run, const char *file, const struct kind *k,
		struct tmk_err *err)
{
	/* Where the signature itself goes to standard output, no other line
	 * may. */
	FILE *to = strcmp(k->out, "-") ? stdout : stderr;
	struct tmk_buf line = TMK_BUF_INIT(16384);
	const struct tmk_answer *a = &k->made;
	char when[TMK_CLOCK_TEXT];
	struct tmk_json j;
	int rc;

	if (!run->opt.json)
		return tmk_front_report_line(to, err,
			"%s: signed by %s, %s, in %s",
			tmk_front_file_name(file), a->signer,
			a->stamped ? "timestamped" : "no timestamp",
			strcmp(k->out, "-") ? k->out : "standard output");
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", file);
	tmk_json_string(&j, "status", "signed");
	tmk_json_string(&j, "type", k->name);
	tmk_json_string(&j, "signature", k->out);
	tmk_json_string(&j, "signer", a->signer);
	add_fingerprint(&j, k);
	tmk_json_string(&j, "time", tmk_clock_format(when, a->time));
	tmk_json_bool(&j, "stamped", a->stamped);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(to, &j, err);
	tmk_buf_release(&line);
	return rc;
}

static int put(const struct run *run, const struct kind *k,
	       struct tmk_err *err)
{
	const struct tmk_buf *seal = &k->made.seal;

	return run->opt.out ?
		tmk_front_file_put(k->out, seal->data, seal->len, err) :
		tmk_front_file_put_beside(k->out, seal->data, seal->len, err);
}

/* Where this signature goes; checked before the key is used. */
static int choose_out(struct kind *k, const struct run *run, const char *file,
		      struct tmk_err *err)
{
	if (run->opt.out)
		k->out = strdup(run->opt.out);
	else if (asprintf(&k->out, "%s%s", file, k->seal->suffix) < 0)
		k->out = NULL;
	if (!k->out)
		return tmk_err_nomem(err);
	if (!run->opt.out && tmk_front_file_beside_ok(k->out, err))
		return -1;
	/* A hard link in the signature's place leads back to the file. */
	if (tmk_front_file_same(file, k->out))
		return tmk_err_set(err, TMK_INPUT, "%s leads to the file that "
				   "is to be signed", k->out);
	return 0;
}

static int sign_file(struct run *run, const char *file, struct tmk_err *err)
{
	int i, rc = 0;

	for (i = 0; !rc && i < run->kinds; i++)
		rc = choose_out(&run->kind[i], run, file, err);
	if (!rc)
		rc = make(run, file, err);
	for (i = 0; !rc && i < run->kinds; i++) {
		rc = put(run, &run->kind[i], err);
		if (!rc)
			rc = tell(run, file, &run->kind[i], err);
	}
	for (i = 0; i < run->kinds; i++) {
		free(run->kind[i].out);
		run->kind[i].out = NULL;
	}
	return rc;
}

/* ---- all of them --------------------------------------------------------- */

/* A file that cannot be opened is told without a login for nothing. Marks it
 * by NULL. Returns the worst code so far. */
static int sort_out(const struct run *run, int files, char **file, int *left,
		    struct tmk_err *err)
{
	int i, fd, worst = TMK_OK;

	*left = files;
	for (i = 0; i < files; i++) {
		struct tmk_err e = TMK_ERR_INIT;

		if (!strcmp(file[i], "-"))
			continue;
		/* A pipe is opened once, when its turn comes. */
		if (tmk_front_file_is_stream(file[i]))
			continue;
		if (!tmk_front_file_open(&fd, file[i], &e)) {
			close(fd);
			continue;
		}
		worst = tmk_front_file_worst(worst, e.code);
		if (tmk_front_report_error("touchmark", run->opt.json,
					   file[i], &e, err))
			return -1;
		file[i] = NULL;
		--*left;
	}
	return worst;
}

/* Without the key no file that is left can be signed: each gets its line of
 * JSON, people one line for all. Returns the exit code, as sign_all. */
static int no_key(const struct run *run, int files, char **file, int worst,
		  struct tmk_err *err)
{
	struct tmk_err why = *err;
	int i;

	worst = tmk_front_file_worst(worst, why.code);
	if (!run->opt.json)
		return worst;
	/* It is told here, and not once more at the end. */
	*err = (struct tmk_err)TMK_ERR_INIT;
	for (i = 0; i < files; i++)
		if (file[i] && tmk_front_report_error("touchmark", true,
						      file[i], &why, err))
			return -1;
	return worst;
}

/* Returns the worst exit code; negative when nothing more can be told. */
static int sign_all(struct run *run, int files, char **file,
		    struct tmk_err *err)
{
	int i, left, worst = sort_out(run, files, file, &left, err);

	if (worst < 0 || !left)
		return worst;
	if (prepare(run, err))
		return no_key(run, files, file, worst, err);
	for (i = 0; i < files; i++) {
		struct tmk_err e = TMK_ERR_INIT;

		if (!file[i] || !sign_file(run, file[i], &e))
			continue;
		worst = tmk_front_file_worst(worst, e.code);
		if (tmk_front_report_error("touchmark", run->opt.json,
					   file[i], &e, err)) {
			worst = -1;
			break;
		}
	}
	return worst;
}

static int start(struct run *run, int files, char **file, struct tmk_err *err)
{
	if (choose_kinds(run, err) || check_options(run, files, file, err))
		return -1;
	if (run->opt.pin_file &&
	    tmk_front_key_absolute(&run->pin_file, run->opt.pin_file, err))
		return -1;
	if (tmk_config_load(&run->config, ".", err) || choose_stamp(run, err))
		return -1;
	tmk_front_ask_init(&run->ask, run->config, "touchmark");
	return 0;
}

static void release(struct run *run)
{
	tmk_front_ask_release(&run->ask);
	while (run->kinds) {
		struct kind *k = &run->kind[--run->kinds];

		tmk_answer_release(&k->ready);
		tmk_answer_release(&k->made);
	}
	tmk_config_free(run->config);
	free(run->pin_file);
}

static int sign_run(int argc, char **argv, struct tmk_err *err)
{
	struct run run = { .config = NULL };
	struct options *o = &run.opt;
	const struct tmk_opt table[] = {
		{ 'k', "key", TMK_OPT_TEXT, &o->key, "KEY",
		  "name, URI, fingerprint or e-mail of the key" },
		{ 't', "type", TMK_OPT_TEXT, &o->type, "TYPE",
		  "cms (default), openpgp, ssh; several with commas" },
		{ 'o', "output", TMK_OPT_TEXT, &o->out, "OUT",
		  "where the signature goes; - is standard output" },
		{ 0, "timestamp", TMK_OPT_TEXT, &o->timestamp, "WHEN",
		  "require, prefer or never" },
		{ 0, "no-timestamp", TMK_OPT_FLAG, &o->no_timestamp, NULL,
		  "ask no timestamp authority" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o->pin_file, "F",
		  "file that holds the PIN" },
		{ 0, "json", TMK_OPT_FLAG, &o->json, NULL,
		  "one JSON object per signature" },
		{ 0, "embed", TMK_OPT_FLAG, &o->embed, NULL,
		  "not supported yet" },
		{ 0, "manifest", TMK_OPT_FLAG, &o->manifest, NULL,
		  "not supported yet" },
		{ 'h', "help", TMK_OPT_FLAG, &o->help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int files, rc = -1;

	if (tmk_opt_parse(table, argc, argv, &files, err))
		return err->code;
	if (o->help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	tmk_front_libgit2_start();
	if (!start(&run, files, argv + 1, err))
		rc = sign_all(&run, files, argv + 1, err);
	release(&run);
	return rc < 0 ? err->code : rc;
}

const struct tmk_command tmk_command_sign = {
	"sign", "write detached signatures beside each file", sign_run
};
