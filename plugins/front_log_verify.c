/*
 * front_log_verify.c - `touchmark log verify`: a log and the rotated ones that
 * it goes on from, the oldest first, with the timestamps that stand in them.
 */
#include "plugins/front_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "plugins/front_log_files.h"
#include "plugins/front_log_seals.h"
#include "plugins/front_report.h"
#include "plugins/front_stamp_trust.h"

static const char *show(char *out, size_t size, const char *text)
{
	return tmk_enc_line_into(out, size, text, strlen(text));
}

int tmk_front_log_breaks(const char *path, const struct tmk_chain_report *r,
			 struct tmk_err *err)
{
	tmk_err_set(err, TMK_REFUSED, "%s:%" PRIu64 ": the chain breaks: %s",
		    path, r->broken, r->text);
	tmk_err_hint(err, "%s", r->nothing ? "its first entry begins it: "
		     "nothing was put on record here yet, or all of it was "
		     "taken away" : "find out why; then touchmark log rotate "
		     "lets its writer go on in a new log");
	return TMK_REFUSED;
}

static void tell(const char *path, const struct tmk_chain_report *r,
		 bool is_gone)
{
	char name[1024], when[TMK_CLOCK_TEXT];

	printf("%s: good, %" PRIu64 " %s, the last is %" PRIu64
	       " of %s, sha256 %s\n", show(name, sizeof(name), path), r->lines,
	       r->lines == 1 ? "entry" : "entries", r->last.seq,
	       tmk_clock_format(when, r->last.time), r->last.hash);
	if (r->was_broken[0])
		printf("    it begins after a break: %s\n", r->was_broken);
	else if (is_gone)
		printf("    it goes on from %s, which is not here\n", r->from);
}

#define LINE_TEXT 16384

/* A log: good as far as `r` tells, or where its chain breaks. */
static int tell_json(const char *path, const struct tmk_chain_report *r,
		     bool is_gone, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_TEXT);
	bool good = !r->broken;
	char when[TMK_CLOCK_TEXT];
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", path);
	tmk_json_string(&j, "status", good ? "good" : "broken");
	tmk_json_string(&j, "text", good ? NULL : r->text);
	tmk_json_int(&j, "line", (int64_t)r->broken);
	tmk_json_int(&j, "entries", (int64_t)r->lines);
	tmk_json_int(&j, "seq", (int64_t)r->last.seq);
	tmk_json_string(&j, "time", r->lines ?
			tmk_clock_format(when, r->last.time) : NULL);
	tmk_json_string(&j, "sha256", r->lines ? r->last.hash : NULL);
	tmk_json_string(&j, "beginsAfter", *r->was_broken ? r->was_broken :
			NULL);
	tmk_json_string(&j, "gone", is_gone && !*r->was_broken ? r->from :
			NULL);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&line);
	return rc;
}

static int proof_json(const char *path, const struct tmk_log_proof *p,
		      bool trusted, struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_TEXT);
	char when[TMK_CLOCK_TEXT];
	struct tmk_json j;
	int rc;

	if (!p->seals && !p->unknown)
		return 0;
	tmk_json_init(&j, &line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", path);
	tmk_json_string(&j, "status", p->seals ? "proved" : "unproved");
	tmk_json_int(&j, "seq", (int64_t)p->covers);
	tmk_json_string(&j, "time", p->seals ?
			tmk_clock_format(when, p->time) : NULL);
	tmk_json_int(&j, "timestamps", (int64_t)p->seals);
	tmk_json_int(&j, "notJudged", (int64_t)p->unknown);
	tmk_json_string(&j, "tsa", p->seals ? p->tsa : NULL);
	tmk_json_bool(&j, "trusted", trusted);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&line);
	return rc;
}

static void tell_proof(const struct tmk_log_proof *p, bool trusted)
{
	char when[TMK_CLOCK_TEXT];

	if (p->seals)
		printf("    proved up to entry %" PRIu64 " by %s, %" PRIu64
		       " timestamp%s, the last by %s%s\n", p->covers,
		       tmk_clock_format(when, p->time), p->seals,
		       p->seals == 1 ? "" : "s", p->tsa, trusted ? "" :
		       ", which nothing here says to trust (--tsa-roots)");
	if (p->unknown)
		printf("    %" PRIu64 " timestamp%s of lines that are too far "
		       "away: not judged\n", p->unknown,
		       p->unknown == 1 ? "" : "s");
}

static int broken(const char *path, const struct tmk_chain_report *r,
		  bool json, struct tmk_err *err)
{
	if (json && tell_json(path, r, false, err))
		return err->code;
	return tmk_front_log_breaks(path, r, err);
}

/* Returns the exit code. */
static int verify_files(const struct tmk_front_log_files *files,
			struct tmk_log_seals *seals, bool json,
			struct tmk_err *err)
{
	const struct tmk_log_proof *proof = tmk_log_seals_proof(seals);
	struct tmk_chain_report now, last = { 0 };
	int i, rc;

	for (i = files->n - 1; i >= 0; i--) {
		const char *path = files->path[i];

		rc = tmk_chain_log_read(&now, path,
					tmk_log_seals_visit(seals), err);
		if (rc < 0)
			return err->code;
		if (!rc && proof->broken) {
			now.broken = proof->broken - now.first.seq + 1;
			snprintf(now.text, sizeof(now.text), "%.380s",
				 proof->text);
			rc = 1;
		}
		if (!rc && i < files->n - 1 &&
		    !tmk_front_log_files_join(&last, &now))
			return broken(files->path[i + 1], &last, json, err);
		if (rc)
			return broken(path, &now, json, err);
		if (!json)
			tell(path, &now, i == files->n - 1 && files->more);
		else if (tell_json(path, &now,
				   i == files->n - 1 && files->more, err))
			return err->code;
		last = now;
	}
	return TMK_OK;
}

/* Whom to believe, by the configuration with these roots in place of its
 * own. */
static int load_trust(struct tmk_stamp_trust *trust,
		      const struct tmk_config *config, const char *roots,
		      struct tmk_err *err)
{
	struct tmk_config *asked;
	struct tmk_err odd = TMK_ERR_INIT;
	int rc;

	memset(trust, 0, sizeof(*trust));
	trust->revocation = TMK_REVOCATION_OFF;
	if (!config)
		return 0;
	asked = malloc(sizeof(*asked));
	if (!asked)
		return tmk_err_nomem(err);
	*asked = *config;
	if (roots)
		asked->tsa_roots = (char *)(uintptr_t)roots;
	rc = tmk_front_stamp_trust_load(trust, asked, &odd, err);
	free(asked);
	return rc;
}

int tmk_front_log_verify(const char *path, const struct tmk_config *config,
			 const char *roots, bool json, struct tmk_err *err)
{
	struct tmk_front_log_files files = { .path = NULL };
	struct tmk_log_seals *seals = NULL;
	struct tmk_stamp_trust trust;
	int code;

	if (load_trust(&trust, config, roots, err))
		return err->code;
	if (tmk_front_log_files(&files, path, err) ||
	    tmk_log_seals_new(&seals, trust.trust, trust.revocation, err)) {
		code = err->code;
	} else {
		const struct tmk_log_proof *proof = tmk_log_seals_proof(seals);

		code = verify_files(&files, seals, json, err);
		if (!code && !json)
			tell_proof(proof, trust.trust != NULL);
		else if (!code && proof_json(path, proof, trust.trust != NULL,
					     err))
			code = err->code;
	}
	tmk_log_seals_free(seals);
	tmk_front_log_files_release(&files);
	tmk_front_stamp_trust_release(&trust);
	return code;
}
