#include "plugins/front_pick.h"

#include <string.h>

#include "plugins/front_key.h"
#include "x509/cert.h"

static int copy_info(struct tmk_key_info *to, const struct tmk_key_info *from,
		     struct tmk_err *err)
{
	tmk_key_info_release(to);
	*to = *from;
	tmk_buf_init(&to->spki, from->spki.max);
	if (tmk_buf_add(&to->spki, from->spki.data, from->spki.len) < 0)
		return tmk_err_nomem(err);
	return 0;
}

static int on_key(void *ctx, const struct tmk_key_info *info,
		  struct tmk_err *err)
{
	struct tmk_front_look *look = ctx;

	if (look->keys++)
		return 0;
	return copy_info(&look->info, info, err);
}

static int on_cert(void *ctx, const uint8_t *der, size_t len,
		   struct tmk_err *err)
{
	struct tmk_front_look *look = ctx;
	X509 *cert = NULL;

	/* A token may hold things that are no certificates of ours: what
	 * cannot be read cannot be chosen. */
	if (tmk_cert_from_der(&cert, der, len, "on the token", NULL) < 0)
		return 0;
	if (!sk_X509_push(look->certs, cert)) {
		X509_free(cert);
		return tmk_err_nomem(err);
	}
	return 0;
}

int tmk_front_look(struct tmk_front_look *out, const struct tmk_place *place,
		   bool login, struct tmk_err *err)
{
	const struct tmk_store_ops *store = tmk_front_store(place->uri, err);
	struct tmk_front_look look = { .keys = 0 };
	int ret = -1;

	if (!store)
		return -1;
	tmk_key_info_init(&look.info);
	look.certs = sk_X509_new_null();
	if (!look.certs) {
		tmk_err_nomem(err);
		goto out;
	}
	if (store->list(place, login, on_key, &look, err) < 0 ||
	    store->certs(place, NULL, 0, on_cert, &look, err) < 0)
		goto out;
	*out = look;
	memset(&look, 0, sizeof(look));
	ret = 0;
out:
	tmk_front_look_release(&look);
	return ret;
}

void tmk_front_look_release(struct tmk_front_look *look)
{
	tmk_key_info_release(&look->info);
	sk_X509_pop_free(look->certs, X509_free);
	look->certs = NULL;
}
