#include "core/libgit2_start.h"

#include <git2.h>

/*
 * How libgit2 starts its two network libraries, where it was built with them:
 * mbed TLS reads the system's CA certificates (mbedtls/x509_crt.h), libssh2
 * starts OpenSSL's engines (libssh2.h). What the program defines itself comes
 * before what its libraries define. Without certificates no TLS peer could be
 * believed, and no connection is ever made. A libgit2 of another kind calls
 * neither.
 */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);
int libssh2_init(int flags);

int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	(void)chain;
	(void)path;
	return -1;
}

int libssh2_init(int flags)
{
	(void)flags;
	return 0;	/* anything else would stop libgit2 from starting */
}

int tmk_libgit2_start(void)
{
	int rc = git_libgit2_init();

	/* It went on without certificates: that is nobody's reason later. */
	if (rc >= 0)
		git_error_clear();
	return rc;
}
