/*
 * doctor_trust.c - what signatures will be judged by: the policy, the chain of
 * the certificate under its roots, revocation lists, timestamp authorities.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/doctor_chain.h"
#include "plugins/doctor_facts.h"
#include "plugins/front_stamp_ask.h"
#include "plugins/front_stamp_trust.h"
#include "x509/cert.h"
#include "x509/crl.h"

#define DAY 86400
#define CRL_WARN_DAYS 3
#define NAME_TEXT 256

/* ---- the policy --------------------------------------------------------- */

/* CN=leaf <- CN=issuer <- CN=root */
static void show_chain(char *out, size_t size, STACK_OF(X509) *chain)
{
	char name[NAME_TEXT];
	size_t len = 0;
	int i;

	*out = '\0';
	for (i = 0; i < sk_X509_num(chain) && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s",
			i ? " <- " : "", tmk_cert_subject(name, sizeof(name),
			sk_X509_value(chain, i)));
}

static void check_chain(struct tmk_doctor *d)
{
	struct tmk_chain_answer answer = { 0 };
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_reason reason;
	char text[1024];

	if (tmk_doctor_chain(&answer, d, &d->policy->judge, &err) < 0) {
		tmk_doctor_say_error(d, TMK_DOCTOR_FAIL, "chain", &err);
		return;
	}
	reason = tmk_judge_chain_reason(answer.result);
	if (reason == TMK_GOOD) {
		show_chain(text, sizeof(text), answer.chain);
		tmk_doctor_say(d, TMK_DOCTOR_OK, "chain", NULL, "complete up "
			       "to a root of the policy: %s", text);
	} else {
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "chain",
			       tmk_reason_hint(reason), "%s: %s",
			       tmk_reason_id(reason), answer.text);
	}
	tmk_chain_answer_release(&answer);
}

/* ---- revocation lists --------------------------------------------------- */

static int64_t time_of(const ASN1_TIME *t)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (!t || !ASN1_TIME_to_tm(t, &tm))
		return TMK_TIME_NONE;
	return tmk_clock_from_civil(tm.tm_year + 1900, tm.tm_mon + 1,
				    tm.tm_mday, tm.tm_hour, tm.tm_min,
				    tm.tm_sec);
}

/* RFC 2253 order, escaped. */
static void show_name(char *out, size_t size, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 &
				      ~ASN1_STRFLGS_ESC_MSB) >= 0)
		len = BIO_get_mem_data(bio, &text);
	tmk_enc_show_into(out, size, len > 0 ? text : "", (size_t)len);
	BIO_free(bio);
}

static void check_crl(struct tmk_doctor *d, X509_CRL *crl)
{
	int64_t next = time_of(X509_CRL_get0_nextUpdate(crl));
	char at[TMK_CLOCK_TEXT], name[NAME_TEXT];

	show_name(name, sizeof(name), X509_CRL_get_issuer(crl));
	tmk_clock_format(at, next);
	if (next == TMK_TIME_NONE)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "revocation", "ask the CA "
			       "for one with nextUpdate", "the CRL of %s does "
			       "not say how long it is current", name);
	else if (next < d->now)
		tmk_doctor_say(d, d->policy->judge.revocation ==
			       TMK_REVOCATION_REQUIRE ? TMK_DOCTOR_FAIL :
			       TMK_DOCTOR_WARN, "revocation", "fetch the "
			       "current one from the CA", "the CRL of %s is "
			       "stale since %s", name, at);
	else if (next < d->now + (int64_t)CRL_WARN_DAYS * DAY)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "revocation", "fetch the "
			       "next one in time", "the CRL of %s is current "
			       "until %s only", name, at);
	else
		tmk_doctor_say(d, TMK_DOCTOR_OK, "revocation", NULL, "the CRL "
			       "of %s is current until %s", name, at);
}

static void check_crls(struct tmk_doctor *d)
{
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	for (i = 0; crls && i < d->policy->crls; i++)
		if (tmk_crl_load_path(crls, d->policy->crl[i], &err) < 0)
			tmk_doctor_say_error(d, TMK_DOCTOR_FAIL, "revocation",
					     &err);
	for (i = 0; i < sk_X509_CRL_num(crls); i++)
		check_crl(d, sk_X509_CRL_value(crls, i));
	if (!d->policy->crls)
		tmk_doctor_say(d, d->policy->judge.revocation ==
			       TMK_REVOCATION_REQUIRE ? TMK_DOCTOR_FAIL :
			       TMK_DOCTOR_WARN, "revocation",
			       "name one as crl = FILE in [trust]",
			       "the policy names no CRL");
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
}

void tmk_doctor_trust(struct tmk_doctor *d)
{
	struct tmk_err err = TMK_ERR_INIT;

	if (!d->config)
		return;
	if (!d->config->policy) {
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "policy", "git config "
			       "--global touchmark.policy FILE, with the "
			       "server's policy in it", "no policy is "
			       "configured: nothing says whom to trust");
		return;
	}
	if (tmk_policy_load(&d->policy, d->config->policy, &err) < 0) {
		tmk_doctor_say_error(d, TMK_DOCTOR_FAIL, "policy", &err);
		return;
	}
	d->policy->judge.now = d->now;
	tmk_doctor_say(d, TMK_DOCTOR_OK, "policy", NULL, "%s is readable, %d "
		       "root%s", d->policy->path,
		       sk_X509_num(tmk_trust_roots(d->policy->trust)),
		       sk_X509_num(tmk_trust_roots(d->policy->trust)) == 1 ?
		       "" : "s");
	/* A policy of keyrings alone asks nothing of certificates. */
	if (!d->policy->roots)
		return;
	if (d->policy->judge.revocation != TMK_REVOCATION_OFF)
		check_crls(d);
	if (d->chain)
		check_chain(d);
}

/* ---- timestamp authorities ---------------------------------------------- */

static void ask_one(struct tmk_doctor *d, const char *url,
		    const struct tmk_stamp_trust *trust)
{
	static const char data[] = TMK_DOCTOR_STAMP_DATA;
	struct tmk_stamp_ask ask = {
		.config = d->config, .url = url, .trust = trust->trust,
		.revocation = trust->revocation,
		.data = (const uint8_t *)data, .len = sizeof(data) - 1
	};
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	int64_t begun = tmk_clock_ms();
	char name[TMK_STAMP_URL_TEXT];

	tmk_front_stamp_ask_show(name, sizeof(name), url);
	if (tmk_front_stamp_ask(&token, &ask, &err) < 0) {
		tmk_err_prefix(&err, "%s", name);
		tmk_doctor_say_error(d, d->config->timestamp ==
				     TMK_STAMP_REQUIRE && d->config->tsas == 1 ?
				     TMK_DOCTOR_FAIL : TMK_DOCTOR_WARN, "tsa",
				     &err);
	} else {
		tmk_doctor_say(d, TMK_DOCTOR_OK, "tsa", NULL, "%s answers in "
			       "%d ms%s", name,
			       (int)(tmk_clock_ms() - begun), trust->own ?
			       ", under a root of touchmark.tsaRoots" :
			       trust->trust ?
			       ", under a root of the policy" : "");
		if (!d->stamped &&
		    !tmk_buf_add(&d->token, token.data, token.len))
			d->stamped = true;
	}
	tmk_buf_release(&token);
}

static void ask_all(struct tmk_doctor *d)
{
	struct tmk_err err = TMK_ERR_INIT, odd = TMK_ERR_INIT;
	struct tmk_stamp_trust trust = { .trust = NULL };
	int i;

	if (tmk_front_stamp_trust_load(&trust, d->config, &odd, &err) < 0) {
		tmk_doctor_say_error(d, TMK_DOCTOR_FAIL, "tsa", &err);
		return;
	}
	if (!trust.trust)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "tsa", "name the file with "
			       "its roots as touchmark.tsaRoots", "answers are "
			       "believed whoever made them, until a judge "
			       "refuses them");
	for (i = 0; i < d->config->tsas; i++)
		ask_one(d, d->config->tsa[i], &trust);
	tmk_front_stamp_trust_release(&trust);
	if (!d->stamped && d->config->timestamp == TMK_STAMP_REQUIRE &&
	    d->config->tsas > 1)
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "tsa", "configure another "
			       "one", "none answers, and a timestamp is "
			       "required");
}

void tmk_doctor_stamps(struct tmk_doctor *d)
{
	if (!d->config)
		return;
	if (d->config->timestamp == TMK_STAMP_NEVER)
		tmk_doctor_say(d, TMK_DOCTOR_OK, "tsa", NULL, "signatures are "
			       "not stamped (touchmark.timestamp = never)");
	else if (!d->config->tsas)
		tmk_doctor_say(d, d->config->timestamp == TMK_STAMP_REQUIRE ?
			       TMK_DOCTOR_FAIL : TMK_DOCTOR_WARN, "tsa",
			       "git config --global --add touchmark.tsa URL",
			       "no timestamp "
			       "authority is configured: a signature falls "
			       "with its certificate");
	else if (d->offline)
		tmk_doctor_say(d, TMK_DOCTOR_SKIP, "tsa", NULL, "%d timestamp "
			       "authorit%s not asked: --offline",
			       d->config->tsas, d->config->tsas == 1 ?
			       "y is" : "ies are");
	else
		ask_all(d);
}
