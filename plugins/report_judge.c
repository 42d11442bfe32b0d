/*
 * The requirements, and how the key stands to each. `pass` is what was seen or
 * proved; what only a module, a service or a person says is `asserted`, and
 * what nothing here can tell `not checkable`.
 */
#include "plugins/report.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/enc.h"
#include "x509/spki.h"

#define SAY(...) snprintf(why, size, __VA_ARGS__)
#define RETENTION_YEARS 2

static bool attested(const struct tmk_report *r)
{
	return r->attest.result == TMK_ATTEST_GOOD;
}

/* ---- the key -------------------------------------------------------------- */

static enum tmk_report_verdict key_size(const struct tmk_report *r, char *why,
					size_t size)
{
	const struct tmk_buf *spki = &r->facts.info.spki;
	EVP_PKEY *key;
	char fault[256] = "its public key cannot be read";
	bool good;

	if (r->facts.info.algorithm == TMK_KEY_ED25519) {
		SAY("Ed25519 is none of the algorithms that these "
		    "requirements know");
		return TMK_REPORT_FAIL;
	}
	key = tmk_spki_key(spki->data, spki->len);
	good = key && tmk_cert_pkey_ok(key, 3072, fault, sizeof(fault));
	EVP_PKEY_free(key);
	if (!good) {
		SAY("%s", fault);
		return TMK_REPORT_FAIL;
	}
	SAY("%s, %d bits of strength", r->algorithm, r->strength);
	return TMK_REPORT_PASS;
}

/* For what only the host that signs could tell, and what a program as token
 * cannot be. 1 with a verdict. */
static bool elsewhere(enum tmk_report_verdict *verdict,
		      const struct tmk_report *r, char *why, size_t size)
{
	*verdict = TMK_REPORT_UNKNOWN;
	if (r->home == TMK_REPORT_HOST) {
		SAY("the key is at another host: make the report there");
		return true;
	}
	if (r->home == TMK_REPORT_SOFTWARE && !attested(r)) {
		SAY("the token is a program (%s): whoever reads its files and "
		    "knows the PIN has the key", r->facts.info.model);
		*verdict = TMK_REPORT_FAIL;
		return true;
	}
	return false;
}

static enum tmk_report_verdict generated(const struct tmk_report *r, char *why,
					 size_t size)
{
	enum tmk_tristate local = tmk_report_attribute(r, "CKA_LOCAL");
	enum tmk_report_verdict v;

	if (attested(r)) {
		SAY("attested by the maker: made inside the device, slot %s, "
		    "firmware %s", r->attest.slot, r->attest.firmware);
		return TMK_REPORT_PASS;
	}
	if (elsewhere(&v, r, why, size))
		return v;
	if (r->home == TMK_REPORT_SERVICE)
		return tmk_report_service_made(r, why, size);
	if (local == TMK_NO) {
		SAY("the module says that the key was not made in the token "
		    "(CKA_LOCAL is FALSE)");
		return TMK_REPORT_FAIL;
	}
	if (local == TMK_ABSENT) {
		SAY("the module does not give CKA_LOCAL");
		return TMK_REPORT_UNKNOWN;
	}
	SAY("the module says so (CKA_LOCAL is TRUE); no attestation proves "
	    "it");
	return TMK_REPORT_ASSERTED;
}

static enum tmk_report_verdict stays(const struct tmk_report *r, char *why,
				     size_t size)
{
	static const struct {
		const char *name;
		enum tmk_tristate want;
	} asked[] = {
		{ "CKA_SENSITIVE", TMK_YES }, { "CKA_EXTRACTABLE", TMK_NO },
		{ "CKA_ALWAYS_SENSITIVE", TMK_YES },
		{ "CKA_NEVER_EXTRACTABLE", TMK_YES },
	};
	enum tmk_report_verdict v;
	const char *missing = NULL;
	size_t i;

	if (attested(r)) {
		SAY("attested by the maker: a key that was made inside cannot "
		    "be taken out");
		return TMK_REPORT_PASS;
	}
	if (elsewhere(&v, r, why, size))
		return v;
	if (r->home == TMK_REPORT_SERVICE)
		return tmk_report_service_stays(r, why, size);
	for (i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		enum tmk_tristate value = tmk_report_attribute(r,
							       asked[i].name);

		if (value == TMK_ABSENT) {
			missing = missing ? missing : asked[i].name;
		} else if (value != asked[i].want) {
			SAY("the module says that %s is %s", asked[i].name,
			    value == TMK_YES ? "TRUE" : "FALSE");
			return TMK_REPORT_FAIL;
		}
	}
	if (missing) {
		SAY("the module does not give %s", missing);
		return TMK_REPORT_UNKNOWN;
	}
	SAY("the module says so (sensitive and not extractable, always); no "
	    "attestation proves it");
	return TMK_REPORT_ASSERTED;
}

static enum tmk_report_verdict certified(const struct tmk_report *r, char *why,
					 size_t size)
{
	const char *stated = r->options->module_certificate;
	char text[200], other[200];

	if (r->home == TMK_REPORT_SOFTWARE && !attested(r)) {
		SAY("the token is a program, no hardware module%s",
		    stated ? "; what was stated of a certificate cannot be "
		    "of it" : "");
		return TMK_REPORT_FAIL;
	}
	if (r->home == TMK_REPORT_SERVICE &&
	    tmk_report_service_made(r, other, sizeof(other)) ==
	    TMK_REPORT_FAIL) {
		SAY("%s", other);
		return TMK_REPORT_FAIL;
	}
	if (stated) {
		SAY("stated by whoever made this report: %s; compare it with "
		    "the model and the firmware above",
		    tmk_enc_show_into(text, sizeof(text), stated,
				      strlen(stated)));
		return TMK_REPORT_ASSERTED;
	}
	SAY("a certification cannot be read from a token; state the number "
	    "with --module-certificate");
	return TMK_REPORT_UNKNOWN;
}

static enum tmk_report_verdict activation(const struct tmk_report *r,
					  char *why, size_t size)
{
	const char *flags = tmk_report_fact(r, "token-flags");

	if (attested(r)) {
		SAY("attested by the maker: PIN %s, touch %s", r->attest.pin,
		    r->attest.touch);
		return strcmp(r->attest.pin, "never") ? TMK_REPORT_PASS :
			TMK_REPORT_FAIL;
	}
	if (r->home == TMK_REPORT_SERVICE || r->home == TMK_REPORT_HOST) {
		SAY("who may use the key is configured at the %s",
		    r->home == TMK_REPORT_HOST ? "host that signs" :
		    "service");
		return TMK_REPORT_UNKNOWN;
	}
	if (tmk_report_attribute(r, "CKA_PRIVATE") == TMK_NO) {
		SAY("the module says that the key can be used without a login "
		    "(CKA_PRIVATE is FALSE)");
		return TMK_REPORT_FAIL;
	}
	if (flags && strstr(flags, "LOGIN_REQUIRED")) {
		SAY("the module says that a login is needed%s",
		    tmk_report_attribute(r, "CKA_ALWAYS_AUTHENTICATE") ==
		    TMK_YES ? ", for each signature" : "");
		return TMK_REPORT_ASSERTED;
	}
	if (flags) {
		SAY("the module says that no login is needed");
		return TMK_REPORT_FAIL;
	}
	SAY("the module does not say whether a login is needed");
	return TMK_REPORT_UNKNOWN;
}

static enum tmk_report_verdict signs_alone(const struct tmk_report *r,
					   char *why, size_t size)
{
	static const char *const others[] = {
		"CKA_DECRYPT", "CKA_UNWRAP", "CKA_DERIVE",
	};
	const char *usage = tmk_report_fact(r, "KeyUsage");
	size_t i;

	if (usage) {
		SAY("the service says KeyUsage = %s", usage);
		return strcmp(usage, "SIGN_VERIFY") ? TMK_REPORT_FAIL :
			TMK_REPORT_ASSERTED;
	}
	if (!r->facts.attributes) {
		SAY("the store tells no attributes of its keys");
		return TMK_REPORT_UNKNOWN;
	}
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (tmk_report_attribute(r, others[i]) == TMK_YES) {
			SAY("the module says that %s is TRUE", others[i]);
			return TMK_REPORT_FAIL;
		}
	if (tmk_report_attribute(r, "CKA_SIGN") != TMK_YES) {
		SAY("the module does not say that the key signs");
		return TMK_REPORT_UNKNOWN;
	}
	SAY("the module says that the key signs and neither decrypts, unwraps "
	    "nor derives");
	return TMK_REPORT_ASSERTED;
}

/* ---- proofs ---------------------------------------------------------------- */

static enum tmk_report_verdict proof(const struct tmk_report *r, char *why,
				     size_t size)
{
	if (attested(r)) {
		SAY("key attestation by %s, under the root sha256:%s",
		    r->attest.device, r->attest.root_sha256);
		return TMK_REPORT_PASS;
	}
	if (r->attest.result == TMK_ATTEST_BAD) {
		SAY("there is an attestation that proves nothing: %s",
		    r->attest.text);
		return TMK_REPORT_FAIL;
	}
	if (r->home == TMK_REPORT_SOFTWARE) {
		SAY("a program as token has nothing that a CA accepts");
		return TMK_REPORT_FAIL;
	}
	if (r->home == TMK_REPORT_SERVICE && r->inspected) {
		enum tmk_report_verdict v = tmk_report_service_made(r, why,
								    size);

		if (v == TMK_REPORT_ASSERTED)
			SAY("the service's own description of the key stands "
			    "above; the CA may ask for the configuration of "
			    "the account too");
		return v;
	}
	SAY("no attestation was given; the CA may take its own module, an "
	    "audit or a witnessed ceremony instead");
	return TMK_REPORT_UNKNOWN;
}

static enum tmk_report_verdict possession(const struct tmk_report *r,
					  char *why, size_t size)
{
	tmk_report_possession(why, size, r);
	return r->seal ? TMK_REPORT_PASS : TMK_REPORT_UNKNOWN;
}

static enum tmk_report_verdict not_denied(const struct tmk_report *r,
					  char *why, size_t size)
{
	if (r->denied) {
		SAY("%s", r->denied_text);
		return TMK_REPORT_FAIL;
	}
	SAY("the key is not on this installation's list of denied keys");
	return TMK_REPORT_PASS;
}

/* ---- what this installation does -------------------------------------------- */

static bool lifetime(const struct tmk_report *r)
{
	int i;

	if (!r->current)
		return false;
	for (i = 0; i < r->current->eku.count; i++)
		if (!strcmp(r->current->eku.item[i],
			    "1.3.6.1.4.1.311.10.3.13"))
			return true;
	return false;
}

static enum tmk_report_verdict stamped(const struct tmk_report *r, char *why,
				       size_t size)
{
	if (lifetime(r)) {
		SAY("the certificate has the lifetime signing usage: its "
		    "signatures end with it, whatever timestamp they have");
		return TMK_REPORT_FAIL;
	}
	if (!r->config->tsas || r->config->timestamp == TMK_STAMP_NEVER) {
		SAY("no timestamp authority is configured: signatures end "
		    "with the certificate");
		return TMK_REPORT_FAIL;
	}
	SAY("%d timestamp authorit%s configured; a signature without a "
	    "timestamp is %s", r->config->tsas,
	    r->config->tsas == 1 ? "y is" : "ies are",
	    r->config->timestamp == TMK_STAMP_REQUIRE ? "not made" :
	    "made with a warning");
	return TMK_REPORT_PASS;
}

static enum tmk_report_verdict recorded(const struct tmk_report *r, char *why,
					size_t size)
{
	if (!r->record) {
		SAY("no record of uses is configured (touchmark.auditLog)");
		return TMK_REPORT_FAIL;
	}
	if (!r->record_whole) {
		SAY("the record does not hold: %s", r->record_text);
		return TMK_REPORT_FAIL;
	}
	SAY("every use is on record before the signature is given out; the "
	    "chain of the record holds");
	return TMK_REPORT_PASS;
}

static enum tmk_report_verdict retained(const struct tmk_report *r, char *why,
					size_t size)
{
	int64_t enough = (int64_t)RETENTION_YEARS * 366 * 86400;
	char since[TMK_CLOCK_TEXT];

	if (!r->record || !r->record_whole) {
		SAY("there is no record that could have been kept");
		return TMK_REPORT_FAIL;
	}
	if (r->record_since == TMK_TIME_NONE) {
		SAY("the record has not begun yet");
		return TMK_REPORT_UNKNOWN;
	}
	tmk_clock_format(since, r->record_since);
	if (r->now - r->record_since < enough) {
		SAY("the record begins at %s, less than %d years ago; keep "
		    "rotated logs too", since, RETENTION_YEARS);
		return TMK_REPORT_UNKNOWN;
	}
	SAY("the record goes back to %s", since);
	return TMK_REPORT_PASS;
}

/* ---- the table --------------------------------------------------------------- */

static const struct {
	const char *row, *section, *title;
	enum tmk_report_verdict (*judge)(const struct tmk_report *r, char *why,
					 size_t size);
} rows[] = {
	{ "key-size", "6.1.5.2", "RSA from 3072 bits, or P-256, P-384, P-521",
	  key_size },
	{ "signature-digest", "7.1.3.2", "SHA-256, SHA-384 or SHA-512",
	  tmk_report_judge_digest },
	{ "generated-in-hardware", "6.2.7.4.1", "made in a hardware module",
	  generated },
	{ "non-exportable", "6.2.7.4.2", "cannot be taken out of it", stays },
	{ "module-certification", "6.2.7.4.1",
	  "module certified to FIPS 140 level 2 or EAL 4+", certified },
	{ "activation", "6.2.8", "used by whoever is authorised alone",
	  activation },
	{ "single-purpose", "6.1.7", "the key signs and does nothing else",
	  signs_alone },
	{ "proof", "6.2.7.4.2", "a proof of the above that a CA accepts",
	  proof },
	{ "possession", "3.2.1", "the key is in the hands of who says so",
	  possession },
	{ "not-compromised", "4.9.1", "not known to be compromised",
	  not_denied },
	{ "certificate", "6.3.2", "a certificate of this key that is valid",
	  tmk_report_judge_now },
	{ "validity", "6.3.2", "valid no longer than it may be",
	  tmk_report_judge_validity },
	{ "key-usage", "7.1.2.3 e", "keyUsage critical, digitalSignature",
	  tmk_report_judge_usage },
	{ "extended-key-usage", "7.1.2.3 f", "codeSigning, nothing forbidden",
	  tmk_report_judge_eku },
	{ "basic-constraints", "7.1.2.3 d", "no CA", tmk_report_judge_leaf },
	{ "policy", "7.1.6.4", "a certificate policy of these requirements",
	  tmk_report_judge_policy },
	{ "revocation", "7.1.2.3 b, c", "tells where it can be revoked",
	  tmk_report_judge_revocation },
	{ "subject", "7.1.4.2", "says who signs", tmk_report_judge_subject },
	{ "chain", "7.1.2.2", "comes with its intermediates",
	  tmk_report_judge_chain },
	{ "timestamp", "6.8", "signatures are timestamped", stamped },
	{ "record", "5.4.1", "every use is put on record", recorded },
	{ "retention", "5.5.2", "records are kept for two years", retained },
};

void tmk_report_judge(struct tmk_report *report)
{
	size_t i, n = sizeof(rows) / sizeof(*rows);
	char why[sizeof(report->requirement[0].why)];

	_Static_assert(sizeof(rows) / sizeof(*rows) <=
		       TMK_REPORT_REQUIREMENTS_MAX, "room for all");
	for (i = 0; i < n; i++) {
		struct tmk_report_requirement *q = &report->requirement[i];

		why[0] = '\0';
		q->row = rows[i].row;
		q->section = rows[i].section;
		q->title = rows[i].title;
		q->verdict = rows[i].judge(report, why, sizeof(why));
		tmk_enc_line_into(q->why, sizeof(q->why), why, strlen(why));
	}
	report->requirements = (int)n;
}

const char *tmk_report_verdict_name(enum tmk_report_verdict verdict)
{
	static const char *const name[] = {
		[TMK_REPORT_PASS] = "pass", [TMK_REPORT_FAIL] = "fail",
		[TMK_REPORT_ASSERTED] = "asserted",
		[TMK_REPORT_UNKNOWN] = "not checkable",
	};

	return name[verdict];
}
