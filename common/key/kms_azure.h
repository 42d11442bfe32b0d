/*
 * kms_azure.h - who we are to Azure: the challenge of a vault, and the tokens
 * that answer it.
 *
 * Credentials as Azure's own tools take them from the environment:
 * AZURE_TENANT_ID with AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or with
 * AZURE_FEDERATED_TOKEN_FILE; else the managed identity of the machine
 * (IDENTITY_ENDPOINT and IDENTITY_HEADER, or instance metadata). A challenge
 * is followed to Microsoft's authorities alone, or to the one that
 * AZURE_AUTHORITY_HOST names, and only for the service that the vault is of:
 * another server is told nothing. Fails with TMK_KEY (refused), TMK_NET (not
 * reached), TMK_USAGE (settings).
 */
#ifndef TMK_KEY_KMS_AZURE_H
#define TMK_KEY_KMS_AZURE_H

#include "base/buf.h"
#include "base/err.h"

#define TMK_KMS_AZURE_TEXT 320	/* bytes of a URL or name here */

/* What a vault asks for. */
struct tmk_kms_azure {
	char authority[TMK_KMS_AZURE_TEXT];	/* "https://HOST" */
	char tenant[64];
	char resource[TMK_KMS_AZURE_TEXT];	/* "https://vault.azure.net" */
};

/* Read the WWW-Authenticate (RFC 9110 11.6.1) of the vault whose URL this is.
 * Fails with TMK_KEY for one that is not to be followed. */
int tmk_kms_azure_challenge(struct tmk_kms_azure *out, const char *text,
			    const char *vault,
			    const char *(*env)(const char *name),
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Append "Authorization: Bearer ..." for it; a token that was asked for
 * before is used again. */
int tmk_kms_azure_bearer(struct tmk_buf *header,
			 const struct tmk_kms_azure *azure,
			 const char *(*env)(const char *name), int ms,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* The vault did not take that token: forget it. */
void tmk_kms_azure_drop(const struct tmk_kms_azure *azure,
			const char *(*env)(const char *name));

#endif
