/*
 * cloud_google.h - Google Cloud KMS in the mock of cloud services.
 *
 * For t/mock/cloud-httpd.c alone, whose head tells the modes.
 */
#ifndef TMK_T_CLOUD_GOOGLE_H
#define TMK_T_CLOUD_GOOGLE_H

#include "t/mock/cloud_mode.h"

static void google_error(struct request *r, int status, const char *code,
			 const char *text)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"error\":{\"code\":%d,\"message\":"
		 "\"%s\",\"status\":\"%s\"}}", status, text, code);
	reply(r, status, body);
}

static const char *google_algorithm(const char *name, EVP_PKEY *key)
{
	static char text[64];
	int bits = EVP_PKEY_get_bits(key);

	if (mode_is("pss"))
		return "RSA_SIGN_PSS_3072_SHA256";
	if (mode_is("algorithm"))
		return "EC_SIGN_P384_SHA384";
	if (is_rsa(key) && !strncmp(name, "raw", 3))
		snprintf(text, sizeof(text), "RSA_SIGN_RAW_PKCS1_%d", bits);
	else if (is_rsa(key))
		snprintf(text, sizeof(text), "RSA_SIGN_PKCS1_%d_SHA%s", bits,
			 bits == 4096 ? "512" : "256");
	else if (is_ec(key))
		snprintf(text, sizeof(text), "EC_SIGN_P%d_SHA%d", bits, bits);
	else
		return "EC_SIGN_ED25519";
	return text;
}

static void google_public(struct request *r, const char *resource,
			  const char *name, EVP_PKEY *key)
{
	static char body[32768];
	const char *plain, *pem = public_pem(key, &plain);

	snprintf(body, sizeof(body), "{\n  \"pem\": \"%s\",\n  \"algorithm\": "
		 "\"%s\",\n  \"pemCrc32c\": \"%u\",\n  \"name\": \"%s%s\",\n  "
		 "\"protectionLevel\": \"HSM\"\n}\n", pem,
		 google_algorithm(name, key), crc32c(plain, strlen(plain)) ^
		 mode_is("pem-crc"), resource, mode_is("name") ? "0" : "");
	reply(r, 200, body);
}

static void google_version(struct request *r, const char *resource,
			   const char *name, EVP_PKEY *key)
{
	char body[4096];

	snprintf(body, sizeof(body), "{\"name\":\"%s\",\"state\":\"ENABLED\","
		 "\"createTime\":\"2024-01-02T03:04:05.678Z\","
		 "\"protectionLevel\":\"HSM\",\"algorithm\":\"%s\","
		 "\"attestation\":{\"format\":\"CAVIUM_V2_COMPRESSED\","
		 "\"content\":\"AAAA\",\"certChains\":{\"caviumCerts\":[]}}}",
		 resource, google_algorithm(name, key));
	reply(r, 200, body);
}

/* What the key is to sign: its digest, and the checksum that came with it. */
static long google_input(struct request *r, const char *algorithm,
			 uint8_t *data, size_t size, const EVP_MD **md)
{
	static const char *const part[] = {
		"digest.sha256", "digest.sha384", "digest.sha512"
	};
	const EVP_MD *of[] = { EVP_sha256(), EVP_sha384(), EVP_sha512() };
	const struct field *f = NULL, *crc;
	char want[16];
	long len;
	int i;

	*md = NULL;
	for (i = 0; i < 3; i++)
		if (field(r, part[i]) && strstr(algorithm, part[i] + 10)) {
			f = field(r, part[i]);
			*md = of[i];
		}
	if (!f && (strstr(algorithm, "_RAW_") ||
		   strstr(algorithm, "ED25519")))
		f = field(r, "data");
	len = f ? unbase64(data, size, f->value, false) : -1;
	crc = field(r, *md ? "digestCrc32c" : "dataCrc32c");
	if (len < 0 || !crc)
		return -1;
	snprintf(want, sizeof(want), "%u", crc32c(data, (size_t)len));
	return strcmp(crc->value, want) ? -1 : len;
}

static void google_sign(struct request *r, const char *resource,
			const char *name, EVP_PKEY *key)
{
	static uint8_t data[VALUE_MAX];
	char body[4096], *text;
	const EVP_MD *md;
	uint8_t sig[1024];
	size_t n;
	long len = google_input(r, google_algorithm(name, key), data,
				sizeof(data), &md);

	n = len < 0 ? 0 : signature(sig, sizeof(sig), key, md, data,
				    (size_t)len);
	if (!n) {
		google_error(r, 400, "INVALID_ARGUMENT", "The digest does not "
			     "fit the key's algorithm, or its checksum.");
		return;
	}
	text = base64(sig, n);
	snprintf(body, sizeof(body), "{\"signature\":\"%s\",\"signatureCrc32c"
		 "\":\"%u\",\"verified%sCrc32c\":%s,\"name\":\"%s%s\","
		 "\"protectionLevel\":\"HSM\"}", text,
		 crc32c(sig, n) ^ mode_is("sig-crc"), md ? "Digest" : "Data",
		 mode_is("unverified") ? "false" : "true", resource,
		 mode_is("sign-name") ? "0" : "");
	free(text);
	reply(r, 200, body);
}

/* /v1/projects/.../cryptoKeys/NAME/cryptoKeyVersions/1... */
static void google(struct request *r)
{
	char resource[512], name[128] = "", *verb;
	EVP_PKEY *key;

	if (goes_wrong(r, "google", "{\"error\":{\"code\":403,\"message\":"
		       "\"Permission 'cloudkms.cryptoKeyVersions.useToSign' "
		       "denied on resource.\",\"status\":"
		       "\"PERMISSION_DENIED\"}}"))
		return;
	if (!has_token(r, "google")) {
		google_error(r, 401, "UNAUTHENTICATED", "Request had invalid "
			     "authentication credentials.");
		return;
	}
	snprintf(resource, sizeof(resource), "%.500s", r->path + 4);
	verb = strstr(resource, "/cryptoKeyVersions/1");
	sscanf(r->path, "/v1/projects/project/locations/global/keyRings/ring/"
	       "cryptoKeys/%127[^/]/", name);
	key = load_key(name);
	if (!key || !verb) {
		google_error(r, 404, "NOT_FOUND", "CryptoKeyVersion not "
			     "found.");
		EVP_PKEY_free(key);
		return;
	}
	verb += strlen("/cryptoKeyVersions/1");
	if (mode_is("disabled"))
		google_error(r, 400, "FAILED_PRECONDITION", "the version is "
			     "not enabled, current state is: DISABLED.");
	else if (!strcmp(verb, "/publicKey") && !strcmp(r->method, "GET")) {
		*verb = '\0';
		google_public(r, resource, name, key);
	} else if (!*verb && !strcmp(r->method, "GET")) {
		google_version(r, resource, name, key);
	} else if (!strcmp(verb, ":asymmetricSign") && read_json(r)) {
		*verb = '\0';
		google_sign(r, resource, name, key);
	} else {
		google_error(r, 404, "NOT_FOUND", "no such method");
	}
	EVP_PKEY_free(key);
}

#endif
