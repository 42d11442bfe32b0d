#include "plugins/front_key_chain.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/enc.h"
#include "core/sign.h"
#include "x509/cert.h"

static int push(STACK_OF(X509) *to, X509 *cert, struct tmk_err *err)
{
	if (!X509_up_ref(cert))
		return tmk_err_nomem(err);
	if (sk_X509_push(to, cert))
		return 0;
	X509_free(cert);
	return tmk_err_nomem(err);
}

int tmk_front_chain_add(STACK_OF(X509) *to, STACK_OF(X509) *from,
			struct tmk_err *err)
{
	int i;

	for (i = 0; i < sk_X509_num(from); i++)
		if (push(to, sk_X509_value(from, i), err))
			return -1;
	return 0;
}

int tmk_front_chain_add_file(STACK_OF(X509) *to, const char *path,
			     struct tmk_err *err)
{
	STACK_OF(X509) *more = NULL;
	int rc;

	if (tmk_cert_load_file(&more, path, err) < 0)
		return -1;
	rc = tmk_front_chain_add(to, more, err);
	sk_X509_pop_free(more, X509_free);
	return rc;
}

int tmk_front_chain_add_files(STACK_OF(X509) *to,
			      const struct tmk_opt_list *files,
			      struct tmk_err *err)
{
	int i;

	for (i = 0; i < files->count; i++)
		if (tmk_front_chain_add_file(to, files->item[i], err))
			return -1;
	return 0;
}

static int on_cert(void *ctx, const uint8_t *der, size_t len,
		   struct tmk_err *err)
{
	X509 *cert = NULL;
	int rc;

	if (tmk_cert_from_der(&cert, der, len, "on the token", NULL) < 0)
		return 0;
	rc = push(ctx, cert, err);
	X509_free(cert);
	return rc;
}

int tmk_front_chain_add_token(STACK_OF(X509) *to,
			      const struct tmk_store_ops *store,
			      const struct tmk_place *place,
			      struct tmk_err *err)
{
	return store->certs ? store->certs(place, NULL, 0, on_cert, to, err) :
		0;
}

/* The leaf must be one that was given: the token may hold a newer one, which
 * is not what is asked about. */
int tmk_front_chain_complete(STACK_OF(X509) **out, STACK_OF(X509) *given,
			     STACK_OF(X509) *more, const uint8_t *spki,
			     size_t len, int64_t now, struct tmk_err *err)
{
	STACK_OF(X509) *first = NULL, *pool = NULL, *both[] = { given, more };
	int i, j, rc = -1;

	if (tmk_sign_order_chain(&first, given, spki, len, now, err) < 0)
		return -1;
	pool = sk_X509_new_null();
	if (!pool) {
		tmk_err_nomem(err);
		goto out;
	}
	if (push(pool, sk_X509_value(first, 0), err))
		goto out;
	for (i = 0; i < 2; i++)
		for (j = 0; j < sk_X509_num(both[i]); j++) {
			X509 *cert = sk_X509_value(both[i], j);

			if (!tmk_cert_has_key(cert, spki, len) &&
			    push(pool, cert, err))
				goto out;
		}
	rc = tmk_sign_order_chain(out, pool, spki, len, now, err);
out:
	sk_X509_pop_free(first, X509_free);
	sk_X509_pop_free(pool, X509_free);
	return rc;
}

/* Where the certificate says that its issuer's is (RFC 5280 4.2.2.1). */
static void ca_issuers(char *url, size_t size, X509 *cert)
{
	AUTHORITY_INFO_ACCESS *aia =
		X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
	int i;

	for (i = 0; i < sk_ACCESS_DESCRIPTION_num(aia); i++) {
		ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(aia, i);
		const ASN1_IA5STRING *at;

		if (OBJ_obj2nid(d->method) != NID_ad_ca_issuers ||
		    d->location->type != GEN_URI)
			continue;
		at = d->location->d.uniformResourceIdentifier;
		tmk_enc_show_into(url, size,
				  (const char *)ASN1_STRING_get0_data(at),
				  (size_t)ASN1_STRING_length(at));
		break;
	}
	AUTHORITY_INFO_ACCESS_free(aia);
}

static bool has_issuer(STACK_OF(X509) *pool, X509 *cert)
{
	int i;

	for (i = 0; i < sk_X509_num(pool); i++)
		if (X509_check_issued(sk_X509_value(pool, i), cert) ==
		    X509_V_OK)
			return true;
	return false;
}

int tmk_front_chain_missing(char *issuer, size_t size, char *url,
			    size_t url_size, STACK_OF(X509) *chain,
			    STACK_OF(X509) *given, STACK_OF(X509) *more)
{
	X509 *last = sk_X509_value(chain, sk_X509_num(chain) - 1);

	*url = '\0';
	if (X509_check_issued(last, last) == X509_V_OK ||
	    has_issuer(given, last) || has_issuer(more, last))
		return 0;
	ca_issuers(url, url_size, last);
	return tmk_cert_issuer(issuer, size, last)[0] != '\0';
}

static bool is_in(STACK_OF(X509) *chain, const X509 *cert)
{
	int i;

	for (i = 0; i < sk_X509_num(chain); i++)
		if (!X509_cmp(sk_X509_value(chain, i), cert))
			return true;
	return false;
}

/* A certificate of the key that is still good, or a CA's above one. */
static bool is_kept(X509 *cert, bool of_key, int64_t now)
{
	int64_t from = 0, to = 0;

	if (tmk_cert_validity(&from, &to, cert, NULL) || to < now)
		return false;
	return of_key || X509_check_ca(cert);
}

int tmk_front_chain_overlap(STACK_OF(X509) *chain, const char *old,
			    const uint8_t *spki, size_t len, int64_t now,
			    struct tmk_err *err)
{
	STACK_OF(X509) *kept = NULL;
	int i, more = 0, rc = -1;

	if (!old || tmk_cert_load_file(&kept, old, NULL) < 0)
		return 1;
	for (i = 0; i < sk_X509_num(kept); i++) {
		X509 *cert = sk_X509_value(kept, i);
		bool of_key = tmk_cert_has_key(cert, spki, len);

		if (of_key && is_kept(cert, true, now) && !is_in(chain, cert)) {
			more++;
			if (push(chain, cert, err))
				goto out;
		}
	}
	for (i = 0; more && i < sk_X509_num(kept); i++) {
		X509 *cert = sk_X509_value(kept, i);

		if (is_kept(cert, false, now) && !is_in(chain, cert) &&
		    push(chain, cert, err))
			goto out;
	}
	rc = 1 + more;
out:
	sk_X509_pop_free(kept, X509_free);
	return rc;
}
