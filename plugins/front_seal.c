#include "plugins/front_seal.h"

#include <string.h>

#include "base/enc.h"
#include "formats/armour.h"

int tmk_front_seal_find(const struct tmk_seal_ops **out, const char *name,
			struct tmk_err *err)
{
	size_t i;

	for (i = 0; tmk_seals[i]; i++) {
		if (!strcmp(tmk_seals[i]->name, name)) {
			*out = tmk_seals[i];
			return 0;
		}
	}
	return tmk_err_set(err, TMK_USAGE,
			   "signatures of type %s are not supported yet",
			   name);
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

static int decode(struct tmk_buf *der, const uint8_t *data, size_t len,
		  struct tmk_verdict *v, struct tmk_err *err)
{
	enum tmk_seal_format format = 0;
	int rc = 0;

	if (len && data[0] != '-')
		return tmk_buf_add(der, data, len) ? tmk_err_nomem(err) : 0;
	if (begins(data, len, "-----BEGIN CMS-----"))
		rc = pem_block(der, data, len, "CMS", v);
	else if (begins(data, len, "-----BEGIN PKCS7-----"))
		rc = pem_block(der, data, len, "PKCS7", v);
	else
		return tmk_armour_read(der, &format, data, len, v, err) ? -1 :
			v->reason || format == TMK_FORMAT_X509 ? 0 :
			tmk_verdict_refuse(v, TMK_SIGNATURE_FORMAT,
					   "not a CMS signature");
	return rc ? tmk_err_nomem(err) : 0;
}

static int parse_der(struct tmk_evidence **out, const struct tmk_buf *der,
		     struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_seal_ops *seal;
	struct tmk_evidence *evidence = NULL;

	if (der->len > TMK_SEAL_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
					  "signature of more than %d bytes",
					  TMK_SEAL_MAX);
	if (tmk_front_seal_find(&seal, "cms", err) ||
	    seal->parse(&evidence, der->data, der->len, v, err))
		return -1;
	if (v->reason) {
		tmk_evidence_free(evidence);
		return 0;
	}
	if (evidence->signatures != 1) {
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
				   "%d signers, exactly one is expected",
				   evidence->signatures);
		tmk_evidence_free(evidence);
		return 0;
	}
	*out = evidence;
	return 0;
}

int tmk_front_seal_parse(struct tmk_evidence **out, const uint8_t *data,
			 size_t len, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	struct tmk_evidence *evidence = NULL;
	int rc = 0;

	if (!len)
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
				   "the signature is empty");
	else
		rc = decode(&der, data, len, v, err);
	if (!rc && !v->reason)
		rc = parse_der(&evidence, &der, v, err);
	tmk_buf_release(&der);
	if (!rc)
		*out = evidence;
	return rc;
}
