#include "plugins/front_stamp_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "formats/armour.h"
#include "plugins/front_file.h"

#define COMMENTED "untrusted comment: "
#define FILE_MAX (2 * TMK_SEAL_MAX)	/* bytes: the largest as text */

static const struct tmk_seal_ops *seal_of(enum tmk_seal_format format)
{
	int i;

	for (i = 0; tmk_seals[i]; i++)
		if (tmk_seals[i]->format == format)
			return tmk_seals[i];
	return NULL;
}

/* ---- reading ------------------------------------------------------------- */

/* The labels under which CMS stands in PEM beside git's own (RFC 7468 sections
 * 8 and 9). */
static const char *const pem_labels[] = { "CMS", "PKCS7" };

static bool begins(const struct tmk_buf *text, const char *label)
{
	struct tmk_buf line = TMK_BUF_INIT(64);
	bool same;

	same = !tmk_buf_printf(&line, "-----BEGIN %s-----\n", label) &&
		text->len >= line.len &&
		!memcmp(text->data, line.data, line.len);
	tmk_buf_release(&line);
	return same;
}

/* Such a block as git would write it: what is strict about it is said once, in
 * formats/armour.h. */
static int relabel(struct tmk_buf *out, const struct tmk_buf *text,
		   const char *label)
{
	struct tmk_buf end = TMK_BUF_INIT(64);
	size_t first = strlen("-----BEGIN -----\n") + strlen(label);
	int rc = -1;

	if (tmk_buf_printf(&end, "-----END %s-----\n", label))
		goto out;
	/* Without its own END it stays as it is, and is refused. */
	if (text->len < first + end.len ||
	    memcmp(text->data + text->len - end.len, end.data, end.len))
		rc = tmk_buf_add(out, text->data, text->len);
	else
		rc = tmk_buf_printf(out, "-----BEGIN %s-----\n",
				    TMK_ARMOUR_LABEL_CMS) ||
			tmk_buf_add(out, text->data + first,
				    text->len - first - end.len) ||
			tmk_buf_printf(out, "-----END %s-----\n",
				       TMK_ARMOUR_LABEL_CMS) ? -1 : 0;
out:
	tmk_buf_release(&end);
	return rc;
}

static int decode_text(struct tmk_stamp_file *f, struct tmk_buf *bytes,
		       const struct tmk_buf *text, struct tmk_verdict *v,
		       struct tmk_err *err)
{
	struct tmk_buf again = TMK_BUF_INIT(FILE_MAX + 64);
	enum tmk_seal_format format = 0;
	const char *label = NULL;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(pem_labels) / sizeof(*pem_labels); i++)
		if (begins(text, pem_labels[i]))
			label = pem_labels[i];
	rc = label ? relabel(&again, text, label) :
		tmk_buf_add(&again, text->data, text->len);
	if (rc)
		rc = tmk_err_nomem(err);
	else
		rc = tmk_armour_read(bytes, &format, again.data, again.len, v,
				     err);
	tmk_buf_release(&again);
	if (rc || v->reason)
		return rc;
	f->seal = seal_of(format);
	f->label = label ? label : f->seal ? f->seal->armour : NULL;
	return 0;
}

/* A DER SEQUENCE is CMS; an octet with the highest bit begins OpenPGP (RFC
 * 9580 section 4.2). */
static int decode(struct tmk_stamp_file *f, struct tmk_buf *bytes,
		  const struct tmk_buf *text, struct tmk_verdict *v,
		  struct tmk_err *err)
{
	uint8_t first = text->len ? text->data[0] : 0;

	/* minisign and signify begin so, and are known by their name alone */
	if (text->len >= sizeof(COMMENTED) - 1 &&
	    !memcmp(text->data, COMMENTED, sizeof(COMMENTED) - 1)) {
		f->seal = seal_of(TMK_FORMAT_MINISIGN);
		return 0;
	}
	if (first == '-')
		return decode_text(f, bytes, text, v, err);
	if (first != 0x30 && !(first & 0x80))
		return tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					  "no signature of a form that is "
					  "known here");
	f->seal = seal_of(first == 0x30 ? TMK_FORMAT_X509 :
			  TMK_FORMAT_OPENPGP);
	return tmk_buf_add(bytes, text->data, text->len) ?
		tmk_err_nomem(err) : 0;
}

static int no_place(const char *path, struct tmk_err *err)
{
	tmk_err_set(err, TMK_USAGE, "%s: a signature of this form has no "
		    "place for a timestamp", path);
	return tmk_err_hint(err, "sign with --type cms or openpgp to get "
			    "one");
}

static int keep(struct tmk_stamp_file *f, const struct tmk_buf *bytes,
		struct tmk_err *err)
{
	tmk_buf_clear(&f->bytes);
	return tmk_buf_add(&f->bytes, bytes->data, bytes->len) ?
		tmk_err_nomem(err) : 0;
}

static int parse(struct tmk_stamp_file *f, const struct tmk_buf *bytes,
		 struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_evidence *evidence = NULL;

	if (!f->seal || !f->seal->stamp)
		return no_place(f->path, err);
	if (f->seal->parse(&evidence, bytes->data, bytes->len, v, err))
		return -1;
	if (v->reason) {
		tmk_evidence_free(evidence);
		return 0;
	}
	if (keep(f, bytes, err)) {
		tmk_evidence_free(evidence);
		return -1;
	}
	tmk_evidence_free(f->evidence);
	f->evidence = evidence;
	return 0;
}

int tmk_front_stamp_file_read(struct tmk_stamp_file *f, const char *path,
			      struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_MAX);
	struct tmk_buf bytes = TMK_BUF_INIT(FILE_MAX);
	struct stat st;
	int rc;

	memset(f, 0, sizeof(*f));
	tmk_buf_init(&f->bytes, FILE_MAX);
	f->path = path;
	if (stat(path, &st) && errno == ENOENT) {
		tmk_verdict_refuse(v, TMK_SIGNATURE_MISSING,
				   "there is no such file");
		return tmk_verdict_hint(v, "name the signature as it is "
					"called, or make one: touchmark sign "
					"FILE");
	}
	rc = tmk_file_read(&text, path, err);
	if (!rc)
		rc = decode(f, &bytes, &text, v, err);
	if (!rc && !v->reason)
		rc = parse(f, &bytes, v, err);
	tmk_buf_release(&text);
	tmk_buf_release(&bytes);
	return rc;
}

/* ---- writing ------------------------------------------------------------- */

static int put(const char *path, const struct tmk_buf *data,
	       struct tmk_err *err)
{
	char *real = realpath(path, NULL);
	struct stat st;
	int rc;

	if (!real || stat(real, &st))
		rc = tmk_err_set(err, TMK_INPUT, "cannot write %s: %s", path,
				 strerror(errno));
	else
		rc = tmk_file_write(real, st.st_mode & 0777, data->data,
				    data->len, err);
	free(real);
	return rc;
}

/* How many tokens signature `i` will have. */
static int tokens_left(const struct tmk_evidence *e, int i,
		       const struct tmk_stamp_change *change)
{
	int n, left = change[i].token ? 1 : 0;

	for (n = 0; n < e->signature[i].tokens; n++)
		left += !(change[i].drop & 1u << n);
	return left;
}

/* Whether a signature with this value and this many tokens is there. */
static bool has_signature(const struct tmk_evidence *e,
			  const struct tmk_signature *like, int tokens)
{
	int i;

	for (i = 0; i < e->signatures; i++)
		if (e->signature[i].tokens == tokens &&
		    e->signature[i].value_len == like->value_len &&
		    !memcmp(e->signature[i].value, like->value,
			    like->value_len))
			return true;
	return false;
}

/* Nobody's signature is replaced by something that does not read. */
static int read_back(struct tmk_stamp_file *f, const struct tmk_buf *bytes,
		     const struct tmk_stamp_change *change,
		     struct tmk_err *err)
{
	struct tmk_evidence *old = f->evidence;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	int i, rc;

	f->evidence = NULL;
	rc = parse(f, bytes, &v, err);
	for (i = 0; !rc && !v.reason && i < old->signatures; i++)
		if (f->evidence->signatures != old->signatures ||
		    !has_signature(f->evidence, &old->signature[i],
				   tokens_left(old, i, change)))
			tmk_verdict_refuse(&v, TMK_INTERNAL_ERROR,
					   "it is another signature");
	if (!rc && v.reason)
		rc = tmk_err_set(err, TMK_INTERNAL, "%s: the stamped "
				 "signature does not read back: %s", f->path,
				 v.text);
	tmk_evidence_free(old);
	return rc;
}

int tmk_front_stamp_file_write(struct tmk_stamp_file *f,
			       const struct tmk_stamp_change *change,
			       struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_SEAL_MAX);
	int rc;

	rc = f->seal->stamp(f->evidence, change, &bytes, err);
	if (!rc)
		rc = read_back(f, &bytes, change, err);
	if (!rc)
		rc = tmk_front_stamp_file_replace(f, NULL, &bytes, err);
	tmk_buf_release(&bytes);
	return rc;
}

int tmk_front_stamp_file_replace(struct tmk_stamp_file *f, const char *out,
				 const struct tmk_buf *bytes,
				 struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_MAX);
	const struct tmk_buf *form = f->label ? &text : bytes;
	int rc = 0;

	if (f->label)
		rc = tmk_armour_write(&text, f->label, bytes->data,
				      bytes->len, err);
	if (!rc)
		rc = out ? tmk_front_file_put(out, form->data, form->len,
					      err) :
			put(f->path, form, err);
	tmk_buf_release(&text);
	return rc;
}

void tmk_front_stamp_file_release(struct tmk_stamp_file *f)
{
	tmk_evidence_free(f->evidence);
	f->evidence = NULL;
	tmk_buf_release(&f->bytes);
}
