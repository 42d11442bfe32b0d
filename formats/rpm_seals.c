#include "formats/rpm_package.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "formats/packets.h"
#include "iface/seal.h"

#define ARRAY_MAX (4 * TMK_SEAL_MAX)	/* bytes of all that stand in one tag */

/* Where signatures stand, in the order of their tags. */
static const struct place {
	uint32_t tag;
	const char *role;
} places[] = {
	{ TMK_RPM_SIG_DSA, "dsa" },
	{ TMK_RPM_SIG_RSA, "rsa" },
	{ TMK_RPM_SIG_OPENPGP, "openpgp" },
	{ TMK_RPM_SIG_PGP, "rsa-payload" },
	{ TMK_RPM_SIG_GPG, "dsa-payload" },
};

#define PLACES (sizeof(places) / sizeof(places[0]))

#define malformed(v, ...) \
	tmk_verdict_refuse((v), TMK_OBJECT_MALFORMED, __VA_ARGS__)

/* Make room for one more seal; NULL with the refusal when there is none. */
static struct tmk_buf *next_seal(struct tmk_rpm *rpm, const struct place *place,
				 struct tmk_verdict *v)
{
	int n = rpm->package.seals;

	if (n == TMK_PACKAGE_SEALS) {
		tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the package has "
				   "more than %d signatures",
				   TMK_PACKAGE_SEALS);
		return NULL;
	}
	tmk_buf_init(&rpm->bytes[n], TMK_SEAL_MAX);
	rpm->tag[n] = place->tag;
	snprintf(rpm->package.seal[n].role, sizeof(rpm->package.seal[n].role),
		 "%s", place->role);
	rpm->package.seals = n + 1;
	return &rpm->bytes[n];
}

static int too_long(struct tmk_verdict *v)
{
	return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "a signature is "
				  "larger than %d bytes", TMK_SEAL_MAX);
}

/* A tag that holds one signature as it is. */
static int read_binary(struct tmk_rpm *rpm, const struct tmk_rpm_entry *e,
		       const struct place *place, struct tmk_verdict *v,
		       struct tmk_err *err)
{
	struct tmk_buf *bytes;
	uint8_t *to;

	if (e->type != TMK_RPM_BIN)
		return malformed(v, "the %s signature is no bytes",
				 place->role);
	if (e->len > TMK_SEAL_MAX)
		return too_long(v);
	bytes = next_seal(rpm, place, v);
	if (!bytes)
		return 0;
	to = tmk_buf_reserve(bytes, e->len);
	if (!to)
		return tmk_err_nomem(err);
	if (tmk_rpm_file_get(to, e->len, &rpm->file,
			     rpm->sig.data + e->offset, err))
		return -1;
	tmk_buf_commit(bytes, e->len);
	return 0;
}

/* One text of the tag that holds any number of them, in base64. */
static int read_text(struct tmk_rpm *rpm, const char *text, size_t len,
		     const struct place *place, struct tmk_verdict *v,
		     struct tmk_err *err)
{
	struct tmk_buf *bytes;

	if (len / 4 * 3 > TMK_SEAL_MAX)
		return too_long(v);
	bytes = next_seal(rpm, place, v);
	if (!bytes)
		return 0;
	if (!tmk_buf_reserve(bytes, len / 4 * 3 + 1))
		return tmk_err_nomem(err);
	if (!len || memchr(text, '\n', len) ||
	    tmk_dec_base64(bytes, text, len))
		return malformed(v, "an OpenPGP signature is not in canonical "
				 "base64");
	return 0;
}

static int read_texts(struct tmk_rpm *rpm, const struct tmk_rpm_entry *e,
		      const struct place *place, struct tmk_verdict *v,
		      struct tmk_err *err)
{
	uint8_t *all;
	const char *at;
	uint32_t i;
	int rc = 0;

	if (e->type != TMK_RPM_STRINGS)
		return malformed(v, "the OpenPGP signatures are no texts");
	if (e->len > ARRAY_MAX)
		return too_long(v);
	all = malloc(e->len);
	if (!all)
		return tmk_err_nomem(err);
	rc = tmk_rpm_file_get(all, e->len, &rpm->file,
			      rpm->sig.data + e->offset, err);
	/* What is read twice can differ: the last NUL is ours. */
	all[e->len - 1] = '\0';
	at = (const char *)all;
	for (i = 0; !rc && v->reason == TMK_GOOD && i < e->count &&
	     at < (const char *)all + e->len; i++) {
		size_t len = strlen(at);

		rc = read_text(rpm, at, len, place, v, err);
		at += len + 1;
	}
	free(all);
	return rc;
}

int tmk_rpm_seals_read(struct tmk_rpm *rpm, struct tmk_verdict *v,
		       struct tmk_err *err)
{
	size_t i;
	int n, rc = 0;

	for (i = 0; !rc && v->reason == TMK_GOOD && i < PLACES; i++) {
		const struct tmk_rpm_entry *e =
			tmk_rpm_header_find(&rpm->sig, places[i].tag);

		if (e)
			rc = places[i].tag == TMK_RPM_SIG_OPENPGP ?
				read_texts(rpm, e, &places[i], v, err) :
				read_binary(rpm, e, &places[i], v, err);
	}
	for (n = 0; n < rpm->package.seals; n++) {
		rpm->package.seal[n].data = rpm->bytes[n].data;
		rpm->package.seal[n].len = rpm->bytes[n].len;
	}
	return rc;
}

/* ---- a new one -------------------------------------------------------- */

static bool is_rsa(const struct tmk_packet *packet)
{
	return packet->algorithm >= 1 && packet->algorithm <= 3;
}

static int no_place(const char *role, struct tmk_err *err)
{
	tmk_err_set(err, TMK_USAGE, "this signature cannot be the \"%s\" one "
		    "of an rpm", role);
	return tmk_err_hint(err, "leave out --role: the place follows from "
			    "the key and the package");
}

int tmk_rpm_seals_place(uint32_t *tag, const struct tmk_rpm *rpm,
			const struct tmk_package_change *change,
			struct tmk_err *err)
{
	struct tmk_packet packet = { NULL, 0, 0, 0, 0 };
	const char *why = "is not one signature";
	uint32_t own;

	if (tmk_packets_split(&packet, 1, change->data, change->len,
			      &why) != 1)
		return tmk_err_set(err, TMK_INPUT, "the signature %s", why);
	if (packet.version != 4 && packet.version != 6)
		return tmk_err_set(err, TMK_INPUT, "the signature is of "
				   "version %d", packet.version);
	own = is_rsa(&packet) ? TMK_RPM_SIG_RSA : TMK_RPM_SIG_DSA;
	if (!change->role)
		*tag = rpm->format == TMK_RPM_FORMAT || packet.version == 6 ?
			TMK_RPM_SIG_OPENPGP : own;
	else if (!strcmp(change->role, "openpgp"))
		*tag = TMK_RPM_SIG_OPENPGP;
	else if (packet.version == 4 && !strcmp(change->role,
			own == TMK_RPM_SIG_RSA ? "rsa" : "dsa"))
		*tag = own;
	else
		return no_place(change->role, err);
	return 0;
}
