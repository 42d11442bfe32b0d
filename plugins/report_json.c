/* A report as one object of JSON. */
#include "plugins/report.h"

#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"

static void text_or_null(struct tmk_json *j, const char *key, const char *text)
{
	if (text && *text)
		tmk_json_string(j, key, text);
	else
		tmk_json_null(j, key);
}

static void time_or_null(struct tmk_json *j, const char *key, int64_t t)
{
	char text[TMK_CLOCK_TEXT];

	if (t == TMK_TIME_NONE)
		tmk_json_null(j, key);
	else
		tmk_json_string(j, key, tmk_clock_format(text, t));
}

static void list(struct tmk_json *j, const char *key,
		 const struct tmk_report_list *of)
{
	int i;

	tmk_json_open_array(j, key);
	for (i = 0; i < of->count; i++)
		tmk_json_string(j, NULL, of->item[i]);
	tmk_json_close_array(j);
}

static void put_token(struct tmk_json *j, const struct tmk_report *r)
{
	static const char *const home[] = {
		[TMK_REPORT_TOKEN] = "token",
		[TMK_REPORT_SOFTWARE] = "software",
		[TMK_REPORT_SERVICE] = "service", [TMK_REPORT_HOST] = "host",
	};
	const struct tmk_key_info *info = &r->facts.info;

	tmk_json_open_object(j, "token");
	tmk_json_string(j, "kind", home[r->home]);
	text_or_null(j, "label", info->token);
	text_or_null(j, "serial", info->serial);
	text_or_null(j, "manufacturer", info->manufacturer);
	text_or_null(j, "model", info->model);
	text_or_null(j, "firmware", tmk_report_fact(r, "token-firmware"));
	text_or_null(j, "hardware", tmk_report_fact(r, "token-hardware"));
	text_or_null(j, "flags", tmk_report_fact(r, "token-flags"));
	tmk_json_close_object(j);
	tmk_json_open_object(j, "module");
	text_or_null(j, "path", *info->module ? info->module :
		     tmk_report_fact(r, "module"));
	text_or_null(j, "sha256", tmk_report_fact(r, "module-sha256"));
	text_or_null(j, "version", tmk_report_fact(r, "module-version"));
	text_or_null(j, "manufacturer",
		     tmk_report_fact(r, "module-manufacturer"));
	text_or_null(j, "certificateStated", r->options->module_certificate);
	tmk_json_close_object(j);
}

static void put_key(struct tmk_json *j, const struct tmk_report *r)
{
	const struct tmk_key_info *info = &r->facts.info;
	char id[2 * sizeof(info->id) + 1];
	int i;

	tmk_enc_hex(id, info->id, info->id_len);
	tmk_json_open_object(j, "key");
	text_or_null(j, "label", info->label);
	text_or_null(j, "id", id);
	tmk_json_string(j, "algorithm", r->algorithm);
	tmk_json_int(j, "bits", info->bits);
	tmk_json_int(j, "strength", r->strength);
	tmk_json_string(j, "spkiSha256", r->spki_sha256);
	text_or_null(j, "ssh", r->ssh);
	tmk_json_close_object(j);
	tmk_json_open_object(j, "attributes");
	for (i = 0; i < r->facts.attributes; i++) {
		const struct tmk_key_attribute *a = &r->facts.attribute[i];

		if (a->value == TMK_ABSENT)
			tmk_json_null(j, a->name);
		else
			tmk_json_bool(j, a->name, a->value == TMK_YES);
	}
	tmk_json_close_object(j);
	tmk_json_open_array(j, "facts");
	for (i = 0; i < r->n_facts; i++) {
		tmk_json_open_object(j, NULL);
		tmk_json_string(j, "name", r->fact[i].name);
		tmk_json_string(j, "value", r->fact[i].value);
		tmk_json_close_object(j);
	}
	tmk_json_close_array(j);
}

static void put_cert(struct tmk_json *j, const struct tmk_report_cert *c)
{
	tmk_json_open_object(j, NULL);
	tmk_json_bool(j, "current", c->current);
	tmk_json_bool(j, "issuing", c->above);
	tmk_json_string(j, "subject", c->subject);
	tmk_json_string(j, "issuer", c->issuer);
	tmk_json_string(j, "serial", c->serial);
	tmk_json_string(j, "sha256", c->sha256);
	time_or_null(j, "notBefore", c->from);
	time_or_null(j, "notAfter", c->to);
	tmk_json_int(j, "days", c->days);
	if (c->above)
		tmk_json_null(j, "limit");
	else
		tmk_json_string(j, "limit", c->limit_text);
	list(j, "keyUsage", &c->usage);
	list(j, "extendedKeyUsage", &c->eku);
	list(j, "policies", &c->policy);
	list(j, "crl", &c->crl);
	list(j, "ocsp", &c->ocsp);
	list(j, "issuers", &c->issuers);
	tmk_json_close_object(j);
}

static void put_attestation(struct tmk_json *j, const struct tmk_report *r)
{
	const struct tmk_attest_answer *a = &r->attest;

	if (a->result == TMK_ATTEST_NONE) {
		tmk_json_null(j, "attestation");
		return;
	}
	tmk_json_open_object(j, "attestation");
	tmk_json_string(j, "verdict",
			a->result == TMK_ATTEST_GOOD ? "attested" : "refused");
	if (a->result == TMK_ATTEST_GOOD) {
		tmk_json_string(j, "device", a->device);
		tmk_json_string(j, "root", a->root);
		tmk_json_string(j, "rootSha256", a->root_sha256);
		tmk_json_string(j, "firmware", a->firmware);
		text_or_null(j, "serial", a->serial);
		tmk_json_string(j, "slot", a->slot);
		tmk_json_string(j, "pinPolicy", a->pin);
		tmk_json_string(j, "touchPolicy", a->touch);
		time_or_null(j, "notAfter", a->not_after);
	} else {
		tmk_json_string(j, "why", a->text);
	}
	tmk_json_close_object(j);
}

static void put_record(struct tmk_json *j, const struct tmk_report *r)
{
	int i;

	if (!r->record) {
		tmk_json_null(j, "record");
		return;
	}
	tmk_json_open_object(j, "record");
	tmk_json_string(j, "file", r->record);
	tmk_json_bool(j, "whole", r->record_whole);
	text_or_null(j, "why", r->record_text);
	time_or_null(j, "since", r->record_since);
	tmk_json_int(j, "uses", (int64_t)r->record_uses);
	tmk_json_open_array(j, "last");
	for (i = 0; i < r->uses; i++) {
		const struct tmk_report_use *u = &r->use[i];

		tmk_json_open_object(j, NULL);
		tmk_json_string(j, "time", u->time);
		text_or_null(j, "what", u->what);
		tmk_json_string(j, "outcome", u->outcome);
		text_or_null(j, "requester", u->requester);
		text_or_null(j, "format", u->format);
		text_or_null(j, "artefact", u->artefact);
		text_or_null(j, "digest", u->digest);
		tmk_json_close_object(j);
	}
	tmk_json_close_array(j);
	tmk_json_close_object(j);
}

static void put_possession(struct tmk_json *j, const struct tmk_report *r)
{
	if (!r->seal) {
		tmk_json_null(j, "signature");
		return;
	}
	tmk_json_open_object(j, "signature");
	tmk_json_string(j, "file", r->seal_file);
	tmk_json_string(j, "format", r->seal);
	tmk_json_close_object(j);
}

static void put_requirements(struct tmk_json *j, const struct tmk_report *r)
{
	int i;

	tmk_json_open_array(j, "requirements");
	for (i = 0; i < r->requirements; i++) {
		const struct tmk_report_requirement *q = &r->requirement[i];

		tmk_json_open_object(j, NULL);
		tmk_json_string(j, "row", q->row);
		tmk_json_string(j, "section", q->section);
		tmk_json_string(j, "title", q->title);
		tmk_json_string(j, "verdict",
				tmk_report_verdict_name(q->verdict));
		tmk_json_string(j, "why", q->why);
		tmk_json_close_object(j);
	}
	tmk_json_close_array(j);
}

int tmk_report_json(struct tmk_buf *out, const struct tmk_report *report,
		    struct tmk_err *err)
{
	const struct tmk_report *r = report;
	struct tmk_json j;
	int i;

	tmk_json_init(&j, out);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", r->pick.name);
	tmk_json_string(&j, "status", "ok");
	time_or_null(&j, "time", r->now);
	tmk_json_string(&j, "program", "touchmark " TMK_VERSION);
	tmk_json_string(&j, "uri", *r->facts.info.uri ? r->facts.info.uri :
			r->pick.name);
	text_or_null(&j, "env", r->pick.key ?
		     tmk_config_env_name(r->pick.key->env) : "");
	put_token(&j, r);
	put_key(&j, r);
	put_attestation(&j, r);
	tmk_json_open_array(&j, "certificates");
	for (i = 0; i < r->certs; i++)
		put_cert(&j, &r->cert[i]);
	tmk_json_close_array(&j);
	put_record(&j, r);
	put_possession(&j, r);
	put_requirements(&j, r);
	tmk_json_close_object(&j);
	return tmk_json_finish(&j) < 0 ? tmk_err_nomem(err) : 0;
}
