#include "plugins/front_token.h"

#include <string.h>

#include <openssl/asn1.h>

#include "base/clock.h"
#include "plugins/front_file.h"

bool tmk_front_token_named(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (!strcmp(dot, ".tsr") || !strcmp(dot, ".tst"));
}

/* One DER element with this tag at *p, no longer than what is there. */
static bool element(const uint8_t **p, const uint8_t *end, int tag,
		    const uint8_t **content, size_t *len)
{
	const unsigned char *at = *p;
	long n;
	int got, class;

	/* Bit 0x80 is an error; an indefinite length is not DER. */
	if (at >= end ||
	    (ASN1_get_object(&at, &n, &got, &class, end - at) & 0x81) ||
	    class != V_ASN1_UNIVERSAL || got != tag || n > end - at)
		return false;
	*content = at;
	*len = (size_t)n;
	*p = at + n;
	return true;
}

bool tmk_front_token_find(const uint8_t **token, size_t *len,
			  const uint8_t *data, size_t data_len)
{
	const uint8_t *p = data, *end = data + data_len, *in, *status, *code;
	size_t in_len, status_len, code_len;

	if (!element(&p, end, V_ASN1_SEQUENCE, &in, &in_len) || p != end)
		return false;
	if (in_len && in[0] == V_ASN1_OBJECT) {
		*token = data;
		*len = data_len;
		return true;
	}
	p = in;
	if (!element(&p, end, V_ASN1_SEQUENCE, &status, &status_len))
		return false;
	in = p;
	p = status;
	/* 0 granted, 1 granted with modifications: only these have a token. */
	if (!element(&p, status + status_len, V_ASN1_INTEGER, &code,
		     &code_len) || code_len != 1 || code[0] > 1 || in == end)
		return false;
	*token = in;
	*len = (size_t)(end - in);
	return true;
}

static int refuse_result(struct tmk_verdict *v,
			 const struct tmk_tst_answer *answer)
{
	if (answer->result == TMK_TST_GOOD)
		return 0;
	return tmk_verdict_refuse(v, answer->result == TMK_TST_UNTRUSTED ?
				  TMK_TIMESTAMP_UNTRUSTED : TMK_TIMESTAMP_BAD,
				  "%s", answer->text);
}

static int compare(struct tmk_verdict *v, const uint8_t *token, size_t len,
		   int fd, const char *name, struct tmk_err *err)
{
	uint8_t want[TMK_HASH_MAX], got[TMK_HASH_MAX];
	struct tmk_err why = TMK_ERR_INIT;
	size_t want_len = 0, got_len = 0;
	int hash = 0;

	if (tmk_tst_imprint(token, len, &hash, want, &want_len, &why))
		return tmk_verdict_refuse(v, TMK_TIMESTAMP_BAD, "%s",
					  why.text);
	if (tmk_front_file_digest(got, &got_len, fd, name,
				  (enum tmk_hash)hash, err))
		return -1;
	if (got_len != want_len || memcmp(got, want, got_len)) {
		tmk_verdict_refuse(v, TMK_TIMESTAMP_BAD,
				   "the timestamp is of other bytes");
		return tmk_verdict_hint(v, "fetch the file and its timestamp "
					"again from their origin");
	}
	return 0;
}

int tmk_front_token_judge(struct tmk_tst_answer *answer,
			  struct tmk_verdict *v,
			  const struct tmk_judge *judge,
			  const struct tmk_buf *data, int fd,
			  const char *name, struct tmk_err *err)
{
	char when[TMK_CLOCK_TEXT];
	const uint8_t *token;
	size_t len;

	if (!tmk_front_token_find(&token, &len, data->data, data->len))
		return tmk_verdict_refuse(v, TMK_TIMESTAMP_BAD,
					  "no timestamp token and no granted "
					  "response");
	if (!judge->tsa_trust) {
		tmk_verdict_refuse(v, TMK_TIMESTAMP_UNTRUSTED,
				   "no timestamp authority is trusted");
		return tmk_verdict_hint(v, "name its root: --tsa-roots PEM, "
					"or tsaRoots in the policy");
	}
	if (tmk_tst_judge(answer, token, len, NULL, 0, judge->tsa_trust,
			  judge->tsa_revocation, judge->now, err))
		return -1;
	if (refuse_result(v, answer) || v->reason)
		return 0;
	if (answer->time > judge->now + judge->clock_skew)
		return tmk_verdict_refuse(v, TMK_TIMESTAMP_ORDER,
					  "the timestamp is of %s, which is "
					  "still to come",
					  tmk_clock_format(when, answer->time));
	return compare(v, token, len, fd, name, err);
}
