/*
 * front_cert_show.h - what a certificate says, for people and as JSON.
 *
 * Everything shown is escaped; nothing is judged here. Buffers are the
 * caller's.
 */
#ifndef TMK_PLUGINS_FRONT_CERT_SHOW_H
#define TMK_PLUGINS_FRONT_CERT_SHOW_H

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

/* Append the lines for people, "subject  CN=..." and so on, to `out`. Fails
 * with TMK_INPUT when the certificate cannot be shown, TMK_INTERNAL when the
 * buffer is full. */
int tmk_front_cert_show_text(struct tmk_buf *out, X509 *cert,
			     struct tmk_err *err) TMK_MUST_CHECK;

/* The same facts as members of the object that is open in `j`. Fails with
 * TMK_INPUT. */
int tmk_front_cert_show_json(struct tmk_json *j, X509 *cert,
			     struct tmk_err *err) TMK_MUST_CHECK;

#endif
