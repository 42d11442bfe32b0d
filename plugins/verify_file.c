/*
 * verify_file.c - which way of verifying fits a file: a token, a manifest,
 * signatures inside it, or beside it. Content decides; names only say where
 * signatures are looked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "plugins/front_seal.h"
#include "plugins/front_token.h"
#include "plugins/verify_parts.h"

static bool is_manifest(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && !strcmp(dot, ".manifest");
}

static int refuse_missing(struct tmk_verify_answer *a, const char *path,
			  const char *why)
{
	tmk_verdict_refuse(&a->all.verdict, tmk_file_exists(path) ?
			   TMK_SIGNATURE_MALFORMED : TMK_SIGNATURE_MISSING,
			   "%s", why);
	return tmk_verdict_hint(&a->all.verdict, "fetch the signature again "
				"from where the file came from, or make one: "
				"touchmark sign FILE");
}

static int judge_token(struct tmk_verify_answer *a, struct tmk_verify *verify,
		       int fd, const char *path, struct tmk_err *err)
{
	struct tmk_buf sig = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_tst_answer t;
	int rc;

	if (tmk_file_read(&sig, path, &why)) {
		rc = refuse_missing(a, path, why.text);
		goto out;
	}
	a->token_only = true;
	rc = tmk_front_token_judge(&t, &a->all.verdict, &verify->trust.judge,
				   &sig, fd, tmk_front_file_name(a->file),
				   err);
	if (!rc && !a->all.verdict.reason) {
		a->all.time = t.time;
		a->all.stamped = true;
		memcpy(a->all.tsa, t.tsa, sizeof(a->all.tsa));
	}
out:
	tmk_buf_release(&sig);
	return rc;
}

/* Digest what is beside from `first` on, judge everything, and what did not
 * fit once more over the uncompressed content. */
static int judge_beside(struct tmk_verify_case *c, int first, int fd,
			struct tmk_err *err)
{
	if (tmk_verify_over_file(c, first, fd,
				 tmk_front_file_name(c->answer->file), err) ||
	    tmk_verify_case_judge(c, err))
		return -1;
	return tmk_verify_over_stream(c, first, fd, err);
}

static int judge_named(struct tmk_verify_case *c, int fd,
		       const char *signature, struct tmk_err *err)
{
	if (tmk_verify_beside_named(c, signature, err))
		return -1;
	return judge_beside(c, 0, fd, err);
}

/* Nothing carries the file's own name: what is compressed in it may have been
 * signed before. With nothing there either, `file` is told as missing. */
static int add_beside(struct tmk_verify_case *c, const char *file, bool all,
		      struct tmk_err *err)
{
	char *inner;
	int rc, had = c->seals;

	if (tmk_verify_beside(c, file, all, false, err))
		return -1;
	if (c->seals > had)
		return 0;
	inner = tmk_verify_stream_name(file);
	if (inner) {
		rc = tmk_verify_beside(c, inner, all, false, err);
		free(inner);
		if (rc || c->seals > had)
			return rc;
	}
	return had ? 0 : tmk_verify_beside(c, file, all, true, err);
}

/* A manifest beside a file that has nothing else is its signature. */
static int find_manifest(char **path, const char *file, struct tmk_err *err)
{
	if (asprintf(path, "%s.manifest", file) < 0)
		return tmk_err_nomem(err);
	if (!tmk_file_exists(*path)) {
		free(*path);
		*path = NULL;
	}
	return 0;
}

static int judge_content(struct tmk_verify_case *c, int fd,
			 struct tmk_err *err)
{
	struct tmk_verify_answer *a = c->answer;
	char *manifest = NULL;
	struct stat seen;
	int rc;

	if (fstat(fd, &seen))
		return tmk_err_set(err, TMK_INPUT, "%s: %s", a->file,
				   strerror(errno));
	if (add_beside(c, a->file, tmk_verify_has_rules(c->verify), err))
		return -1;
	if (c->seals == 1 && c->seal[0].form.reason == TMK_SIGNATURE_MISSING) {
		if (find_manifest(&manifest, a->file, err))
			return -1;
		if (manifest) {
			rc = tmk_verify_manifest(a, c->verify, fd, manifest,
						 err);
			free(manifest);
			return rc;
		}
	} else {
		a->form = NULL;	/* what is judged stands beside it */
	}
	if (judge_beside(c, 0, fd, err))
		return -1;
	return a->all.verdict.reason || a->uncompressed ? 0 :
		tmk_verify_named_index(a, c->verify, fd, &seen, err);
}

/* What a package carries, and under rules what is beside it too. */
static int judge_package(struct tmk_verify_case *c,
			 const struct tmk_package *package, int fd,
			 struct tmk_err *err)
{
	struct tmk_verify_answer *a = c->answer;
	bool rules = tmk_verify_has_rules(c->verify);
	int first;

	/* Keys that are named for what is beside, and none for what is
	 * inside, say which is meant. */
	if (!rules && !c->verify->trust.judge.openpgp &&
	    tmk_verify_beside_wanted(c->verify, a->file))
		return judge_content(c, fd, err);
	if (!package->seals)
		return judge_content(c, fd, err);
	if (tmk_verify_inside(c, package, err))
		return -1;
	first = c->seals;
	if (rules && tmk_verify_beside(c, a->file, true, false, err))
		return -1;
	if (judge_beside(c, first, fd, err))
		return -1;
	if (!a->all.verdict.reason && package->ops->text)
		return tmk_verify_named_files(a, c->verify, package, a->file,
					      err);
	return 0;
}

static int judge_unnamed(struct tmk_verify_case *c, int fd,
			 struct tmk_err *err)
{
	struct tmk_verify_answer *a = c->answer;
	struct tmk_package *package = NULL;
	int rc;

	if (tmk_verify_package_open(&package, &a->form, fd, a->file,
				    &a->all.verdict, err))
		return -1;
	if (a->all.verdict.reason)
		return 0;
	rc = package ? judge_package(c, package, fd, err) :
		judge_content(c, fd, err);
	tmk_package_close(package);
	return rc;
}

int tmk_verify_file(struct tmk_verify_answer *answer, struct tmk_verify *verify,
		    const char *file, const char *signature,
		    struct tmk_err *err)
{
	struct tmk_verify_case *c = malloc(sizeof(*c));
	int fd = -1, rc = -1;

	if (!c)
		return tmk_err_nomem(err);
	tmk_verify_answer_init(answer, file);
	tmk_verify_case_init(c, verify, answer);
	if (tmk_front_file_open(&fd, file, err))
		goto out;
	if (!signature)
		rc = judge_unnamed(c, fd, err);
	else if (tmk_front_token_named(signature))
		rc = judge_token(answer, verify, fd, signature, err);
	else if (is_manifest(signature))
		rc = tmk_verify_manifest(answer, verify, fd, signature, err);
	else
		rc = judge_named(c, fd, signature, err);
	close(fd);
out:
	tmk_verify_case_release(c);
	free(c);
	return rc;
}
