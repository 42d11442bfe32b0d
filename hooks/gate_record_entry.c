/*
 * gate_record_entry.c - what an entry of the gate's record says besides its
 * verdicts: whose push it was, under which policy, to which refs, and how it
 * ended.
 */
#include "hooks/gate_record_job.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"

#define TOLD_MAX 1024		/* bytes of one variable that are kept */

const char *tmk_gate_record_outcome(const struct tmk_gate *gate,
				    const struct tmk_err *why)
{
	if (why)
		return "refused";
	if (!gate->refused)
		return "accepted";
	return gate->policy->enforce ? "refused" : "let-in";
}

/* Foreign text, escaped and cut to what one variable may hold. */
static void put_text(struct tmk_json *j, const char *key, const char *text)
{
	char shown[TOLD_MAX];

	tmk_json_string(j, key, tmk_enc_show_into(shown, sizeof(shown), text,
						  strlen(text)));
}

/* What the server's environment says of the pusher: sshd, http servers and
 * the common hosting programs. Nobody here can check it. */
static void put_told(struct tmk_json *j)
{
	static const char *const names[] = {
		"REMOTE_USER", "REMOTE_ADDR", "SSH_CONNECTION", "GL_USER",
		"GL_USERNAME", "GL_ID", "GL_REPO", "GL_PROTOCOL",
		"GITEA_PUSHER_NAME", "GITEA_REPO_NAME"
	};
	size_t i;

	tmk_json_int(j, "uid", (int64_t)getuid());
	tmk_json_open_object(j, "told");
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value)
			put_text(j, names[i], value);
	}
	tmk_json_close_object(j);
}

static void put_policy(struct tmk_json *j, const struct tmk_policy *p)
{
	if (!p) {
		tmk_json_null(j, "policy");
		tmk_json_null(j, "enforced");
		return;
	}
	tmk_json_open_object(j, "policy");
	put_text(j, "path", p->path);
	tmk_json_string(j, "sha256", p->sha256);
	tmk_json_int(j, "version", p->version);
	tmk_json_close_object(j);
	tmk_json_bool(j, "enforced", p->enforce);
}

/* The blob of a signed push, when git names one. */
static void put_certificate(struct tmk_json *j, const struct tmk_gate *gate)
{
	const char *name = getenv("GIT_PUSH_CERT");
	struct tmk_oid oid;

	if (name && strlen(name) == gate->repo->hex &&
	    tmk_oid_read(&oid, name, gate->repo->hex))
		tmk_json_string(j, "pushCertificate", name);
	else
		tmk_json_null(j, "pushCertificate");
}

static void put_refs(const struct tmk_gate *gate)
{
	struct tmk_gate_record *r = gate->record;
	char name[4 * TMK_GATE_REF_MAX + 4], hex[TMK_OID_TEXT];
	struct tmk_json j;
	int i;

	tmk_chain_spool_addstr(&r->head, ",\"refs\":[");
	for (i = 0; i < gate->commands; i++) {
		const struct tmk_gate_command *c = &gate->command[i];

		tmk_buf_clear(&r->text);
		tmk_json_init(&j, &r->text);
		tmk_json_open_object(&j, NULL);
		tmk_json_string(&j, "ref", tmk_enc_show_into(name,
				sizeof(name), c->ref, strlen(c->ref)));
		tmk_json_string(&j, "old", tmk_oid_show(hex, &c->old));
		tmk_json_string(&j, "new", tmk_oid_show(hex, &c->new));
		tmk_json_close_object(&j);
		tmk_chain_spool_addstr(&r->head, i ? ",{" : "{");
		tmk_gate_record_fields(r, &r->head, &j);
		tmk_chain_spool_addstr(&r->head, "}");
	}
	tmk_chain_spool_addstr(&r->head, "]");
}

void tmk_gate_record_entry(const struct tmk_gate *gate, enum tmk_reason reason,
			   const struct tmk_err *why)
{
	struct tmk_gate_record *r = gate->record;
	struct tmk_json j;

	tmk_buf_clear(&r->text);
	tmk_json_init(&j, &r->text);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "program", "touchmark-pre-receive " TMK_VERSION);
	put_text(&j, "repository", gate->repo->dir);
	put_told(&j);
	put_policy(&j, gate->policy);
	tmk_json_string(&j, "outcome", tmk_gate_record_outcome(gate, why));
	if (why) {
		tmk_json_string(&j, "reason", tmk_reason_id(reason));
		tmk_json_string(&j, "text", why->text);
	}
	tmk_json_int(&j, "judged", (int64_t)r->judged);
	tmk_json_int(&j, "refused", gate->refused);
	put_certificate(&j, gate);
	tmk_json_close_object(&j);
	tmk_gate_record_fields(r, &r->head, &j);
	put_refs(gate);
}
