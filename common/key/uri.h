/*
 * uri.h - a PKCS#11 URI (RFC 7512), read strictly.
 *
 * p11-kit decodes and matches; around it stand the guards it does not have:
 * unknown and repeated attributes, white space, empty values and slot numbers
 * are errors, because each of them would make the URI match more than the
 * person who wrote it meant. The PIN of a pin-value goes straight into locked
 * memory: p11-kit never sees it, and nothing here can write it out again.
 * Fails with TMK_USAGE (a URI is configuration) and never shows the URI, which
 * may hold a PIN.
 */
#ifndef TMK_KEY_URI_H
#define TMK_KEY_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#define TMK_URI_MAX 2048	/* bytes of the text */
#define TMK_URI_PATH_MAX 512	/* bytes of a path inside, with its NUL */

struct tmk_uri {
	P11KitUri *p11;		/* without pin-value */
	struct tmk_secret *pin;	/* pin-value; NULL when there is none */
	char module_path[TMK_URI_PATH_MAX];	/* "" when there is none */
	char module_name[64];
	char pin_source[TMK_URI_PATH_MAX];
	bool has_serial;	/* so that what we write names it as well */
	bool has_slot;		/* slot-description or -manufacturer */
	bool has_library;	/* library-... */
	bool has_class;
	CK_OBJECT_CLASS class;	/* of type= */
	bool has_id;
	uint8_t id[64];
	size_t id_len;
	char label[256];	/* object=; "" when there is none */
};

/* Read `text`. What is in *out belongs to the caller until
 * tmk_uri_release; it must not be moved. */
int tmk_uri_parse(struct tmk_uri *out, const char *text, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Wipe and free what is inside. */
void tmk_uri_release(struct tmk_uri *uri);

/* What a URI is written from; NULL or empty parts are left out. There is no
 * field for a PIN. */
struct tmk_uri_parts {
	const char *token;	/* label, as it is (not escaped) */
	const char *serial;
	const uint8_t *id;
	size_t id_len;
	const char *label;
	bool private_key;	/* type=private */
	const char *module_path;
	const char *pin_source;
};

/* Write the URI: everything but letters, digits and "-._~" is
 * percent-encoded ('/' and ':' in the query stay), a CKA_ID entirely.
 * Returns 0, or -1 when `size` bytes do not hold it; `out` is then "". */
int tmk_uri_format(char *out, size_t size, const struct tmk_uri_parts *parts)
	TMK_MUST_CHECK;

#endif
