/*
 * status_json.c - the same as lines of JSON: an object for each key,
 * certificate, list, denied key and unreadable file, told apart by `kind`.
 */
#include "plugins/status_facts.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "plugins/front_key_verbs.h"
#include "x509/cert.h"

#define LINE_MAX_BYTES (256 * 1024)

static void time_of(struct tmk_json *j, const char *name, int64_t t)
{
	char text[TMK_CLOCK_TEXT];

	if (t == TMK_TIME_NONE)
		tmk_json_null(j, name);
	else
		tmk_json_string(j, name, tmk_clock_format(text, t));
}

static void days_of(struct tmk_json *j, const struct tmk_status *s, int64_t t)
{
	if (t == TMK_TIME_NONE)
		tmk_json_null(j, "days");
	else
		tmk_json_int(j, "days", tmk_status_days(s, t));
}

static void text_of(struct tmk_json *j, const char *name, const char *text)
{
	if (*text)
		tmk_json_string(j, name, text);
	else
		tmk_json_null(j, name);
}

/* As the record of uses has it. */
static void spki_of(struct tmk_json *j, const char *hex)
{
	char text[TMK_FRONT_SPKI_HEX + 8];

	snprintf(text, sizeof(text), "sha256:%s", hex);
	text_of(j, "spki", *hex ? text : "");
}

static void level_of(struct tmk_json *j, enum tmk_status_level level)
{
	static const char *const word[] = {
		[TMK_STATUS_FINE] = "ok", [TMK_STATUS_SOON] = "warning",
		[TMK_STATUS_BAD] = "bad",
	};

	tmk_json_string(j, "level", word[level]);
}

static void begin(struct tmk_json *j, struct tmk_buf *out, const char *kind,
		  const char *name)
{
	tmk_buf_clear(out);
	tmk_json_init(j, out);
	tmk_json_open_object(j, NULL);
	tmk_json_string(j, "kind", kind);
	tmk_json_string(j, "name", name);
}

static int end(struct tmk_json *j, struct tmk_err *err)
{
	tmk_json_close_object(j);
	return tmk_front_key_print(j, err);
}

static void places(struct tmk_json *j, const struct tmk_status_key *key)
{
	int i;

	tmk_json_open_array(j, "places");
	for (i = 0; i < key->section->uris; i++) {
		const struct tmk_status_place *p = &key->place[i];

		tmk_json_open_object(j, NULL);
		tmk_json_string(j, "uri", p->uri);
		tmk_json_string(j, "status", tmk_status_where_word(p->where));
		text_of(j, "token", p->token);
		text_of(j, "text", p->text);
		tmk_json_close_object(j);
	}
	tmk_json_close_array(j);
}

static int key_line(struct tmk_buf *out, const struct tmk_status *s,
		    const struct tmk_status_key *key, struct tmk_err *err)
{
	struct tmk_json j;

	begin(&j, out, "key", key->section->name);
	tmk_json_string(&j, "status", key->state);
	level_of(&j, key->level);
	text_of(&j, "env", tmk_config_env_name(key->section->env));
	spki_of(&j, key->spki_hex);
	time_of(&j, "until", key->until);
	days_of(&j, s, key->until);
	time_of(&j, "gapUntil", key->gap);
	tmk_json_bool(&j, "denied", key->denied);
	text_of(&j, "deniedSince", key->denial.since);
	text_of(&j, "deniedReason", key->denial.reason);
	tmk_json_int(&j, "approvals", key->section->approvals);
	places(&j, key);
	text_of(&j, "text", key->text);
	text_of(&j, "hint", key->hint);
	return end(&j, err);
}

static void serial_of(struct tmk_json *j, X509 *cert)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = n ? BN_bn2hex(n) : NULL;

	if (hex)
		tmk_json_string(j, "serial", hex);
	else
		tmk_json_null(j, "serial");
	OPENSSL_free(hex);
	BN_free(n);
}

static int cert_line(struct tmk_buf *out, const struct tmk_status *s,
		     const struct tmk_status_key *key,
		     const struct tmk_status_cert *c, struct tmk_err *err)
{
	char name[512], sha256[TMK_FINGERPRINT_TEXT];
	struct tmk_json j;

	begin(&j, out, "certificate", key->section->name);
	tmk_json_string(&j, "status", tmk_status_use_word(c->use));
	tmk_json_string(&j, "subject",
			tmk_cert_subject(name, sizeof(name), c->cert));
	tmk_json_string(&j, "issuer",
			tmk_cert_issuer(name, sizeof(name), c->cert));
	serial_of(&j, c->cert);
	tmk_json_string(&j, "sha256", tmk_cert_sha256(sha256, c->cert));
	time_of(&j, "notBefore", c->from);
	time_of(&j, "notAfter", c->to);
	days_of(&j, s, c->to);
	tmk_json_open_array(&j, "where");
	if (c->in_file)
		tmk_json_string(&j, NULL, "file");
	if (c->on_token)
		tmk_json_string(&j, NULL, "token");
	tmk_json_close_array(&j);
	text_of(&j, "text", c->why);
	return end(&j, err);
}

static int other_line(struct tmk_buf *out, const struct tmk_status *s,
		      const struct tmk_status_other *o, struct tmk_err *err)
{
	bool list = o->kind == TMK_STATUS_CRL;
	struct tmk_json j;

	begin(&j, out, tmk_status_kind_word(o->kind), o->name);
	tmk_json_string(&j, "status", o->state);
	level_of(&j, o->level);
	tmk_json_string(&j, "file", o->file);
	if (!list)
		tmk_json_string(&j, "sha256", o->sha256);
	if (o->kind == TMK_STATUS_TSA) {
		text_of(&j, "url", o->url);
		time_of(&j, "lastSeen", o->seen);
	}
	time_of(&j, list ? "thisUpdate" : "notBefore", o->from);
	time_of(&j, list ? "nextUpdate" : "notAfter", o->to);
	days_of(&j, s, o->to);
	text_of(&j, "text", o->text);
	text_of(&j, "hint", o->hint);
	return end(&j, err);
}

static int denied_line(struct tmk_buf *out, const struct tmk_status_denied *d,
		       struct tmk_err *err)
{
	struct tmk_json j;

	begin(&j, out, "denied", d->key.what.name);
	tmk_json_string(&j, "status", "denied");
	spki_of(&j, d->key.sha256);
	text_of(&j, "since", d->key.what.since);
	text_of(&j, "reason", d->key.what.reason);
	tmk_json_string(&j, "file", d->key.file);
	tmk_json_bool(&j, "configured", d->configured);
	return end(&j, err);
}

static int fault_line(struct tmk_buf *out, const struct tmk_status_fault *f,
		      struct tmk_err *err)
{
	struct tmk_json j;

	begin(&j, out, "fault", "");
	tmk_json_string(&j, "status", "unreadable");
	tmk_json_string(&j, "text", f->err.text);
	text_of(&j, "hint", f->err.hint);
	return end(&j, err);
}

int tmk_status_json(const struct tmk_status *s, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(LINE_MAX_BYTES);
	int i, k, rc = 0;

	for (i = 0; !rc && i < s->keys; i++) {
		rc = key_line(&out, s, &s->key[i], err);
		for (k = 0; !rc && k < s->key[i].certs; k++)
			rc = cert_line(&out, s, &s->key[i],
				       &s->key[i].cert[k], err);
	}
	for (i = 0; !rc && i < s->others; i++)
		rc = other_line(&out, s, &s->other[i], err);
	for (i = 0; !rc && i < s->denials; i++)
		rc = denied_line(&out, &s->denied[i], err);
	for (i = 0; !rc && i < s->faults; i++)
		rc = fault_line(&out, &s->fault[i], err);
	tmk_buf_release(&out);
	return rc;
}
