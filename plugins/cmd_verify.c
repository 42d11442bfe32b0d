/*
 * cmd_verify.c - `touchmark verify`: is this file what somebody signed?
 *
 * FILE and a detached signature of any format (beside it unless named), or
 * FILE and an RFC 3161 token that shows when it existed. One line with the
 * answer; the trust comes from the policy or from options. No key, no token of
 * ours, no network.
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
#include "core/judge.h"
#include "plugins/command.h"
#include "plugins/front_file.h"
#include "plugins/front_libgit2.h"
#include "plugins/front_report.h"
#include "plugins/front_seal.h"
#include "plugins/front_token.h"
#include "plugins/front_trust.h"
#include "x509/cert.h"

struct options {
	bool help, json;
	struct tmk_trust_options trust;
	const char *minisign_key;
};

/* What was found out about one signer. */
struct one {
	struct tmk_verdict verdict;
	char signer[512];	/* escaped; "" unknown */
	char fingerprint[96];	/* "sha256:..." of a certificate, a key's own;
				   "" unknown */
	char tsa[256];
	int64_t time;		/* the trusted time, or none */
	bool stamped;
};

/* What is told in the end. */
struct answer {
	const char *file;
	struct one all;		/* of one signer: its own. Of several: the
				   first that is refused, else the first */
	const char *format;	/* as --type of sign calls it; NULL unknown */
	bool token_only;	/* SIGNATURE was a timestamp token */
	struct one signer[TMK_SIGNATURES_MAX];
	int signers;
};

static const char synopsis[] =
	"touchmark verify [--policy P | --roots PEM --tsa-roots PEM "
	"--crl F]\n"
	"                        [--keyring F] [--allowed-signers F]\n"
	"                        [--at TIME] [--json] FILE [SIGNATURE]";

/* ---- telling ------------------------------------------------------------- */

static int tell_good(const struct answer *a, const struct one *o,
		     struct tmk_err *err)
{
	const char *file = tmk_front_file_name(a->file);
	char when[TMK_CLOCK_TEXT];

	tmk_clock_format(when, o->time);
	if (a->token_only)
		return tmk_front_report_line(stdout, err,
			"%s: existed at %s (timestamp by %s)", file, when,
			o->tsa);
	if (o->stamped)
		return tmk_front_report_line(stdout, err,
			"%s: good signature of %s (%s), made before "
			"%s (timestamp by %s)", file, o->signer,
			o->fingerprint, when, o->tsa);
	return tmk_front_report_line(stdout, err,
		"%s: good signature of %s (%s), no timestamp, judged at "
		"%s", file, o->signer, o->fingerprint, when);
}

static int tell_bad(const struct answer *a, const struct one *o,
		    struct tmk_err *err)
{
	/* Of several it must be said whose is meant. */
	bool named = a->signers > 1 && o->signer[0];

	if (tmk_front_report_line(stdout, err, "%s: refused %s: %s%s%s%s",
				  tmk_front_file_name(a->file),
				  tmk_reason_id(o->verdict.reason),
				  named ? "signature of " : "",
				  named ? o->signer : "",
				  named ? ": " : "", o->verdict.text))
		return -1;
	return tmk_front_report_line(stderr, err, "touchmark: hint: %s",
				     o->verdict.hint);
}

/* A line for each signer. */
static int tell_text(const struct answer *a, struct tmk_err *err)
{
	const struct one *o = a->signers > 1 ? a->signer : &a->all;
	int i, n = a->signers > 1 ? a->signers : 1, rc = 0;

	for (i = 0; !rc && i < n; i++)
		rc = o[i].verdict.reason ? tell_bad(a, &o[i], err) :
			tell_good(a, &o[i], err);
	return rc;
}

static void add_one(struct tmk_json *j, const struct one *o)
{
	bool good = o->verdict.reason == TMK_GOOD;
	char when[TMK_CLOCK_TEXT];

	tmk_json_string(j, "status", good ? "good" : "refused");
	tmk_json_string(j, "reason",
			good ? NULL : tmk_reason_id(o->verdict.reason));
	tmk_json_string(j, "text", good ? NULL : o->verdict.text);
	tmk_json_string(j, "hint", good ? NULL : o->verdict.hint);
	tmk_json_string(j, "signer", o->signer[0] ? o->signer : NULL);
	tmk_json_string(j, "fingerprint",
			o->fingerprint[0] ? o->fingerprint : NULL);
	tmk_json_string(j, "time", o->time == TMK_TIME_NONE ? NULL :
			tmk_clock_format(when, o->time));
	tmk_json_bool(j, "stamped", o->stamped);
	tmk_json_string(j, "tsa", o->tsa[0] ? o->tsa : NULL);
}

static int tell_json(const struct answer *a, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(131072);
	struct tmk_json j;
	int i, rc;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", a->file);
	tmk_json_string(&j, "format", a->format);
	add_one(&j, &a->all);
	if (a->signers > 1) {
		tmk_json_open_array(&j, "signers");
		for (i = 0; i < a->signers; i++) {
			tmk_json_open_object(&j, NULL);
			add_one(&j, &a->signer[i]);
			tmk_json_close_object(&j);
		}
		tmk_json_close_array(&j);
	}
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&line);
	return rc;
}

/* ---- judging ------------------------------------------------------------- */

static void describe(struct one *o, const struct tmk_finding *f)
{
	char sha256[TMK_FINGERPRINT_TEXT];

	o->verdict = f->verdict;
	o->time = f->time;
	o->stamped = f->stamped;
	memcpy(o->tsa, f->tsa, sizeof(o->tsa));
	if (f->cert) {
		tmk_cert_subject(o->signer, sizeof(o->signer), f->cert);
		snprintf(o->fingerprint, sizeof(o->fingerprint), "sha256:%s",
			 tmk_cert_sha256(sha256, f->cert));
		return;
	}
	snprintf(o->fingerprint, sizeof(o->fingerprint), "%s", f->key_id);
	/* Whose key it is nobody said, or not in words. */
	snprintf(o->signer, sizeof(o->signer), "%s",
		 f->user[0] ? f->user : f->key_id);
}

/* The file is read once for all of its signatures: `of` tells which of the
 * digests is each one's. */
static int digest_file(struct tmk_front_file_hash *hash, int *of,
		       const struct tmk_evidence *e, int fd, const char *name,
		       struct tmk_err *err)
{
	int i, k, n = 0;

	for (i = 0; i < e->signatures; i++) {
		const struct tmk_signature *s = &e->signature[i];

		for (k = 0; k < n; k++)
			if (hash[k].hash == s->hash && !s->suffix_len &&
			    !hash[k].suffix_len)
				break;
		of[i] = k;
		if (k < n)
			continue;
		if (n == TMK_FRONT_FILE_HASHES)
			return tmk_err_set(err, TMK_INTERNAL, "too many "
					   "digests of one file");
		hash[n++] = (struct tmk_front_file_hash){
			.hash = s->hash, .suffix = s->suffix,
			.suffix_len = s->suffix_len,
		};
	}
	return tmk_front_file_digests(hash, n, fd, name, err);
}

/* Every signer, whatever the others are; the first refusal is the file's. */
static int judge_signers(struct answer *a, const struct tmk_judge *judge,
			 const struct tmk_evidence *e, int fd,
			 struct tmk_err *err)
{
	struct tmk_front_file_hash hash[TMK_FRONT_FILE_HASHES];
	int of[TMK_SIGNATURES_MAX], i, rc, worst = 0;
	struct tmk_finding finding;

	rc = digest_file(hash, of, e, fd, tmk_front_file_name(a->file), err);
	for (i = 0; !rc && i < e->signatures; i++) {
		const struct tmk_front_file_hash *h = &hash[of[i]];

		tmk_finding_init(&finding);
		rc = tmk_judge_signature(&finding, judge, e, i, h->digest,
					 h->digest_len, err);
		if (!rc)
			describe(&a->signer[i], &finding);
		tmk_finding_release(&finding);
		if (!rc && a->signer[i].verdict.reason &&
		    !a->signer[worst].verdict.reason)
			worst = i;
	}
	if (rc)
		return rc;
	a->signers = e->signatures;
	a->all = a->signer[worst];
	return 0;
}

static int judge_seal(struct answer *a, const struct tmk_judge *judge,
		      const struct tmk_buf *sig, int fd, struct tmk_err *err)
{
	struct tmk_evidence *evidence = NULL;
	int rc;

	if (tmk_front_seal_parse_several(&evidence, sig->data, sig->len,
					 &a->all.verdict, err))
		return -1;
	if (!evidence)
		return 0;
	a->format = evidence->ops->name;
	rc = judge_signers(a, judge, evidence, fd, err);
	tmk_evidence_free(evidence);
	return rc;
}

static int judge_token(struct answer *a, const struct tmk_judge *judge,
		       const struct tmk_buf *sig, int fd, struct tmk_err *err)
{
	struct tmk_tst_answer t;

	a->token_only = true;
	if (tmk_front_token_judge(&t, &a->all.verdict, judge, sig, fd,
				  tmk_front_file_name(a->file), err))
		return -1;
	if (a->all.verdict.reason == TMK_GOOD) {
		a->all.time = t.time;
		a->all.stamped = true;
		memcpy(a->all.tsa, t.tsa, sizeof(a->all.tsa));
	}
	return 0;
}

/* A signature that is not there is a refusal of the file, not an error. */
static int read_signature(struct tmk_buf *sig, const char *path,
			  struct answer *a)
{
	struct tmk_err e = TMK_ERR_INIT;

	if (!tmk_file_read(sig, path, &e))
		return 0;
	if (tmk_file_exists(path) && sig->len)
		tmk_verdict_refuse(&a->all.verdict, TMK_SIGNATURE_MALFORMED,
				   "%s", e.text);
	else
		tmk_verdict_refuse(&a->all.verdict, TMK_SIGNATURE_MISSING, "%s",
				   e.text);
	tmk_verdict_hint(&a->all.verdict, "fetch the signature again from where "
			 "the file came from, or make one: touchmark sign "
			 "FILE");
	return -1;
}

static int judge_file(struct answer *a, const struct options *o,
		      const char *signature, int fd, struct tmk_err *err)
{
	struct tmk_buf sig = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	struct tmk_front_trust trust = { .policy = NULL };
	struct tmk_config *config = NULL;
	bool token = tmk_front_token_named(signature);
	int rc = -1;

	if (token && o->trust.at != TMK_TIME_NONE) {
		tmk_err_set(err, TMK_USAGE, "--at says nothing about a "
			    "timestamp, which carries its own time");
		goto out;
	}
	if (tmk_config_load(&config, ".", err) ||
	    tmk_front_trust_load(&trust, &o->trust, config, err))
		goto out;
	trust.judge.name_space = "file";
	if (read_signature(&sig, signature, a))
		rc = 0;
	else if (token)
		rc = judge_token(a, &trust.judge, &sig, fd, err);
	else
		rc = judge_seal(a, &trust.judge, &sig, fd, err);
out:
	tmk_front_trust_release(&trust);
	tmk_config_free(config);
	tmk_buf_release(&sig);
	return rc;
}

/* What may stand beside a file, and which option says whose keys are good. */
#define BESIDE 3
static const char *const suffixes[BESIDE] = { ".p7s", ".asc", ".sig" };

/* Of those that are there: the only one; else the only one whose keyring is
 * named; else, without a keyring, the first. */
static int choose(const struct options *o, const bool there[BESIDE],
		  const char *file, struct tmk_err *err)
{
	const bool wanted[BESIDE] = { o->trust.roots.count > 0,
				      o->trust.keyring != NULL,
				      o->trust.allowed_signers != NULL };
	int i, first = -1, found = 0, best = -1, good = 0;

	for (i = 0; i < BESIDE; i++) {
		if (there[i] && !found++)
			first = i;
		if (there[i] && wanted[i] && !good++)
			best = i;
	}
	if (good > 1) {
		tmk_err_set(err, TMK_USAGE, "%s has several signatures that "
			    "could be meant", file);
		return tmk_err_hint(err, "name one: touchmark verify FILE "
				    "SIGNATURE");
	}
	if (best >= 0 || first >= 0)
		return best >= 0 ? best : first;
	/* None is there: the one that is missed. */
	for (i = 0; i < BESIDE; i++)
		if (wanted[i])
			return i;
	return 0;
}

/* *out belongs to the caller. */
static int find_beside(char **out, const struct options *o, const char *file,
		       struct tmk_err *err)
{
	bool there[BESIDE];
	char *path;
	int i;

	for (i = 0; i < BESIDE; i++) {
		if (asprintf(&path, "%s%s", file, suffixes[i]) < 0)
			return tmk_err_nomem(err);
		there[i] = tmk_file_exists(path);
		free(path);
	}
	i = choose(o, there, file, err);
	if (i < 0)
		return -1;
	if (asprintf(&path, "%s%s", file, suffixes[i]) < 0)
		return tmk_err_nomem(err);
	*out = path;
	return 0;
}

/* Returns the exit code. */
static int verify_file(const struct options *o, const char *file,
		       const char *signature, struct tmk_err *err)
{
	struct answer a = { .file = file, .all.time = TMK_TIME_NONE };
	char *beside = NULL;
	int fd, rc;

	if (tmk_front_file_open(&fd, file, err))
		return err->code;
	if (!signature && find_beside(&beside, o, file, err)) {
		close(fd);
		return err->code;
	}
	rc = judge_file(&a, o, signature ? signature : beside, fd, err);
	close(fd);
	free(beside);
	if (!rc)
		rc = o->json ? tell_json(&a, err) : tell_text(&a, err);
	if (rc)
		return err->code;
	return a.all.verdict.reason == TMK_GOOD ? TMK_OK : TMK_REFUSED;
}

static int check_call(const struct options *o, int operands, char **operand,
		      struct tmk_err *err)
{
	if (o->minisign_key) {
		tmk_err_set(err, TMK_USAGE, "--minisign-key is not supported "
			    "yet");
		return tmk_err_hint(err, "this version judges CMS, OpenPGP "
				    "and SSH signatures and timestamps");
	}
	if (operands < 1 || operands > 2) {
		tmk_err_set(err, TMK_USAGE, "one FILE and at most one "
			    "SIGNATURE are expected");
		return tmk_err_hint(err, "touchmark verify --help");
	}
	if (!strcmp(operand[0], "-") && operands == 1)
		return tmk_err_set(err, TMK_USAGE, "standard input has no "
				   "name: name the SIGNATURE too");
	if (tmk_front_file_is_directory(operand[0]))
		return tmk_err_set(err, TMK_USAGE, "%s is a directory: "
				   "judging what is below it is not "
				   "supported yet", operand[0]);
	return 0;
}

static int verify_run(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .trust = { .at = TMK_TIME_NONE } };
	const struct tmk_opt table[] = {
		{ 0, "policy", TMK_OPT_TEXT, &o.trust.policy, "P",
		  "judge by the [trust] of this policy" },
		{ 0, "roots", TMK_OPT_LIST, &o.trust.roots, "PEM",
		  "roots of signers; may repeat" },
		{ 0, "tsa-roots", TMK_OPT_LIST, &o.trust.tsa_roots, "PEM",
		  "roots of timestamp authorities; may repeat" },
		{ 0, "crl", TMK_OPT_LIST, &o.trust.crl, "F",
		  "CRL file or directory; may repeat" },
		{ 0, "at", TMK_OPT_TIME, &o.trust.at, "TIME",
		  "judge a signature without timestamp at this time" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL,
		  "one JSON object" },
		{ 0, "keyring", TMK_OPT_TEXT, &o.trust.keyring, "F",
		  "OpenPGP keys that are trusted" },
		{ 0, "allowed-signers", TMK_OPT_TEXT,
		  &o.trust.allowed_signers, "F",
		  "SSH keys that are trusted, as ssh-keygen(1) has it" },
		{ 0, "minisign-key", TMK_OPT_TEXT, &o.minisign_key, "F",
		  "not supported yet" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int operands, rc;

	if (tmk_opt_parse(table, argc, argv, &operands, err))
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	tmk_front_libgit2_start();
	if (check_call(&o, operands, argv + 1, err))
		return err->code;
	rc = verify_file(&o, argv[1], operands == 2 ? argv[2] : NULL, err);
	/* A program that asked for JSON gets its errors as JSON too. */
	if (err->code && o.json && err->code != TMK_USAGE) {
		struct tmk_err told = *err;

		*err = (struct tmk_err)TMK_ERR_INIT;
		if (tmk_front_report_error("touchmark", true, argv[1], &told,
					   err))
			return err->code;
	}
	return rc;
}

const struct tmk_command tmk_command_verify = {
	"verify", "judge a file and its detached signature", verify_run
};
