#include "x509/pem.h"

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

bool tmk_pem_is_der(const uint8_t *data, size_t len)
{
	/* Text may begin with '0' too, but no text has a second byte of 0x80
	 * or more, and nothing read here is shorter than 128 bytes. */
	return len >= 2 && data[0] == 0x30 && data[1] >= 0x80;
}

/* One block as PEM_read_bio gave it. */
static int visit_block(const char *got, const char *header,
		       const uint8_t *der, size_t len, const char *label,
		       const char *label2, const char *name,
		       tmk_pem_visit visit, void *ctx, struct tmk_err *err)
{
	if (strcmp(got, label) && (!label2 || strcmp(got, label2)))
		return tmk_err_set(err, TMK_INPUT,
				   "%s: a PEM block \"%.64s\" where only %s is "
				   "expected", name, got, label);
	if (*header)
		return tmk_err_set(err, TMK_INPUT,
				   "%s: a PEM block with headers", name);
	return visit(ctx, der, len, err);
}

int tmk_pem_walk(const uint8_t *data, size_t len, const char *label,
		 const char *label2, const char *name, tmk_pem_visit visit,
		 void *ctx, struct tmk_err *err)
{
	char *got = NULL, *header = NULL;
	unsigned char *der = NULL;
	long derlen = 0;
	BIO *bio = NULL;
	int n = 0, rc = -1;

	if (len > INT_MAX)
		return tmk_err_set(err, TMK_INPUT, "%s: too large", name);
	ERR_set_mark();
	bio = BIO_new_mem_buf(data, (int)len);
	if (!bio) {
		tmk_err_nomem(err);
		goto out;
	}
	while (PEM_read_bio(bio, &got, &header, &der, &derlen) == 1) {
		rc = visit_block(got, header, der, (size_t)derlen, label,
				 label2, name, visit, ctx, err);
		OPENSSL_free(got);
		OPENSSL_free(header);
		OPENSSL_free(der);
		if (rc < 0)
			goto out;
		rc = -1;
		n++;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		tmk_err_set(err, TMK_INPUT, "%s: a broken PEM block", name);
		goto out;
	}
	rc = n;
out:
	BIO_free(bio);
	ERR_pop_to_mark();
	return rc;
}
