/*
 * cloud_azure.h - the keys of Azure Key Vault in the mock of cloud services.
 *
 * For t/mock/cloud-httpd.c alone, whose head tells the modes.
 */
#ifndef TMK_T_CLOUD_AZURE_H
#define TMK_T_CLOUD_AZURE_H

#include "t/mock/cloud_mode.h"

#define KID_VERSION "0123456789abcdef0123456789abcdef"

static void azure_error(struct request *r, int status, const char *code,
			const char *text)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"error\":{\"code\":\"%s\",\"message\":"
		 "\"%s\"}}", code, text);
	reply(r, status, body);
}

static void azure_challenge(struct request *r)
{
	char extra[512];

	snprintf(extra, sizeof(extra), "WWW-Authenticate: Bearer "
		 "authorization=\"%s/%s\", resource=\"%s\"\r\n",
		 mode_is("authority") ? "https://login.example.org" : base,
		 mode_is("tenant") ? OTHER_TENANT : TENANT,
		 mode_is("resource") ? "https://vault.azure.net" : base);
	reply_with(r, 401, extra, "{\"error\":{\"code\":\"Unauthorized\","
		   "\"message\":\"AKV10000: Request is missing a Bearer or "
		   "PoP token.\"}}");
}

static void azure_key_json(char *out, size_t size, EVP_PKEY *key)
{
	int len = (EVP_PKEY_get_bits(key) + 7) / 8;
	char *a, *b;

	a = is_rsa(key) ? number_of(key, OSSL_PKEY_PARAM_RSA_N, 0) :
		number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, len);
	b = is_rsa(key) ? number_of(key, OSSL_PKEY_PARAM_RSA_E, 0) :
		number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, len);
	if (is_rsa(key))
		snprintf(out, size, "\"kty\":\"RSA-HSM\",\"n\":\"%s\","
			 "\"e\":\"%s\"", a, b);
	else
		snprintf(out, size, "\"kty\":\"EC-HSM\",\"crv\":\"%s\","
			 "\"x\":\"%s\",\"y\":\"%s\"", curve_of(key), a, b);
	free(a);
	free(b);
}

static void azure_show(struct request *r, const char *name, EVP_PKEY *key)
{
	char body[8192], json[4096];
	long now = (long)time(NULL);

	azure_key_json(json, sizeof(json), key);
	snprintf(body, sizeof(body), "{\n \"key\": {\"kid\":\"%s/keys/%s/"
		 KID_VERSION "\", \"key_ops\":[%s\"verify\"],%s},\n "
		 "\"attributes\":{\"enabled\":%s,\"nbf\":%ld,\"exp\":%ld,"
		 "\"created\":1700000000,\"updated\":1700000000,"
		 "\"recoveryLevel\":\"Recoverable\",\"recoverableDays\":90,"
		 "\"exportable\":false,\"hsmPlatform\":\"2\"},\"tags\":{}}",
		 base, mode_is("kid") ? "another" : name,
		 mode_is("no-sign") ? "" : "\"sign\",", json,
		 mode_is("disabled") ? "false" : "true",
		 mode_is("early") ? now + 9000 : 1700000000L,
		 mode_is("late") ? now - 9000 : now + 9000000L);
	reply(r, 200, body);
}

/* The algorithm that the request names, if it fits key and digest. */
static const EVP_MD *azure_md(const struct request *r, EVP_PKEY *key,
			      long len)
{
	static const char *const name[] = { "256", "384", "512" };
	static const int curve[] = { 256, 384, 521 };
	const struct field *alg = field(r, "alg");
	const EVP_MD *md[] = { EVP_sha256(), EVP_sha384(), EVP_sha512() };
	int i;

	for (i = 0; i < 3; i++)
		if (alg && alg->len == 5 && !strcmp(alg->value + 2, name[i]) &&
		    EVP_MD_get_size(md[i]) == len &&
		    !strncmp(alg->value, is_rsa(key) ? "RS" : "ES", 2) &&
		    (is_rsa(key) || EVP_PKEY_get_bits(key) == curve[i]))
			return md[i];
	return NULL;
}

static void azure_sign(struct request *r, const char *name, EVP_PKEY *key)
{
	const struct field *value = field(r, "value");
	uint8_t digest[128], sig[1024], raw[256];
	const EVP_MD *md;
	char body[4096], *text;
	size_t n;
	long len;

	len = value ? unbase64(digest, sizeof(digest), value->value, true) :
		-1;
	md = azure_md(r, key, len);
	if (!md || mode_is("disabled")) {
		azure_error(r, md ? 403 : 400, md ? "Forbidden" :
			    "BadParameter", md ? "Operation sign is not "
			    "allowed on a disabled key." : "Invalid length "
			    "of the digest, or algorithm.");
		return;
	}
	n = signature(sig, sizeof(sig), key, md, digest, (size_t)len);
	if (is_ec(key))
		n = raw_ecdsa(raw, sig, n, (size_t)(EVP_PKEY_get_bits(key) +
						    7) / 8);
	text = base64url(is_ec(key) ? raw : sig,
			 mode_is("short") ? n - 1 : n);
	snprintf(body, sizeof(body), "{\"kid\":\"%s/keys/%s/" KID_VERSION
		 "\",\"value\":\"%s\"}", base, mode_is("sign-kid") ?
		 "another" : name, text);
	free(text);
	reply(r, 200, body);
}

/* /keys/NAME[/VERSION][/sign]. */
static void azure(struct request *r)
{
	char name[128] = "", version[64] = "", verb[16] = "";
	EVP_PKEY *key;

	if (!mode_is("open") && !has_token(r, "azure")) {
		azure_challenge(r);
		return;
	}
	if (goes_wrong(r, "azure", "{\"error\":{\"code\":\"Forbidden\","
		       "\"message\":\"Caller is not authorized to perform "
		       "action on resource.\",\"innererror\":{\"code\":"
		       "\"ForbiddenByRbac\"}}}"))
		return;
	if (!has_token(r, "azure") && !mode_is("open")) {
		azure_challenge(r);
		return;
	}
	sscanf(r->path, "/keys/%127[^/]/%63[^/]/%15s", name, version, verb);
	key = load_key(name);
	if (strcmp(r->query, "api-version=7.4"))
		azure_error(r, 400, "BadParameter", "api-version was not "
			    "specified or is not supported.");
	else if (!key || (*version && strcmp(version, KID_VERSION)))
		azure_error(r, 404, "KeyNotFound", "A key with (name/id) was "
			    "not found in this key vault.");
	else if (!strcmp(r->method, "GET") && !*verb)
		azure_show(r, name, key);
	else if (!strcmp(r->method, "POST") && !strcmp(verb, "sign") &&
		 read_json(r))
		azure_sign(r, name, key);
	else
		azure_error(r, 405, "BadMethod", "Method not allowed.");
	EVP_PKEY_free(key);
}

#endif
