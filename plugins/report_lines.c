/* A report as sections of lines: what text and page have in common. */
#include "plugins/report.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"

/* One walk. What failed first stays. */
struct walk {
	const struct tmk_report *r;
	const struct tmk_report_sink *sink;
	int rc;
};

static void section(struct walk *w, const char *title)
{
	if (w->rc >= 0)
		w->rc = w->sink->section(w->sink->ctx, title);
}

/* `text` may be anything; nothing is said where there is none. */
static void line(struct walk *w, const char *label, const char *text)
{
	char shown[1024];

	if (w->rc < 0 || !text || !*text)
		return;
	tmk_enc_line_into(shown, sizeof(shown), text, strlen(text));
	w->rc = w->sink->line(w->sink->ctx, label, shown);
}

static void lines(struct walk *w, const char *label,
		  const struct tmk_report_list *of)
{
	int i;

	for (i = 0; i < of->count; i++)
		line(w, i ? "" : label, of->item[i]);
	if (of->cut)
		line(w, "", "...");
}

static void when(struct walk *w, const char *label, int64_t t)
{
	char text[TMK_CLOCK_TEXT];

	if (t != TMK_TIME_NONE)
		line(w, label, tmk_clock_format(text, t));
}

static void walk_key(struct walk *w)
{
	static const char *const home[] = {
		[TMK_REPORT_TOKEN] = "a token, not known to be a program",
		[TMK_REPORT_SOFTWARE] = "a program as token: no hardware",
		[TMK_REPORT_SERVICE] = "a service",
		[TMK_REPORT_HOST] = "another host signs with it",
	};
	const struct tmk_key_info *info = &w->r->facts.info;
	char text[2 * sizeof(info->id) + 80];

	section(w, "Key");
	line(w, "name", w->r->pick.name);
	line(w, "uri", info->uri);
	if (w->r->pick.key)
		line(w, "environment",
		     tmk_config_env_name(w->r->pick.key->env));
	snprintf(text, sizeof(text), "%s, %d bits of strength",
		 w->r->algorithm, w->r->strength);
	line(w, "algorithm", text);
	snprintf(text, sizeof(text), "sha256:%s", w->r->spki_sha256);
	line(w, "public key", text);
	line(w, "as SSH key", w->r->ssh);
	line(w, "label", info->label);
	tmk_enc_hex(text, info->id, info->id_len);
	line(w, "id", text);
	section(w, "Where it lies");
	line(w, "kind", home[w->r->home]);
	line(w, "token", info->token);
	line(w, "serial number", info->serial);
	line(w, "manufacturer", info->manufacturer);
	line(w, "model", info->model);
	if (!tmk_report_fact(w->r, "module"))
		line(w, "module", info->module);
}

static void walk_facts(struct walk *w)
{
	const struct tmk_key_facts *f = &w->r->facts;
	static const char *const value[] = { "FALSE", "TRUE" };
	int i;

	for (i = 0; i < w->r->n_facts; i++) {
		char name[64];

		tmk_enc_show_into(name, sizeof(name), w->r->fact[i].name,
				  strlen(w->r->fact[i].name));
		line(w, name, *w->r->fact[i].value ? w->r->fact[i].value :
		     "(empty)");
	}
	if (w->r->options->module_certificate)
		line(w, "stated, not checked",
		     w->r->options->module_certificate);
	if (!f->attributes)
		return;
	section(w, "Attributes: the word of the module, not a proof");
	for (i = 0; i < f->attributes; i++)
		line(w, f->attribute[i].name,
		     f->attribute[i].value == TMK_ABSENT ? "not given" :
		     value[f->attribute[i].value == TMK_YES]);
}

static void walk_attestation(struct walk *w)
{
	const struct tmk_attest_answer *a = &w->r->attest;
	char text[128];

	section(w, "Attestation by the maker");
	if (a->result != TMK_ATTEST_GOOD) {
		line(w, a->result == TMK_ATTEST_BAD ? "refused" : "none",
		     a->text);
		return;
	}
	line(w, "device", a->device);
	line(w, "under the root", a->root);
	snprintf(text, sizeof(text), "sha256:%s", a->root_sha256);
	line(w, "", text);
	line(w, "firmware", a->firmware);
	line(w, "serial number", *a->serial ? a->serial : "hidden");
	line(w, "slot", a->slot);
	snprintf(text, sizeof(text), "PIN %s, touch %s", a->pin, a->touch);
	line(w, "policy", text);
	when(w, "dated until", a->not_after);
	line(w, "", "(the device has no clock: dates are not judged)");
}

static void walk_cert(struct walk *w, const struct tmk_report_cert *c)
{
	char text[128];

	section(w, c->current ? "Certificate that signs now" : c->above ?
		"Certificate above it" : "Another certificate of the key");
	line(w, "subject", c->subject);
	line(w, "issuer", c->issuer);
	line(w, "serial number", c->serial);
	snprintf(text, sizeof(text), "sha256:%s", c->sha256);
	line(w, "fingerprint", text);
	when(w, "valid from", c->from);
	when(w, "until", c->to);
	if (!c->above) {
		snprintf(text, sizeof(text), "%d; the limit is %s", c->days,
			 c->limit_text);
		line(w, "days", text);
	}
	lines(w, "key usage", &c->usage);
	lines(w, "ext. usage", &c->eku);
	lines(w, "policies", &c->policy);
	lines(w, "CRL", &c->crl);
	lines(w, "OCSP", &c->ocsp);
	lines(w, "issuer at", &c->issuers);
}

static void walk_record(struct walk *w)
{
	const struct tmk_report *r = w->r;
	char text[512];
	int i;

	section(w, "Record of its uses");
	if (!r->record) {
		line(w, "none", "touchmark.auditLog is not configured");
		return;
	}
	line(w, "file", r->record);
	line(w, "chain", r->record_whole ? "holds" : r->record_text);
	when(w, "since", r->record_since);
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)r->record_uses);
	line(w, "uses of this key", text);
	for (i = 0; i < r->uses; i++) {
		const struct tmk_report_use *u = &r->use[i];

		snprintf(text, sizeof(text), "%s%s%s%s%s%s%s, %s", u->what,
			 *u->format ? " " : "", u->format,
			 *u->artefact ? " " : "", u->artefact,
			 *u->requester ? " for " : "", u->requester,
			 u->outcome);
		line(w, u->time, text);
	}
}

void tmk_report_possession(char *out, size_t size,
			   const struct tmk_report *report)
{
	if (report->seal)
		snprintf(out, size, "the report is signed by the key itself "
			 "(%s): %s", report->seal, report->seal_file);
	else
		snprintf(out, size, "this copy is not signed by the key; with "
			 "-o FILE the report is");
}

int tmk_report_walk(const struct tmk_report *report,
		    const struct tmk_report_sink *sink)
{
	struct walk w = { report, sink, 0 };
	char text[400];
	int i;

	section(&w, "Report");
	when(&w, "made at", report->now);
	line(&w, "by", "touchmark " TMK_VERSION);
	tmk_report_possession(text, sizeof(text), report);
	line(&w, "signature", text);
	walk_key(&w);
	walk_facts(&w);
	walk_attestation(&w);
	for (i = 0; i < report->certs; i++)
		walk_cert(&w, &report->cert[i]);
	walk_record(&w);
	section(&w, "Code Signing Baseline Requirements (CA/Browser Forum)");
	for (i = 0; w.rc >= 0 && i < report->requirements; i++)
		w.rc = sink->requirement(sink->ctx, &report->requirement[i]);
	return w.rc;
}
