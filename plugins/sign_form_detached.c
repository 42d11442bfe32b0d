/*
 * sign_form_detached.c - signatures beside the file, of every type that was
 * asked for, with one reading for all of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "plugins/front_file.h"
#include "plugins/front_seal.h"
#include "plugins/sign_ask.h"
#include "plugins/sign_beside.h"
#include "plugins/sign_check.h"
#include "plugins/sign_job.h"
#include "x509/digest.h"

struct detached {
	char *path[TMK_SIGN_WANTS];	/* where each signature goes */
	struct tmk_buf whole;	/* the content, where there is no digest */
};

static const char *name_of(const struct tmk_sign_job *job)
{
	return tmk_front_file_name(job->file);
}

/* ---- where they go ------------------------------------------------------- */

/* Checked before the key is used. */
static int choose_path(char **path, const struct tmk_sign_job *job,
		       const struct tmk_seal_ops *seal, struct tmk_err *err)
{
	const char *out = job->options->out;

	if (out)
		*path = strdup(out);
	else if (asprintf(path, "%s%s", job->file, seal->suffix) < 0)
		*path = NULL;
	if (!*path)
		return tmk_err_nomem(err);
	if (!out && tmk_sign_beside_ok(*path, false, err))
		return -1;
	/* A hard link in the signature's place leads back to the file. */
	if (tmk_front_file_same(job->file, *path))
		return tmk_err_set(err, TMK_INPUT, "%s leads to the file that "
				   "is to be signed", *path);
	return 0;
}

/* ---- what an earlier run left --------------------------------------------- */

/* One signature that stands there already. */
struct earlier {
	struct tmk_evidence *evidence;	/* NULL: none that can be read */
	int at;			/* which of it is ours; -1: none */
	bool good;
};

static int read_earlier(struct earlier *e, const char *path,
			const struct tmk_answer *ready,
			const struct tmk_seal_ops *seal, bool stamped,
			struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	int i, rc = 0;

	e->at = -1;
	if (!tmk_file_read(&bytes, path, NULL))
		rc = tmk_front_seal_parse_several(&e->evidence, bytes.data,
						  bytes.len, &v, err);
	for (i = 0; e->evidence && i < e->evidence->signatures; i++)
		if (e->evidence->format == seal->format && e->at < 0 &&
		    (!stamped || e->evidence->signature[i].tokens) &&
		    tmk_sign_check_names(ready, e->evidence, i))
			e->at = i;
	tmk_buf_release(&bytes);
	return rc;
}

/* Hold those that are ours against the file, read once for all. */
static int judge_earlier(struct earlier *e, const struct tmk_sign_job *job,
			 struct tmk_err *err)
{
	struct tmk_front_file_hash hash[TMK_SIGN_WANTS];
	int of[TMK_SIGN_WANTS], i, n = 0;
	const struct tmk_signature *s;

	for (i = 0; i < job->wants; i++) {
		if (!e[i].evidence || e[i].at < 0)
			continue;
		s = &e[i].evidence->signature[e[i].at];
		/* Without a digest it is made anew: that is as cheap. */
		if (s->text || s->hash == TMK_WHOLE)
			continue;
		of[n] = i;
		hash[n++] = (struct tmk_front_file_hash){
			.hash = s->hash, .suffix = s->suffix,
			.suffix_len = s->suffix_len,
		};
	}
	if (!n)
		return 0;
	if (tmk_front_file_digests_quiet(hash, n, job->fd, name_of(job), err))
		return -1;
	if (lseek(job->fd, 0, SEEK_SET) < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: cannot be read twice",
				   name_of(job));
	while (n--) {
		struct earlier *one = &e[of[n]];

		if (tmk_sign_check_good(&one->good, job->want[of[n]].ready,
					one->evidence, one->at,
					hash[n].digest, hash[n].digest_len,
					err))
			return -1;
	}
	return 0;
}

/* What is left to be made moves together. */
static void keep_missing(struct tmk_sign_job *job, const struct earlier *e)
{
	struct detached *d = job->priv;
	int i, n = 0;

	for (i = 0; i < job->wants; i++) {
		struct tmk_sign_want want = job->want[i];
		char *path = d->path[i];

		if (e[i].good)
			continue;
		job->want[i] = job->want[n];
		d->path[i] = d->path[n];
		job->want[n] = want;
		d->path[n++] = path;
	}
	job->wants = n;
	job->skip = !n;
}

static int look_back(struct tmk_sign_job *job, struct tmk_err *err)
{
	bool stamped = tmk_sign_asker_stamps(job->asker, true);
	struct earlier e[TMK_SIGN_WANTS];
	const struct detached *d = job->priv;
	int i, rc = 0;

	memset(e, 0, sizeof(e));
	for (i = 0; !rc && i < job->wants; i++) {
		const struct tmk_seal_ops *seal = job->want[i].seal;

		rc = tmk_sign_ready(job, i, err);
		if (!rc)
			rc = read_earlier(&e[i], d->path[i],
					  job->want[i].ready, seal,
					  stamped && seal->stamp, err);
	}
	if (!rc)
		rc = judge_earlier(e, job, err);
	if (!rc)
		keep_missing(job, e);
	for (i = 0; i < TMK_SIGN_WANTS; i++)
		tmk_evidence_free(e[i].evidence);
	return rc;
}

/* ---- the steps ------------------------------------------------------------ */

static int open_detached(struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct tmk_sign_options *o = job->options;
	struct detached *d = calloc(1, sizeof(*d));
	int i;

	if (!d)
		return tmk_err_nomem(err);
	job->priv = d;
	tmk_buf_init(&d->whole, TMK_REQUEST_PAYLOAD_MAX);
	for (i = 0; i < o->types; i++) {
		struct tmk_sign_want *want = &job->want[i];

		want->seal = o->seal[i];
		want->type = o->type[i];
		want->armour = want->seal->format == TMK_FORMAT_OPENPGP ||
			want->seal->format == TMK_FORMAT_SSH;
		job->wants++;
		if (choose_path(&d->path[i], job, want->seal, err))
			return -1;
	}
	return o->resume && !o->out && S_ISREG(job->seen.st_mode) ?
		look_back(job, err) : 0;
}

static int too_large(const struct tmk_sign_job *job, struct tmk_err *err)
{
	tmk_err_set(err, TMK_INPUT, "%s: signify signs at most %d bytes",
		    name_of(job), TMK_REQUEST_PAYLOAD_MAX);
	return tmk_err_hint(err, "sign a list of SHA-256 sums instead: "
			    "sha256sum FILES >SHA256SUMS");
}

static int keep_piece(void *to, const uint8_t *data, size_t len,
		      struct tmk_err *err)
{
	const struct tmk_sign_job *job = to;
	struct detached *d = job->priv;

	if (len > TMK_REQUEST_PAYLOAD_MAX - d->whole.len)
		return too_large(job, err);
	return tmk_buf_add(&d->whole, data, len) ? tmk_err_nomem(err) : 0;
}

/* What a pipe gives comes once, and hashing may need it too. */
static int read_whole(struct tmk_sign_job *job, struct tmk_err *err)
{
	return tmk_front_file_feed(job->fd, name_of(job), true, keep_piece,
				   job, err);
}

static int hash_whole(struct tmk_front_file_hash *hash, int n,
		      const struct tmk_buf *whole, struct tmk_err *err)
{
	struct tmk_digest d = { NULL };
	int i, rc = 0;

	for (i = 0; !rc && i < n; i++) {
		rc = tmk_digest_init(&d, (int)hash[i].hash, err);
		if (!rc && whole->len)
			rc = tmk_digest_update(&d, whole->data, whole->len,
					       err);
		if (!rc && hash[i].suffix_len)
			rc = tmk_digest_update(&d, hash[i].suffix,
					       hash[i].suffix_len, err);
		if (!rc)
			rc = tmk_digest_final(&d, hash[i].digest,
					      &hash[i].digest_len, err);
		tmk_digest_release(&d);
	}
	return rc;
}

static int hash_content(struct tmk_front_file_hash *hash, int n, bool whole,
			struct tmk_sign_job *job, struct tmk_err *err)
{
	struct detached *d = job->priv;

	if (whole)
		return read_whole(job, err) ||
			hash_whole(hash, n, &d->whole, err) ? -1 : 0;
	return job->options->quiet ?
		tmk_front_file_digests_quiet(hash, n, job->fd, name_of(job),
					     err) :
		tmk_front_file_digests(hash, n, job->fd, name_of(job), err);
}

static int digest(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct tmk_front_file_hash hash[TMK_SIGN_WANTS];
	struct detached *d = job->priv;
	int of[TMK_SIGN_WANTS], i, n = 0;
	bool whole = false;

	for (i = 0; i < job->wants; i++) {
		const struct tmk_answer *ready = job->want[i].ready;

		if (ready->hash == TMK_WHOLE) {
			whole = true;
			continue;
		}
		of[n] = i;
		hash[n++] = (struct tmk_front_file_hash){
			.hash = ready->hash,
			.suffix = ready->trailer.data,
			.suffix_len = ready->trailer.len,
		};
	}
	if (hash_content(hash, n, whole, job, err))
		return -1;
	while (n--) {
		struct tmk_sign_want *want = &job->want[of[n]];

		memcpy(want->digest, hash[n].digest, hash[n].digest_len);
		want->digest_len = hash[n].digest_len;
	}
	for (i = 0; i < job->wants; i++)
		if (job->want[i].ready->hash == TMK_WHOLE) {
			job->want[i].content = d->whole.data ?
				d->whole.data : (const uint8_t *)"";
			job->want[i].content_len = d->whole.len;
		}
	return 0;
}

static int write_detached(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct detached *d = job->priv;
	struct tmk_sign_output *o;
	int i;

	for (i = 0; i < job->wants; i++) {
		const struct tmk_buf *seal = &job->want[i].made.seal;
		char *path = d->path[i];

		d->path[i] = NULL;
		if (job->options->out) {
			if (tmk_sign_output_direct(job, path, i, seal, err))
				return -1;
			continue;
		}
		if (tmk_sign_output_new(&o, job, path, i, err) ||
		    tmk_file_write_fd(o->file.fd, seal->data, seal->len,
				      o->path, err))
			return -1;
	}
	return 0;
}

static int check_one(const struct tmk_sign_want *want,
		     const struct tmk_sign_output *o, struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *evidence = NULL;
	const struct tmk_buf *seal = o->direct;
	int rc = 0;

	if (!seal) {
		seal = &bytes;
		if (lseek(o->file.fd, 0, SEEK_SET) < 0 ||
		    tmk_file_read_fd(&bytes, o->file.fd, o->path, err))
			rc = tmk_err_set(err, TMK_INTERNAL, "%s cannot be "
					 "read back", o->path);
	}
	if (!rc)
		rc = tmk_front_seal_parse_any(&evidence, seal->data, seal->len,
					      &v, err);
	if (!rc && !evidence)
		rc = tmk_err_set(err, TMK_INTERNAL, "the signature that was "
				 "made cannot be read: %s", v.text);
	if (!rc)
		rc = want->ready->hash == TMK_WHOLE ?
			tmk_sign_check_made(want->ready, evidence,
					    want->content, want->content_len,
					    o->path, err) :
			tmk_sign_check_made(want->ready, evidence,
					    want->digest, want->digest_len,
					    o->path, err);
	tmk_evidence_free(evidence);
	tmk_buf_release(&bytes);
	return rc;
}

static int check(struct tmk_sign_job *job, struct tmk_err *err)
{
	int i;

	for (i = 0; i < job->outputs; i++)
		if (check_one(&job->want[job->output[i].want], &job->output[i],
			      err))
			return -1;
	return 0;
}

static void close_detached(struct tmk_sign_job *job)
{
	struct detached *d = job->priv;
	int i;

	if (!d)
		return;
	for (i = 0; i < TMK_SIGN_WANTS; i++)
		free(d->path[i]);
	tmk_buf_release(&d->whole);
	free(d);
	job->priv = NULL;
}

const struct tmk_sign_form tmk_sign_form_detached = {
	.name = "detached",
	.open = open_detached,
	.digest = digest,
	.write = write_detached,
	.check = check,
	.close = close_detached,
};
