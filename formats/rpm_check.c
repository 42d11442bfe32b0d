#include "formats/rpm_package.h"

#include <inttypes.h>
#include <string.h>

#include "base/enc.h"

/* What is being checked. */
struct checking {
	struct tmk_rpm *rpm;
	struct tmk_rpm_sums sums;
	struct tmk_verdict *v;
	struct tmk_err *err;
};

#define malformed(c, ...) \
	tmk_verdict_refuse((c)->v, TMK_OBJECT_MALFORMED, __VA_ARGS__)

static int bad_tag(const struct checking *c, uint32_t tag)
{
	return malformed(c, "tag %u is not what such a tag holds", tag);
}

static int get(uint8_t *out, size_t len, const struct checking *c,
	       const struct tmk_rpm_header *h, const struct tmk_rpm_entry *e)
{
	return tmk_rpm_file_get(out, len, &c->rpm->file, h->data + e->offset,
				c->err);
}

/* ---- sizes ------------------------------------------------------------ */

/* A size of one kind, when there is one: it must be `is`. */
static int check_size(const struct checking *c, const struct tmk_rpm_header *h,
		      uint32_t tag, uint64_t is)
{
	const struct tmk_rpm_entry *e = tmk_rpm_header_find(h, tag);
	bool wide = tag != TMK_RPM_SIG_SIZE;
	uint8_t number[8];
	uint64_t says;

	if (!e || c->v->reason != TMK_GOOD)
		return 0;
	if (e->count != 1 || e->type != (wide ? TMK_RPM_INT64 : TMK_RPM_INT32))
		return bad_tag(c, tag);
	if (get(number, e->len, c, h, e))
		return -1;
	says = wide ? tmk_rpm_be64(number) : tmk_rpm_be32(number);
	if (says != is)
		return tmk_verdict_refuse(c->v, TMK_CONTENT_MISMATCH,
			"the package says that it has %" PRIu64 " bytes where "
			"it has %" PRIu64, says, is);
	return 0;
}

/* ---- digests ---------------------------------------------------------- */

/* The digest that stands as hex under `tag`, as the only string there; *there
 * tells whether it is. */
static int get_hex(uint8_t *want, bool *there, const struct checking *c,
		   const struct tmk_rpm_header *h, uint32_t tag,
		   enum tmk_rpm_sum_kind kind)
{
	const struct tmk_rpm_entry *e = tmk_rpm_header_find(h, tag);
	size_t len = tmk_rpm_sum_len(kind);
	uint8_t hex[2 * TMK_RPM_SUM_MAX + 1];

	*there = e != NULL;
	if (!e)
		return 0;
	if ((e->type != TMK_RPM_STRING && e->type != TMK_RPM_STRINGS) ||
	    e->count != 1 || e->len != 2 * len + 1)
		return bad_tag(c, tag);
	if (get(hex, e->len, c, h, e))
		return -1;
	if (tmk_dec_hex(want, len, (const char *)hex, 2 * len))
		return bad_tag(c, tag);
	return 0;
}

static int add_hex(struct checking *c, const struct tmk_rpm_header *h,
		   uint32_t tag, enum tmk_rpm_sum_kind kind,
		   enum tmk_rpm_sum_over over)
{
	uint8_t want[TMK_RPM_SUM_MAX];
	bool there;

	if (c->v->reason != TMK_GOOD)
		return 0;
	if (get_hex(want, &there, c, h, tag, kind))
		return -1;
	if (!there || c->v->reason != TMK_GOOD)
		return 0;
	if (over == TMK_RPM_OVER_PAYLOAD && tmk_rpm_sum_strong(kind)) {
		c->rpm->payload_kind = kind;
		memcpy(c->rpm->payload_sum, want, tmk_rpm_sum_len(kind));
	}
	return tmk_rpm_sums_add(&c->sums, kind, over, want, c->err);
}

static int add_md5(struct checking *c)
{
	const struct tmk_rpm_header *h = &c->rpm->sig;
	const struct tmk_rpm_entry *e =
		tmk_rpm_header_find(h, TMK_RPM_SIG_MD5);
	uint8_t want[TMK_RPM_SUM_MAX];

	if (!e || c->v->reason != TMK_GOOD)
		return 0;
	if (e->type != TMK_RPM_BIN || e->len != tmk_rpm_sum_len(TMK_RPM_MD5))
		return bad_tag(c, TMK_RPM_SIG_MD5);
	if (get(want, e->len, c, h, e))
		return -1;
	return tmk_rpm_sums_add(&c->sums, TMK_RPM_MD5, TMK_RPM_OVER_BOTH, want,
				c->err);
}

/* The digest of the payload whose algorithm stands beside it. */
static int add_payload(struct checking *c)
{
	const struct tmk_rpm_header *h = &c->rpm->main;
	const struct tmk_rpm_entry *e =
		tmk_rpm_header_find(h, TMK_RPM_PAYLOAD_ALGORITHM);
	enum tmk_rpm_sum_kind kind;
	uint8_t number[4];

	if (c->v->reason != TMK_GOOD ||
	    !tmk_rpm_header_find(h, TMK_RPM_PAYLOAD_DIGEST))
		return 0;
	if (!e && c->rpm->format == TMK_RPM_FORMAT)
		return add_hex(c, h, TMK_RPM_PAYLOAD_DIGEST, TMK_RPM_SHA256,
			       TMK_RPM_OVER_PAYLOAD);
	if (!e || e->type != TMK_RPM_INT32 || e->count != 1)
		return bad_tag(c, TMK_RPM_PAYLOAD_ALGORITHM);
	if (get(number, sizeof(number), c, h, e))
		return -1;
	kind = tmk_rpm_sum_of(tmk_rpm_be32(number));
	if (!kind)
		return tmk_verdict_refuse(c->v, TMK_DIGEST_WEAK,
			"the payload's digest is of algorithm %u, which is "
			"not accepted", tmk_rpm_be32(number));
	return add_hex(c, h, TMK_RPM_PAYLOAD_DIGEST, kind,
		       TMK_RPM_OVER_PAYLOAD);
}

static int add_all(struct checking *c)
{
	const struct tmk_rpm *rpm = c->rpm;

	/* The first one is remembered: what is read later must be it again. */
	if (tmk_rpm_sums_add(&c->sums, TMK_RPM_SHA256, TMK_RPM_OVER_HEADER,
			     NULL, c->err) ||
	    add_hex(c, &rpm->sig, TMK_RPM_SIG_SHA1, TMK_RPM_SHA1,
		    TMK_RPM_OVER_HEADER) ||
	    add_hex(c, &rpm->sig, TMK_RPM_SIG_SHA256, TMK_RPM_SHA256,
		    TMK_RPM_OVER_HEADER) ||
	    add_hex(c, &rpm->sig, TMK_RPM_SIG_SHA3_256, TMK_RPM_SHA3_256,
		    TMK_RPM_OVER_HEADER) ||
	    add_md5(c) || add_payload(c) ||
	    add_hex(c, &rpm->main, TMK_RPM_PAYLOAD_SHA512, TMK_RPM_SHA512,
		    TMK_RPM_OVER_PAYLOAD) ||
	    add_hex(c, &rpm->main, TMK_RPM_PAYLOAD_SHA3_256, TMK_RPM_SHA3_256,
		    TMK_RPM_OVER_PAYLOAD))
		return -1;
	return 0;
}

/* Whether a signature of the main header says anything of the payload. */
static int check_coverage(const struct checking *c)
{
	const struct tmk_rpm *rpm = c->rpm;

	if (c->v->reason != TMK_GOOD || rpm->payload_kind)
		return 0;
	if (tmk_rpm_header_find(&rpm->main, TMK_RPM_PAYLOAD_DIGEST)) {
		tmk_verdict_refuse(c->v, TMK_DIGEST_WEAK,
			"the payload's only digest is MD5 or SHA-1");
	} else {
		malformed(c, "the main header has no digest of the payload, "
			  "so that a signature would not cover it");
	}
	return tmk_verdict_hint(c->v, "build the package again with rpm 4.14 "
				"or newer");
}

/* ---- the bytes -------------------------------------------------------- */

int tmk_rpm_stream(struct tmk_rpm *rpm, bool whole, struct tmk_rpm_sums *sums,
		   tmk_package_sink *sink, void *to, struct tmk_err *err)
{
	uint64_t at = rpm->main.at, end = whole ? rpm->file.size :
		rpm->main.end;
	const uint8_t *data;
	size_t have;

	while (at < end) {
		bool head = at < rpm->main.end;
		uint64_t stop = head ? rpm->main.end : end;

		if (tmk_rpm_file_look(&data, &have, &rpm->file, at, err))
			return -1;
		if (have > stop - at)
			have = (size_t)(stop - at);
		if (sums && tmk_rpm_sums_update(sums, head ?
						TMK_RPM_OVER_HEADER :
						TMK_RPM_OVER_PAYLOAD, data,
						have, err))
			return -1;
		if (sink && sink(to, data, have, err))
			return -1;
		at += have;
	}
	return 0;
}

int tmk_rpm_check(struct tmk_rpm *rpm, struct tmk_verdict *v,
		  struct tmk_err *err)
{
	struct checking c = { rpm, { .n = 0 }, v, err };
	uint64_t payload = rpm->file.size - rpm->main.end;
	uint64_t both = rpm->file.size - rpm->main.at;
	int rc = -1;

	if (check_size(&c, &rpm->sig, TMK_RPM_SIG_SIZE, both) ||
	    check_size(&c, &rpm->sig, TMK_RPM_SIG_LONGSIZE, both) ||
	    check_size(&c, &rpm->main, TMK_RPM_PAYLOAD_SIZE, payload))
		goto out;
	if (v->reason == TMK_GOOD && (add_all(&c) || check_coverage(&c)))
		goto out;
	rc = 0;
	if (v->reason != TMK_GOOD)
		goto out;
	rc = tmk_rpm_stream(rpm, true, &c.sums, NULL, NULL, err);
	if (!rc)
		rc = tmk_rpm_sums_check(&c.sums, v, err);
	if (!rc)
		memcpy(rpm->header_sum, c.sums.sum[0].want,
		       tmk_rpm_sum_len(TMK_RPM_SHA256));
out:
	tmk_rpm_sums_release(&c.sums);
	return rc;
}

int tmk_rpm_content(struct tmk_rpm *rpm, bool whole, tmk_package_sink *sink,
		    void *to, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_rpm_sums sums = { .n = 0 };
	int rc = tmk_rpm_sums_add(&sums, TMK_RPM_SHA256, TMK_RPM_OVER_HEADER,
				  rpm->header_sum, err);

	if (!rc && whole)
		rc = tmk_rpm_sums_add(&sums, rpm->payload_kind,
				      TMK_RPM_OVER_PAYLOAD, rpm->payload_sum,
				      err);
	if (!rc)
		rc = tmk_rpm_stream(rpm, whole, &sums, sink, to, err);
	if (!rc)
		rc = tmk_rpm_sums_check(&sums, &v, err);
	if (!rc && v.reason != TMK_GOOD)
		rc = tmk_err_set(err, TMK_INPUT,
				 "the package was changed while it was read");
	tmk_rpm_sums_release(&sums);
	return rc;
}
