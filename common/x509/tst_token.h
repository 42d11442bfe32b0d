/*
 * tst_token.h - one RFC 3161 TimeStampToken, read strictly. Internal to x509/.
 *
 * Exactly one SignerInfo over a TSTInfo, with the signed attributes that RFC
 * 3161 and RFC 5816 ask for; the signer is the certificate that both the
 * signer id and the ESS attribute name. Trust is not asked here. Every
 * function answers true, or false with one line in `why`.
 */
#ifndef TMK_X509_TST_TOKEN_H
#define TMK_X509_TST_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/cms.h>
#include <openssl/ts.h>

#define TMK_TST_CERTS_MAX 32	/* certificates embedded in one token */

struct tmk_tst_token {
	CMS_ContentInfo *cms;
	CMS_SignerInfo *si;	/* borrowed from cms */
	STACK_OF(X509) *certs;	/* embedded; NULL when none */
	TS_TST_INFO *info;
	int hash;		/* enum tmk_hash of the imprint */
	const uint8_t *imprint;	/* borrowed from info */
	size_t imprint_len;
	int64_t time;		/* genTime, whole seconds */
	X509 *signer;		/* borrowed, after tmk_tst_token_signer */
};

/* Read the bytes: form, content, attributes and TSTInfo (RFC 3161 2.4.2). The
 * caller releases `t` whatever the answer is. */
bool tmk_tst_token_read(struct tmk_tst_token *t, const uint8_t *der,
			size_t len, char *why, size_t size);
/* Free all that was read; t->signer is gone with it. */
void tmk_tst_token_release(struct tmk_tst_token *t);

/*
 * Find the signer among the embedded certificates, then among `more` and
 * `more2` (may be NULL): the one that the signer id and the ESS attribute
 * name. Sets t->signer.
 */
bool tmk_tst_token_signer(struct tmk_tst_token *t, STACK_OF(X509) *more,
			  STACK_OF(X509) *more2, char *why, size_t size);

/* Check messageDigest and signature with the signer found before. */
bool tmk_tst_token_verify(struct tmk_tst_token *t, char *why, size_t size);

/* Read a genTime (RFC 3161 2.4.2): YYYYMMDDhhmmss[.f...]Z, seconds always, no
 * zero at the end of a fraction; the fraction is dropped. */
bool tmk_tst_token_time(int64_t *out, const uint8_t *text, size_t size);

#endif
