#include "plugins/audit_show.h"

#include <inttypes.h>

#include "base/json.h"
#include "plugins/front_report.h"

#define SHORT_OID 12		/* hex digits shown, as the gate does */
#define LINE_MAX_BYTES (256 * 1024)

static int count_line(FILE *to, const struct tmk_audit_answer *a,
		      struct tmk_err *err)
{
	if (!a->judged && !a->refused)
		return tmk_front_report_line(to, err, "touchmark: no "
			"signature to judge: the rules ask for none here, or "
			"nothing is new");
	if (!a->refused)
		return tmk_front_report_line(to, err, "touchmark: %" PRIu64
			" judged, none refused", a->judged);
	return tmk_front_report_line(to, err, "touchmark: %" PRIu64 " judged, "
		"%" PRIu64 " refused", a->judged, a->refused);
}

int tmk_audit_show_text(FILE *to, const struct tmk_audit_answer *answer,
			bool count, struct tmk_err *err)
{
	const struct tmk_audit_verdict *v;
	size_t i;

	if (answer->failed)
		return tmk_front_report_line(to, err, "touchmark: refuse - - "
			"%s: %s; %s", answer->reason, answer->why,
			answer->hint);
	for (i = 0; i < answer->verdicts; i++) {
		v = &answer->verdict[i];
		if (v->good)
			continue;
		if (tmk_front_report_line(to, err, "touchmark: refuse %s %.*s "
					  "%s: %s; %s", v->ref, SHORT_OID,
					  *v->oid ? v->oid : "-", v->reason,
					  v->text, v->hint))
			return -1;
	}
	if (!answer->enforced &&
	    tmk_front_report_line(to, err, "touchmark: WARNING: the policy is "
				  "not enforced (enforce = false): a push "
				  "would be let in"))
		return -1;
	return count ? count_line(to, answer, err) : 0;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static int json_verdict(struct tmk_buf *line,
			const struct tmk_audit_verdict *v,
			struct tmk_err *err)
{
	struct tmk_json j;

	tmk_buf_clear(line);
	tmk_json_init(&j, line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "ref", v->ref);
	tmk_json_string(&j, "oid", or_null(v->oid));
	tmk_json_string(&j, "status", v->good ? "good" : "refused");
	tmk_json_string(&j, "reason", v->good ? NULL : v->reason);
	tmk_json_string(&j, "text", or_null(v->text));
	tmk_json_string(&j, "hint", or_null(v->hint));
	tmk_json_string(&j, "rule", or_null(v->rule));
	tmk_json_string(&j, "signer", or_null(v->signer));
	tmk_json_string(&j, "fingerprint", or_null(v->key));
	tmk_json_string(&j, "time", or_null(v->time));
	tmk_json_string(&j, "tsa", or_null(v->tsa));
	tmk_json_close_object(&j);
	return tmk_front_report_json(stdout, &j, err);
}

static int json_failed(struct tmk_buf *line, const struct tmk_audit_answer *a,
		       struct tmk_err *err)
{
	struct tmk_json j;

	tmk_json_init(&j, line);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "status", "error");
	tmk_json_int(&j, "code", a->failed);
	tmk_json_string(&j, "reason", a->reason);
	tmk_json_string(&j, "text", a->why);
	tmk_json_string(&j, "hint", a->hint);
	tmk_json_close_object(&j);
	return tmk_front_report_json(stdout, &j, err);
}

int tmk_audit_show_json(const struct tmk_audit_answer *answer,
			struct tmk_err *err)
{
	struct tmk_buf line = TMK_BUF_INIT(LINE_MAX_BYTES);
	int rc = 0;
	size_t i;

	if (answer->failed)
		rc = json_failed(&line, answer, err);
	for (i = 0; !rc && i < answer->verdicts; i++)
		rc = json_verdict(&line, &answer->verdict[i], err);
	tmk_buf_release(&line);
	return rc;
}
