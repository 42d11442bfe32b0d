#include "formats/rpm_sums.h"

#include <string.h>

#include <openssl/err.h>

#include "x509/digest.h"

static const struct kind {
	const char *name;
	size_t len;
	uint32_t number;	/* in OpenPGP */
	int hash;		/* of x509/digest.h; 0: by `md` */
	const EVP_MD *(*md)(void);
	bool strong;
} kinds[TMK_RPM_SUM_KINDS] = {
	[TMK_RPM_MD5] = { "MD5", 16, 1, 0, EVP_md5, false },
	[TMK_RPM_SHA1] = { "SHA-1", 20, 2, 0, EVP_sha1, false },
	[TMK_RPM_SHA256] = { "SHA-256", 32, 8, 1, NULL, true },
	[TMK_RPM_SHA384] = { "SHA-384", 48, 9, 2, NULL, true },
	[TMK_RPM_SHA512] = { "SHA-512", 64, 10, 3, NULL, true },
	[TMK_RPM_SHA3_256] = { "SHA3-256", 32, 12, 0, EVP_sha3_256, true },
};

size_t tmk_rpm_sum_len(enum tmk_rpm_sum_kind kind)
{
	return kinds[kind].len;
}

bool tmk_rpm_sum_strong(enum tmk_rpm_sum_kind kind)
{
	return kinds[kind].strong;
}

enum tmk_rpm_sum_kind tmk_rpm_sum_of(uint32_t number)
{
	int i;

	for (i = TMK_RPM_MD5; i < TMK_RPM_SUM_KINDS; i++)
		if (kinds[i].number == number)
			return (enum tmk_rpm_sum_kind)i;
	return 0;
}

int tmk_rpm_sums_add(struct tmk_rpm_sums *sums, enum tmk_rpm_sum_kind kind,
		     enum tmk_rpm_sum_over over, const uint8_t *want,
		     struct tmk_err *err)
{
	const struct kind *k = &kinds[kind];
	struct tmk_rpm_sum *sum = &sums->sum[sums->n];
	const EVP_MD *md = k->hash ? tmk_digest_md(k->hash) : k->md();
	EVP_MD_CTX *ctx;
	int good;

	if (sums->n >= TMK_RPM_SUMS)
		return tmk_err_set(err, TMK_INTERNAL, "too many sums");
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return tmk_err_nomem(err);
	ERR_set_mark();
	good = EVP_DigestInit_ex(ctx, md, NULL) == 1;
	ERR_pop_to_mark();
	if (!good) {
		EVP_MD_CTX_free(ctx);
		return k->strong ? tmk_err_set(err, TMK_INTERNAL,
			"OpenSSL cannot start %s", k->name) : 0;
	}
	sum->kind = kind;
	sum->over = over;
	sum->ctx = ctx;
	sum->found = !want;
	if (want)
		memcpy(sum->want, want, k->len);
	sums->n++;
	return 0;
}

int tmk_rpm_sums_update(struct tmk_rpm_sums *sums, enum tmk_rpm_sum_over part,
			const uint8_t *data, size_t len, struct tmk_err *err)
{
	int i;

	for (i = 0; i < sums->n; i++)
		if ((sums->sum[i].over & part) &&
		    EVP_DigestUpdate(sums->sum[i].ctx, data, len) != 1)
			return tmk_err_set(err, TMK_INTERNAL,
					   "OpenSSL cannot go on hashing");
	return 0;
}

int tmk_rpm_sums_check(struct tmk_rpm_sums *sums, struct tmk_verdict *v,
		       struct tmk_err *err)
{
	static const char *const over[] = {
		[TMK_RPM_OVER_HEADER] = "header",
		[TMK_RPM_OVER_PAYLOAD] = "payload",
		[TMK_RPM_OVER_BOTH] = "header and payload"
	};
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned int len;
	int i;

	for (i = 0; i < sums->n; i++) {
		struct tmk_rpm_sum *sum = &sums->sum[i];
		const struct kind *k = &kinds[sum->kind];

		if (EVP_DigestFinal_ex(sum->ctx, md, &len) != 1)
			return tmk_err_set(err, TMK_INTERNAL,
					   "OpenSSL cannot finish hashing");
		if (sum->found && len == k->len)
			memcpy(sum->want, md, len);
		else if (len != k->len || memcmp(md, sum->want, len))
			return tmk_verdict_refuse(v, TMK_CONTENT_MISMATCH,
				"the %s digest of the package's %s is not "
				"that of its bytes", k->name,
				over[sum->over]);
	}
	return 0;
}

void tmk_rpm_sums_release(struct tmk_rpm_sums *sums)
{
	int i;

	for (i = 0; i < sums->n; i++) {
		EVP_MD_CTX_free(sums->sum[i].ctx);
		sums->sum[i].ctx = NULL;
	}
	sums->n = 0;
}
