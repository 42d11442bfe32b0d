#include "plugins/front_seal.h"

#include <string.h>

#include "base/enc.h"
#include "formats/armour.h"

#define COMMENT "untrusted comment: "	/* how minisign and signify begin */

const struct tmk_seal_ops *tmk_front_seal_of(enum tmk_seal_format format)
{
	int i;

	for (i = 0; tmk_seals[i]; i++)
		if (tmk_seals[i]->format == format)
			return tmk_seals[i];
	return NULL;
}

static bool begins(const uint8_t *data, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(data, with, n);
}

/* One block and nothing else: whatever stood around it would be unsigned
 * bytes in a file that verifies. */
static int pem_block(struct tmk_buf *der, const uint8_t *data, size_t len,
		     const char *label, struct tmk_verdict *v)
{
	struct tmk_buf head = TMK_BUF_INIT(64), tail = TMK_BUF_INIT(64);
	int rc = -1;

	if (tmk_buf_printf(&head, "-----BEGIN %s-----\n", label) ||
	    tmk_buf_printf(&tail, "\n-----END %s-----\n", label))
		goto out;
	rc = 0;
	if (!begins(data, len, tmk_buf_str(&head)) ||
	    len < head.len + tail.len ||
	    memcmp(data + len - tail.len, tail.data, tail.len) ||
	    tmk_dec_base64(der, (const char *)data + head.len,
			   len - head.len - tail.len))
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
				   "not one clean %s block", label);
out:
	tmk_buf_release(&head);
	tmk_buf_release(&tail);
	return rc;
}

/* A PGP MESSAGE has the right frame and no detached signature inside. */
static int armoured(struct tmk_buf *seal, enum tmk_seal_format *format,
		    const uint8_t *data, size_t len, struct tmk_verdict *v,
		    struct tmk_err *err)
{
	if (tmk_armour_read(seal, format, data, len, v, err))
		return -1;
	if (!v->reason && !seal->len)
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
				   "no detached signature is inside");
	return 0;
}

/* Both begin with a comment and a line of base64; only minisign's goes on. */
static enum tmk_seal_format commented(const uint8_t *data, size_t len)
{
	const uint8_t *end = data + len;
	int lines;

	for (lines = 0; data < end && lines < 2; lines++) {
		data = memchr(data, '\n', (size_t)(end - data));
		if (!data)
			return TMK_FORMAT_SIGNIFY;
		data++;
	}
	return data < end ? TMK_FORMAT_MINISIGN : TMK_FORMAT_SIGNIFY;
}

/* The bytes without their armour, and what they are. */
static int decode(struct tmk_buf *seal, enum tmk_seal_format *format,
		  const uint8_t *data, size_t len, struct tmk_verdict *v,
		  struct tmk_err *err)
{
	int rc = 0;

	*format = TMK_FORMAT_X509;
	if (begins(data, len, COMMENT)) {
		*format = commented(data, len);
		return tmk_buf_add(seal, data, len) ? tmk_err_nomem(err) : 0;
	}
	if (data[0] != '-') {
		/* A packet of OpenPGP has this bit, and DER never. */
		if (data[0] & 0x80)
			*format = TMK_FORMAT_OPENPGP;
		return tmk_buf_add(seal, data, len) ? tmk_err_nomem(err) : 0;
	}
	if (begins(data, len, "-----BEGIN CMS-----"))
		rc = pem_block(seal, data, len, "CMS", v);
	else if (begins(data, len, "-----BEGIN PKCS7-----"))
		rc = pem_block(seal, data, len, "PKCS7", v);
	else
		return armoured(seal, format, data, len, v, err);
	return rc ? tmk_err_nomem(err) : 0;
}

static int parse(struct tmk_evidence **out, enum tmk_seal_format format,
		 bool several, const struct tmk_buf *bytes,
		 struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_seal_ops *seal = tmk_front_seal_of(format);
	struct tmk_evidence *evidence = NULL;

	if (bytes->len > TMK_SEAL_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
					  "signature of more than %d bytes",
					  TMK_SEAL_MAX);
	if (!seal)
		return tmk_verdict_refuse(v, TMK_SIGNATURE_FORMAT,
					  "signatures of this format are not "
					  "read here");
	if (seal->parse(&evidence, bytes->data, bytes->len, v, err))
		return -1;
	if (v->reason) {
		tmk_evidence_free(evidence);
		return 0;
	}
	/* What was read as bytes must have been signed as bytes. */
	if (!several && evidence->signature[0].text) {
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED, "the OpenPGP "
				   "signature is one of text (type 0x01), "
				   "whose line ends may change");
		tmk_evidence_free(evidence);
		return 0;
	}
	if (evidence->signatures != 1 && !(several && seal->add)) {
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
				   "%d signers, exactly one is expected",
				   evidence->signatures);
		tmk_evidence_free(evidence);
		return 0;
	}
	*out = evidence;
	return 0;
}

/* `only` is the format that will do; 0: any. */
static int read_seal(struct tmk_evidence **out, enum tmk_seal_format only,
		     bool several, const uint8_t *data, size_t len,
		     struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	struct tmk_evidence *evidence = NULL;
	enum tmk_seal_format format = 0;
	int rc = 0;

	if (!len)
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
				   "the signature is empty");
	else
		rc = decode(&bytes, &format, data, len, v, err);
	if (!rc && !v->reason && only && format != only)
		tmk_verdict_refuse(v, TMK_SIGNATURE_FORMAT,
				   "not a CMS signature");
	if (!rc && !v->reason)
		rc = parse(&evidence, format, several, &bytes, v, err);
	tmk_buf_release(&bytes);
	if (!rc)
		*out = evidence;
	return rc;
}

int tmk_front_seal_parse(struct tmk_evidence **out, const uint8_t *data,
			 size_t len, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	return read_seal(out, TMK_FORMAT_X509, false, data, len, v, err);
}

int tmk_front_seal_parse_any(struct tmk_evidence **out, const uint8_t *data,
			     size_t len, struct tmk_verdict *v,
			     struct tmk_err *err)
{
	return read_seal(out, 0, false, data, len, v, err);
}

int tmk_front_seal_parse_several(struct tmk_evidence **out,
				 const uint8_t *data, size_t len,
				 struct tmk_verdict *v, struct tmk_err *err)
{
	return read_seal(out, 0, true, data, len, v, err);
}
