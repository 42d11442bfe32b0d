/*
 * seal_sshsig.c - the SSH seal: SSHSIG signatures (PROTOCOL.sshsig of OpenSSH)
 * and the allowed_signers file that says whose they are.
 *
 * A signature is bound to a namespace, which says what the content is: one
 * made for a file is none for a commit. There are no certificates in it and no
 * place for a timestamp.
 */
#include "seal/ssh_signers.h"
#include "seal/ssh_sig.h"

/* What ssh-keygen takes too. The key's own strength is in the scheme. */
static enum tmk_hash choose_hash(const struct tmk_signer *signer)
{
	(void)signer;
	return TMK_SHA512;
}

const struct tmk_seal_ops tmk_seal_sshsig = {
	.name = "ssh",
	.suffix = ".sig",
	.armour = "SSH SIGNATURE",
	.format = TMK_FORMAT_SSH,
	.hash = choose_hash,
	.make = tmk_ssh_sig_make,
	.parse = tmk_ssh_sig_parse,
	.check = tmk_ssh_sig_check,
	.free = tmk_ssh_sig_free,
	.keyring_read = tmk_ssh_signers_read,
	.keyring_free = tmk_ssh_signers_free,
	.keyring_find = tmk_ssh_signers_find,
	.keyring_emails = tmk_ssh_signers_emails,
};
