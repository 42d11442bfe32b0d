/*
 * p11_inspect.h - all that a token and its module say of one key.
 *
 * Every attribute that protects a private key, with "the module does not give
 * it" kept apart from "no"; what made the key; and which module, in which
 * version and with which bytes, says so. Nothing here is proved: a module may
 * say what it likes. No secret attribute is asked for. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_INSPECT_H
#define TMK_KEY_P11_INSPECT_H

#include <stdbool.h>

#include "base/err.h"
#include "iface/store.h"

/*
 * The inspect of iface/store.h. Without a login a token may hide the private
 * key: then the public one is looked at, and every attribute is TMK_ABSENT.
 * Facts, in this order, each where it is told (PKCS#11 2.40 sections 3.1, 3.2,
 * 4.7; texts as the module has them):
 *
 *	module			path of its file, else p11-kit's name for it
 *	module-sha256		hex, of that file
 *	module-manufacturer, module-description, module-version ("2.6")
 *	cryptoki-version	("2.40")
 *	slot-description, slot-manufacturer
 *	token-firmware, token-hardware		("1.0")
 *	token-flags		names without CKF_, parted by a blank
 *	token-pin-length	("4-255"), of the user's PIN
 *	CKA_KEY_GEN_MECHANISM	("CKM_EC_KEY_PAIR_GEN", else "0x...")
 *	CKA_START_DATE, CKA_END_DATE	("2026-11-21")
 */
int tmk_p11_inspect(const struct tmk_place *place, bool login,
		    struct tmk_key_facts *facts, tmk_fact_visit visit,
		    void *ctx, struct tmk_err *err) TMK_MUST_CHECK;

#endif
