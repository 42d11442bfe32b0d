/*
 * gate_object.c - reading objects raw, and handing one to the judge.
 */
#include <string.h>

#include "core/judge_object.h"
#include "formats/armour.h"
#include "formats/git_object.h"
#include "hooks/gate.h"
#include "hooks/light.h"

#define HEX 40

extern const struct tmk_format_ops tmk_format_git_commit;
extern const struct tmk_format_ops tmk_format_git_tag;

static int git_failed(const git_oid *oid, struct tmk_err *err)
{
	const git_error *e = git_error_last();
	char hex[HEX + 1];

	git_oid_tostr(hex, sizeof(hex), oid);
	return tmk_err_set(err, TMK_INTERNAL, "object %s cannot be read: %s",
			   hex, e && e->message ? e->message :
			   "no reason given");
}

static int missing(struct tmk_verdict *v, const git_oid *oid)
{
	char hex[HEX + 1];

	git_oid_tostr(hex, sizeof(hex), oid);
	return tmk_verdict_refuse(v, TMK_OBJECT_MISSING,
				  "object %s is not there", hex);
}

/* Type and size without the content: a small pack may hold a large object. */
static int read_header(struct tmk_gate *gate, size_t *len, git_object_t *type,
		       const git_oid *oid, struct tmk_verdict *v,
		       struct tmk_err *err)
{
	int rc = git_odb_read_header(len, type, gate->odb, oid);

	*type = rc < 0 ? GIT_OBJECT_INVALID : *type;
	if (rc == GIT_ENOTFOUND)
		return missing(v, oid);
	return rc < 0 ? git_failed(oid, err) : 0;
}

int tmk_gate_object_type(struct tmk_gate *gate, git_object_t *type,
			 const git_oid *oid, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	size_t len;

	return read_header(gate, &len, type, oid, v, err);
}

int tmk_gate_object_read(struct tmk_gate *gate, git_odb_object **out,
			 const git_oid *oid, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	git_object_t type;
	size_t len;
	int rc;

	*out = NULL;
	if (read_header(gate, &len, &type, oid, v, err) < 0)
		return -1;
	if (type == GIT_OBJECT_INVALID)
		return 0;
	if (len > gate->policy->limit_object)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
			"the object has %zu bytes, %llu are allowed", len,
			(unsigned long long)gate->policy->limit_object);
	rc = git_odb_read(out, gate->odb, oid);
	if (rc == GIT_ENOTFOUND)
		return missing(v, oid);
	return rc < 0 ? git_failed(oid, err) : 0;
}

/* git knows the empty tree without having it stored. */
#define EMPTY_TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

static bool has_tree(struct tmk_gate *gate, const git_oid *tree)
{
	char hex[HEX + 1];

	git_oid_tostr(hex, sizeof(hex), tree);
	return !strcmp(hex, EMPTY_TREE) || git_odb_exists(gate->odb, tree);
}

/* The strict grammar, and who the object says made it. */
static bool read_form(struct tmk_judge_object *o, const uint8_t *data,
		      size_t len, git_oid *tree, struct tmk_verdict *v)
{
	struct tmk_git_commit commit;
	struct tmk_git_tag tag;

	if (o->tag) {
		if (!tmk_git_tag_parse(&tag, data, len, HEX, v))
			return false;
		o->email = tag.tagger.email;
		o->has_signature = tag.has_signature;
		return true;
	}
	if (!tmk_git_commit_parse(&commit, data, len, HEX, v))
		return false;
	o->email = commit.committer.email;
	o->has_signature = commit.has_signature;
	if (git_oid_fromstrn(tree, (const char *)commit.tree.data,
			     commit.tree.len) < 0)
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
				   "the tree is no object id");
	return v->reason == TMK_GOOD;
}

/* Split, open the armour, judge. `o` is released by the caller. */
static int judge_bytes(struct tmk_gate *gate, struct tmk_judge_object *o,
		       const git_oid *oid, const uint8_t *data, size_t len,
		       const struct tmk_ref_rule *rule,
		       struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_format_ops *format = o->tag ? &tmk_format_git_tag :
		&tmk_format_git_commit;
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_parts parts;
	git_oid tree;
	int ret = -1;

	tmk_parts_init(&parts);
	if (!read_form(o, data, len, &tree, v)) {
		ret = 0;
		goto out;
	}
	if (!o->tag && !has_tree(gate, &tree)) {
		ret = missing(v, &tree);
		goto out;
	}
	if (format->split(&parts, data, len, v, err) < 0)
		goto out;
	if (v->reason == TMK_GOOD && o->has_signature &&
	    tmk_armour_read(&der, &o->format, parts.armour.data,
			    parts.armour.len, v, err) < 0)
		goto out;
	ret = 0;
	if (v->reason != TMK_GOOD)
		goto out;
	o->policy = gate->policy;
	o->payload = parts.payload;
	o->payloads = parts.payloads;
	o->seal = der.data;
	o->seal_len = der.len;
	ret = tmk_judge_object_rule(o, rule, v, err);
	if (gate->audit)
		tmk_gate_audit_found(gate->audit, oid,
				     tmk_judge_object_finding(o, rule));
out:
	tmk_judge_object_release(o);
	tmk_parts_release(&parts);
	tmk_buf_release(&der);
	return ret;
}

int tmk_gate_object_judge(struct tmk_gate *gate, const git_oid *oid,
			  const struct tmk_ref_rule *rule,
			  struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_judge_object o;
	git_odb_object *raw;
	git_object_t type;
	int ret = 0;

	if (gate->audit) {
		gate->audit->judged++;
		tmk_gate_audit_found(gate->audit, oid, NULL);
	}
	if (tmk_gate_object_read(gate, &raw, oid, v, err) < 0)
		return -1;
	if (!raw)
		return 0;
	type = git_odb_object_type(raw);
	tmk_judge_object_init(&o);
	o.tag = type == GIT_OBJECT_TAG;
	if (o.tag || type == GIT_OBJECT_COMMIT)
		ret = judge_bytes(gate, &o, oid, git_odb_object_data(raw),
				  git_odb_object_size(raw), rule, v, err);
	else
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "a %s stands where"
				   " a commit is meant",
				   git_object_type2string(type));
	git_odb_object_free(raw);
	return ret;
}

/* One tag: its own name (the outermost one's is kept) and what it says. */
static int open_tag(struct tmk_gate *gate, struct tmk_gate_peeled *p,
		    git_object_t *says, bool strict, struct tmk_verdict *v,
		    struct tmk_err *err)
{
	struct tmk_git_tag tag;
	git_odb_object *raw;
	const uint8_t *data;
	size_t len;

	if (tmk_gate_object_read(gate, &raw, &p->oid, v, err) < 0)
		return -1;
	if (!raw)
		return 0;
	data = git_odb_object_data(raw);
	len = git_odb_object_size(raw);
	if (strict && !tmk_git_tag_parse(&tag, data, len, HEX, v))
		goto out;
	if (strict && !p->tags && tag.name.len < sizeof(p->name)) {
		memcpy(p->name, tag.name.data, tag.name.len);
		p->name[tag.name.len] = '\0';
		p->name_len = tag.name.len;
	}
	if (!tmk_light_tag_read(&p->oid, says, data, len))
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
				   "the tag does not say what it points at");
out:
	git_odb_object_free(raw);
	return 0;
}

int tmk_gate_object_peel(struct tmk_gate *gate, struct tmk_gate_peeled *out,
			 const git_oid *oid, bool strict,
			 struct tmk_verdict *v, struct tmk_err *err)
{
	int depth = gate->policy->limit_tag_depth;
	struct tmk_gate_peeled p = { .tags = 0 };
	git_object_t says = GIT_OBJECT_INVALID;

	git_oid_cpy(&p.oid, oid);
	if (tmk_gate_object_type(gate, &p.type, &p.oid, v, err) < 0)
		return -1;
	while (v->reason == TMK_GOOD && p.type == GIT_OBJECT_TAG) {
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
				"points at a %s", git_object_type2string(says),
				git_object_type2string(p.type));
	}
	*out = p;
	return 0;
}
