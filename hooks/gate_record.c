/*
 * gate_record.c - the gate's record while a push is judged: verdicts as they
 * come, neighbours that differ in the object alone told together.
 */
#include "hooks/gate_record_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"

/* ---- opening -------------------------------------------------------------- */

static int no_record(struct tmk_err *err)
{
	if (err->code != TMK_USAGE)
		err->code = TMK_INTERNAL;
	return tmk_err_prefix(err, "the push cannot be recorded");
}

/* The log's name; NULL when none is configured. *out belongs to the caller. */
static int log_path(struct tmk_gate *gate, char **out, struct tmk_err *err)
{
	struct tmk_repo *repo = gate->repo;
	char base[4096], *path = NULL;

	*out = NULL;
	if (repo->ops->config(repo, &path, "touchmark.gatelog", true, err) < 0)
		return -1;
	if (!path)
		return 0;
	if (!*path) {
		free(path);
		return tmk_err_set(err, TMK_USAGE,
				   "touchmark.gateLog: no file is named");
	}
	if (snprintf(base, sizeof(base), "%s/config", repo->common_dir) <
	    (int)sizeof(base))
		*out = tmk_file_resolve(base, NULL, path);
	free(path);
	return *out ? 0 : tmk_err_nomem(err);
}

static int syslog_facility(struct tmk_gate *gate, int *out,
			   struct tmk_err *err)
{
	struct tmk_repo *repo = gate->repo;
	char *value = NULL;

	if (repo->ops->config(repo, &value, "touchmark.gatesyslog", false,
			      err) < 0)
		return -1;
	*out = value ? tmk_gate_record_facility(value) : -1;
	if (*out == -2) {
		tmk_err_set(err, TMK_USAGE, "touchmark.gateSyslog: \"%s\" is "
			    "no facility", value);
		tmk_err_hint(err, "the administrator must write true, auth, "
			     "authpriv, daemon, user or local0 to local7");
	}
	free(value);
	return *out == -2 ? -1 : 0;
}

static int record_new(struct tmk_gate_record **out, char *path, int facility,
		      struct tmk_err *err)
{
	struct tmk_gate_record *r = calloc(1, sizeof(*r));

	if (!r) {
		free(path);
		return tmk_err_nomem(err);
	}
	r->path = path;
	r->facility = facility;
	tmk_buf_init(&r->text, TMK_GATE_RECORD_PIECE);
	tmk_buf_init(&r->group, TMK_GATE_RECORD_PIECE);
	tmk_chain_spool_init(&r->head, path);
	tmk_chain_spool_init(&r->signers, path);
	tmk_chain_spool_init(&r->verdicts, path);
	tmk_chain_spool_init(&r->tail, path);
	*out = r;
	return 0;
}

int tmk_gate_record_open(struct tmk_gate *gate, struct tmk_err *err)
{
	int facility = -1;
	char *path = NULL;

	if (log_path(gate, &path, err) < 0 ||
	    syslog_facility(gate, &facility, err) < 0)
		goto fail;
	if (!path && facility < 0)
		return 0;
	if (!path) {
		tmk_err_set(err, TMK_USAGE, "touchmark.gateSyslog needs "
			    "touchmark.gateLog");
		tmk_err_hint(err, "the administrator must name a file for the "
			     "record, or unset touchmark.gateSyslog");
		goto fail;
	}
	if (tmk_chain_log_check(path, err) < 0 ||
	    tmk_gate_open_outside(gate, path, err) < 0)
		goto fail;
	return record_new(&gate->record, path, facility, err);
fail:
	free(path);
	return no_record(err);
}

void tmk_gate_record_free(struct tmk_gate_record *record)
{
	if (!record)
		return;
	tmk_chain_spool_release(&record->head);
	tmk_chain_spool_release(&record->signers);
	tmk_chain_spool_release(&record->verdicts);
	tmk_chain_spool_release(&record->tail);
	tmk_buf_release(&record->text);
	tmk_buf_release(&record->group);
	free(record->path);
	free(record);
}

/* ---- who signed -------------------------------------------------------------- */

void tmk_gate_record_found(struct tmk_gate_record *record,
			   const struct tmk_oid *oid,
			   const struct tmk_gate_answer *answer)
{
	size_t size;

	if (!record)
		return;
	record->known = answer && answer->signers;
	if (!record->known)
		return;
	record->oid = *oid;
	size = (size_t)answer->signers * sizeof(answer->signer[0]);
	if (record->answer.signers == answer->signers &&
	    !memcmp(record->answer.signer, answer->signer, size))
		return;
	record->again = false;
	record->answer.signers = answer->signers;
	memcpy(record->answer.signer, answer->signer, size);
}

void tmk_gate_record_fields(struct tmk_gate_record *record,
			    struct tmk_chain_spool *to, struct tmk_json *j)
{
	if (j->failed || record->text.len < 2)
		record->no_memory = true;
	else
		tmk_chain_spool_add(to, record->text.data + 1,
				    record->text.len - 2);
	tmk_buf_clear(&record->text);
}

/* "key", and the chain above it as an array of fingerprints. */
static void put_chain(struct tmk_json *j, const char *chain)
{
	tmk_json_open_array(j, "chain");
	while (*chain) {
		size_t n = strcspn(chain, " ");

		tmk_json_string_n(j, NULL, chain, n);
		chain += n;
		chain += strspn(chain, " ");
	}
	tmk_json_close_array(j);
}

/* The number of this signer in the entry, who is written when he is new. */
static uint32_t signer_number(struct tmk_gate_record *r,
			      const struct tmk_gate_signer *s)
{
	struct tmk_buf *text = &r->text;
	uint8_t hash[TMK_DIGEST_MAX] = { 0 };
	struct tmk_json j;
	uint32_t i, known = r->signers_written;
	size_t len = 0;

	tmk_buf_clear(text);
	tmk_json_init(&j, text);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "key", s->key);
	tmk_json_string(&j, "who", s->who);
	put_chain(&j, s->chain);
	tmk_json_close_object(&j);
	if (j.failed || tmk_digest_bytes(TMK_SHA256, text->data, text->len,
					 hash, &len, NULL) < 0)
		r->no_memory = true;
	if (known > TMK_GATE_RECORD_SIGNERS)
		known = TMK_GATE_RECORD_SIGNERS;
	for (i = 0; i < known; i++)
		if (!memcmp(r->signer[i], hash, sizeof(hash)))
			goto out;
	i = r->signers_written++;
	if (i < TMK_GATE_RECORD_SIGNERS)
		memcpy(r->signer[i], hash, sizeof(hash));
	if (i)
		tmk_chain_spool_addstr(&r->signers, ",");
	tmk_chain_spool_add(&r->signers, text->data, text->len);
out:
	tmk_buf_clear(text);
	return i;
}

/* ---- verdicts ------------------------------------------------------------------ */

static void put_signers(struct tmk_json *j, struct tmk_gate_record *r,
			const uint32_t *number)
{
	char when[TMK_CLOCK_TEXT];
	int i;

	tmk_json_open_array(j, "signers");
	for (i = 0; i < r->answer.signers; i++) {
		const struct tmk_gate_signer *s = &r->answer.signer[i];

		tmk_json_open_object(j, NULL);
		tmk_json_int(j, "signer", number[i]);
		if (s->time != TMK_TIME_NONE)
			tmk_json_string(j, "time",
					tmk_clock_format(when, s->time));
		tmk_json_string(j, "timeFrom", s->stamped ? "token" :
				s->vouched ? "receipt" : "clock");
		if (s->stamped)
			tmk_json_string(j, "tsa", s->tsa);
		tmk_json_close_object(j);
	}
	tmk_json_close_array(j);
}

/* A text that came from outside, safe to show wherever it ends up. */
static void put_shown(struct tmk_json *j, const char *key, const char *text)
{
	struct tmk_buf shown = TMK_BUF_INIT(4 * TMK_GATE_REF_MAX + 16);

	if (tmk_enc_show(&shown, text, strlen(text)) < 0)
		j->failed = true;
	else
		tmk_json_string_n(j, key, tmk_buf_str(&shown), shown.len);
	tmk_buf_release(&shown);
}

/* Everything about a verdict but the object, into `text`: "{...,"oids":[" */
static void put_group(struct tmk_gate *gate, const char *ref, bool who,
		      const struct tmk_verdict *v)
{
	struct tmk_gate_record *r = gate->record;
	uint32_t number[TMK_SIGNATURES_MAX] = { 0 };
	struct tmk_json j;
	int i;

	for (i = 0; who && i < r->answer.signers; i++)
		number[i] = signer_number(r, &r->answer.signer[i]);
	tmk_buf_clear(&r->text);
	tmk_json_init(&j, &r->text);
	tmk_json_open_object(&j, NULL);
	put_shown(&j, "ref", ref);
	if (gate->under)
		put_shown(&j, "rule", gate->under->pattern);
	tmk_json_string(&j, "verdict", tmk_reason_id(v->reason));
	if (v->reason != TMK_GOOD)
		tmk_json_string(&j, "text", v->text);
	if (who)
		put_signers(&j, r, number);
	tmk_json_open_array(&j, "oids");
	if (j.failed)
		r->no_memory = true;
}

/* Go on in the open group when it is about the same, else begin another.
 * Returns whether a name already stands in it. */
static bool open_group(struct tmk_gate_record *r)
{
	bool first = !r->group.len;

	if (!first && r->group_named && r->group.len == r->text.len &&
	    !memcmp(r->group.data, r->text.data, r->text.len))
		return true;
	tmk_chain_spool_addstr(&r->verdicts, first ? "" : "]},");
	tmk_chain_spool_add(&r->verdicts, r->text.data, r->text.len);
	tmk_buf_clear(&r->group);
	if (tmk_buf_add(&r->group, r->text.data, r->text.len) < 0)
		r->no_memory = true;
	r->group_named = false;
	return false;
}

void tmk_gate_record_say(struct tmk_gate *gate, const char *ref,
			 const struct tmk_oid *oid,
			 const struct tmk_verdict *v)
{
	struct tmk_gate_record *r = gate->record;
	char hex[TMK_OID_TEXT + 3] = ",\"";
	bool who, good, named;

	if (!r)
		return;
	who = oid && r->known && tmk_oid_equal(oid, &r->oid);
	good = who && v->reason == TMK_GOOD &&
		strlen(ref) < sizeof(r->last_ref);
	named = good && r->again && r->last_under == gate->under &&
		!strcmp(ref, r->last_ref);
	if (!named) {
		put_group(gate, ref, who, v);
		named = open_group(r);
		tmk_buf_clear(&r->text);
		r->again = good;
		r->last_under = gate->under;
		snprintf(r->last_ref, sizeof(r->last_ref), "%s", ref);
	}
	if (!oid)
		return;
	r->judged++;
	r->group_named = true;
	tmk_oid_show(hex + 2, oid);
	tmk_chain_spool_addstr(&r->verdicts, named ? hex : hex + 1);
	tmk_chain_spool_addstr(&r->verdicts, "\"");
}

/* ---- the end ---------------------------------------------------------------------- */

static int finish(struct tmk_gate_record *r, struct tmk_err *err)
{
	if (r->group.len)
		tmk_chain_spool_addstr(&r->verdicts, "]}");
	tmk_chain_spool_addstr(&r->head, ",\"signers\":[");
	tmk_chain_spool_addstr(&r->signers, "],\"verdicts\":[");
	tmk_chain_spool_addstr(&r->tail, "]");
	if (r->no_memory)
		return tmk_err_nomem(err);
	return tmk_chain_spool_finish(&r->head, err) < 0 ||
		tmk_chain_spool_finish(&r->signers, err) < 0 ||
		tmk_chain_spool_finish(&r->verdicts, err) < 0 ||
		tmk_chain_spool_finish(&r->tail, err) < 0 ? -1 : 0;
}

int tmk_gate_record_end(struct tmk_gate *gate, enum tmk_reason reason,
			const struct tmk_err *why, struct tmk_err *err)
{
	struct tmk_gate_record *r = gate->record;
	const struct tmk_chain_spool *part[4];
	struct tmk_chain_head head;
	int64_t now;

	if (!r)
		return 0;
	now = gate->policy ? gate->policy->judge.now : tmk_clock_now();
	tmk_gate_record_entry(gate, reason, why);
	if (finish(r, err) < 0)
		return no_record(err);
	part[0] = &r->head;
	part[1] = &r->signers;
	part[2] = &r->verdicts;
	part[3] = &r->tail;
	if (tmk_chain_log_append(&head, r->path, now, "push", part, 4,
				 err) < 0) {
		err->code = TMK_INTERNAL;
		return no_record(err);
	}
	if (r->facility >= 0)
		tmk_gate_record_forward(gate, reason, why, &head);
	return 0;
}
