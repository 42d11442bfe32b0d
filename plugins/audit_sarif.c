/*
 * audit_sarif.c - the refusals of an audit as a SARIF 2.1.0 log (OASIS
 * standard), for services that show such logs beside the code.
 *
 * A commit is no file, so each result has a logical location: the ref, and
 * the object in it.
 */
#include <string.h>

#include "base/json.h"
#include "iface/verdict.h"
#include "plugins/audit_show.h"
#include "plugins/front_report.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/" \
	"schemas/sarif-schema-2.1.0.json"
#define RESULT_BYTES 32768	/* more than one result takes */
#define HEAD_BYTES 65536

static void text_object(struct tmk_json *j, const char *key, const char *text)
{
	tmk_json_open_object(j, key);
	tmk_json_string(j, "text", text);
	tmk_json_close_object(j);
}

/* Every reason is a rule; what it says is what to do (3.49). */
static void rules(struct tmk_json *j)
{
	int r;

	tmk_json_open_array(j, "rules");
	for (r = TMK_GOOD + 1; r < TMK_REASON_COUNT; r++) {
		tmk_json_open_object(j, NULL);
		tmk_json_string(j, "id", tmk_reason_id(r));
		text_object(j, "shortDescription", tmk_reason_id(r));
		text_object(j, "help", tmk_reason_hint(r));
		tmk_json_close_object(j);
	}
	tmk_json_close_array(j);
}

static void tool(struct tmk_json *j)
{
	tmk_json_open_object(j, "tool");
	tmk_json_open_object(j, "driver");
	tmk_json_string(j, "name", "touchmark");
	tmk_json_string(j, "version", TMK_VERSION);
	rules(j);
	tmk_json_close_object(j);
	tmk_json_close_object(j);
}

/* Whether the audit itself came to its end (3.20). */
static void invocation(struct tmk_json *j, const struct tmk_audit_answer *a)
{
	tmk_json_open_array(j, "invocations");
	tmk_json_open_object(j, NULL);
	tmk_json_bool(j, "executionSuccessful", !a->failed);
	if (a->failed) {
		tmk_json_open_array(j, "toolExecutionNotifications");
		tmk_json_open_object(j, NULL);
		tmk_json_string(j, "level", "error");
		text_object(j, "message", a->why);
		tmk_json_close_object(j);
		tmk_json_close_array(j);
	}
	tmk_json_close_object(j);
	tmk_json_close_array(j);
}

/* 3.27 and 3.33. */
static void result(struct tmk_json *j, const struct tmk_audit_verdict *v)
{
	char message[2048];

	snprintf(message, sizeof(message), "%s; %s", v->text, v->hint);
	tmk_json_open_object(j, NULL);
	tmk_json_string(j, "ruleId", v->reason);
	tmk_json_string(j, "level", "error");
	text_object(j, "message", message);
	tmk_json_open_array(j, "locations");
	tmk_json_open_object(j, NULL);
	tmk_json_open_array(j, "logicalLocations");
	tmk_json_open_object(j, NULL);
	tmk_json_string(j, "name", *v->oid ? v->oid : v->ref);
	tmk_json_string(j, "fullyQualifiedName", v->ref);
	tmk_json_string(j, "kind", "object");
	tmk_json_close_object(j);
	tmk_json_close_array(j);
	tmk_json_close_object(j);
	tmk_json_close_array(j);
	tmk_json_open_object(j, "partialFingerprints");
	tmk_json_string(j, "object/v1", v->oid);
	tmk_json_close_object(j);
	tmk_json_open_object(j, "properties");
	tmk_json_string(j, "ref", v->ref);
	tmk_json_string(j, "oid", *v->oid ? v->oid : NULL);
	tmk_json_string(j, "signer", *v->signer ? v->signer : NULL);
	tmk_json_string(j, "fingerprint", *v->key ? v->key : NULL);
	tmk_json_string(j, "time", *v->time ? v->time : NULL);
	tmk_json_close_object(j);
	tmk_json_close_object(j);
}

int tmk_audit_show_sarif(const struct tmk_audit_answer *answer,
			 struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(HEAD_BYTES + RESULT_BYTES *
					   (size_t)answer->refused);
	struct tmk_json j;
	size_t i;
	int rc;

	tmk_json_init(&j, &text);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "$schema", SCHEMA);
	tmk_json_string(&j, "version", "2.1.0");
	tmk_json_open_array(&j, "runs");
	tmk_json_open_object(&j, NULL);
	tool(&j);
	invocation(&j, answer);
	tmk_json_open_array(&j, "results");
	for (i = 0; i < answer->verdicts; i++)
		if (!answer->verdict[i].good)
			result(&j, &answer->verdict[i]);
	tmk_json_close_array(&j);
	tmk_json_close_object(&j);
	tmk_json_close_array(&j);
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&text);
	return rc;
}
