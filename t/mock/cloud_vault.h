/*
 * cloud_vault.h - Vault's transit engine in the mock of cloud services.
 *
 * For t/mock/cloud-httpd.c alone, whose head tells the modes.
 */
#ifndef TMK_T_CLOUD_VAULT_H
#define TMK_T_CLOUD_VAULT_H

#include "t/mock/cloud_mode.h"

static const char *vault_type(EVP_PKEY *key)
{
	static char text[32];
	int bits = EVP_PKEY_get_bits(key);

	if (!is_rsa(key) && !is_ec(key))
		return "ed25519";
	snprintf(text, sizeof(text), "%s%d", is_rsa(key) ? "rsa-" : "ecdsa-p",
		 bits);
	return text;
}

/* One version in "keys". */
static int vault_version(char *out, size_t size, int version, EVP_PKEY *key)
{
	uint8_t raw[32];
	size_t len = sizeof(raw);
	char *text = NULL;
	int n;

	if (!is_rsa(key) && !is_ec(key) &&
	    EVP_PKEY_get_raw_public_key(key, raw, &len))
		text = base64(raw, len);
	n = snprintf(out, size, "%s\"%d\":{\"creation_time\":\"2024-01-02T03:"
		     "04:05.678Z\",\"name\":\"%s\",\"public_key\":\"%s\"}",
		     version > 1 ? "," : "", version, vault_type(key), text ?
		     text : public_pem(key, NULL));
	free(text);
	return n;
}

static void vault_show(struct request *r, const char *name, EVP_PKEY *key,
		       EVP_PKEY *second)
{
	static char body[65536];
	int n;

	n = snprintf(body, sizeof(body), "{\"request_id\":\"00000000-0000\","
		     "\"lease_id\":\"\",\"renewable\":false,\"data\":{"
		     "\"allow_plaintext_backup\":false,\"deletion_allowed\":"
		     "false,\"derived\":%s,\"exportable\":false,\"keys\":{",
		     mode_is("derived") ? "true" : "false");
	n += vault_version(body + n, sizeof(body) - (size_t)n, 1, key);
	if (second)
		n += vault_version(body + n, sizeof(body) - (size_t)n, 2,
				   second);
	snprintf(body + n, sizeof(body) - (size_t)n, "},\"latest_version\":%d,"
		 "\"min_encryption_version\":0,\"name\":\"%s\",\"supports_"
		 "signing\":true,\"type\":\"%s\"},\"warnings\":null}",
		 second ? 2 : 1, name, vault_type(key));
	reply(r, 200, body);
}

static void vault_sign(struct request *r, EVP_PKEY *key, int version)
{
	static uint8_t data[VALUE_MAX];
	const struct field *in = field(r, "input");
	const struct field *alg = field(r, "hash_algorithm");
	const EVP_MD *md = NULL;
	char body[4096], *text;
	uint8_t sig[1024];
	size_t n = 0;
	long len = in ? unbase64(data, sizeof(data), in->value, false) : -1;

	if (alg && field_is(r, "prehashed", "true"))
		md = !strcmp(alg->value, "sha2-256") ? EVP_sha256() :
			!strcmp(alg->value, "sha2-384") ? EVP_sha384() :
			!strcmp(alg->value, "sha2-512") ? EVP_sha512() : NULL;
	if (len >= 0 && ((md && is_rsa(key) &&
			  field_is(r, "signature_algorithm", "pkcs1v15")) ||
			 (md && is_ec(key) &&
			  field_is(r, "marshaling_algorithm", "asn1")) ||
			 (!is_rsa(key) && !is_ec(key) && !alg)))
		n = signature(sig, sizeof(sig), key, md, data, (size_t)len);
	if (!n) {
		reply(r, 400, "{\"errors\":[\"invalid digest length or "
		      "algorithm\"]}");
		return;
	}
	text = base64(sig, n);
	snprintf(body, sizeof(body), "{\"request_id\":\"0\",\"data\":{"
		 "\"key_version\":%d,\"signature\":\"vault:v%d:%s\"}}",
		 version, version + mode_is("version"), text);
	free(text);
	reply(r, 200, body);
}

/* /v1/MOUNT/keys/NAME and /v1/MOUNT/sign/NAME; MOUNT is transit or
 * team/transit. */
static void vault(struct request *r)
{
	const char *token = header(r, "X-Vault-Token");
	const char *p = r->path + 4;
	char verb[16] = "", name[128] = "", later[160];
	EVP_PKEY *key, *second;
	const struct field *v;
	bool two;

	if (!token || strcmp(token, VAULT_TOKEN)) {
		reply(r, 403, "{\"errors\":[\"permission denied\"]}");
		return;
	}
	if (mode_is("sealed")) {
		reply(r, 503, "{\"errors\":[\"Vault is sealed\"]}");
		return;
	}
	if (goes_wrong(r, NULL, "{\"errors\":[\"1 error occurred:\\n\\t* "
		       "permission denied\\n\\n\"]}"))
		return;
	p += !strncmp(p, "team/", 5) ? 5 : 0;
	sscanf(p, "transit/%15[a-z]/%127s", verb, name);
	snprintf(later, sizeof(later), "%s-v2", name);
	key = load_key(name);
	second = load_key(later);
	if (!strcmp(r->method, "POST") && !read_json(r))
		reply(r, 400, "{\"errors\":[\"error parsing JSON\"]}");
	v = field(r, "key_version");
	two = second && v && !strcmp(v->value, "2");
	if (r->answered)
		;
	else if (!key || (!strcmp(verb, "sign") &&
			  (!v || (strcmp(v->value, "1") && !two))))
		reply(r, 404, "{\"errors\":[]}");
	else if (!strcmp(verb, "keys") && !strcmp(r->method, "GET"))
		vault_show(r, name, key, second);
	else if (!strcmp(verb, "sign") && !strcmp(r->method, "POST"))
		vault_sign(r, two ? second : key, two ? 2 : 1);
	else
		reply(r, 405, "{\"errors\":[\"unsupported operation\"]}");
	EVP_PKEY_free(key);
	EVP_PKEY_free(second);
}

#endif
