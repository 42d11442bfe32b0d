#include "plugins/front_serve_job.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "seal/minisign_key.h"
#include "seal/openpgp_key.h"
#include "seal/ssh_key.h"
#include "x509/cert.h"

static int hash_number(enum tmk_hash hash)
{
	return hash == TMK_SHA256 ? 8 : hash == TMK_SHA384 ? 9 : 10;
}

/* The time as gpgsm writes it: RFC 3339's digits without its dashes, colons
 * and zone. `out` has TMK_CLOCK_TEXT bytes. Returns `out`. */
static char *iso_time(char *out, int64_t t)
{
	char text[TMK_CLOCK_TEXT], *to = out;
	const char *p;

	for (p = tmk_clock_format(text, t); *p && *p != 'Z'; p++)
		if (*p != '-' && *p != ':')
			*to++ = *p;
	*to = '\0';
	return out;
}

int tmk_serve_job_describe(struct tmk_serve_job *s, struct tmk_err *err)
{
	struct tmk_answer *a = s->answer;
	const struct tmk_signer *signer = s->session->key.signer;
	bool rsa = signer->algorithm == TMK_KEY_RSA;
	char id[TMK_KEY_ID] = "", when[TMK_CLOCK_TEXT];
	X509 *leaf;

	a->time = s->sealing.signing_time;
	if (s->seal->format == TMK_FORMAT_X509) {
		leaf = sk_X509_value(s->sealing.certs, 0);
		tmk_cert_subject(a->signer, sizeof(a->signer), leaf);
		tmk_cert_sha256(a->fingerprint, leaf);
		tmk_cert_sha1_upper(id, leaf);
		snprintf(a->created, sizeof(a->created), "D %d %d 00 %s %s",
			 rsa ? 1 : 18, hash_number(s->sealing.hash),
			 iso_time(when, a->time), id);
		return 0;
	}
	if (s->seal->format == TMK_FORMAT_SSH) {
		if (tmk_ssh_key_fingerprint(id, signer->spki.data,
					    signer->spki.len, err))
			return -1;
	} else if (s->seal->format == TMK_FORMAT_MINISIGN ||
		   s->seal->format == TMK_FORMAT_SIGNIFY) {
		if (tmk_minisign_key_id(id, signer->spki.data,
					signer->spki.len, err))
			return -1;
	} else {
		if (tmk_openpgp_key_fingerprint(id, signer->spki.data,
						signer->spki.len,
						s->sealing.created, err))
			return -1;
		snprintf(a->created, sizeof(a->created),
			 "D %d %d %02d %lld %s",
			 rsa ? 1 : signer->algorithm == TMK_KEY_EC ? 19 : 22,
			 hash_number(s->sealing.hash), s->sealing.text,
			 (long long)a->time, id);
	}
	snprintf(a->fingerprint, sizeof(a->fingerprint), "%s", id);
	tmk_enc_show_into(a->signer, sizeof(a->signer), s->session->key.name,
			  strlen(s->session->key.name));
	if (s->user_id[0])
		tmk_enc_show_into(a->signer, sizeof(a->signer), s->user_id,
				  strlen(s->user_id));
	return 0;
}
