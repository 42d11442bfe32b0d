#include "hooks/gate_pool_wire.h"

#include <string.h>

#include "base/enc.h"

/* ---- jobs --------------------------------------------------------------- */

struct job_head {
	uint32_t type, hex, extras, len;
	int32_t rule;
	uint32_t extra[TMK_GATE_EXTRAS_MAX];
};

static bool is_type(uint32_t type)
{
	return type == TMK_OBJECT_COMMIT || type == TMK_OBJECT_TAG ||
		type == TMK_OBJECT_BLOB;
}

size_t tmk_gate_pool_wire_size(const struct tmk_gate_job *job)
{
	uint64_t all = sizeof(struct tmk_gate_pool_head) +
		sizeof(struct job_head) + (uint64_t)job->len;
	int i;

	if (job->extras < 0 || job->extras > TMK_GATE_EXTRAS_MAX ||
	    !is_type((uint32_t)job->type) || job->len > UINT32_MAX)
		return 0;
	for (i = 0; i < job->extras; i++) {
		if (job->extra[i].len > UINT32_MAX)
			return 0;
		all += job->extra[i].len;
	}
	return all > UINT32_MAX ? 0 : (size_t)all;
}

/* Copy; nothing may stand for no bytes. */
static uint8_t *put(uint8_t *at, const void *data, size_t len)
{
	if (len)
		memcpy(at, data, len);
	return at + len;
}

void tmk_gate_pool_wire_put(uint8_t *out, const struct tmk_gate_job *job)
{
	size_t size = tmk_gate_pool_wire_size(job);
	struct tmk_gate_pool_head head = {
		TMK_GATE_POOL_JOB, (uint32_t)(size - sizeof(head))
	};
	struct job_head h = {
		.type = (uint32_t)job->type, .hex = (uint32_t)job->hex,
		.extras = (uint32_t)job->extras, .len = (uint32_t)job->len,
		.rule = job->rule
	};
	int i;

	for (i = 0; i < job->extras; i++)
		h.extra[i] = (uint32_t)job->extra[i].len;
	out = put(out, &head, sizeof(head));
	out = put(out, &h, sizeof(h));
	out = put(out, job->data, job->len);
	for (i = 0; i < job->extras; i++)
		out = put(out, job->extra[i].data, job->extra[i].len);
}

static int bad_job(struct tmk_err *err)
{
	return tmk_err_set(err, TMK_INTERNAL,
			   "a job came broken to the process that judges");
}

int tmk_gate_pool_wire_job(struct tmk_gate_job *out, const uint8_t *body,
			   size_t len, struct tmk_err *err)
{
	struct tmk_gate_job job = { 0 };
	struct job_head h;
	uint32_t i;

	if (len < sizeof(h))
		return bad_job(err);
	memcpy(&h, body, sizeof(h));
	body += sizeof(h);
	len -= sizeof(h);
	if (!is_type(h.type) || h.extras > TMK_GATE_EXTRAS_MAX || h.len > len)
		return bad_job(err);
	job.type = (enum tmk_object_type)h.type;
	job.hex = h.hex;
	job.rule = h.rule;
	job.data = body;
	job.len = h.len;
	body += h.len;
	len -= h.len;
	for (i = 0; i < h.extras; i++) {
		if (h.extra[i] > len)
			return bad_job(err);
		job.extra[i].data = body;
		job.extra[i].len = h.extra[i];
		body += h.extra[i];
		len -= h.extra[i];
	}
	job.extras = (int)h.extras;
	if (len)
		return bad_job(err);
	*out = job;
	return 0;
}

/* ---- answers ------------------------------------------------------------ */

struct answer_head {
	uint16_t reason, signers;
	uint16_t text, hint;	/* bytes, without a NUL */
	struct tmk_oid tree;
	uint8_t zero;
};

struct signer_head {
	int64_t time;
	uint16_t who, key, issuer, chain, tsa;
	uint8_t stamped, vouched;
	uint32_t zero;
};

_Static_assert(sizeof(struct tmk_gate_answer) + sizeof(struct answer_head) +
	       TMK_SIGNATURES_MAX * sizeof(struct signer_head) <=
	       TMK_GATE_POOL_ANSWER_MAX, "the largest answer fits");

_Static_assert(sizeof(struct answer_head) == 8 + sizeof(struct tmk_oid) + 1 &&
	       sizeof(struct signer_head) == 24, "no byte is left unsaid");

/* The head goes before what was put behind `at`. */
static int close_record(struct tmk_buf *out, size_t at, uint32_t magic,
			struct tmk_err *err)
{
	struct tmk_gate_pool_head head = {
		magic, (uint32_t)(out->len - at - sizeof(head))
	};

	if (out->len - at > TMK_GATE_POOL_ANSWER_MAX)
		return tmk_err_set(err, TMK_INTERNAL, "an answer is too long");
	memcpy(out->data + at, &head, sizeof(head));
	return 0;
}

static int add_signer(struct tmk_buf *out, const struct tmk_gate_signer *s)
{
	struct signer_head h = {
		.time = s->time, .who = (uint16_t)strlen(s->who),
		.key = (uint16_t)strlen(s->key),
		.issuer = (uint16_t)strlen(s->issuer),
		.chain = (uint16_t)strlen(s->chain),
		.tsa = (uint16_t)strlen(s->tsa), .stamped = s->stamped,
		.vouched = s->vouched
	};

	if (tmk_buf_add(out, &h, sizeof(h)) < 0 ||
	    tmk_buf_add(out, s->who, h.who) < 0 ||
	    tmk_buf_add(out, s->key, h.key) < 0 ||
	    tmk_buf_add(out, s->issuer, h.issuer) < 0 ||
	    tmk_buf_add(out, s->chain, h.chain) < 0)
		return -1;
	return tmk_buf_add(out, s->tsa, h.tsa);
}

int tmk_gate_pool_wire_answer(struct tmk_buf *out,
			      const struct tmk_gate_answer *answer,
			      struct tmk_err *err)
{
	static const struct tmk_gate_pool_head none;
	struct answer_head h = {
		.reason = (uint16_t)answer->v.reason,
		.signers = (uint16_t)answer->signers,
		.text = (uint16_t)strlen(answer->v.text),
		.hint = (uint16_t)strlen(answer->v.hint),
		.tree = answer->tree
	};
	size_t at = out->len;
	int i;

	if (tmk_buf_add(out, &none, sizeof(none)) < 0 ||
	    tmk_buf_add(out, &h, sizeof(h)) < 0 ||
	    tmk_buf_add(out, answer->v.text, h.text) < 0 ||
	    tmk_buf_add(out, answer->v.hint, h.hint) < 0)
		return tmk_err_nomem(err);
	for (i = 0; i < answer->signers; i++)
		if (add_signer(out, &answer->signer[i]) < 0)
			return tmk_err_nomem(err);
	return close_record(out, at, TMK_GATE_POOL_ANSWER, err);
}

int tmk_gate_pool_wire_failed(struct tmk_buf *out, const struct tmk_err *why,
			      struct tmk_err *err)
{
	static const struct tmk_gate_pool_head none;
	uint16_t text[2] = {
		(uint16_t)strlen(why->text), (uint16_t)strlen(why->hint)
	};
	size_t at = out->len;

	if (tmk_buf_add(out, &none, sizeof(none)) < 0 ||
	    tmk_buf_add(out, text, sizeof(text)) < 0 ||
	    tmk_buf_add(out, why->text, text[0]) < 0 ||
	    tmk_buf_add(out, why->hint, text[1]) < 0)
		return tmk_err_nomem(err);
	return close_record(out, at, TMK_GATE_POOL_FAILED, err);
}

/* ---- reading what a child says ------------------------------------------ */

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static void take(struct reader *r, void *out, size_t len)
{
	r->bad = r->bad || len > r->left;
	if (r->bad)
		return;
	memcpy(out, r->at, len);
	r->at += len;
	r->left -= len;
}

/* Whether escaping would leave this text as it is. Most are plain ASCII. */
static bool is_shown(const char *text, size_t len)
{
	char shown[1024];
	size_t i = 0;

	while (i < len && text[i] >= ' ' && text[i] <= '~' && text[i] != '[')
		i++;
	if (i == len)
		return true;
	tmk_enc_line_into(shown, sizeof(shown), text, len);
	return strlen(text) == len && !strcmp(shown, text);
}

/* A text of `len` bytes into an array of `size` bytes, NUL behind. */
static void take_text(struct reader *r, char *out, size_t size, size_t len)
{
	r->bad = r->bad || len >= size;
	take(r, out, r->bad ? 0 : len);
	if (r->bad)
		return;
	out[len] = '\0';
	/* what reaches a terminal or a log is what escaping left */
	r->bad = !is_shown(out, len);
}

static void take_signer(struct reader *r, struct tmk_gate_signer *s)
{
	struct signer_head h = { 0 };

	take(r, &h, sizeof(h));
	s->time = h.time;
	s->stamped = h.stamped == 1;
	s->vouched = h.vouched == 1;
	r->bad = r->bad || h.stamped > 1 || h.vouched > 1 || h.zero;
	take_text(r, s->who, sizeof(s->who), h.who);
	take_text(r, s->key, sizeof(s->key), h.key);
	take_text(r, s->issuer, sizeof(s->issuer), h.issuer);
	take_text(r, s->chain, sizeof(s->chain), h.chain);
	take_text(r, s->tsa, sizeof(s->tsa), h.tsa);
}

/* An id, or none: what is beyond its length is zero. */
static bool good_tree(const struct tmk_oid *tree)
{
	size_t i;

	if (tree->len != 0 && tree->len != 20 && tree->len != TMK_OID_BYTES)
		return false;
	for (i = tree->len; i < TMK_OID_BYTES; i++)
		if (tree->id[i])
			return false;
	return true;
}

static int nonsense(struct tmk_err *err)
{
	return tmk_err_set(err, TMK_INTERNAL,
			   "the process that judges gave an answer that is "
			   "none");
}

int tmk_gate_pool_wire_read(struct tmk_gate_answer *out, const uint8_t *body,
			    size_t len, struct tmk_err *err)
{
	struct reader r = { body, len, false };
	struct answer_head h = { 0 };
	int i;

	memset(out, 0, sizeof(*out));
	take(&r, &h, sizeof(h));
	if (r.bad || h.reason >= TMK_REASON_COUNT ||
	    h.signers > TMK_SIGNATURES_MAX || !good_tree(&h.tree) || h.zero)
		return nonsense(err);
	out->v.reason = (enum tmk_reason)h.reason;
	out->tree = h.tree;
	take_text(&r, out->v.text, sizeof(out->v.text), h.text);
	take_text(&r, out->v.hint, sizeof(out->v.hint), h.hint);
	/* a refusal says what is wrong and what to do */
	if (h.reason != TMK_GOOD && (!h.text || !h.hint))
		return nonsense(err);
	for (i = 0; !r.bad && i < h.signers; i++)
		take_signer(&r, &out->signer[i]);
	if (r.bad || r.left)
		return nonsense(err);
	out->signers = h.signers;
	return 0;
}

int tmk_gate_pool_wire_read_failed(const uint8_t *body, size_t len,
				   struct tmk_err *err)
{
	struct reader r = { body, len, false };
	uint16_t size[2] = { 0 };
	struct tmk_err why = TMK_ERR_INIT;

	take(&r, size, sizeof(size));
	take_text(&r, why.text, sizeof(why.text), size[0]);
	take_text(&r, why.hint, sizeof(why.hint), size[1]);
	if (r.bad || r.left || !size[0])
		return nonsense(err);
	tmk_err_set(err, TMK_INTERNAL, "%s", why.text);
	return size[1] ? tmk_err_hint(err, "%s", why.hint) : -1;
}
