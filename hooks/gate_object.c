/*
 * gate_object.c - reading objects raw, and having one judged.
 */
#include <string.h>

#include "formats/git_object.h"
#include "hooks/gate.h"
#include "hooks/gate_approvals.h"
#include "hooks/gate_record.h"
#include "hooks/light.h"

static int missing(struct tmk_verdict *v, const struct tmk_oid *oid)
{
	char hex[TMK_OID_TEXT];

	return tmk_verdict_refuse(v, TMK_OBJECT_MISSING,
				  "object %s is not there",
				  tmk_oid_show(hex, oid));
}

/* Type and size without the content: a small pack may hold a large object. */
static int read_header(struct tmk_gate *gate, uint64_t *len,
		       enum tmk_object_type *type, const struct tmk_oid *oid,
		       struct tmk_verdict *v, struct tmk_err *err)
{
	*type = TMK_OBJECT_NONE;
	if (gate->repo->ops->header(gate->repo, type, len, oid, err) < 0)
		return -1;
	return *type == TMK_OBJECT_NONE ? missing(v, oid) : 0;
}

int tmk_gate_object_type(struct tmk_gate *gate, enum tmk_object_type *type,
			 const struct tmk_oid *oid, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	uint64_t len;

	return read_header(gate, &len, type, oid, v, err);
}

/* A small object may be a difference to a large one: that is the fault of who
 * pushed it. Everything else is ours. */
static int unread(struct tmk_verdict *v, const struct tmk_err *why,
		  struct tmk_err *err)
{
	if (why->code == TMK_INPUT)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "%s",
					  why->text);
	if (err)
		*err = *why;
	return -1;
}

int tmk_gate_object_read(struct tmk_gate *gate, struct tmk_gate_raw *out,
			 const struct tmk_oid *oid, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	struct tmk_gate_raw raw = { .type = TMK_OBJECT_NONE };
	struct tmk_err why = TMK_ERR_INIT;
	uint64_t len;

	*out = raw;
	if (read_header(gate, &len, &raw.type, oid, v, err) < 0)
		return -1;
	if (raw.type == TMK_OBJECT_NONE)
		return 0;
	if (len > gate->policy->limit_object)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
			"the object has %llu bytes, %llu are allowed",
			(unsigned long long)len,
			(unsigned long long)gate->policy->limit_object);
	if (gate->repo->ops->read(gate->repo, &raw.data, &raw.len, &raw.type,
				  oid, &why) < 0)
		return unread(v, &why, err);
	if (raw.type == TMK_OBJECT_NONE)
		return missing(v, oid);
	if (raw.len != len)
		return tmk_err_set(err, TMK_INTERNAL, "an object has another "
				   "size than was said before");
	*out = raw;
	return 0;
}

/* git knows the empty tree without having it stored. */
static bool is_empty_tree(const struct tmk_oid *tree)
{
	char hex[TMK_OID_TEXT];

	tmk_oid_show(hex, tree);
	return !strcmp(hex, "4b825dc642cb6eb9a060e54bf8d69288fbee4904") ||
		!strcmp(hex, "6ef19b41225c5369f1c104d45d8d85ef"
			"a9b057b53b14b4b9b939dd74decc5321");
}

static int judge_tree(struct tmk_gate *gate, const struct tmk_oid *tree,
		      struct tmk_verdict *v, struct tmk_err *err)
{
	int has = is_empty_tree(tree) ? 1 :
		tmk_repo_has(gate->repo, tree, err);

	if (has < 0)
		return -1;
	return has ? 0 : missing(v, tree);
}

void tmk_gate_object_job(const struct tmk_gate *gate, struct tmk_gate_job *job,
			 const struct tmk_gate_raw *raw,
			 const struct tmk_ref_rule *rule)
{
	job->type = raw->type;
	job->data = raw->data;
	job->len = raw->len;
	job->hex = gate->repo->hex;
	job->rule = (int)(rule - gate->policy->rule);
	job->extras = 0;
}

/* Read what is to be judged; the type NONE and a refusal in `v` when it is not
 * there or nothing that is signed. */
static int read_signed(struct tmk_gate *gate, struct tmk_gate_raw *raw,
		       const struct tmk_oid *oid, struct tmk_verdict *v,
		       struct tmk_err *err)
{
	if (gate->audit) {
		gate->audit->judged++;
		tmk_gate_audit_found(gate->audit, oid, NULL);
	}
	tmk_gate_record_found(gate->record, oid, NULL);
	if (tmk_gate_object_read(gate, raw, oid, v, err) < 0)
		return -1;
	if (raw->type == TMK_OBJECT_NONE || raw->type == TMK_OBJECT_COMMIT ||
	    raw->type == TMK_OBJECT_TAG)
		return 0;
	tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
			   "a %s stands where a commit is meant",
			   tmk_object_type_name(raw->type));
	raw->type = TMK_OBJECT_NONE;
	return 0;
}

int tmk_gate_object_take(struct tmk_gate *gate, const struct tmk_oid *oid,
			 const struct tmk_gate_answer *answer,
			 struct tmk_verdict *v, struct tmk_err *err)
{
	if (gate->audit)
		tmk_gate_audit_found(gate->audit, oid, answer);
	tmk_gate_record_found(gate->record, oid, answer);
	if (answer->v.reason != TMK_GOOD) {
		*v = answer->v;
		return 0;
	}
	return answer->tree.len ? judge_tree(gate, &answer->tree, v, err) : 0;
}

int tmk_gate_object_send(struct tmk_gate *gate, bool *sent,
			 const struct tmk_oid *oid,
			 const struct tmk_ref_rule *rule, uint64_t number,
			 tmk_gate_pool_done done, void *ctx,
			 struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_gate_job job;
	struct tmk_gate_raw raw;

	*sent = false;
	if (read_signed(gate, &raw, oid, v, err) < 0)
		return -1;
	if (raw.type == TMK_OBJECT_NONE)
		return 0;
	tmk_gate_object_job(gate, &job, &raw, rule);
	*sent = true;
	return tmk_gate_pool_submit(gate->pool, &job, number, done, ctx, err);
}

/* Read and judge one object with what lies beside it. It is read last: what is
 * read is borrowed only until the next look at the repository. */
static int judge_with(struct tmk_gate *gate, const struct tmk_oid *oid,
		      const struct tmk_ref_rule *rule,
		      const struct tmk_gate_approvals *beside,
		      struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_gate_answer answer;
	struct tmk_gate_job job;
	struct tmk_gate_raw raw;

	if (read_signed(gate, &raw, oid, v, err) < 0)
		return -1;
	if (raw.type == TMK_OBJECT_NONE)
		return 0;
	tmk_gate_object_job(gate, &job, &raw, rule);
	tmk_gate_approvals_fill(&job, beside);
	if (tmk_gate_pool_judge(gate->pool, &answer, &job, err) < 0)
		return -1;
	return tmk_gate_object_take(gate, oid, &answer, v, err);
}

/* What lies beside a tag, where the rule wants more than one signer. */
static int find_approvals(struct tmk_gate_approvals *out,
			  struct tmk_gate *gate, const struct tmk_oid *oid,
			  const struct tmk_ref_rule *rule,
			  struct tmk_verdict *v, struct tmk_err *err)
{
	enum tmk_object_type type = TMK_OBJECT_NONE;

	if (rule->threshold <= 1)
		return 0;
	if (tmk_gate_object_type(gate, &type, oid, v, err) < 0)
		return -1;
	return type == TMK_OBJECT_TAG ?
		tmk_gate_approvals_read(out, gate, oid, v, err) : 0;
}

int tmk_gate_object_judge(struct tmk_gate *gate, const struct tmk_oid *oid,
			  const struct tmk_ref_rule *rule,
			  struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_gate_approvals beside = { .count = 0 };
	int ret = find_approvals(&beside, gate, oid, rule, v, err);

	if (!ret && v->reason == TMK_GOOD)
		ret = judge_with(gate, oid, rule, &beside, v, err);
	tmk_gate_approvals_release(&beside);
	return ret;
}

/* One tag: its own name (the outermost one's is kept) and what it says. */
static int open_tag(struct tmk_gate *gate, struct tmk_gate_peeled *p,
		    enum tmk_object_type *says, bool strict,
		    struct tmk_verdict *v, struct tmk_err *err)
{
	size_t hex = gate->repo->hex;
	struct tmk_gate_raw raw;
	struct tmk_git_tag tag;

	if (tmk_gate_object_read(gate, &raw, &p->oid, v, err) < 0)
		return -1;
	if (raw.type == TMK_OBJECT_NONE)
		return 0;
	if (strict && !tmk_git_tag_parse(&tag, raw.data, raw.len, hex, v))
		return 0;
	if (strict && !p->tags && tag.name.len < sizeof(p->name)) {
		memcpy(p->name, tag.name.data, tag.name.len);
		p->name[tag.name.len] = '\0';
		p->name_len = tag.name.len;
	}
	if (!tmk_light_tag_read(&p->oid, says, raw.data, raw.len, hex))
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
				   "the tag does not say what it points at");
	return 0;
}

int tmk_gate_object_peel(struct tmk_gate *gate, struct tmk_gate_peeled *out,
			 const struct tmk_oid *oid, bool strict,
			 struct tmk_verdict *v, struct tmk_err *err)
{
	int depth = gate->policy->limit_tag_depth;
	struct tmk_gate_peeled p = { .tags = 0 };
	enum tmk_object_type says = TMK_OBJECT_NONE;

	p.oid = *oid;
	if (tmk_gate_object_type(gate, &p.type, &p.oid, v, err) < 0)
		return -1;
	while (v->reason == TMK_GOOD && p.type == TMK_OBJECT_TAG) {
		if (p.tags == depth)
			return tmk_verdict_refuse(v, TMK_TAG_TARGET,
				"more than %d tags are nested", depth);
		if (open_tag(gate, &p, &says, strict, v, err) < 0)
			return -1;
		p.tags++;
		if (v->reason != TMK_GOOD)
			break;
		if (tmk_gate_object_type(gate, &p.type, &p.oid, v, err) < 0)
			return -1;
		if (v->reason == TMK_GOOD && says != p.type)
			return tmk_verdict_refuse(v, TMK_TAG_TARGET,
				"the tag says that it points at a %s, but it "
				"points at a %s", tmk_object_type_name(says),
				tmk_object_type_name(p.type));
	}
	*out = p;
	return 0;
}
