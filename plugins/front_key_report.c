#include "plugins/front_key_verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/opt.h"
#include "plugins/front_ask.h"
#include "plugins/front_file.h"
#include "plugins/front_seal.h"
#include "plugins/report.h"
#include "plugins/sign_beside.h"
#include "x509/spki.h"

/*
 * By which format the report is signed: CMS where a certificate says whose
 * the key is, else as an SSH signature, which needs none.
 */
static int choose_seal(struct tmk_report *r, struct tmk_err *err)
{
	const char *out = r->options->out;
	bool cms = r->current && r->facts.info.algorithm != TMK_KEY_ED25519;

	if (!out)
		return 0;
	/* It says when it was made: nobody could approve it in time. */
	if (r->pick.key && r->pick.key->approvals > 0) {
		tmk_err_set(err, TMK_USAGE, "key '%s' needs approvals for each "
			    "signature, and a report is another one each "
			    "time", r->pick.name);
		return tmk_err_hint(err, "write it without -o, then sign the "
				    "file: touchmark sign -k %s FILE",
				    r->pick.name);
	}
	r->seal = cms ? "cms" : "ssh";
	if (asprintf(&r->seal_file, "%s.%s", out, cms ? "p7s" : "sig") < 0) {
		r->seal_file = NULL;
		return tmk_err_nomem(err);
	}
	return tmk_sign_beside_ok(r->seal_file, false, err);
}

/* The name of the file alone: where it lies is nobody's business. */
static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int answered(const struct tmk_answer *answer, struct tmk_err *err)
{
	if (answer->declined)
		return tmk_err_set(err, TMK_KEY, "the key that was reported "
				   "on is gone");
	if (!answer->code)
		return 0;
	tmk_err_set(err, answer->code, "%s", answer->text);
	return answer->hint[0] ? tmk_err_hint(err, "%s", answer->hint) : -1;
}

/* Whether the seal is one signature by the very key that was reported on: an
 * agent that answers may have met another one under its name. */
static int is_by_key(const struct tmk_report *r, const struct tmk_buf *made,
		     struct tmk_err *err)
{
	const struct tmk_buf *spki = &r->facts.info.spki;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *e = NULL;
	EVP_PKEY *want = tmk_spki_key(spki->data, spki->len);
	EVP_PKEY *key = NULL;
	bool same = false;

	if (tmk_front_seal_parse_any(&e, made->data, made->len, &v,
				     err) < 0) {
		EVP_PKEY_free(want);
		return -1;
	}
	if (e && e->signatures == 1)
		key = e->signature[0].cert ?
			X509_get0_pubkey(e->signature[0].cert) :
			e->signature[0].key;
	same = want && key && EVP_PKEY_eq(want, key) == 1;
	if (e)
		e->ops->free(e);
	EVP_PKEY_free(want);
	return same ? 0 : tmk_err_set(err, TMK_KEY, "the report was signed by "
				      "another key than it is about");
}

/* Sign the bytes with the key they are about, by the way that every signature
 * takes: denied keys, approvals and the record hold here too. */
static int seal(struct tmk_buf *out, const struct tmk_report *r,
		const struct tmk_buf *text, struct tmk_err *err)
{
	bool cms = !strcmp(r->seal, "cms");
	struct tmk_front_ask ask;
	struct tmk_request request;
	struct tmk_answer answer;
	char *pin_file = NULL;
	int ret = -1;

	/* Whoever answers may stand in another directory. */
	if (r->options->pin_file &&
	    tmk_front_key_absolute(&pin_file, r->options->pin_file, err) < 0)
		return -1;
	tmk_front_ask_init(&ask, r->config, "touchmark");
	tmk_request_init(&request);
	tmk_answer_init(&answer);
	request.verb = TMK_REQUEST_SIGN;
	request.key = r->options->key;
	request.format = cms ? TMK_REQUEST_CMS : TMK_REQUEST_SSH;
	request.armour = !cms;
	request.name_space = cms ? NULL : "file";
	request.pin_file = pin_file;
	request.artefact = base_of(r->options->out);
	request.content = "key-report";
	request.payload = text->data;
	request.payload_len = text->len;
	if (tmk_front_ask(&answer, &ask, &request, err) < 0 ||
	    answered(&answer, err) < 0 ||
	    is_by_key(r, &answer.seal, err) < 0)
		goto out;
	if (tmk_buf_add(out, answer.seal.data, answer.seal.len) < 0) {
		tmk_err_nomem(err);
		goto out;
	}
	ret = 0;
out:
	tmk_answer_release(&answer);
	tmk_front_ask_release(&ask);
	free(pin_file);
	return ret;
}

/* The signature first: a report that claims one is never there without it. */
static int write_signed(const struct tmk_report *r, const struct tmk_buf *text,
			struct tmk_err *err)
{
	struct tmk_buf sig = TMK_BUF_INIT(TMK_SEAL_MAX);
	int ret = -1;

	if (seal(&sig, r, text, err) < 0 ||
	    tmk_front_file_put(r->seal_file, sig.data, sig.len, err) < 0)
		goto out;
	ret = tmk_front_file_put(r->options->out, text->data, text->len, err);
	if (ret < 0)
		unlink(r->seal_file);
out:
	tmk_buf_release(&sig);
	return ret;
}

static int put(const struct tmk_report *r, struct tmk_err *err)
{
	const struct tmk_report_options *o = r->options;
	struct tmk_buf text = TMK_BUF_INIT(TMK_REPORT_MAX);
	struct tmk_buf page = TMK_BUF_INIT(TMK_REPORT_MAX);
	int ret = -1;

	if ((o->json ? tmk_report_json(&text, r, err) :
	     tmk_report_text(&text, r, err)) < 0 ||
	    (o->html && tmk_report_html(&page, r, err) < 0))
		goto out;
	if (o->out && write_signed(r, &text, err) < 0)
		goto out;
	if (o->html &&
	    tmk_front_file_put(o->html, page.data, page.len, err) < 0)
		goto out;
	if (!o->out && !o->html)
		fwrite(text.data, 1, text.len, stdout);
	ret = 0;
out:
	tmk_buf_release(&text);
	tmk_buf_release(&page);
	return ret;
}

static int report(const struct tmk_report_options *o, struct tmk_err *err)
{
	struct tmk_report *r = calloc(1, sizeof(*r));
	int ret = -1;

	if (!r)
		return tmk_err_nomem(err);
	if (tmk_report_gather(r, o, err) < 0 || choose_seal(r, err) < 0)
		goto out;
	tmk_report_judge(r);
	ret = put(r, err);
out:
	tmk_report_release(r);
	free(r);
	return ret;
}

int tmk_front_key_report(int argc, char **argv, struct tmk_err *err)
{
	struct tmk_report_options o = { .help = false };
	const struct tmk_opt table[] = {
		{ 0, "attestation", TMK_OPT_LIST, &o.attestation, "FILE",
		  "certificates by which the maker attests the key" },
		{ 0, "attestation-roots", TMK_OPT_TEXT, &o.attestation_roots,
		  "PEM", "roots of makers that are believed" },
		{ 0, "module-certificate", TMK_OPT_TEXT, &o.module_certificate,
		  "TEXT", "state a certification, which is marked as stated" },
		{ 0, "no-login", TMK_OPT_FLAG, &o.no_login, NULL,
		  "only what is told without a PIN" },
		{ 0, "html", TMK_OPT_TEXT, &o.html, "FILE",
		  "write a page that can be printed" },
		{ 'o', "output", TMK_OPT_TEXT, &o.out, "FILE",
		  "write the report here, signed by the key beside it" },
		{ 0, "pin-file", TMK_OPT_TEXT, &o.pin_file, "FILE",
		  "read the PIN from here" },
		{ 0, "json", TMK_OPT_FLAG, &o.json, NULL, "as one object" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return err->code;
	if (o.help) {
		tmk_opt_help(stdout, "touchmark key report [NAME|URI] "
			     "[OPTION...]", table);
		return TMK_OK;
	}
	if (operands > 1) {
		tmk_err_set(err, TMK_USAGE, "a report is about one key");
		return TMK_USAGE;
	}
	o.key = operands ? argv[1] : NULL;
	if (o.out && !strcmp(o.out, "-"))
		o.out = NULL;
	if (o.out && o.html && !strcmp(o.out, o.html)) {
		tmk_err_set(err, TMK_USAGE, "-o and --html name one file");
		return TMK_USAGE;
	}
	return report(&o, err) < 0 ? err->code : TMK_OK;
}
