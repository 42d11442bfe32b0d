/*
 * gate_pool_warm.c - the pool as the gate uses it, and what has to happen
 * before a process that judges can do without files.
 *
 * libcrypto reads its configuration and finds its algorithms at the first use,
 * libc reads the time zone at the first date. A commit of our own goes through
 * the judgement once; whose key it was signed with does not matter, and what
 * becomes of it neither.
 */
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "hooks/gate_bytes.h"
#include "hooks/gate_pool_child.h"
#include "hooks/gate_pool_warm.h"

#define GRACE 5000		/* ms that an answer may come too late */

static const char sample[] =
"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
"author a <a@example.org> 1750000000 +0000\n"
"committer a <a@example.org> 1750000000 +0000\n"
"gpgsig -----BEGIN SIGNED MESSAGE-----\n"
" MIICzgYJKoZIhvcNAQcCoIICvzCCArsCAQExDTALBglghkgBZQMEAgEwCwYJKoZI\n"
" hvcNAQcBoIIBmTCCAZUwggE7oAMCAQICFFaqg3/Hz1Q3TYqej6zgG3WcpsNXMAoG\n"
" CCqGSM49BAMCMA8xDTALBgNVBAMMBHdhcm0wHhcNMjYxMTIxMTMxNTI1WhcNMzYx\n"
" MTE4MTMxNTI1WjAPMQ0wCwYDVQQDDAR3YXJtMFkwEwYHKoZIzj0CAQYIKoZIzj0D\n"
" AQcDQgAE6aFzKEGk7hAj9A5mlsyAiSpyO6fqLHeLPKvgpwq+Jrd+8z1R1lmZpdU0\n"
" G2tJMDap0d150paGhriWNDpcsTcDo6N1MHMwHQYDVR0OBBYEFHv8KpRaQgTxCeD2\n"
" stsKCCfFobw/MB8GA1UdIwQYMBaAFHv8KpRaQgTxCeD2stsKCCfFobw/MAwGA1Ud\n"
" EwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUFBwMDMAoG\n"
" CCqGSM49BAMCA0gAMEUCID+fHnZnPxeC5B6QLL/Ej6Me8jv3dBqQhpHt/F/l98Wv\n"
" AiEA+P/lyeIuI0Yf9Ep0F0ivODain9QfghIp0i7E7RH5E7oxgfwwgfkCAQEwJzAP\n"
" MQ0wCwYDVQQDDAR3YXJtAhRWqoN/x89UN02Kno+s4Bt1nKbDVzALBglghkgBZQME\n"
" AgGgaTAYBgkqhkiG9w0BCQMxCwYJKoZIhvcNAQcBMBwGCSqGSIb3DQEJBTEPFw0y\n"
" NjExMjExMzE1MjVaMC8GCSqGSIb3DQEJBDEiBCDAeHgVbA+XfqibURJVQACjJ2E5\n"
" RqjqzcFFNqPIpxDv5DAKBggqhkjOPQQDAgRHMEUCIQCgZj/u3vJASdNJMPuIsBVH\n"
" 6EYhKwzJG2MPUzzkI8lCDAIgM5QAbQ/ibtvxwMdA1lUTUSDAl08uCMTwqPHkLlTp\n"
" ARM=\n"
" -----END SIGNED MESSAGE-----\n"
"\n"
"warm\n";

/* Fetched and let go: what was found stays known. */
static int find_digests(struct tmk_err *err)
{
	static const char *const name[] = { "SHA1", "SHA256", "SHA384",
					    "SHA512" };
	EVP_MD *md;
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		md = EVP_MD_fetch(NULL, name[i], NULL);
		/* SHA-1 is for names alone; a system may have none */
		if (!md && i)
			return tmk_err_set(err, TMK_INTERNAL,
					   "libcrypto has no %s", name[i]);
		EVP_MD_free(md);
	}
	return 0;
}

int tmk_gate_pool_warm(const struct tmk_policy *policy, struct tmk_err *err)
{
	struct tmk_gate_job job = {
		.type = TMK_OBJECT_COMMIT, .data = (const uint8_t *)sample,
		.len = sizeof(sample) - 1, .hex = 40
	};
	static struct tmk_gate_answer answer;
	int i;

	tzset();
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG |
				OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
				OPENSSL_INIT_ADD_ALL_CIPHERS |
				OPENSSL_INIT_ADD_ALL_DIGESTS, NULL) != 1)
		return tmk_err_set(err, TMK_INTERNAL,
				   "libcrypto does not start");
	if (find_digests(err) < 0)
		return -1;
	for (i = 0; i < policy->rules; i++)
		if (policy->rule[i].formats & 1u << TMK_FORMAT_X509)
			break;
	if (i == policy->rules)
		return 0;
	job.rule = i;
	return tmk_gate_bytes_judge(&answer, policy, &job, err);
}

int tmk_gate_pool_new(struct tmk_gate_pool **out,
		      const struct tmk_policy *policy, int64_t deadline,
		      struct tmk_err *err)
{
	static const struct tmk_gate_pool_setup setup = {
		.judge = tmk_gate_bytes_judge, .warm = tmk_gate_pool_warm,
		.grace = GRACE
	};

	return tmk_gate_pool_make(out, &setup, policy, deadline, err);
}
