#include "core/identity.h"

#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/enc.h"
#include "x509/cert.h"

#define EMAIL_MAX 512		/* RFC 5321 4.5.3.1 allows 254 */
#define EMAILS_MAX 64		/* looked at in one certificate */

/* The last '@': a quoted local part may hold one of its own. */
static const char *at_sign(const char *mail, size_t len)
{
	const char *at = len ? memrchr(mail, '@', len) : NULL;

	return at && at > mail && at < mail + len - 1 ? at : NULL;
}

bool tmk_identity_same(const char *a, size_t a_len, const char *b,
		       size_t b_len)
{
	const char *at_a = at_sign(a, a_len), *at_b = at_sign(b, b_len);
	size_t local;

	if (!at_a || !at_b || a_len != b_len || at_a - a != at_b - b)
		return false;
	local = (size_t)(at_a - a);
	return !memcmp(a, b, local) &&
		!strncasecmp(at_a, at_b, a_len - local);
}

/* RFC 8550 section 3: an address in the subject, often copied from the
 * request, counts only in a certificate that names none in its SAN. */
static bool is_certified(X509 *cert, const char *mail)
{
	int rc;

	ERR_set_mark();
	rc = X509_check_email(cert, mail, 0, 0);
	ERR_pop_to_mark();
	return rc == 1;
}

int tmk_identity_judge(struct tmk_verdict *v, X509 *cert,
		       struct tmk_span email, const char *who)
{
	char theirs[EMAIL_MAX], show_cert[160], show_who[160];
	const char *first = "no e-mail address";
	int i;

	tmk_enc_show_into(show_who, sizeof(show_who),
			  (const char *)email.data, email.len);
	for (i = 0; i < EMAILS_MAX; i++) {
		if (!tmk_cert_email(theirs, sizeof(theirs), cert, i))
			break;
		if (tmk_identity_same(theirs, strlen(theirs),
				      (const char *)email.data, email.len) &&
		    is_certified(cert, theirs))
			return 0;
		if (!i)
			first = tmk_enc_show_into(show_cert, sizeof(show_cert),
						  theirs, strlen(theirs));
	}
	return tmk_verdict_refuse(v, TMK_IDENTITY_MISMATCH,
		"the %s is <%s>, the certificate is for %s", who, show_who,
		first);
}

const char *tmk_identity_next(const struct tmk_buf *emails, const char *mail)
{
	const char *data = (const char *)emails->data, *end;

	if (!emails->len)
		return NULL;
	end = data + emails->len;
	mail = mail ? mail + strlen(mail) + 1 : data;
	return mail < end ? mail : NULL;
}

int tmk_identity_judge_key(struct tmk_verdict *v,
			   const struct tmk_buf *emails, const char *key_id,
			   struct tmk_span email, const char *who)
{
	char show_key[160], show_who[160];
	const char *mail = tmk_identity_next(emails, NULL), *first = mail;

	for (; mail; mail = tmk_identity_next(emails, mail))
		if (tmk_identity_same(mail, strlen(mail),
				      (const char *)email.data, email.len))
			return 0;
	tmk_enc_show_into(show_who, sizeof(show_who),
			  (const char *)email.data, email.len);
	tmk_verdict_refuse(v, TMK_IDENTITY_MISMATCH,
		"the %s is <%s>, the key %s is for %s", who, show_who, key_id,
		first ? tmk_enc_show_into(show_key, sizeof(show_key), first,
					  strlen(first)) :
		"no e-mail address");
	return tmk_verdict_hint(v, "commit under an e-mail address of the "
				"key, as the server's keyring tells it");
}
