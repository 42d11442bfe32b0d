/*
 * nothing.c - the signer that does nothing: what git itself needs around one.
 *
 * Reads what it is given and answers with a signature that is none, in the
 * form that git expects (gpg-interface.c). For `make bench` alone.
 */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	char chunk[65536];

	while (read(0, chunk, sizeof(chunk)) > 0)
		;
	puts("-----BEGIN PGP SIGNATURE-----\n\nAAAA\n"
	     "-----END PGP SIGNATURE-----");
	if (fflush(stdout))
		return 1;
	fputs("\n[GNUPG:] SIG_CREATED D 1 8 00 0 0\n", stderr);
	return 0;
}
