/*
 * cloud_token.h - the endpoints of the mock of cloud services that give out
 * tokens, and what they ask for them.
 *
 * For t/mock/cloud-httpd.c alone. OAuth2 as Azure's authority and Google's
 * speak it, the metadata of machines of both. The credentials that are good
 * are these constants.
 */
#ifndef TMK_T_CLOUD_TOKEN_H
#define TMK_T_CLOUD_TOKEN_H

#include <time.h>

#include "t/mock/cloud_key.h"

#define TENANT "11111111-2222-3333-4444-555555555555"
#define OTHER_TENANT "99999999-2222-3333-4444-555555555555"
#define CLIENT "66666666-7777-8888-9999-000000000000"
#define CLIENT_SECRET "azure+Secret/value=&"
#define IDENTITY_SECRET "identity-Secret"
#define FEDERATED "federated.Secret.token"
#define ACCOUNT "signer@project.iam.gserviceaccount.com"
#define REFRESH "1//refresh-Secret"
#define PERSON_SECRET "person-Secret"
#define VAULT_TOKEN "hvs.vault-Secret"

static char base[64];		/* "http://127.0.0.1:PORT" */
static int generation = 1;	/* tokens of another one have run out */

static void give_token(struct request *r, const char *kind, bool as_text)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"token_type\":\"Bearer\","
		 "\"expires_in\":%s3599%s,\"access_token\":\"%s-Secret-%d\"}",
		 as_text ? "\"" : "", as_text ? "\"" : "", kind, generation);
	reply(r, 200, body);
}

static void no_token(struct request *r, int status, const char *error,
		     const char *text)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"error\":\"%s\",\"error_description\":"
		 "\"%s\"}", error, text);
	reply(r, status, body);
}

/* Whether the request shows a token of this kind that is still good. */
static bool has_token(const struct request *r, const char *kind)
{
	const char *got = header(r, "Authorization");
	char want[64];

	snprintf(want, sizeof(want), "Bearer %s-Secret-%d", kind, generation);
	return got && !strcmp(got, want);
}

/* POST /TENANT/oauth2/v2.0/token. */
static void azure_token(struct request *r)
{
	char scope[128];

	snprintf(scope, sizeof(scope), "%s/.default", base);
	if (strncmp(r->path, "/" TENANT "/", sizeof(TENANT) + 1))
		no_token(r, 400, "invalid_request",
			 "AADSTS90002: Tenant not found.");
	else if (!field_is(r, "grant_type", "client_credentials") ||
		 !field_is(r, "scope", scope))
		no_token(r, 400, "invalid_scope",
			 "AADSTS70011: The provided value is not valid.");
	else if (!field_is(r, "client_id", CLIENT))
		no_token(r, 400, "unauthorized_client",
			 "AADSTS700016: Application not found.");
	else if (field_is(r, "client_secret", CLIENT_SECRET) ||
		 (field_is(r, "client_assertion", FEDERATED) &&
		  field_is(r, "client_assertion_type", "urn:ietf:params:oauth:"
			   "client-assertion-type:jwt-bearer")))
		give_token(r, "azure", false);
	else
		no_token(r, 401, "invalid_client",
			 "AADSTS7000215: Invalid client secret provided.");
}

/* GET of the identity of a machine, or of an application's host. */
static void azure_identity(struct request *r, bool host)
{
	const char *proof = header(r, host ? "X-IDENTITY-HEADER" : "Metadata");

	if (!proof || strcmp(proof, host ? IDENTITY_SECRET : "true"))
		no_token(r, 400, "invalid_request",
			 "Required metadata header not specified");
	else if (!read_form_text(r, r->query) ||
		 !field_is(r, "resource", base) ||
		 !field_is(r, "api-version", host ? "2019-08-01" :
			   "2018-02-01"))
		no_token(r, 400, "invalid_resource", "wrong resource");
	else
		give_token(r, "azure", true);
}

/* One member of a part of a JWT, found as text. */
static bool jwt_has(const char *json, const char *member)
{
	return strstr(json, member);
}

static long jwt_number(const char *json, const char *member)
{
	const char *p = strstr(json, member);

	return p ? strtol(p + strlen(member), NULL, 10) : -1;
}

/* The assertion of a service account (RFC 7523 3). */
static bool jwt_good(char *jwt)
{
	char *claims = strchr(jwt, '.'), *sig, head[512], body[2048];
	char want[256];
	uint8_t bytes[1024];
	long n, iat, exp;

	sig = claims ? strchr(claims + 1, '.') : NULL;
	if (!sig)
		return false;
	n = unbase64(bytes, sizeof(bytes), sig + 1, true);
	if (n <= 0 || !verify_rs256("google.pub", jwt, (size_t)(sig - jwt),
				    bytes, (size_t)n))
		return false;
	*claims = *sig = '\0';
	n = unbase64((uint8_t *)head, sizeof(head), jwt, true);
	head[n > 0 ? n : 0] = '\0';
	n = unbase64((uint8_t *)body, sizeof(body), claims + 1, true);
	body[n > 0 ? n : 0] = '\0';
	snprintf(want, sizeof(want), "\"aud\":\"%s/google/token\"", base);
	iat = jwt_number(body, "\"iat\":");
	exp = jwt_number(body, "\"exp\":");
	return jwt_has(head, "\"alg\":\"RS256\"") &&
		jwt_has(head, "\"kid\":\"key-id\"") && jwt_has(body, want) &&
		jwt_has(body, "\"iss\":\"" ACCOUNT "\"") &&
		jwt_has(body, "\"scope\":\"https://www.googleapis.com/auth/"
			"cloudkms\"") &&
		iat > time(NULL) - 60 && iat < time(NULL) + 60 &&
		exp > iat && exp <= iat + 3600;
}

/* POST /google/token. */
static void google_token(struct request *r)
{
	const struct field *jwt = field(r, "assertion");
	static char copy[VALUE_MAX];

	if (jwt)
		memcpy(copy, jwt->value, jwt->len + 1);
	if (field_is(r, "grant_type",
		     "urn:ietf:params:oauth:grant-type:jwt-bearer") && jwt) {
		if (jwt_good(copy))
			give_token(r, "google", false);
		else
			no_token(r, 400, "invalid_grant",
				 "Invalid JWT Signature.");
	} else if (field_is(r, "grant_type", "refresh_token") &&
		   field_is(r, "client_id", "person") &&
		   field_is(r, "client_secret", PERSON_SECRET) &&
		   field_is(r, "refresh_token", REFRESH)) {
		give_token(r, "google", false);
	} else {
		no_token(r, 400, "invalid_grant",
			 "Token has been expired or revoked.");
	}
}

static void google_metadata(struct request *r)
{
	const char *flavor = header(r, "Metadata-Flavor");

	if (flavor && !strcmp(flavor, "Google"))
		give_token(r, "google", false);
	else
		reply(r, 403, "{}");
}

#endif
