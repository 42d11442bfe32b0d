#include "plugins/sop_judge.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "formats/armour.h"
#include "formats/packets.h"

#define MIN_RSA 2048	/* bits: whoever named the certificate wants it */

extern const struct tmk_seal_ops tmk_seal_openpgp;

void tmk_sop_judge_init(struct tmk_sop_judge *j)
{
	memset(j, 0, sizeof(*j));
	j->judge.revocation = TMK_REVOCATION_OFF;
	j->judge.tsa_revocation = TMK_REVOCATION_OFF;
	/* No timestamp authority is trusted here: tokens say nothing. */
	j->judge.timestamp = TMK_STAMP_OFF;
	j->judge.min_rsa = MIN_RSA;
	j->judge.now = tmk_clock_now();
	j->judge.at = TMK_TIME_NONE;
	j->not_before = TMK_TIME_NONE;
	j->not_after = j->judge.now;
}

void tmk_sop_judge_release(struct tmk_sop_judge *j)
{
	int i;

	for (i = 0; i < j->rings; i++)
		tmk_keyring_free(j->ring[i]);
	for (i = 0; i < j->seals; i++) {
		tmk_evidence_free(j->seal[i].evidence);
		tmk_digest_release(&j->seal[i].digest);
	}
	j->rings = j->seals = 0;
}

int tmk_sop_judge_time(int64_t *out, const char *option, const char *value,
		       struct tmk_err *err)
{
	if (!value)
		return 0;
	if (!strcmp(value, "-")) {
		*out = TMK_TIME_NONE;
	} else if (!strcmp(value, "now")) {
		*out = tmk_clock_now();
	} else if (tmk_clock_parse(out, value, err)) {
		tmk_err_prefix(err, "%s", option);
		return tmk_sop_turn(err, TMK_SOP_UNSUPPORTED_OPTION);
	}
	return 0;
}

int tmk_sop_judge_cert(struct tmk_sop_judge *j, const char *name,
		       struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_SOP_CERTS_MAX);
	struct tmk_keyring *ring = NULL;
	int rc;

	if (j->rings == TMK_SOP_CERTS)
		return tmk_err_set(err, TMK_SOP_FAILED, "more than %d "
				   "certificate files", TMK_SOP_CERTS);
	rc = tmk_sop_read(&bytes, name, err);
	if (!rc && tmk_seal_openpgp.keyring_read(&ring, bytes.data, bytes.len,
						 name, err))
		rc = tmk_sop_turn(err, TMK_SOP_BAD_DATA);
	if (!rc)
		j->ring[j->rings++] = ring;
	tmk_buf_release(&bytes);
	return rc;
}

/* Into the digests of the signatures of this kind. */
static int hash(struct tmk_sop_judge *j, bool text, const uint8_t *data,
		size_t len, struct tmk_err *err)
{
	int i;

	for (i = 0; i < j->seals; i++) {
		struct tmk_sop_seal *s = &j->seal[i];

		if (s->evidence->signature[0].text == text &&
		    tmk_digest_update(&s->digest, data, len, err))
			return tmk_sop_turn(err, TMK_SOP_FAILED);
	}
	return 0;
}

static int hash_text(void *to, const uint8_t *data, size_t len,
		     struct tmk_err *err)
{
	return hash(to, true, data, len, err);
}

/* One packet, if it is a signature as we read them. */
static int add(struct tmk_sop_judge *j, const struct tmk_packet *packet,
	       struct tmk_err *err)
{
	struct tmk_sop_seal *s = &j->seal[j->seals];
	struct tmk_verdict v = TMK_VERDICT_INIT;

	memset(s, 0, sizeof(*s));
	if (tmk_seal_openpgp.parse(&s->evidence, packet->data, packet->len,
				   &v, err))
		return tmk_sop_turn(err, TMK_SOP_FAILED);
	if (!s->evidence) {
		snprintf(j->why, sizeof(j->why), "%s", v.text);
		return 0;
	}
	if (tmk_digest_init(&s->digest, (int)s->evidence->signature[0].hash,
			    err)) {
		tmk_evidence_free(s->evidence);
		return tmk_sop_turn(err, TMK_SOP_FAILED);
	}
	j->seals++;
	return 0;
}

int tmk_sop_judge_seals(struct tmk_sop_judge *j, const uint8_t *packets,
			size_t len, enum tmk_cleartext_form form,
			struct tmk_err *err)
{
	struct tmk_packet packet[TMK_PACKAGE_SEALS];
	const char *why = "";
	int n, i;

	j->form = form;
	tmk_cleartext_init(&j->text, form, hash_text, j);
	n = tmk_packets_split(packet, TMK_PACKAGE_SEALS, packets, len, &why);
	if (!n)
		return tmk_err_set(err, TMK_SOP_BAD_DATA, "the signature %s",
				   why);
	for (i = 0; i < n; i++)
		if (add(j, &packet[i], err))
			return -1;
	return 0;
}

int tmk_sop_judge_feed(void *to, const uint8_t *data, size_t len,
		       struct tmk_err *err)
{
	struct tmk_sop_judge *j = to;

	if (!j->text_bad && tmk_cleartext_feed(&j->text, data, len, NULL))
		j->text_bad = true;
	return hash(j, false, data, len, err);
}

/* Whether what the signature says of its time is what was asked for. */
static bool in_time(struct tmk_sop_judge *j, const struct tmk_signature *s)
{
	bool good = s->claimed_time != TMK_TIME_NONE &&
		(j->not_before == TMK_TIME_NONE ||
		 s->claimed_time >= j->not_before) &&
		(j->not_after == TMK_TIME_NONE ||
		 s->claimed_time <= j->not_after);

	if (!good)
		snprintf(j->why, sizeof(j->why), "the signature was made at "
			 "another time than was asked for");
	return good;
}

static int tell(struct tmk_buf *lines, const struct tmk_finding *f,
		const struct tmk_signature *s, struct tmk_err *err)
{
	char when[TMK_CLOCK_TEXT];

	if (!tmk_buf_printf(lines, "%s %s %s mode:%s\n",
			    tmk_clock_format(when, s->claimed_time), f->key_id,
			    f->primary_id, s->text ? "text" : "binary"))
		return 0;
	return tmk_err_set(err, TMK_SOP_FAILED, "too many signatures");
}

/* By any of the certificates. */
static int judge(struct tmk_sop_judge *j, const struct tmk_sop_seal *s,
		 const uint8_t *digest, size_t len, struct tmk_buf *lines,
		 struct tmk_err *err)
{
	const struct tmk_signature *sig = &s->evidence->signature[0];
	bool good = false;
	int i, rc = 0;

	for (i = 0; !rc && !good && i < j->rings; i++) {
		struct tmk_finding f;

		tmk_finding_init(&f);
		j->judge.openpgp = j->ring[i];
		rc = tmk_judge_signature(&f, &j->judge, s->evidence, 0,
					 digest, len, err);
		if (rc) {
			rc = tmk_sop_turn(err, TMK_SOP_FAILED);
		} else if (f.verdict.reason == TMK_GOOD) {
			good = true;
			if (in_time(j, sig))
				rc = tell(lines, &f, sig, err);
		} else if (f.verdict.reason != TMK_CERT_MISSING || !j->why[0]) {
			snprintf(j->why, sizeof(j->why), "%s",
				 f.verdict.text);
		}
		tmk_finding_release(&f);
	}
	return rc;
}

int tmk_sop_judge_end(struct tmk_sop_judge *j, struct tmk_buf *lines,
		      struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0;
	int i;

	if (!j->text_bad && tmk_cleartext_end(&j->text, NULL))
		j->text_bad = true;
	for (i = 0; i < j->seals; i++) {
		struct tmk_sop_seal *s = &j->seal[i];
		const struct tmk_signature *sig = &s->evidence->signature[0];

		/* Nothing but text is signed in the clear. */
		if (sig->text ? j->text_bad :
		    j->form == TMK_CLEARTEXT_FRAMED) {
			snprintf(j->why, sizeof(j->why), "the signature is "
				 "not of this kind of content");
			continue;
		}
		if (tmk_digest_update(&s->digest, sig->suffix,
				      sig->suffix_len, err) ||
		    tmk_digest_final(&s->digest, digest, &len, err))
			return tmk_sop_turn(err, TMK_SOP_FAILED);
		if (judge(j, s, digest, len, lines, err))
			return -1;
	}
	if (lines->len)
		return 0;
	return tmk_err_set(err, TMK_SOP_NO_SIGNATURE, "no acceptable "
			   "signature: %s", j->why[0] ? j->why :
			   "none is by a certificate that was named");
}
