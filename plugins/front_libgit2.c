#include "plugins/front_libgit2.h"

#include <git2.h>

/*
 * The functions by which libgit2 starts its two network libraries, where it
 * was built with them: mbed TLS reads CA certificates (mbedtls/x509_crt.h),
 * libssh2 starts OpenSSL's engines (libssh2.h). The program's own definitions
 * come before the libraries'. No certificate is read, so no TLS peer could be
 * believed; no SSH session is ever opened. A libgit2 of another kind calls
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

void tmk_front_libgit2_start(void)
{
	git_libgit2_init();
}
