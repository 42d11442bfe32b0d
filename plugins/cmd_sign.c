/*
 * cmd_sign.c - `touchmark sign`: a detached signature beside each file.
 *
 * One login serves all files; every file is tried and gets its line. A
 * signature that stands there already is replaced in one step.
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
#include "core/sign.h"
#include "plugins/command.h"
#include "plugins/front_file.h"
#include "plugins/front_key.h"
#include "plugins/front_libgit2.h"
#include "plugins/front_report.h"
#include "plugins/front_seal.h"
#include "plugins/front_stamp.h"
#include "x509/cert.h"

struct options {
	bool help, json, no_timestamp, embed, manifest;
	const char *key, *type, *out, *timestamp, *pin_file;
};

struct run {
	struct options opt;
	struct tmk_config *config;
	struct tmk_front_stamp stamp;
	struct tmk_stamper *stamper;
	struct tmk_front_key key;
	const struct tmk_seal_ops *seal;
	enum tmk_hash hash;
	char signer[512];	/* subject, escaped */
	char fingerprint[TMK_FINGERPRINT_TEXT];
};

static const char synopsis[] =
	"touchmark sign [-k KEY] [-o OUT] [--no-timestamp | "
	"--timestamp=require]\n"
	"                      [--pin-file F] [--json] FILE...";

/* ---- what was asked ------------------------------------------------------ */

static int stamp_mode(enum tmk_stamp_mode *mode, const struct options *o,
		      const struct tmk_config *config, struct tmk_err *err)
{
	static const struct {
		const char *name;
		enum tmk_stamp_mode mode;
	} m[] = {
		{ "require", TMK_STAMP_REQUIRE },
		{ "prefer", TMK_STAMP_PREFER },
		{ "never", TMK_STAMP_NEVER },
	};
	size_t i;

	if (o->no_timestamp && o->timestamp)
		return tmk_err_set(err, TMK_USAGE, "--no-timestamp and "
				   "--timestamp exclude each other");
	*mode = o->no_timestamp ? TMK_STAMP_NEVER : config->timestamp;
	if (!o->timestamp)
		return 0;
	for (i = 0; i < sizeof(m) / sizeof(*m); i++) {
		if (!strcmp(o->timestamp, m[i].name)) {
			*mode = m[i].mode;
			return 0;
		}
	}
	return tmk_err_set(err, TMK_USAGE, "--timestamp=%s: write require, "
			   "prefer or never", o->timestamp);
}

static int check_options(const struct options *o, int files, char **file,
			 struct tmk_err *err)
{
	int i;

	if (o->embed || o->manifest)
		return tmk_err_set(err, TMK_USAGE, "--%s is not supported "
				   "yet", o->embed ? "embed" : "manifest");
	if (o->type && strcmp(o->type, "cms")) {
		tmk_err_set(err, TMK_USAGE, "--type %s is not supported yet",
			    o->type);
		return tmk_err_hint(err, "this version makes cms");
	}
	if (!files) {
		tmk_err_set(err, TMK_USAGE, "no file to sign is named");
		return tmk_err_hint(err, "touchmark sign --help");
	}
	if (o->out && files > 1)
		return tmk_err_set(err, TMK_USAGE, "-o names one signature, "
				   "but %d files are to be signed", files);
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

/* ---- one file ------------------------------------------------------------ */

static bool is_stamped(const struct tmk_buf *der)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *evidence = NULL;
	bool stamped;

	if (tmk_front_seal_parse(&evidence, der->data, der->len, &v, NULL))
		return false;
	stamped = evidence && evidence->signature[0].tokens;
	tmk_evidence_free(evidence);
	return stamped;
}

static int make(const struct run *run, const char *file, int64_t now,
		struct tmk_buf *der, struct tmk_err *err)
{
	uint8_t digest[TMK_HASH_MAX];
	struct tmk_seal_request request = {
		.signer = run->key.signer,
		.certs = run->key.chain,
		.hash = run->hash,
		.digest = digest,
		.signing_time = now,
		.stamper = run->stamper,
	};
	int fd, rc;

	if (tmk_front_file_open(&fd, file, err))
		return -1;
	rc = tmk_front_file_digest(digest, &request.digest_len, fd,
				   tmk_front_file_name(file), run->hash, err);
	close(fd);
	return rc ? rc : tmk_sign_seal(der, run->seal, &request, err);
}

static int tell(const struct run *run, const char *file, const char *out,
		int64_t now, bool stamped, struct tmk_err *err)
{
	/* Where the signature itself goes to standard output, no other line
	 * may. */
	FILE *to = strcmp(out, "-") ? stdout : stderr;
	struct tmk_buf line = TMK_BUF_INIT(16384);
	char when[TMK_CLOCK_TEXT];
	struct tmk_json j;
	int rc;

	if (!run->opt.json)
		return tmk_front_report_line(to, err,
			"%s: signed by %s, %s, in %s",
			tmk_front_file_name(file), run->signer,
			stamped ? "timestamped" : "no timestamp",
			strcmp(out, "-") ? out : "standard output");
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", file);
	tmk_json_string(&j, "status", "signed");
	tmk_json_string(&j, "signature", out);
	tmk_json_string(&j, "signer", run->signer);
	tmk_front_report_fingerprint(&j, run->fingerprint);
	tmk_json_string(&j, "time", tmk_clock_format(when, now));
	tmk_json_bool(&j, "stamped", stamped);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(to, &j, err);
	tmk_buf_release(&line);
	return rc;
}

static int put(const struct run *run, const char *out,
	       const struct tmk_buf *der, struct tmk_err *err)
{
	return run->opt.out ?
		tmk_front_file_put(out, der->data, der->len, err) :
		tmk_front_file_put_beside(out, der->data, der->len, err);
}

static int sign_file(const struct run *run, const char *file,
		     struct tmk_err *err)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	int64_t now = tmk_clock_now();
	char *out = NULL;
	int rc = -1;

	if (run->opt.out)
		out = strdup(run->opt.out);
	else if (asprintf(&out, "%s%s", file, run->seal->suffix) < 0)
		out = NULL;
	if (!out)
		return tmk_err_nomem(err);
	/* Before the key is used. */
	if (!run->opt.out && tmk_front_file_beside_ok(out, err))
		goto out;
	/* A hard link in the signature's place leads back to the file. */
	if (tmk_front_file_same(file, out))
		tmk_err_set(err, TMK_INPUT, "%s leads to the file that is to "
			    "be signed", out);
	else if (!make(run, file, now, &der, err) &&
		 !put(run, out, &der, err))
		rc = tell(run, file, out, now, is_stamped(&der), err);
out:
	tmk_buf_release(&der);
	free(out);
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

static int open_key(struct run *run, struct tmk_err *err)
{
	const struct options *o = &run->opt;
	char warning[256] = "";
	X509 *leaf;

	if (tmk_front_key_open(&run->key, run->config, o->key, o->pin_file,
			       tmk_clock_now(), warning, sizeof(warning),
			       err))
		return -1;
	if (warning[0])
		fprintf(stderr, "touchmark: %s\n", warning);
	leaf = sk_X509_value(run->key.chain, 0);
	run->hash = tmk_sign_hash(leaf);
	tmk_cert_subject(run->signer, sizeof(run->signer), leaf);
	tmk_cert_sha256(run->fingerprint, leaf);
	return 0;
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
	if (open_key(run, err))
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
	tmk_front_key_release(&run->key);
	return worst;
}

static int sign_run(int argc, char **argv, struct tmk_err *err)
{
	struct run run = { .config = NULL };
	struct options *o = &run.opt;
	const struct tmk_opt table[] = {
		{ 'k', "key", TMK_OPT_TEXT, &o->key, "KEY",
		  "name, URI, fingerprint or e-mail of the key" },
		{ 't', "type", TMK_OPT_TEXT, &o->type, "TYPE",
		  "cms (default)" },
		{ 'o', "output", TMK_OPT_TEXT, &o->out, "OUT",
		  "where the signature goes; - is standard output" },
		{ 0, "timestamp", TMK_OPT_TEXT, &o->timestamp, "WHEN",
		  "require, prefer or never" },
		{ 0, "no-timestamp", TMK_OPT_FLAG, &o->no_timestamp, NULL,
		  "ask no timestamp authority" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o->pin_file, "F",
		  "file that holds the PIN" },
		{ 0, "json", TMK_OPT_FLAG, &o->json, NULL,
		  "one JSON object per file" },
		{ 0, "embed", TMK_OPT_FLAG, &o->embed, NULL,
		  "not supported yet" },
		{ 0, "manifest", TMK_OPT_FLAG, &o->manifest, NULL,
		  "not supported yet" },
		{ 'h', "help", TMK_OPT_FLAG, &o->help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	enum tmk_stamp_mode mode;
	int files, rc = -1;

	if (tmk_opt_parse(table, argc, argv, &files, err))
		return err->code;
	if (o->help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	tmk_front_libgit2_start();
	if (check_options(o, files, argv + 1, err) ||
	    tmk_front_seal_find(&run.seal, "cms", err) ||
	    tmk_config_load(&run.config, ".", err))
		return err->code;
	if (!stamp_mode(&mode, o, run.config, err) &&
	    !tmk_front_stamp_init(&run.stamp, run.config, mode, "touchmark",
				  &run.stamper, err))
		rc = sign_all(&run, files, argv + 1, err);
	tmk_config_free(run.config);
	return rc < 0 ? err->code : rc;
}

const struct tmk_command tmk_command_sign = {
	"sign", "write a detached signature beside each file", sign_run
};
