/*
 * approve_tag.c - an approval beside a signed tag: a detached CMS over the raw
 * tag object, kept as a blob under refs/touchmark/approvals, which a push
 * takes along.
 *
 * git stores and names; we read the object's own bytes, with replace refs off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "formats/armour.h"
#include "formats/git_object.h"
#include "plugins/approve.h"
#include "plugins/audit_git.h"
#include "plugins/front_seal.h"
#include "x509/cert.h"
#include "x509/digest.h"

#define TAG_MAX (16 * 1024 * 1024)	/* bytes: what a gate reads */
#define GIT_MS 60000

struct job {
	struct tmk_approve *r;
	const char *name;	/* without refs/tags/ */
	char *oid;
	struct tmk_buf bytes;	/* the raw tag */
	struct tmk_git_tag tag;
};

static int git(struct tmk_buf *out, const char *const *words,
	       const char *what, struct tmk_err *err)
{
	int rc = tmk_audit_git(out, words, err);

	return rc > 0 ? tmk_err_set(err, TMK_INPUT, "git could not %s",
				    what) : rc;
}

/* ---- the tag ------------------------------------------------------------ */

static int read_object(struct job *j, struct tmk_err *err)
{
	const char *const type[] = { "cat-file", "-t", j->oid, NULL };
	const char *const raw[] = { "cat-file", "tag", j->oid, NULL };
	struct tmk_verdict *v = &j->r->verdict;
	char *word = NULL;
	int rc;

	rc = tmk_audit_git_line(&word, type, err);
	if (rc)
		return rc < 0 ? -1 : tmk_err_set(err, TMK_INPUT, "git knows no "
						 "type of %s", j->oid);
	if (strcmp(word, "tag"))
		tmk_verdict_refuse(v, TMK_TAG_UNSIGNED, "it is a lightweight "
				   "tag of a %s", word);
	free(word);
	return v->reason ? 0 : git(&j->bytes, raw, "read the tag", err);
}

/* What it says of itself is what the gate will read. */
static void read_tag(struct job *j)
{
	struct tmk_verdict *v = &j->r->verdict;

	if (!tmk_git_tag_parse(&j->tag, j->bytes.data, j->bytes.len,
			       strlen(j->oid), v))
		return;
	if (!j->tag.has_signature)
		tmk_verdict_refuse(v, TMK_TAG_UNSIGNED,
				   "the tag carries no signature");
	else if (!tmk_span_is(j->tag.name, j->name))
		tmk_verdict_refuse(v, TMK_TAG_NAME, "the tag calls itself "
				   "\"%.*s\"", (int)j->tag.name.len,
				   (const char *)j->tag.name.data);
}

/* The tag's own signature, as far as it can be checked without a keyring. */
static int check_tag(struct job *j, struct tmk_err *err)
{
	const struct tmk_span *armour = &j->tag.signature;
	size_t len = j->bytes.len - armour->len, digest_len = 0;
	struct tmk_verdict *v = &j->r->verdict;
	struct tmk_evidence *e = NULL;
	uint8_t digest[TMK_HASH_MAX];
	char hex[TMK_FINGERPRINT_TEXT];
	int i, rc = 0;

	if (tmk_armour_begins(armour->data, armour->len) != TMK_FORMAT_X509)
		return 0;
	if (tmk_front_seal_parse_several(&e, armour->data, armour->len, v,
					 err))
		return -1;
	for (i = 0; e && !rc && !v->reason && i < e->signatures; i++) {
		rc = tmk_digest_bytes((int)e->signature[i].hash, j->bytes.data,
				      len, digest, &digest_len, err);
		if (!rc)
			rc = e->ops->check(e, i, NULL, digest, digest_len, v,
					   err);
		if (!rc && e->signature[i].cert)
			tmk_approve_twice(j->r, tmk_cert_sha256(hex,
						e->signature[i].cert));
	}
	tmk_evidence_free(e);
	return rc;
}

/* ---- the approval ------------------------------------------------------- */

/* Where it goes; refused when something lies there already. */
static int choose_ref(struct job *j, struct tmk_err *err)
{
	struct tmk_approve *r = j->r;
	char *line = NULL;
	int rc;

	if (asprintf(&r->place, TMK_APPROVE_REFS "%s/%s", j->oid,
		     r->ready.fingerprint) < 0) {
		r->place = NULL;
		return tmk_err_nomem(err);
	}
	const char *const words[] = {
		"rev-parse", "--verify", "-q", "--end-of-options", r->place,
		NULL
	};
	rc = tmk_audit_git_line(&line, words, err);
	free(line);
	if (rc)
		return rc < 0 ? -1 : 0;
	tmk_approve_twice(r, r->ready.fingerprint);
	return tmk_verdict_hint(&r->verdict, "git update-ref -d %s removes "
				"the approval", r->place);
}

/* Store the seal: `id` gets the blob's name. */
static int store(char **id, const struct tmk_buf *seal, struct tmk_err *err)
{
	char *argv[] = { strdup("git"), strdup("hash-object"), strdup("-w"),
			 strdup("--stdin"), NULL };
	struct tmk_buf out = TMK_BUF_INIT(256);
	size_t len, i;
	int status = 0, rc = -1;

	for (i = 0; i < 4 && argv[i]; i++)
		;
	if (i < 4)
		tmk_err_nomem(err);
	else
		rc = tmk_proc_run(argv, seal->data, seal->len, &out, GIT_MS,
				  &status, TMK_INPUT, err);
	len = strspn(tmk_buf_str(&out), "0123456789abcdef");
	if (!rc && (status || (len != 40 && len != 64)))
		rc = tmk_err_set(err, TMK_INPUT, "git could not store the "
				 "approval");
	if (!rc) {
		*id = strndup(tmk_buf_str(&out), len);
		rc = *id ? 0 : tmk_err_nomem(err);
	}
	for (i = 0; i < 4; i++)
		free(argv[i]);
	tmk_buf_release(&out);
	return rc;
}

/* The ref is made, and must not be there: the empty value says so. */
static int point(const struct job *j, const char *id, struct tmk_err *err)
{
	const char *const words[] = {
		"update-ref", j->r->place, id, "", NULL
	};
	struct tmk_buf out = TMK_BUF_INIT(4096);
	int rc = git(&out, words, "make the ref of the approval", err);

	tmk_buf_release(&out);
	return rc;
}

/* Nothing is stored that does not hold over the tag. */
static int check_made(const struct job *j, const uint8_t *digest, size_t len,
		      struct tmk_err *err)
{
	const struct tmk_buf *made = &j->r->made.seal;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *e = NULL;
	int rc;

	rc = tmk_front_seal_parse(&e, made->data, made->len, &v, err);
	if (!rc && e)
		rc = e->ops->check(e, 0, NULL, digest, len, &v, err);
	if (!rc && (v.reason || !e))
		rc = tmk_err_set(err, TMK_INTERNAL, "the approval that was "
				 "made does not verify: %s", v.text);
	tmk_evidence_free(e);
	return rc;
}

static int approve(struct job *j, struct tmk_err *err)
{
	struct tmk_approve *r = j->r;
	uint8_t digest[TMK_HASH_MAX];
	char *id = NULL;
	size_t len = 0;
	int rc;

	if (tmk_approve_prepare(r, err) || check_tag(j, err))
		return -1;
	if (r->verdict.reason)
		return 0;
	if (choose_ref(j, err))
		return -1;
	if (r->verdict.reason)
		return 0;
	if (tmk_digest_bytes((int)r->ready.hash, j->bytes.data, j->bytes.len,
			     digest, &len, err))
		return -1;
	rc = tmk_approve_sign(r, digest, len, err);
	if (!rc)
		rc = check_made(j, digest, len, err);
	if (!rc)
		rc = store(&id, &r->made.seal, err);
	if (!rc)
		rc = point(j, id, err);
	free(id);
	r->signers = rc ? 0 : 1;
	return rc;
}

int tmk_approve_tag(struct tmk_approve *r, struct tmk_err *err)
{
	struct job j = { .r = r, .name = r->tag,
			 .bytes = TMK_BUF_INIT(TAG_MAX) };
	char *ref = NULL;
	int rc = -1;

	if (!strncmp(j.name, "refs/tags/", 10))
		j.name += 10;
	if (asprintf(&ref, "refs/tags/%s", j.name) < 0) {
		ref = NULL;
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_audit_git_settle(false, err) ||
	    tmk_audit_git_object(&j.oid, ref, "", err))
		goto out;
	rc = read_object(&j, err);
	if (!rc && !r->verdict.reason)
		read_tag(&j);
	if (!rc && !r->verdict.reason)
		rc = approve(&j, err);
out:
	free(ref);
	free(j.oid);
	tmk_buf_release(&j.bytes);
	return rc;
}
