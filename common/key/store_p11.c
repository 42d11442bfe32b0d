/*
 * The store of PKCS#11 tokens: its door, and nothing behind it.
 *
 * Login, key search, key generation and signing call the module raw: libp11
 * keeps an unwiped copy of the PIN, fails on a token with one key of a type it
 * does not know, cannot ask for an unextractable key and signs through an
 * EVP_PKEY that must outlive its context. libp11 lists certificates.
 */
#include <string.h>

#include "iface/store.h"
#include "key/p11_cert.h"
#include "key/p11_data.h"
#include "key/p11_destroy.h"
#include "key/p11_inspect.h"
#include "key/p11_keygen.h"
#include "key/p11_list.h"
#include "key/p11_pin.h"
#include "key/p11_sign.h"

extern const struct tmk_store_ops tmk_store_p11;

static bool claims(const char *uri)
{
	return !strncmp(uri, "pkcs11:", 7);
}

const struct tmk_store_ops tmk_store_p11 = {
	.name = "p11",
	.claims = claims,
	.open = tmk_p11_signer_open,
	.list = tmk_p11_list,
	.generate = tmk_p11_generate,
	.certs = tmk_p11_certs,
	.put_cert = tmk_p11_put_cert,
	.get_data = tmk_p11_get_data,
	.put_data = tmk_p11_put_data,
	.inspect = tmk_p11_inspect,
	.destroy = tmk_p11_destroy,
	.set_pin = tmk_p11_set_pin,
};
