#include "key/kms_jwk.h"

#include <stdio.h>
#include <string.h>

#include "key/der.h"
#include "key/kms.h"
#include "key/kms_text.h"

#define KTY_MAX 16		/* bytes of `kty`, as the header says */
#define MEMBER_MAX 2800		/* characters: RSA of 16384 bits */
#define NUMBER_MAX 2048		/* bytes of it */

static int malformed(struct tmk_err *err, const char *what)
{
	return tmk_err_set(err, TMK_KEY, "the service shows a public key "
			   "that is none (%s)", what);
}

/* One member as text. */
static int member(char *out, size_t size, const struct tmk_buf *body,
		  const char *path, const char *name)
{
	char at[64];
	int n = snprintf(at, sizeof(at), "%s.%s", path, name);

	return n < 0 || (size_t)n >= sizeof(at) ? -1 :
		tmk_kms_json(out, size, body, at, NULL);
}

/* One member that is base64url of a number. */
static int number(struct tmk_buf *out, const struct tmk_buf *body,
		  const char *path, const char *name)
{
	char text[MEMBER_MAX];

	return member(text, sizeof(text), body, path, name) || !*text ||
		tmk_kms_text_url64_read(out, text, strlen(text)) ? -1 : 0;
}

static int rsa(struct tmk_buf *spki, const struct tmk_buf *body,
	       const char *path, struct tmk_err *err)
{
	struct tmk_buf n = TMK_BUF_INIT(NUMBER_MAX);
	struct tmk_buf e = TMK_BUF_INIT(NUMBER_MAX);
	unsigned int bits = 0;
	int rc = 0;

	if (number(&n, body, path, "n") || number(&e, body, path, "e") ||
	    tmk_der_rsa_spki(spki, &bits, n.data, n.len, e.data, e.len))
		rc = malformed(err, "RSA");
	tmk_buf_release(&n);
	tmk_buf_release(&e);
	return rc;
}

static unsigned int curve_bits(const char *crv)
{
	return !strcmp(crv, "P-256") ? 256 : !strcmp(crv, "P-384") ? 384 :
		!strcmp(crv, "P-521") ? 521 : 0;
}

/* Coordinates are as long as the field (RFC 7518 6.2.1.2). */
static int ec(struct tmk_buf *spki, const struct tmk_buf *body,
	      const char *path, struct tmk_err *err)
{
	struct tmk_buf point = TMK_BUF_INIT(1 + 2 * 66);
	unsigned int bits;
	char crv[16];
	int rc = -1;

	if (member(crv, sizeof(crv), body, path, "crv"))
		return malformed(err, "no curve");
	bits = curve_bits(crv);
	if (!bits) {
		tmk_err_set(err, TMK_KEY, "the key is on the curve %s, on "
			    "which nothing is signed here", crv);
		return tmk_err_hint(err, "use P-256, P-384, P-521 or RSA");
	}
	if (tmk_buf_addch(&point, 0x04) ||
	    number(&point, body, path, "x") ||
	    point.len != 1 + (bits + 7) / 8 ||
	    number(&point, body, path, "y") ||
	    tmk_der_ec_spki(spki, bits, point.data, point.len))
		(void)malformed(err, "EC");
	else
		rc = 0;
	tmk_buf_release(&point);
	return rc;
}

int tmk_kms_jwk_spki(struct tmk_buf *spki, char *kty,
		     const struct tmk_buf *body, const char *path,
		     struct tmk_err *err)
{
	char type[KTY_MAX];
	int rc;

	if (member(type, sizeof(type), body, path, "kty"))
		return malformed(err, "no type");
	if (!strcmp(type, "RSA") || !strcmp(type, "RSA-HSM")) {
		rc = rsa(spki, body, path, err);
	} else if (!strcmp(type, "EC") || !strcmp(type, "EC-HSM")) {
		rc = ec(spki, body, path, err);
	} else {
		tmk_err_set(err, TMK_KEY, "the key is of type %s, which signs "
			    "nothing here", type);
		rc = tmk_err_hint(err, "use an RSA or EC key");
	}
	if (!rc)
		memcpy(kty, type, sizeof(type));
	return rc;
}
