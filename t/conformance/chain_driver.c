/*
 * chain_driver.c - judge many chains in one process, for conformance data.
 *
 * Reads lines of tab-separated KEY=VALUE words from standard input and
 * answers each with "ID<TAB>good" or "ID<TAB>reason<TAB>text". It may lift
 * the strength rule (strength=any), which no installed program can.
 *
 * Keys: id cert roots untrusted crl (these four are files; all but cert may
 * repeat) at (RFC 3339 or @seconds) eku (repeats) policy (repeats) strength
 * strict explicit nomap noany usage (any: do not ask for keyUsage or CA)
 * revocation (require, check, off; default require when there is a crl).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "x509/cert.h"
#include "x509/chain.h"

#define LINE_MAX_BYTES 65536

struct job {
	const char *id;
	const char *cert;
	struct tmk_trust *trust;
	struct tmk_chain_request request;
	bool crl;
};

static const char *const results[] = {
	[TMK_CHAIN_GOOD] = "good",
	[TMK_CHAIN_NOT_TRUSTED] = "chain-untrusted",
	[TMK_CHAIN_EXPIRED] = "cert-expired",
	[TMK_CHAIN_NOT_YET_VALID] = "cert-not-yet-valid",
	[TMK_CHAIN_REVOKED] = "cert-revoked",
	[TMK_CHAIN_REVOCATION_UNKNOWN] = "revocation-unknown",
	[TMK_CHAIN_USAGE] = "cert-usage",
	[TMK_CHAIN_KEY_WEAK] = "key-weak",
	[TMK_CHAIN_DIGEST_WEAK] = "digest-weak"
};

static int set_revocation(struct job *job, const char *value)
{
	if (!strcmp(value, "require"))
		job->request.revocation = TMK_REVOCATION_REQUIRE;
	else if (!strcmp(value, "check"))
		job->request.revocation = TMK_REVOCATION_CHECK;
	else if (!strcmp(value, "off"))
		job->request.revocation = TMK_REVOCATION_OFF;
	else
		return -1;
	return 0;
}

static int set_file(struct job *job, const char *key, const char *value,
		    struct tmk_err *err)
{
	if (!strcmp(key, "roots"))
		return tmk_trust_add_roots(job->trust, value, err);
	if (!strcmp(key, "untrusted"))
		return tmk_trust_add_intermediates(job->trust, value, err);
	if (!strcmp(key, "crl")) {
		job->crl = true;
		return tmk_trust_add_crls(job->trust, value, err);
	}
	return tmk_err_set(err, TMK_USAGE, "unknown key %s", key);
}

static int set(struct job *job, const char *key, const char *value,
	       struct tmk_err *err)
{
	struct tmk_chain_request *r = &job->request;

	if (!strcmp(key, "id"))
		job->id = value;
	else if (!strcmp(key, "cert"))
		job->cert = value;
	else if (!strcmp(key, "at"))
		return tmk_clock_parse(&r->at, value, err);
	else if (!strcmp(key, "eku") && r->ekus < TMK_EKU_MAX)
		r->eku[r->ekus++] = value;
	else if (!strcmp(key, "policy") &&
		 r->policies < TMK_CHAIN_POLICIES_MAX)
		r->policy[r->policies++] = value;
	else if (!strcmp(key, "strength"))
		r->any_strength = true;
	else if (!strcmp(key, "strict"))
		r->strict = true;
	else if (!strcmp(key, "explicit"))
		r->explicit_policy = true;
	else if (!strcmp(key, "nomap"))
		r->inhibit_mapping = true;
	else if (!strcmp(key, "noany"))
		r->inhibit_any = true;
	else if (!strcmp(key, "usage"))
		r->any_leaf = true;
	else if (!strcmp(key, "revocation"))
		return set_revocation(job, value) ?
			tmk_err_set(err, TMK_USAGE, "revocation=%s", value) :
			0;
	else
		return set_file(job, key, value, err);
	return 0;
}

static int judge(struct job *job, struct tmk_err *err)
{
	struct tmk_chain_answer answer = { TMK_CHAIN_GOOD, "", NULL };
	STACK_OF(X509) *certs = NULL;
	int rc = -1;

	if (!job->cert || !job->id)
		return tmk_err_set(err, TMK_USAGE, "no cert or no id");
	if (tmk_cert_load_file(&certs, job->cert, err))
		return -1;
	job->request.leaf = sk_X509_value(certs, 0);
	job->request.trust = job->trust;
	job->request.now = job->request.at;
	job->request.min_rsa = 2048;
	if (!job->request.revocation)
		job->request.revocation = job->crl ? TMK_REVOCATION_REQUIRE :
			TMK_REVOCATION_OFF;
	if (tmk_chain_judge(&answer, &job->request, err))
		goto out;
	printf("%s\t%s\t%s\n", job->id, results[answer.result], answer.text);
	tmk_chain_answer_release(&answer);
	rc = 0;
out:
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

/* One line; what cannot be read is an answer too ("input"). */
static int run_line(char *line, struct tmk_err *err)
{
	struct job job = { .request = { .at = tmk_clock_now() } };
	char *word, *eq, *save = NULL;
	int rc = 0;

	if (tmk_trust_new(&job.trust, err))
		return -1;
	line[strcspn(line, "\n")] = '\0';
	for (word = strtok_r(line, "\t", &save); word && !rc;
	     word = strtok_r(NULL, "\t", &save)) {
		eq = strchr(word, '=');
		if (eq)
			*eq++ = '\0';
		rc = set(&job, word, eq ? eq : "", err);
	}
	if (!rc)
		rc = judge(&job, err);
	if (rc && err->code == TMK_INPUT && job.id) {
		printf("%s\tinput\t%s\n", job.id, err->text);
		rc = 0;
	}
	tmk_trust_free(job.trust);
	return rc;
}

int main(void)
{
	static char line[LINE_MAX_BYTES];
	struct tmk_err err = TMK_ERR_INIT;

	while (fgets(line, sizeof(line), stdin)) {
		if (run_line(line, &err)) {
			fprintf(stderr, "chain_driver: %s\n", err.text);
			return 2;
		}
	}
	return 0;
}
