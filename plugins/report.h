/*
 * report.h - what `touchmark key report` knows of one key, and in which words.
 *
 * report_gather.c asks configuration, store and certificates, report_attest.c
 * the maker's attestation, report_record.c the record of uses; report_judge.c
 * holds all of it against the Code Signing Baseline Requirements of the
 * CA/Browser Forum (the section numbers are theirs); report_json.c,
 * report_text.c and report_html.c write it down. What a module, a service or a
 * person says of itself is called asserted, and only what a maker's chain
 * proves attested. Nothing here prints. Texts are as they came, not escaped,
 * unless said otherwise: whoever writes them down escapes them.
 */
#ifndef TMK_PLUGINS_REPORT_H
#define TMK_PLUGINS_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"
#include "core/config.h"
#include "iface/seal.h"
#include "iface/store.h"
#include "plugins/front_pick.h"
#include "x509/attest.h"
#include "x509/cert.h"

#define TMK_REPORT_MAX (900 * 1024)	/* bytes of a report in any form */
#define TMK_REPORT_FACTS_MAX 128
#define TMK_REPORT_CERTS_MAX 32	/* of the key, and above it */
#define TMK_REPORT_LIST_MAX 16
#define TMK_REPORT_USES_MAX 10	/* of the record, the last ones */

enum tmk_report_verdict {
	TMK_REPORT_PASS = 0,	/* seen here, or proved */
	TMK_REPORT_FAIL,
	TMK_REPORT_ASSERTED,	/* somebody says so */
	TMK_REPORT_UNKNOWN	/* not checkable */
};

/* Where the private key lies, as far as it can be told. */
enum tmk_report_home {
	TMK_REPORT_TOKEN = 0,	/* PKCS#11, not known to be software */
	TMK_REPORT_SOFTWARE,	/* a token that is a program */
	TMK_REPORT_SERVICE,
	TMK_REPORT_HOST		/* another host signs with it */
};

struct tmk_report_fact {
	char *name, *value;
};

struct tmk_report_list {
	char item[TMK_REPORT_LIST_MAX][256];	/* escaped */
	int count;
	bool cut;		/* there were more */
};

struct tmk_report_cert {
	X509 *cert;
	const char *where;	/* "token", "file" */
	bool current;		/* the one that signs now */
	bool above;		/* not the key's: an issuer */
	char subject[512], issuer[512];	/* escaped */
	char serial[2 * 64 + 2], sha256[TMK_FINGERPRINT_TEXT];
	int64_t from, to;
	int days;		/* that it is valid, begun ones too */
	int64_t limit;		/* the last second that it may be valid */
	char limit_text[64];	/* "460 days", "39 months" */
	struct tmk_report_list usage, eku, policy, crl, ocsp, issuers;
};

struct tmk_report_use {
	char time[32], what[32], outcome[32], format[16];	/* escaped */
	char artefact[128], requester[96], digest[136];
};

struct tmk_report_requirement {
	const char *row, *section, *title;
	enum tmk_report_verdict verdict;
	char why[512];		/* one escaped line */
};

#define TMK_REPORT_REQUIREMENTS_MAX 32

/* What the command line says. Borrowed. */
struct tmk_report_options {
	const char *key, *out, *html, *pin_file;
	const char *attestation_roots;	/* PEM */
	const char *module_certificate;	/* what somebody states */
	struct tmk_opt_list attestation;	/* files */
	bool json, no_login, help;
};

struct tmk_report {
	const struct tmk_report_options *options;
	struct tmk_config *config;
	struct tmk_front_pick pick;
	int64_t now;
	const char *uri;
	const struct tmk_store_ops *store;
	enum tmk_report_home home;
	bool inspected;		/* the store could tell more than a listing */
	struct tmk_key_facts facts;
	struct tmk_report_fact fact[TMK_REPORT_FACTS_MAX];
	int n_facts;
	char algorithm[32];
	int strength;		/* bits, NIST SP 800-57 part 1 table 2 */
	char spki_sha256[65];	/* hex */
	char ssh[TMK_KEY_ID];	/* SHA256:..., "" for none */
	STACK_OF(X509) *all;	/* every certificate that was met */
	struct tmk_report_cert cert[TMK_REPORT_CERTS_MAX];
	int certs;
	const struct tmk_report_cert *current;	/* in `cert`; NULL: none */
	struct tmk_attest_answer attest;
	const char *record;	/* file; NULL: none is kept */
	bool record_whole;
	char record_text[832];	/* why not */
	int64_t record_since;	/* first entry; TMK_TIME_NONE */
	uint64_t record_uses;	/* of this key */
	struct tmk_report_use use[TMK_REPORT_USES_MAX];
	int uses;
	bool denied;
	char denied_text[832];
	/* How the report will be signed: "cms", "ssh"; NULL: not at all. */
	const char *seal;
	char *seal_file;
	struct tmk_report_requirement requirement[TMK_REPORT_REQUIREMENTS_MAX];
	int requirements;
};

/* Collect everything but the verdicts. Fails as looking at the key does.
 * *report is released by the caller whatever happens. */
int tmk_report_gather(struct tmk_report *report,
		      const struct tmk_report_options *options,
		      struct tmk_err *err) TMK_MUST_CHECK;
void tmk_report_release(struct tmk_report *report);

/* The value of a fact (names are compared without regard to case), NULL. */
const char *tmk_report_fact(const struct tmk_report *report, const char *name);

/* The value of an attribute; TMK_ABSENT also when it was not asked for. */
enum tmk_tristate tmk_report_attribute(const struct tmk_report *report,
				       const char *name);

/* Everything about the certificates of the key and those above it. */
int tmk_report_read_certs(struct tmk_report *report, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Attestations in files and on the token, held against the roots. */
int tmk_report_attest(struct tmk_report *report, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The record of uses: whole or not, since when, and the last uses of the
 * key. */
int tmk_report_read_record(struct tmk_report *report, struct tmk_err *err)
	TMK_MUST_CHECK;

/* What this machine says of the key: is it hardware, software, a service? */
enum tmk_report_home tmk_report_home_of(const struct tmk_report *report);

/* Whether a service says that the key was made in hardware, and that it stays
 * there (report_service.c): asserted at best. */
enum tmk_report_verdict
tmk_report_service_made(const struct tmk_report *r, char *why, size_t size);
enum tmk_report_verdict
tmk_report_service_stays(const struct tmk_report *r, char *why, size_t size);

/* Hold it against each requirement. */
void tmk_report_judge(struct tmk_report *report);

/* The verdicts about certificates (report_judge_cert.c). */
enum tmk_report_verdict
tmk_report_judge_digest(const struct tmk_report *r, char *why, size_t size);
enum tmk_report_verdict
tmk_report_judge_usage(const struct tmk_report *r, char *why, size_t size);
enum tmk_report_verdict
tmk_report_judge_eku(const struct tmk_report *r, char *why, size_t size);
enum tmk_report_verdict
tmk_report_judge_leaf(const struct tmk_report *r, char *why, size_t size);
enum tmk_report_verdict
tmk_report_judge_policy(const struct tmk_report *r, char *why, size_t size);
enum tmk_report_verdict
tmk_report_judge_validity(const struct tmk_report *r, char *why, size_t size);
enum tmk_report_verdict
tmk_report_judge_now(const struct tmk_report *r, char *why, size_t size);
enum tmk_report_verdict
tmk_report_judge_revocation(const struct tmk_report *r, char *why,
			    size_t size);
enum tmk_report_verdict
tmk_report_judge_subject(const struct tmk_report *r, char *why, size_t size);
enum tmk_report_verdict
tmk_report_judge_chain(const struct tmk_report *r, char *why, size_t size);

/* "pass", "fail", "asserted", "not checkable". */
const char *tmk_report_verdict_name(enum tmk_report_verdict verdict);

/* Append the report. */
int tmk_report_json(struct tmk_buf *out, const struct tmk_report *report,
		    struct tmk_err *err) TMK_MUST_CHECK;
int tmk_report_text(struct tmk_buf *out, const struct tmk_report *report,
		    struct tmk_err *err) TMK_MUST_CHECK;
int tmk_report_html(struct tmk_buf *out, const struct tmk_report *report,
		    struct tmk_err *err) TMK_MUST_CHECK;

/* What text and page have in common: sections of lines, every text escaped
 * for a terminal. Negative ends the walk with it. */
struct tmk_report_sink {
	void *ctx;
	int (*section)(void *ctx, const char *title);
	int (*line)(void *ctx, const char *label, const char *value);
	int (*requirement)(void *ctx,
			   const struct tmk_report_requirement *what);
};
int tmk_report_walk(const struct tmk_report *report,
		    const struct tmk_report_sink *sink) TMK_MUST_CHECK;

/* Where it was sealed, and where not: one line for text and page. */
void tmk_report_possession(char *out, size_t size,
			   const struct tmk_report *report);

#endif
