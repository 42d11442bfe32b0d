#include "plugins/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/opt.h"
#include "core/judge.h"
#include "iface/verdict.h"
#include "plugins/front_cert_show.h"
#include "plugins/front_report.h"
#include "x509/cert.h"
#include "x509/chain.h"

#define LINE_MAX_BYTES (256 * 1024)
/* What every CA issues today; a policy asks for more of those who sign. */
#define MIN_RSA 2048

static void worst(int *code, int other)
{
	if (other > *code)
		*code = other;
}

/* --- cert show ---------------------------------------------------------- */

static int show_one(X509 *cert, const char *path, bool json,
		    struct tmk_err *err)
{
	struct tmk_buf buf = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_json j;
	int rc = -1;

	if (json) {
		tmk_json_init(&j, &buf);
		tmk_json_open_object(&j, NULL);
		tmk_json_string(&j, "file", path);
		if (tmk_front_cert_show_json(&j, cert, err))
			goto out;
		tmk_json_close_object(&j);
		rc = tmk_front_report_json(stdout, &j, err);
		goto out;
	}
	if (tmk_front_cert_show_text(&buf, cert, err))
		goto out;
	if (fputs(tmk_buf_str(&buf), stdout) == EOF || fflush(stdout)) {
		tmk_err_set(err, TMK_INPUT, "cannot write to standard output");
		goto out;
	}
	rc = 0;
out:
	tmk_buf_release(&buf);
	return rc;
}

static int show_file(const char *path, bool json, bool *again,
		     struct tmk_err *err)
{
	STACK_OF(X509) *certs = NULL;
	int i, rc = 0;

	if (tmk_cert_load_file(&certs, path, err))
		return -1;
	for (i = 0; !rc && i < sk_X509_num(certs); i++) {
		if (*again && !json)
			putchar('\n');
		*again = true;
		rc = show_one(sk_X509_value(certs, i), path, json, err);
	}
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

static int run_show(int argc, char **argv, struct tmk_err *err)
{
	bool json = false, help = false, again = false;
	struct tmk_err one = TMK_ERR_INIT;
	int i, n = 0, code = TMK_OK;
	const struct tmk_opt table[] = {
		{ 0, "json", TMK_OPT_FLAG, &json, NULL,
		  "one object per certificate" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};

	if (tmk_opt_parse(table, argc, argv, &n, err))
		return TMK_USAGE;
	if (help) {
		tmk_opt_help(stdout, "touchmark cert show [--json] CERT...",
			     table);
		return TMK_OK;
	}
	if (!n) {
		tmk_err_set(err, TMK_USAGE, "cert show needs a certificate");
		return TMK_USAGE;
	}
	for (i = 1; i <= n; i++) {
		if (!show_file(argv[i], json, &again, &one))
			continue;
		worst(&code, one.code);
		if (tmk_front_report_error("touchmark", json, argv[i], &one,
					   err))
			return err->code;
	}
	return code;
}

/* --- cert verify -------------------------------------------------------- */

struct verify {
	struct tmk_opt_list roots, untrusted, crl, policy;
	const char *purpose;
	int64_t at;
	bool json, strict, explicit_policy, inhibit_map, inhibit_any, help;
	struct tmk_trust *trust;
};

/* A file named by an option is configuration: what is wrong with it is not
 * the certificate's fault. */
static int load_list(struct tmk_trust *trust, const struct tmk_opt_list *list,
		     int (*add)(struct tmk_trust *, const char *,
				struct tmk_err *), struct tmk_err *err)
{
	int i;

	for (i = 0; i < list->count; i++) {
		if (!add(trust, list->item[i], err))
			continue;
		if (err->code == TMK_INPUT)
			err->code = TMK_USAGE;
		return -1;
	}
	return 0;
}

static int load_trust(struct verify *v, struct tmk_err *err)
{
	if (!v->roots.count) {
		tmk_err_set(err, TMK_USAGE, "cert verify needs --roots");
		return tmk_err_hint(err, "give the PEM file of the root that "
				    "you trust");
	}
	if (tmk_trust_new(&v->trust, err) ||
	    load_list(v->trust, &v->roots, tmk_trust_add_roots, err) ||
	    load_list(v->trust, &v->untrusted, tmk_trust_add_intermediates,
		      err) ||
	    load_list(v->trust, &v->crl, tmk_trust_add_crls, err))
		return -1;
	return 0;
}

static int set_purpose(struct tmk_chain_request *r, const char *purpose,
		       struct tmk_err *err)
{
	static const char *const known[] = {
		"codeSigning", "emailProtection", "timeStamping"
	};
	size_t i;

	if (!purpose)
		purpose = known[0];
	if (!strcmp(purpose, "any")) {
		r->any_leaf = true;
		return 0;
	}
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(purpose, known[i]))
			continue;
		r->eku[r->ekus++] = known[i];
		r->eku_critical_alone = i == 2;
		return 0;
	}
	tmk_err_set(err, TMK_USAGE, "unknown purpose '%s'", purpose);
	return tmk_err_hint(err, "codeSigning, emailProtection, timeStamping "
			    "or any");
}

static int set_policies(struct tmk_chain_request *r,
			const struct tmk_opt_list *list, struct tmk_err *err)
{
	ASN1_OBJECT *oid;
	int i;

	if (list->count > TMK_CHAIN_POLICIES_MAX)
		return tmk_err_set(err, TMK_USAGE,
				   "--policy is given more than %d times",
				   TMK_CHAIN_POLICIES_MAX);
	for (i = 0; i < list->count; i++) {
		oid = OBJ_txt2obj(list->item[i], 1);
		if (!oid) {
			tmk_err_set(err, TMK_USAGE, "'%s' is no policy OID",
				    list->item[i]);
			return tmk_err_hint(err, "write it with digits and "
					    "dots: 2.23.140.1.4.1");
		}
		ASN1_OBJECT_free(oid);
		r->policy[r->policies++] = list->item[i];
	}
	return 0;
}

static int say(const struct verify *v, const char *path,
	       const struct tmk_chain_answer *answer, struct tmk_err *err)
{
	enum tmk_reason reason = tmk_judge_chain_reason(answer->result);
	struct tmk_buf buf = TMK_BUF_INIT(LINE_MAX_BYTES);
	struct tmk_json j;
	char hex[TMK_FINGERPRINT_TEXT];
	int i, rc;

	if (!v->json)
		return reason == TMK_GOOD ?
			tmk_front_report_line(stdout, err, "%s: good", path) :
			tmk_front_report_line(stdout, err,
					      "%s: refused %s: %s", path,
					      tmk_reason_id(reason),
					      answer->text);
	tmk_json_init(&j, &buf);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "file", path);
	tmk_json_string(&j, "status", reason == TMK_GOOD ? "good" : "refused");
	if (reason != TMK_GOOD) {
		tmk_json_string(&j, "reason", tmk_reason_id(reason));
		tmk_json_string(&j, "text", answer->text);
		tmk_json_string(&j, "hint", tmk_reason_hint(reason));
	}
	tmk_json_open_array(&j, "chain");
	for (i = 0; i < sk_X509_num(answer->chain); i++)
		tmk_json_string(&j, NULL, tmk_cert_sha256(hex,
				sk_X509_value(answer->chain, i)));
	tmk_json_close_array(&j);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&buf);
	return rc;
}

/* The first certificate of the file is judged, the others may help. */
static int verify_file(const struct verify *v, struct tmk_chain_request *r,
		       const char *path, int *code, struct tmk_err *err)
{
	struct tmk_chain_answer answer = { TMK_CHAIN_GOOD, "", NULL };
	STACK_OF(X509) *certs = NULL;
	X509 *leaf;
	int rc;

	if (tmk_cert_load_file(&certs, path, err))
		return -1;
	leaf = sk_X509_shift(certs);
	r->leaf = leaf;
	r->untrusted = certs;
	rc = tmk_chain_judge(&answer, r, err);
	if (!rc) {
		rc = say(v, path, &answer, err);
		if (answer.result != TMK_CHAIN_GOOD)
			worst(code, TMK_REFUSED);
	}
	tmk_chain_answer_release(&answer);
	X509_free(leaf);
	sk_X509_pop_free(certs, X509_free);
	r->leaf = NULL;
	r->untrusted = NULL;
	return rc;
}

static int verify_all(struct verify *v, int n, char **files,
		      struct tmk_err *err)
{
	struct tmk_chain_request r = {
		.at = v->at == TMK_TIME_NONE ? tmk_clock_now() : v->at,
		.min_rsa = MIN_RSA,
		.strict = v->strict,
		.explicit_policy = v->explicit_policy,
		.inhibit_mapping = v->inhibit_map,
		.inhibit_any = v->inhibit_any,
		.revocation = v->crl.count ? TMK_REVOCATION_REQUIRE :
			TMK_REVOCATION_OFF,
	};
	struct tmk_err one = TMK_ERR_INIT;
	int i, code = TMK_OK;

	/* --at moves the verifier's clock as a whole, CRLs included. */
	r.now = r.at;
	if (set_purpose(&r, v->purpose, err) ||
	    set_policies(&r, &v->policy, err) || load_trust(v, err))
		return err->code;
	r.trust = v->trust;
	for (i = 0; i < n; i++) {
		if (!verify_file(v, &r, files[i], &code, &one))
			continue;
		worst(&code, one.code);
		if (tmk_front_report_error("touchmark", v->json, files[i],
					   &one, err))
			return err->code;
	}
	return code;
}

#define VERIFY_SYNOPSIS "touchmark cert verify --roots PEM " \
	"[--untrusted PEM] [--crl FILE|DIR]... [--at TIME] [--purpose P] " \
	"[--policy OID]... CERT..."

static int run_verify(int argc, char **argv, struct tmk_err *err)
{
	struct verify v = { .at = TMK_TIME_NONE };
	int n = 0, code;
	const struct tmk_opt table[] = {
		{ 0, "roots", TMK_OPT_LIST, &v.roots, "PEM",
		  "certificates to trust" },
		{ 0, "untrusted", TMK_OPT_LIST, &v.untrusted, "PEM",
		  "intermediates that may help" },
		{ 0, "crl", TMK_OPT_LIST, &v.crl, "FILE",
		  "CRLs, file or folder: then every CA must have a current "
		  "one" },
		{ 0, "at", TMK_OPT_TIME, &v.at, "TIME",
		  "judge as if it were then (RFC 3339)" },
		{ 0, "purpose", TMK_OPT_TEXT, &v.purpose, "P",
		  "codeSigning (default), emailProtection, timeStamping, any" },
		{ 0, "policy", TMK_OPT_LIST, &v.policy, "OID",
		  "accept only these certificate policies" },
		{ 0, "explicit_policy", TMK_OPT_FLAG, &v.explicit_policy,
		  NULL, "some policy must be valid" },
		{ 0, "inhibit_map", TMK_OPT_FLAG, &v.inhibit_map, NULL,
		  "policies may not be mapped" },
		{ 0, "inhibit_any", TMK_OPT_FLAG, &v.inhibit_any, NULL,
		  "anyPolicy stands for nothing" },
		{ 0, "x509_strict", TMK_OPT_FLAG, &v.strict, NULL,
		  "ask also what RFC 5280 asks of issuers" },
		{ 0, "json", TMK_OPT_FLAG, &v.json, NULL,
		  "one object per certificate" },
		{ 'h', "help", TMK_OPT_FLAG, &v.help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};

	if (tmk_opt_parse(table, argc, argv, &n, err))
		return TMK_USAGE;
	if (v.help) {
		tmk_opt_help(stdout, VERIFY_SYNOPSIS, table);
		return TMK_OK;
	}
	if (!n) {
		tmk_err_set(err, TMK_USAGE, "cert verify needs a certificate");
		tmk_err_hint(err, "touchmark cert verify --help");
		return TMK_USAGE;
	}
	code = verify_all(&v, n, argv + 1, err);
	tmk_trust_free(v.trust);
	return code;
}

static int run(int argc, char **argv, struct tmk_err *err)
{
	static const char usage[] =
		"usage: touchmark cert VERB [OPTION...] CERT...\n\n"
		"  show          what a certificate says\n"
		"  verify        whether it is good for a purpose, and why "
		"not\n\n"
		"touchmark cert VERB --help tells more\n";

	if (argc >= 2 && !strcmp(argv[1], "show"))
		return run_show(argc - 1, argv + 1, err);
	if (argc >= 2 && !strcmp(argv[1], "verify"))
		return run_verify(argc - 1, argv + 1, err);
	if (argc >= 2 && (!strcmp(argv[1], "--help") ||
			  !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return TMK_OK;
	}
	tmk_err_set(err, TMK_USAGE, argc < 2 ? "cert needs a verb" :
		    "unknown verb '%s'", argc < 2 ? "" : argv[1]);
	tmk_err_hint(err, "touchmark cert --help lists them");
	return TMK_USAGE;
}

const struct tmk_command tmk_command_cert = {
	"cert", "show, verify: what a certificate says and is good for", run
};
