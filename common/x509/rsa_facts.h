/*
 * rsa_facts.h - how long an RSA key's numbers are, and of what kind.
 *
 * OpenSSL 3 hands a number out in constant time, which costs as much as a
 * verification; a key is asked several times for each signature. What was
 * found out about the last keys is kept, bounded, for all threads. Says
 * nothing about whether a key may be used. Internal to x509/.
 */
#ifndef TMK_X509_RSA_FACTS_H
#define TMK_X509_RSA_FACTS_H

#include <stdbool.h>

#include <openssl/evp.h>

struct tmk_rsa_facts {
	int bits;		/* of the modulus */
	bool odd;		/* the modulus is */
	int exponent_bits;
	bool exponent_good;	/* odd, positive and not 1 */
};

/* False when the key gives no such numbers. */
bool tmk_rsa_facts_get(struct tmk_rsa_facts *out, EVP_PKEY *key);

#endif
