/*
 * ssh_key_make.h - the numbers of an SSH key as a key of OpenSSL's.
 *
 * Private to ssh_key.c. NULL when the numbers are no key (a point that is not
 * on its curve) or memory ends; what is given belongs to the caller.
 */
#ifndef TMK_SEAL_SSH_KEY_MAKE_H
#define TMK_SEAL_SSH_KEY_MAKE_H

#include "seal/ssh_key.h"

/* From modulus and exponent. */
EVP_PKEY *tmk_ssh_key_make_rsa(const struct tmk_ssh_key *key);

/* From a point on the curve of the key's type. */
EVP_PKEY *tmk_ssh_key_make_ecdsa(const struct tmk_ssh_key *key);

#endif
