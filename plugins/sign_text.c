#include "plugins/sign_text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/cleartext.h"
#include "plugins/front_seal.h"
#include "plugins/sign_ask.h"
#include "plugins/sign_check.h"
#include "x509/digest.h"

/* ---- digests ------------------------------------------------------------- */

static int to_digest(void *to, const uint8_t *data, size_t len,
		     struct tmk_err *err)
{
	return tmk_digest_update(to, data, len, err);
}

static int hash_text(uint8_t *digest, size_t *digest_len,
		     const struct tmk_sign_text *text, enum tmk_hash hash,
		     const uint8_t *suffix, size_t suffix_len,
		     struct tmk_err *err)
{
	struct tmk_digest d;
	int rc;

	if (tmk_digest_init(&d, (int)hash, err))
		return -1;
	if (text->framed)
		rc = tmk_cleartext_canonical(TMK_CLEARTEXT_FRAMED, text->data,
					     text->len, to_digest, &d, err);
	else
		rc = tmk_digest_update(&d, text->data, text->len, err);
	if (!rc && suffix_len)
		rc = tmk_digest_update(&d, suffix, suffix_len, err);
	if (!rc)
		rc = tmk_digest_final(&d, digest, digest_len, err);
	tmk_digest_release(&d);
	return rc;
}

int tmk_sign_text_digest(struct tmk_sign_want *want,
			 const struct tmk_sign_text *text, struct tmk_err *err)
{
	const struct tmk_answer *ready = want->ready;

	if (ready->hash == TMK_WHOLE) {
		want->content = text->data;
		want->content_len = text->len;
		return 0;
	}
	return hash_text(want->digest, &want->digest_len, text, ready->hash,
			 ready->trailer.data, ready->trailer.len, err);
}

/* ---- signatures that are there ------------------------------------------- */

/* Signature `i` of the evidence. */
static int judge_one(enum tmk_sign_mine *out, const struct tmk_sign_job *job,
		     const struct tmk_answer *ready,
		     const struct tmk_evidence *e, int i,
		     const struct tmk_sign_text *text, struct tmk_err *err)
{
	const struct tmk_signature *s = &e->signature[i];
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;
	bool good;

	*out = TMK_SIGN_FOREIGN;
	if (!tmk_sign_check_names(ready, e, i))
		return 0;
	*out = TMK_SIGN_STALE;
	if (s->text != text->framed)
		return 0;
	if (s->hash == TMK_WHOLE) {
		if (tmk_sign_check_good(&good, ready, e, i, text->data,
					text->len, err))
			return -1;
	} else if (hash_text(digest, &len, text, s->hash, s->suffix,
			     s->suffix_len, err) ||
		   tmk_sign_check_good(&good, ready, e, i, digest, len, err)) {
		return -1;
	}
	if (good)
		*out = e->ops->stamp && !s->tokens &&
			tmk_sign_asker_stamps(job->asker, true) ?
			TMK_SIGN_BARE : TMK_SIGN_MINE;
	return 0;
}

int tmk_sign_text_mine(enum tmk_sign_mine *out, const struct tmk_sign_job *job,
		       int want, const struct tmk_sign_text *text,
		       const uint8_t *seal, size_t len, struct tmk_err *err)
{
	const struct tmk_sign_want *w = &job->want[want];
	enum tmk_sign_mine best = TMK_SIGN_FOREIGN, one;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *e = NULL;
	int i, rc;

	rc = tmk_front_seal_parse_several(&e, seal, len, &v, err);
	for (i = 0; !rc && e && e->format == w->seal->format &&
	     i < e->signatures; i++) {
		rc = judge_one(&one, job, w->ready, e, i, text, err);
		if (!rc && one > best)
			best = one;
	}
	tmk_evidence_free(e);
	if (!rc)
		*out = best;
	return rc;
}

int tmk_sign_text_mine_in(enum tmk_sign_mine *out,
			  const struct tmk_sign_job *job, int want,
			  const struct tmk_sign_text *text, const char *path,
			  struct tmk_err *err)
{
	struct tmk_buf file = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	int rc = 0;

	*out = TMK_SIGN_FOREIGN;
	/* What cannot be read says nothing about this key. */
	if (!tmk_file_read(&file, path, NULL))
		rc = tmk_sign_text_mine(out, job, want, text, file.data,
					file.len, err);
	tmk_buf_release(&file);
	return rc;
}

int tmk_sign_text_already(struct tmk_err *err, const char *name)
{
	tmk_err_set(err, TMK_REFUSED, "%s: this key has signed it already",
		    name);
	return tmk_err_hint(err, "--resign replaces that signature, --resume "
			    "leaves alone what is signed");
}

/* ---- outputs ------------------------------------------------------------- */

int tmk_sign_text_want(struct tmk_sign_job *job, int i, bool text,
		       bool armour, struct tmk_err *err)
{
	struct tmk_sign_want *w = &job->want[i];

	w->seal = tmk_front_seal_of(TMK_FORMAT_OPENPGP);
	if (!w->seal)
		return tmk_err_set(err, TMK_INTERNAL, "OpenPGP signatures "
				   "cannot be made here");
	w->type = "openpgp";
	w->text = text;
	w->armour = armour;
	if (job->wants <= i)
		job->wants = i + 1;
	return 0;
}

int tmk_sign_text_no_out(const struct tmk_sign_job *job, struct tmk_err *err)
{
	if (!job->options->out)
		return 0;
	return tmk_err_set(err, TMK_USAGE, "%s: what is made of it has its "
			   "own names: -o cannot choose one", job->file);
}

int tmk_sign_text_put(struct tmk_sign_job *job, char *path, int want,
		      const void *data, size_t len, struct tmk_err *err)
{
	struct tmk_sign_output *o;

	if (tmk_sign_output_new(&o, job, path, want, err))
		return -1;
	return tmk_file_write_fd(o->file.fd, data, len, o->path, err);
}

static int read_back(struct tmk_buf *out, int fd, const char *name,
		     struct tmk_err *err)
{
	if (lseek(fd, 0, SEEK_SET))
		return tmk_err_set(err, TMK_INTERNAL, "%s cannot be read back",
				   name);
	return tmk_file_read_fd(out, fd, name, err);
}

static int not_good(struct tmk_err *err, const struct tmk_sign_output *o)
{
	tmk_err_set(err, TMK_INTERNAL, "%s is not what was to be written",
		    o->path);
	return tmk_err_hint(err, "nothing was changed");
}

/* One seal, made just now over the text. */
static int check_seal(const struct tmk_sign_output *o,
		      const struct tmk_sign_want *want, const uint8_t *seal,
		      size_t len, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *e = NULL;
	int rc;

	if (tmk_front_seal_parse_several(&e, seal, len, &v, err))
		return -1;
	if (!e)
		return tmk_err_set(err, TMK_INTERNAL, "%s: the signature that "
				   "was made cannot be read: %s", o->path,
				   v.text);
	if (e->signature[0].text != want->text)
		rc = not_good(err, o);
	else if (want->ready->hash == TMK_WHOLE)
		rc = tmk_sign_check_made(want->ready, e, want->content,
					 want->content_len, o->path, err);
	else
		rc = tmk_sign_check_made(want->ready, e, want->digest,
					 want->digest_len, o->path, err);
	tmk_evidence_free(e);
	return rc;
}

int tmk_sign_text_check_detached(const struct tmk_sign_output *o,
				 const struct tmk_sign_want *want,
				 struct tmk_err *err)
{
	struct tmk_buf file = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	int rc;

	rc = read_back(&file, o->file.fd, o->path, err);
	if (!rc)
		rc = check_seal(o, want, file.data, file.len, err);
	tmk_buf_release(&file);
	return rc;
}

int tmk_sign_text_check_bytes(const struct tmk_sign_output *o,
			      const uint8_t *data, size_t len,
			      struct tmk_err *err)
{
	struct tmk_buf back = TMK_BUF_INIT(len + 1);
	int rc;

	rc = read_back(&back, o->file.fd, o->path, err);
	if (!rc && (back.len != len || memcmp(back.data, data, len)))
		rc = not_good(err, o);
	tmk_buf_release(&back);
	return rc;
}

int tmk_sign_text_check_framed(const struct tmk_sign_output *o,
			       const struct tmk_sign_want *want,
			       const struct tmk_sign_text *text,
			       struct tmk_err *err)
{
	struct tmk_buf file = TMK_BUF_INIT(TMK_CLEARTEXT_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_cleartext_parts parts;
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;
	int rc = -1;

	tmk_cleartext_parts_init(&parts);
	if (read_back(&file, o->file.fd, o->path, err) ||
	    tmk_cleartext_parse(&parts, file.data, file.len, &v, err) ||
	    hash_text(digest, &len, text, want->ready->hash,
		      want->ready->trailer.data, want->ready->trailer.len,
		      err))
		goto out;
	/* The framework ends a last line that has no end. */
	if (v.reason != TMK_GOOD || parts.text.len < text->len ||
	    parts.text.len > text->len + 1 ||
	    memcmp(parts.text.data, text->data, text->len) ||
	    len != want->digest_len || memcmp(digest, want->digest, len)) {
		not_good(err, o);
		goto out;
	}
	rc = check_seal(o, want, parts.packets.data, parts.packets.len, err);
out:
	tmk_cleartext_parts_release(&parts);
	tmk_buf_release(&file);
	return rc;
}
