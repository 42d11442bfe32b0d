#include "hooks/gate_approvals.h"

#include <stdlib.h>
#include <string.h>

struct approval_ref {
	const char *name;
	char *own;		/* the name, if it is not a command's */
	struct tmk_oid oid;
};

/* Refs below TMK_GATE_APPROVALS as they will be, sorted by name. */
struct tmk_gate_approval_refs {
	struct approval_ref *ref;
	size_t count, room;
	bool too_many;
	bool ready;
};

/* ---- which refs there will be ------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct approval_ref *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Room for one more; 1 when there may be no more. */
static int make_room(struct tmk_gate_approval_refs *refs, struct tmk_err *err)
{
	size_t room = refs->room ? 2 * refs->room : 16;
	struct approval_ref *grown;

	if (refs->count == TMK_GATE_APPROVALS_REFS) {
		refs->too_many = true;
		return 1;
	}
	if (refs->count < refs->room)
		return 0;
	grown = realloc(refs->ref, room * sizeof(*grown));
	if (!grown)
		return tmk_err_nomem(err);
	refs->ref = grown;
	refs->room = room;
	return 0;
}

/* A ref of the repository. A reader may know its prefix as whole path
 * components alone. */
static int visit(void *ctx, const char *name, const struct tmk_oid *oid,
		 struct tmk_err *err)
{
	struct tmk_gate_approval_refs *refs = ctx;
	struct approval_ref own = { .oid = *oid };
	int rc;

	if (strncmp(name, TMK_GATE_APPROVALS, sizeof(TMK_GATE_APPROVALS) - 1))
		return 0;
	rc = make_room(refs, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	own.own = strdup(name);
	if (!own.own)
		return tmk_err_nomem(err);
	own.name = own.own;
	refs->ref[refs->count++] = own;
	return 0;
}

/* What the push does to them. A deleted one stays, with an id of zeros. */
static int apply(struct tmk_gate_approval_refs *refs,
		 const struct tmk_gate *gate, struct tmk_err *err)
{
	size_t known = refs->count;
	int i;

	for (i = 0; i < gate->commands; i++) {
		const struct tmk_gate_command *c = &gate->command[i];
		struct approval_ref key = { .name = c->ref, .oid = c->new };
		struct approval_ref *found;
		int rc;

		if (strncmp(c->ref, TMK_GATE_APPROVALS,
			    sizeof(TMK_GATE_APPROVALS) - 1))
			continue;
		found = known ? bsearch(&key, refs->ref, known,
					sizeof(key), compare) : NULL;
		if (found) {
			found->oid = c->new;
			continue;
		}
		rc = make_room(refs, err);
		if (rc < 0)
			return -1;
		if (!rc)
			refs->ref[refs->count++] = key;
	}
	return 0;
}

void tmk_gate_approvals_forget(struct tmk_gate_approval_refs *refs)
{
	if (!refs)
		return;
	while (refs->count)
		free(refs->ref[--refs->count].own);
	free(refs->ref);
	free(refs);
}

static void sort(struct tmk_gate_approval_refs *refs)
{
	if (refs->count)
		qsort(refs->ref, refs->count, sizeof(*refs->ref), compare);
}

/* Made once for the whole push; what fails half-way is freed with the gate. */
static int find_refs(struct tmk_gate *gate, struct tmk_err *err)
{
	struct tmk_gate_approval_refs *refs = gate->approvals;

	if (refs)
		return refs->ready ? 0 : tmk_err_set(err, TMK_INTERNAL,
			"the approvals could not be read before");
	refs = gate->approvals = calloc(1, sizeof(*refs));
	if (!refs)
		return tmk_err_nomem(err);
	if (gate->repo->ops->refs(gate->repo, TMK_GATE_APPROVALS, visit, refs,
				  err) < 0)
		return -1;
	sort(refs);
	if (apply(refs, gate, err) < 0)
		return -1;
	sort(refs);
	refs->ready = true;
	return 0;
}

/* ---- those of one tag --------------------------------------------------- */

static int too_many(struct tmk_verdict *v, const char *what, int most)
{
	tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "there are more than %d %s "
			   "under " TMK_GATE_APPROVALS, most, what);
	return tmk_verdict_hint(v, "delete those that are not needed: git push "
				"REMOTE --delete REF");
}

/* One that is a difference to what is too large is passed over as what is
 * too large itself: it must not stand in the way of a tag. */
static int unread(const struct tmk_err *why, struct tmk_err *err)
{
	if (why->code == TMK_INPUT)
		return 0;
	if (err)
		*err = *why;
	return -1;
}

/* One blob more, unless it is none. */
static int read_one(struct tmk_gate_approvals *out, size_t *bytes,
		    struct tmk_gate *gate, const struct tmk_oid *oid,
		    struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_repo *repo = gate->repo;
	enum tmk_object_type type;
	struct tmk_err why = TMK_ERR_INIT;
	const uint8_t *data;
	uint64_t size;
	size_t len;

	if (repo->ops->header(repo, &type, &size, oid, err) < 0)
		return -1;
	if (type != TMK_OBJECT_BLOB || !size || size > TMK_SEAL_MAX)
		return 0;
	if (out->count == TMK_GATE_EXTRAS_MAX ||
	    *bytes + size > TMK_GATE_APPROVALS_BYTES)
		return too_many(v, "approvals of this tag, or larger ones,",
				TMK_GATE_EXTRAS_MAX);
	if (repo->ops->read(repo, &data, &len, &type, oid, &why) < 0)
		return unread(&why, err);
	if (type != TMK_OBJECT_BLOB || len != size)
		return tmk_err_set(err, TMK_INTERNAL, "an approval changed "
				   "while it was read");
	tmk_buf_init(&out->blob[out->count], TMK_SEAL_MAX);
	if (tmk_buf_add(&out->blob[out->count], data, len))
		return tmk_err_nomem(err);
	out->count++;
	*bytes += len;
	return 0;
}

/* Whether the ref before it in the list has the same content: a tag's own come
 * one after the other. */
static bool seen(const struct approval_ref *first,
		 const struct approval_ref *ref)
{
	const struct approval_ref *r;

	for (r = first; r < ref; r++)
		if (tmk_oid_equal(&r->oid, &ref->oid))
			return true;
	return false;
}

/* The first ref whose name is not before the prefix. */
static size_t lower_bound(const struct tmk_gate_approval_refs *refs,
			  const char *prefix)
{
	size_t low = 0, high = refs->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(refs->ref[mid].name, prefix) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int tmk_gate_approvals_read(struct tmk_gate_approvals *out,
			    struct tmk_gate *gate, const struct tmk_oid *tag,
			    struct tmk_verdict *v, struct tmk_err *err)
{
	char prefix[sizeof(TMK_GATE_APPROVALS) + TMK_OID_TEXT];
	size_t len = sizeof(TMK_GATE_APPROVALS) - 1, i, bytes = 0, first;
	const struct tmk_gate_approval_refs *refs;

	memset(out, 0, sizeof(*out));
	if (find_refs(gate, err) < 0)
		return -1;
	refs = gate->approvals;
	if (refs->too_many)
		return too_many(v, "refs", TMK_GATE_APPROVALS_REFS);
	memcpy(prefix, TMK_GATE_APPROVALS, len);
	tmk_oid_show(prefix + len, tag);
	len += strlen(prefix + len);
	prefix[len++] = '/';
	prefix[len] = '\0';
	first = lower_bound(refs, prefix);
	for (i = first; i < refs->count && v->reason == TMK_GOOD &&
	     !strncmp(refs->ref[i].name, prefix, len); i++) {
		if (i - first >= 16 * TMK_GATE_EXTRAS_MAX)
			return too_many(v, "refs of this tag",
					16 * TMK_GATE_EXTRAS_MAX);
		if (tmk_oid_is_zero(&refs->ref[i].oid) ||
		    seen(&refs->ref[first], &refs->ref[i]))
			continue;
		if (read_one(out, &bytes, gate, &refs->ref[i].oid, v,
			     err) < 0) {
			tmk_gate_approvals_release(out);
			return -1;
		}
	}
	return 0;
}

void tmk_gate_approvals_fill(struct tmk_gate_job *job,
			     const struct tmk_gate_approvals *approvals)
{
	int i;

	for (i = 0; i < approvals->count; i++) {
		job->extra[i].data = approvals->blob[i].data;
		job->extra[i].len = approvals->blob[i].len;
	}
	job->extras = approvals->count;
}

void tmk_gate_approvals_release(struct tmk_gate_approvals *approvals)
{
	while (approvals->count)
		tmk_buf_release(&approvals->blob[--approvals->count]);
}
