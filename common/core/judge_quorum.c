#include "core/judge_quorum.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

#include "core/identity.h"
#include "x509/cert.h"

#define STEPS_MAX 100000	/* of the search */
#define EMAIL_MAX 512		/* RFC 5321 4.5.3.1 allows 254 */
#define EMAILS_MAX 64		/* looked at in one certificate */

struct person {
	const struct tmk_finding *f;
	struct tmk_buf emails;	/* in lower case, each closed by a NUL */
	bool more;		/* than are looked at */
};

struct search {
	struct person person[TMK_JUDGE_SIGNERS_MAX];
	bool same[TMK_JUDGE_SIGNERS_MAX][TMK_JUDGE_SIGNERS_MAX];
	int chosen[TMK_JUDGE_SIGNERS_MAX];
	int n, want, best, steps;
};

/* Case counts where somebody is let in. Here two spellings of one address
 * would make two people. */
static int add_email(struct person *p, const char *mail, struct tmk_err *err)
{
	size_t len = strlen(mail), i;
	struct tmk_buf *out = &p->emails;
	uint8_t *to;

	if (out->max - out->len < len + 1) {
		p->more = true;
		return 0;
	}
	to = tmk_buf_reserve(out, len + 1);
	if (!to)
		return tmk_err_nomem(err);
	for (i = 0; i <= len; i++)
		to[i] = (uint8_t)tolower((unsigned char)mail[i]);
	tmk_buf_commit(out, len + 1);
	return 0;
}

static int read_emails(struct person *p, struct tmk_err *err)
{
	char mail[EMAIL_MAX];
	const char *next = NULL;
	int i;

	for (i = 0; p->f->cert && !p->more; i++) {
		if (!tmk_cert_email(mail, sizeof(mail), p->f->cert, i))
			break;
		if (i == EMAILS_MAX)
			p->more = true;
		else if (add_email(p, mail, err))
			return -1;
	}
	while ((next = tmk_identity_next(&p->f->emails, next)))
		if (add_email(p, next, err))
			return -1;
	return 0;
}

static bool share_email(const struct person *a, const struct person *b)
{
	const char *x = NULL, *y;

	while ((x = tmk_identity_next(&a->emails, x)))
		for (y = NULL; (y = tmk_identity_next(&b->emails, y)); )
			if (!strcmp(x, y))
				return true;
	return false;
}

static bool is_rsa(const EVP_PKEY *key)
{
	int id = EVP_PKEY_get_base_id(key);

	return id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS;
}

/* OpenSSL finds two RSA keys of different names (RFC 4055 1.2) different,
 * whatever they are. */
static bool same_key(const EVP_PKEY *a, const EVP_PKEY *b)
{
	BIGNUM *x = NULL, *y = NULL;
	bool same;

	if (!is_rsa(a) || !is_rsa(b))
		return EVP_PKEY_eq(a, b) == 1;
	same = EVP_PKEY_get_bn_param(a, OSSL_PKEY_PARAM_RSA_N, &x) != 1 ||
		EVP_PKEY_get_bn_param(b, OSSL_PKEY_PARAM_RSA_N, &y) != 1 ||
		!BN_cmp(x, y);
	BN_free(x);
	BN_free(y);
	return same;
}

static bool share_key(const struct tmk_finding *a, const struct tmk_finding *b)
{
	bool same;

	if (a->primary_id[0] && !strcmp(a->primary_id, b->primary_id))
		return true;
	ERR_set_mark();
	same = a->key && b->key && same_key(a->key, b->key);
	ERR_pop_to_mark();
	return same;
}

static bool same_person(const struct person *a, const struct person *b)
{
	/* one who has addresses that nobody looked at may be anybody */
	if (a->more || b->more || share_key(a->f, b->f) || share_email(a, b))
		return true;
	return a->f->cert && b->f->cert &&
		(!a->emails.len || !b->emails.len) &&
		!X509_NAME_cmp(X509_get_subject_name(a->f->cert),
			       X509_get_subject_name(b->f->cert));
}

static bool fits(const struct search *s, int have, int i)
{
	int k;

	for (k = 0; k < have; k++)
		if (s->same[s->chosen[k]][i])
			return false;
	return true;
}

/* Take one more behind `from`, then go on; `want` bounds the depth. */
static void choose(struct search *s, int have, int from)
{
	int i;

	if (have > s->best)
		s->best = have;
	for (i = from; i < s->n && s->best < s->want; i++) {
		if (++s->steps > STEPS_MAX)
			return;
		if (have + s->n - i <= s->best)
			return;
		if (!fits(s, have, i))
			continue;
		s->chosen[have] = i;
		choose(s, have + 1, i + 1);
	}
}

int tmk_judge_quorum(const struct tmk_finding *const *finding, int n, int want,
		     struct tmk_err *err)
{
	struct search s = { .n = n, .want = want };
	int i, k, ret = -1;

	if (n < 0 || n > TMK_JUDGE_SIGNERS_MAX)
		return tmk_err_set(err, TMK_INTERNAL, "%d signers to count",
				   n);
	for (i = 0; i < n; i++) {
		s.person[i].f = finding[i];
		tmk_buf_init(&s.person[i].emails, TMK_FINDING_EMAILS_MAX);
	}
	for (i = 0; i < n; i++)
		if (read_emails(&s.person[i], err))
			goto out;
	for (i = 0; i < n; i++)
		for (k = 0; k < i; k++)
			s.same[i][k] = s.same[k][i] =
				same_person(&s.person[i], &s.person[k]);
	choose(&s, 0, 0);
	ret = s.best;
out:
	for (i = 0; i < n; i++)
		tmk_buf_release(&s.person[i].emails);
	return ret;
}
