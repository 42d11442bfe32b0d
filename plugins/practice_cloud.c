/* Rows about keys in services: nobody asks the network here. */
#include "plugins/practice.h"

#include <stdio.h>

#define SAY(...) snprintf(why, size, __VA_ARGS__)
#define CHECK TMK_PRACTICE_CHECK

/* Where no key is, there is nothing to be asked. */
static enum tmk_practice_verdict ask(const struct tmk_practice *p,
				     unsigned int services, const char *what,
				     char *why, size_t size)
{
	if (!(p->services & services)) {
		SAY("no key is configured there");
		return TMK_PRACTICE_PASS;
	}
	SAY("%s", what);
	return TMK_PRACTICE_UNKNOWN;
}

#define ANY (TMK_PRACTICE_AWS | TMK_PRACTICE_AZURE | TMK_PRACTICE_GOOGLE | \
	     TMK_PRACTICE_VAULT)

CHECK(cloud_rights)
{
	return ask(p, ANY, "ask for the rights of the account that signs: to "
		   "sign, to get the public key, to describe the key, and "
		   "nothing else", why, size);
}

CHECK(cloud_report)
{
	return ask(p, ANY, "the report of each key holds the service's own "
		   "description of it", why, size);
}

CHECK(azure_kind)
{
	return ask(p, TMK_PRACTICE_AZURE, "the report tells kty: RSA-HSM and "
		   "EC-HSM are in hardware, RSA and EC are not; only Premium "
		   "vaults have them", why, size);
}

CHECK(azure_policies)
{
	return ask(p, TMK_PRACTICE_AZURE, "ask that the policies \"Keys "
		   "should be backed by a hardware security module (HSM)\" "
		   "and \"Resource logs in Key Vault should be enabled\" are "
		   "compliant for the vault", why, size);
}

CHECK(azure_managed)
{
	return ask(p, TMK_PRACTICE_AZURE, "for a key at a host under "
		   "managedhsm.azure.net ask for the properties of the HSM "
		   "and its diagnostic settings", why, size);
}

CHECK(aws_key)
{
	return ask(p, TMK_PRACTICE_AWS, "the report tells Origin (AWS_KMS), "
		   "KeyUsage (SIGN_VERIFY), KeySpec (RSA_3072, RSA_4096, "
		   "ECC_NIST_P256 or stronger) and KeyState (Enabled)", why,
		   size);
}

CHECK(aws_trail)
{
	return ask(p, TMK_PRACTICE_AWS, "ask that a trail of the account and "
		   "region logs management events and does not exclude those "
		   "of kms.amazonaws.com", why, size);
}

CHECK(aws_cluster)
{
	return ask(p, TMK_PRACTICE_AWS, "where a cluster of modules is used "
		   "(by its PKCS #11 module, or as a custom key store) ask "
		   "that its state is ACTIVE", why, size);
}
