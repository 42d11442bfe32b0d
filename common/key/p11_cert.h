/*
 * p11_cert.h - the certificates that lie beside the keys.
 *
 * Listed through libp11, which knows how tokens keep them; libp11 never gets a
 * PIN (it keeps a copy that is not wiped) and only runs after a raw session
 * could be opened (without that it may wait for ever). While another
 * connection of this process is open, libp11 would cut it, since it closes all
 * sessions and finalises the module: the certificates are then read raw, as are
 * those of one id, which libp11 could only pick out of all.
 * Certificates are written raw, with a login. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_CERT_H
#define TMK_KEY_P11_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/store.h"

/* The certs of iface/store.h. */
int tmk_p11_certs(const struct tmk_place *place, const uint8_t *id,
		  size_t id_len,
		  int (*visit)(void *ctx, const uint8_t *der, size_t len,
			       struct tmk_err *err),
		  void *ctx, struct tmk_err *err) TMK_MUST_CHECK;

/* The put_cert of iface/store.h. */
int tmk_p11_put_cert(const struct tmk_place *place, const uint8_t *id,
		     size_t id_len, const char *label, const uint8_t *der,
		     size_t len, struct tmk_err *err) TMK_MUST_CHECK;

#endif
