/*
 * front_certs.h - certificate files, read once for as long as they stay the
 * same.
 *
 * A process that signs often (an agent) looks at the same chain for every
 * signature; decoding it costs more than signing. A file is read again when
 * its identity, size or times differ. For one thread at a time.
 */
#ifndef TMK_PLUGINS_FRONT_CERTS_H
#define TMK_PLUGINS_FRONT_CERTS_H

#include <stdbool.h>

#include <sys/stat.h>

#include <openssl/x509.h>

#include "base/err.h"

/* The certificates of a PEM file, in its order. The stack and its references
 * belong to the caller. Fails as tmk_cert_load_file. */
int tmk_front_certs_load(STACK_OF(X509) **out, const char *path,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Whether both are the same file with the same content, as far as stat(2)
 * tells. */
bool tmk_front_certs_same(const struct stat *a, const struct stat *b);

#endif
