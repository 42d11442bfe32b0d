/*
 * cmd_stamp.c - `touchmark stamp`: the timestamp that a detached signature
 * lacks, or another one beside it.
 *
 * The signature is looked at first: one that does not hold is not stamped.
 * Tokens that no longer verify are left out, good ones stay, since the
 * earliest time is what counts. The file is replaced in one step. No key; the
 * record of uses hears of it all the same.
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
#include "plugins/front_audit.h"
#include "plugins/front_file.h"
#include "plugins/front_libgit2.h"
#include "plugins/front_report.h"
#include "plugins/front_stamp.h"
#include "plugins/front_stamp_file.h"
#include "plugins/front_stamp_trust.h"
#include "x509/cert.h"
#include "x509/tst.h"

#define KEYRING_MAX (16 * 1024 * 1024)	/* bytes */

struct options {
	bool help, json, renew;
	const char *tsa, *keyring;
};

struct run {
	struct options opt;
	const char *path;	/* SIGNATURE */
	char *content;		/* FILE; NULL: not there */
	struct tmk_config *config;
	struct tmk_config asked;	/* the same with --tsa; borrows it */
	struct tmk_front_stamp stamp;
	struct tmk_stamper *stamper;
	struct tmk_stamp_trust trust;
	struct tmk_stamp_file file;
	struct tmk_verdict verdict;
	bool stamped;		/* refused because it is stamped already */
	bool checked;		/* the signature was verified */
	struct tmk_stamp_change change[TMK_SIGNATURES_MAX];
	struct tmk_buf token[TMK_SIGNATURES_MAX];
	int dropped;		/* tokens that were left out */
	int64_t time;		/* genTime of the last new token */
	char tsa[256];		/* and whose it is, escaped */
};

static const char synopsis[] =
	"touchmark stamp [--tsa URL] [--renew] [--keyring F] [--json] "
	"SIGNATURE [FILE]";

/* ---- telling ------------------------------------------------------------- */

static int tell_json(const struct run *r, struct tmk_err *err)
{
	bool good = !r->verdict.reason && !r->stamped;
	struct tmk_buf line = TMK_BUF_INIT(16384);
	char when[TMK_CLOCK_TEXT];
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", r->path);
	tmk_json_string(&j, "status", good ? "stamped" : "refused");
	tmk_json_string(&j, "reason", r->verdict.reason ?
			tmk_reason_id(r->verdict.reason) : NULL);
	tmk_json_string(&j, "text", good ? NULL : r->verdict.text);
	tmk_json_string(&j, "hint", good ? NULL : r->verdict.hint);
	tmk_json_string(&j, "time", r->time == TMK_TIME_NONE ? NULL :
			tmk_clock_format(when, r->time));
	tmk_json_string(&j, "tsa", r->tsa[0] ? r->tsa : NULL);
	tmk_json_int(&j, "dropped", r->dropped);
	tmk_json_bool(&j, "checked", r->checked);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&line);
	return rc;
}

static int tell(const struct run *r, struct tmk_err *err)
{
	char when[TMK_CLOCK_TEXT], dropped[64] = "";

	if (r->opt.json)
		return tell_json(r, err);
	if (r->verdict.reason || r->stamped) {
		if (tmk_front_report_line(stdout, err, "%s: refused%s%s: %s",
				r->path, r->verdict.reason ? " " : "",
				r->verdict.reason ?
				tmk_reason_id(r->verdict.reason) : "",
				r->verdict.text))
			return -1;
		return tmk_front_report_line(stderr, err,
					     "touchmark: hint: %s",
					     r->verdict.hint);
	}
	if (r->dropped)
		snprintf(dropped, sizeof(dropped), ", %d bad timestamp%s "
			 "left out", r->dropped, r->dropped == 1 ? "" : "s");
	return tmk_front_report_line(stdout, err,
		"%s: timestamped at %s by %s%s%s", r->path,
		tmk_clock_format(when, r->time), r->tsa, dropped,
		r->checked ? "" : " (the signature itself was not "
		"verified)");
}

/* ---- the signature as it is ---------------------------------------------- */

/* FILE as it was named, or what the signature's name says. */
static int find_content(struct run *r, const char *named, struct tmk_err *err)
{
	static const char *const suffixes[] = { ".p7s", ".asc", ".sig" };
	size_t i, len = strlen(r->path), n;
	char *name;

	if (named) {
		r->content = strdup(named);
		return r->content ? 0 : tmk_err_nomem(err);
	}
	for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		n = strlen(suffixes[i]);
		if (len <= n || strcmp(r->path + len - n, suffixes[i]))
			continue;
		name = strndup(r->path, len - n);
		if (!name)
			return tmk_err_nomem(err);
		if (tmk_file_exists(name) &&
		    !tmk_front_file_is_directory(name)) {
			r->content = name;
			return 0;
		}
		free(name);
	}
	return 0;
}

/* The key of a signature that brings no certificate, from --keyring. */
static int find_key(EVP_PKEY **key, const struct tmk_keyring *keyring,
		    struct run *r, int i, struct tmk_err *err)
{
	struct tmk_standing standing;

	memset(&standing, 0, sizeof(standing));
	if (r->file.seal->keyring_find(&standing, keyring, r->file.evidence, i,
				       "file", &r->verdict, err))
		return -1;
	*key = standing.key;
	return 0;
}

static int digest_content(uint8_t *digest, size_t *len,
			  const struct run *r, const struct tmk_signature *s,
			  struct tmk_err *err)
{
	int fd, rc;

	/* A CMS says itself which digest was signed. */
	if (!r->content) {
		memcpy(digest, s->digest, s->digest_len);
		*len = s->digest_len;
		return 0;
	}
	if (tmk_front_file_open(&fd, r->content, err))
		return -1;
	rc = tmk_front_file_digest_with(digest, len, fd,
					tmk_front_file_name(r->content),
					s->hash, s->suffix, s->suffix_len,
					err);
	close(fd);
	return rc;
}

/* One that does not hold gets no timestamp: it would only look better. */
static int check_one(struct run *r, int i, const struct tmk_keyring *keyring,
		     struct tmk_err *err)
{
	const struct tmk_signature *s = &r->file.evidence->signature[i];
	uint8_t digest[TMK_HASH_MAX];
	EVP_PKEY *key = NULL;
	size_t len = 0;

	if (!s->cert && !keyring && r->file.seal->keyring_read)
		return 0;
	/* FILE is bytes; what was signed as text is left to verify */
	if (s->text)
		return 0;
	if (!r->content && !s->digest_len)
		return 0;
	if (keyring && (find_key(&key, keyring, r, i, err) ||
			r->verdict.reason))
		return r->verdict.reason ? 0 : -1;
	if (digest_content(digest, &len, r, s, err))
		return -1;
	r->checked = true;
	return r->file.seal->check(r->file.evidence, i, key, digest, len,
				   &r->verdict, err);
}

static int check(struct run *r, struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(KEYRING_MAX);
	const struct tmk_seal_ops *seal = r->file.seal;
	struct tmk_keyring *keyring = NULL;
	int i, rc = 0;

	if (r->opt.keyring && seal->keyring_read) {
		rc = tmk_file_read(&bytes, r->opt.keyring, err);
		if (!rc)
			rc = seal->keyring_read(&keyring, bytes.data,
						bytes.len, r->opt.keyring,
						err);
	}
	for (i = 0; !rc && !r->verdict.reason &&
	     i < r->file.evidence->signatures; i++)
		rc = check_one(r, i, keyring, err);
	tmk_keyring_free(keyring);
	tmk_buf_release(&bytes);
	return rc;
}

/* ---- the timestamps it has ----------------------------------------------- */

/* How many tokens of signature `i` are good; marks the others. Negative when
 * they could not be judged. */
static int judge_tokens(struct run *r, int i, struct tmk_err *err)
{
	const struct tmk_signature *s = &r->file.evidence->signature[i];
	struct tmk_tst_answer answer;
	int n, good = 0;

	for (n = 0; n < s->tokens; n++) {
		memset(&answer, 0, sizeof(answer));
		if (tmk_tst_judge(&answer, s->token[n], s->token_len[n],
				  s->value, s->value_len, r->trust.trust,
				  r->trust.revocation, tmk_clock_now(), err))
			return -1;
		if (answer.result == TMK_TST_GOOD) {
			good++;
			r->time = answer.time;
			memcpy(r->tsa, answer.tsa, sizeof(r->tsa));
		} else {
			r->change[i].drop |= 1u << n;
			r->dropped++;
		}
	}
	return good;
}

/* A time behind the certificate's end proves nothing about before. */
static int check_validity(struct run *r, int i)
{
	X509 *cert = r->file.evidence->signature[i].cert;
	char end[TMK_CLOCK_TEXT];
	int64_t from, to;

	if (!cert)
		return 0;
	if (tmk_cert_validity(&from, &to, cert, NULL) ||
	    tmk_clock_now() > to)
		return tmk_verdict_refuse(&r->verdict, TMK_CERT_EXPIRED,
					  "the certificate ended at %s: a "
					  "timestamp of today does not prove "
					  "that the signature is older",
					  tmk_clock_format(end, to));
	if (tmk_clock_now() < from)
		return tmk_verdict_refuse(&r->verdict, TMK_CERT_NOT_YET_VALID,
					  "the certificate begins at %s",
					  tmk_clock_format(end, from));
	return 0;
}

static int already(struct run *r)
{
	char when[TMK_CLOCK_TEXT];

	r->stamped = true;
	snprintf(r->verdict.text, sizeof(r->verdict.text),
		 "it has a valid timestamp of %s by %s",
		 tmk_clock_format(when, r->time), r->tsa);
	snprintf(r->verdict.hint, sizeof(r->verdict.hint),
		 "--renew adds another one beside it");
	return 0;
}

/* Which signatures are to be stamped: bit i of *wanted. */
static int choose(struct run *r, unsigned int *wanted, struct tmk_err *err)
{
	int i, good;

	*wanted = 0;
	for (i = 0; !r->verdict.reason && i < r->file.evidence->signatures;
	     i++) {
		good = judge_tokens(r, i, err);
		if (good < 0)
			return -1;
		if (!good)
			check_validity(r, i);
		if (!good || r->opt.renew)
			*wanted |= 1u << i;
	}
	/* A bad token beside a good one is still left out. */
	if (!r->verdict.reason && !*wanted && !r->dropped)
		already(r);
	return 0;
}

/* ---- the new ones -------------------------------------------------------- */

static int describe(struct run *r, const struct tmk_buf *token,
		    const struct tmk_signature *s, struct tmk_err *err)
{
	struct tmk_tst_answer answer;

	memset(&answer, 0, sizeof(answer));
	if (tmk_tst_judge(&answer, token->data, token->len, s->value,
			  s->value_len, NULL, TMK_REVOCATION_OFF,
			  tmk_clock_now(), err))
		return -1;
	r->time = answer.time;
	memcpy(r->tsa, answer.tsa, sizeof(r->tsa));
	return 0;
}

static int get_tokens(struct run *r, unsigned int wanted, struct tmk_err *err)
{
	int i, rc = 0;

	for (i = 0; !rc && i < r->file.evidence->signatures; i++) {
		const struct tmk_signature *s =
			&r->file.evidence->signature[i];
		struct tmk_buf *token = &r->token[i];

		if (!(wanted & 1u << i))
			continue;
		rc = r->stamper->stamp(r->stamper->ctx, s->value,
				       s->value_len, token, err);
		if (!rc)
			rc = describe(r, token, s, err);
		r->change[i].token = token->data;
		r->change[i].len = token->len;
	}
	return rc;
}

/* It stands in the file already: what cannot be recorded is not undone. */
static int record(const struct run *r, const struct tmk_buf *was,
		  struct tmk_err *err)
{
	const struct tmk_front_restamp what = {
		.artefact = r->path, .was = was, .is = &r->file.bytes,
		.stamped = r->time, .tsa = r->tsa,
	};

	return tmk_front_audit_restamp(r->config, &what, err) ?
		tmk_err_prefix(err, "%s is timestamped, but that cannot be "
			       "recorded", r->path) : 0;
}

static int write_tokens(struct run *r, bool fresh, struct tmk_err *err)
{
	struct tmk_buf was = TMK_BUF_INIT(r->file.bytes.max);
	int rc = tmk_buf_add(&was, r->file.bytes.data, r->file.bytes.len) ?
		tmk_err_nomem(err) : 0;

	if (!rc)
		rc = tmk_front_stamp_file_write(&r->file, r->change, err);
	if (!rc && fresh)
		rc = record(r, &was, err);
	tmk_buf_release(&was);
	return rc;
}

static int work(struct run *r, const char *content, struct tmk_err *err)
{
	unsigned int wanted = 0;

	if (tmk_front_stamp_file_read(&r->file, r->path, &r->verdict, err))
		return -1;
	if (r->verdict.reason)
		return 0;
	if (find_content(r, content, err) || check(r, err))
		return -1;
	if (r->verdict.reason)
		return 0;
	if (choose(r, &wanted, err))
		return -1;
	if (r->verdict.reason || r->stamped)
		return 0;
	if (get_tokens(r, wanted, err))
		return -1;
	return write_tokens(r, wanted != 0, err);
}

/* ---- setting up ---------------------------------------------------------- */

/* --tsa stands in place of what is configured: a copy whose strings are still
 * the configuration's. */
static void use_tsa(struct run *r)
{
	r->asked = *r->config;
	if (!r->opt.tsa)
		return;
	memset(r->asked.tsa, 0, sizeof(r->asked.tsa));
	r->asked.tsa[0] = (char *)(uintptr_t)r->opt.tsa;
	r->asked.tsas = 1;
}

static int prepare(struct run *r, struct tmk_err *err)
{
	static char program[] = "touchmark";	/* lives as long as r->stamp */
	struct tmk_err odd;

	if (tmk_config_load(&r->config, ".", err))
		return -1;
	use_tsa(r);
	if (tmk_front_stamp_init(&r->stamp, &r->asked, TMK_STAMP_REQUIRE,
				 tmk_front_stamp_warn, program, &r->stamper,
				 err))
		return -1;
	/* The stamper says the same when it is asked. */
	return tmk_front_stamp_trust_load(&r->trust, r->config, &odd, err);
}

static void release(struct run *r)
{
	int i;

	for (i = 0; i < TMK_SIGNATURES_MAX; i++)
		tmk_buf_release(&r->token[i]);
	tmk_front_stamp_file_release(&r->file);
	tmk_front_stamp_trust_release(&r->trust);
	tmk_config_free(r->config);
	free(r->content);
}

static int stamp(struct run *r, const char *content, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;
	int i;

	r->time = TMK_TIME_NONE;
	for (i = 0; i < TMK_SIGNATURES_MAX; i++)
		tmk_buf_init(&r->token[i], TMK_TST_MAX);
	if (!prepare(r, &why) && !work(r, content, &why)) {
		if (tell(r, err))
			return err->code;
		return r->verdict.reason || r->stamped ? TMK_REFUSED : TMK_OK;
	}
	if (!r->opt.json) {
		*err = why;
		return why.code;
	}
	return tmk_front_report_error("touchmark", true, r->path, &why, err) ?
		err->code : why.code;
}

static int stamp_run(int argc, char **argv, struct tmk_err *err)
{
	struct run run = { .path = NULL };
	struct options *o = &run.opt;
	const struct tmk_opt table[] = {
		{ 0, "tsa", TMK_OPT_TEXT, &o->tsa, "URL",
		  "timestamp server, in place of those configured" },
		{ 0, "renew", TMK_OPT_FLAG, &o->renew, NULL,
		  "add one beside a valid one too" },
		{ 0, "keyring", TMK_OPT_TEXT, &o->keyring, "F",
		  "OpenPGP keys to verify the signature with" },
		{ 0, "json", TMK_OPT_FLAG, &o->json, NULL,
		  "one JSON object" },
		{ 'h', "help", TMK_OPT_FLAG, &o->help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int operands, rc;

	if (tmk_opt_parse(table, argc, argv, &operands, err))
		return err->code;
	if (o->help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	if (operands < 1 || operands > 2) {
		tmk_err_set(err, TMK_USAGE, "a signature is needed, and its "
			    "file if it does not stand beside");
		tmk_err_hint(err, "touchmark stamp --help");
		return err->code;
	}
	tmk_front_libgit2_start();
	run.path = argv[1];
	rc = stamp(&run, operands == 2 ? argv[2] : NULL, err);
	release(&run);
	return rc;
}

const struct tmk_command tmk_command_stamp = {
	"stamp", "give a detached signature its timestamp later", stamp_run
};
