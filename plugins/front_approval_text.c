#include "plugins/front_approval_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/enc.h"
#include "plugins/front_spki.h"
#include "x509/digest.h"

#define TITLE "touchmark signing request 1\n"
#define NOTHING "-"
#define HEX "0123456789abcdef"
#define APPROVALS_MAX 99
#define SPACE_BYTES 256		/* of a namespace: escaped, all of it fits */

static const struct {
	const char *name;
	enum tmk_hash hash;
	size_t len;
} hashes[] = {
	{ "sha256", TMK_SHA256, 32 },
	{ "sha384", TMK_SHA384, 48 },
	{ "sha512", TMK_SHA512, 64 },
	{ "blake2b512", TMK_BLAKE2B512, 64 },
};
#define HASHES (sizeof(hashes) / sizeof(*hashes))

const char *tmk_approval_text_hash(enum tmk_hash hash)
{
	size_t i;

	for (i = 0; i < HASHES; i++)
		if (hashes[i].hash == hash)
			return hashes[i].name;
	return "";
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, HEX) == len;
}

bool tmk_approval_text_id_ok(const char *id)
{
	return is_hex(id, TMK_APPROVAL_ID - 1);
}

int tmk_approval_text_id(char id[TMK_APPROVAL_ID], const uint8_t *data,
			 size_t len, struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n;

	if (tmk_digest_bytes(TMK_SHA256, data, len, digest, &n, err))
		return -1;
	tmk_enc_hex(id, digest, (TMK_APPROVAL_ID - 1) / 2);
	return 0;
}

/* ---- from a use ------------------------------------------------------------- */

static void show(char *out, size_t size, const char *text)
{
	*out = '\0';
	if (text)
		tmk_enc_show_into(out, size, text, strlen(text));
	/* What says nothing is written so; this one says something. */
	if (!strcmp(out, NOTHING))
		snprintf(out, size, "\\x2d");
}

int tmk_approval_text_fill(struct tmk_approval_text *out,
			   const struct tmk_front_use *use,
			   const char *requester, int64_t now,
			   struct tmk_err *err)
{
	struct tmk_approval_text *t = out;
	uint8_t chance[16];

	memset(t, 0, sizeof(*t));
	if (!*tmk_approval_text_hash(use->hash) || !use->digest_len ||
	    use->digest_len > sizeof(t->digest) ||
	    use->trailer_len > sizeof(t->trailer) || !use->section ||
	    (use->name_space && strlen(use->name_space) > SPACE_BYTES))
		return tmk_err_set(err, TMK_USAGE, "this use of the key has "
				   "no digest that could be approved");
	if (RAND_bytes(chance, sizeof(chance)) != 1)
		return tmk_err_set(err, TMK_INTERNAL, "no random numbers");
	tmk_enc_hex(t->nonce, chance, sizeof(chance));
	if (tmk_front_spki_same(t->spki, use->spki, use->spki_len, err))
		return -1;
	show(t->what, sizeof(t->what), use->what);
	show(t->requester, sizeof(t->requester), requester);
	show(t->key, sizeof(t->key), use->key);
	show(t->format, sizeof(t->format), use->format);
	show(t->name_space, sizeof(t->name_space), use->name_space);
	show(t->artefact, sizeof(t->artefact), use->artefact);
	show(t->content, sizeof(t->content), use->content);
	t->hash = use->hash;
	memcpy(t->digest, use->digest, use->digest_len);
	t->digest_len = use->digest_len;
	if (use->trailer_len)
		memcpy(t->trailer, use->trailer, use->trailer_len);
	t->trailer_len = use->trailer_len;
	t->time = use->time;
	t->created = now;
	t->expires = now + use->section->approval_expiry;
	t->approvals = use->section->approvals;
	return 0;
}

/* ---- writing ---------------------------------------------------------------- */

static int add(struct tmk_buf *out, const char *name, const char *value)
{
	return tmk_buf_printf(out, "%s: %s\n", name, *value ? value : NOTHING);
}

static int add_bytes(struct tmk_buf *out, const char *name,
		     const uint8_t *data, size_t len)
{
	char hex[2 * TMK_APPROVAL_TRAILER + 1];

	tmk_enc_hex(hex, data, len);
	return add(out, name, hex);
}

static int add_time(struct tmk_buf *out, const char *name, int64_t t)
{
	char text[TMK_CLOCK_TEXT];

	return add(out, name, t == TMK_TIME_NONE ? "" :
		   tmk_clock_format(text, t));
}

int tmk_approval_text_write(struct tmk_buf *out,
			    const struct tmk_approval_text *text,
			    struct tmk_err *err)
{
	const struct tmk_approval_text *t = text;

	if (tmk_buf_addstr(out, TITLE) || add(out, "nonce", t->nonce) ||
	    add(out, "use", t->what) || add(out, "requester", t->requester) ||
	    add(out, "key", t->key) || add(out, "spki", t->spki) ||
	    add(out, "format", t->format) ||
	    add(out, "namespace", t->name_space) ||
	    add(out, "hash", tmk_approval_text_hash(t->hash)) ||
	    add_bytes(out, "digest", t->digest, t->digest_len) ||
	    add_bytes(out, "trailer", t->trailer, t->trailer_len) ||
	    add(out, "artefact", t->artefact) ||
	    add(out, "content", t->content) ||
	    add_time(out, "time", t->time) ||
	    add_time(out, "created", t->created) ||
	    add_time(out, "expires", t->expires) ||
	    tmk_buf_printf(out, "approvals: %d\n", t->approvals))
		return tmk_err_set(err, TMK_INPUT, "the request is too long");
	return 0;
}

/* ---- reading ---------------------------------------------------------------- */

struct reader {
	const char *at, *end;
	bool bad;
};

/* The next line's value, into `out` (of `size` bytes). */
static void get(struct reader *r, const char *name, char *out, size_t size)
{
	size_t n = strlen(name), len;
	const char *newline;

	*out = '\0';
	newline = r->bad ? NULL : memchr(r->at, '\n',
					 (size_t)(r->end - r->at));
	if (!newline || (size_t)(newline - r->at) < n + 2 ||
	    strncmp(r->at, name, n) || strncmp(r->at + n, ": ", 2)) {
		r->bad = true;
		return;
	}
	len = (size_t)(newline - r->at) - n - 2;
	if (!len || len >= size) {
		r->bad = true;
		return;
	}
	memcpy(out, r->at + n + 2, len);
	out[len] = '\0';
	r->at = newline + 1;
	if (!strcmp(out, NOTHING))
		*out = '\0';
}

static size_t get_bytes(struct reader *r, const char *name, uint8_t *out,
			size_t size)
{
	char hex[2 * TMK_APPROVAL_TRAILER + 1];
	size_t len;

	get(r, name, hex, sizeof(hex));
	len = strlen(hex);
	if (len % 2 || len / 2 > size || strspn(hex, HEX) != len ||
	    tmk_dec_hex(out, len / 2, hex, len)) {
		r->bad = true;
		return 0;
	}
	return len / 2;
}

static int64_t get_time(struct reader *r, const char *name)
{
	char text[TMK_CLOCK_TEXT];
	int64_t t = TMK_TIME_NONE;

	get(r, name, text, sizeof(text));
	if (*text && tmk_clock_parse(&t, text, NULL))
		r->bad = true;
	return t;
}

static void get_hash(struct reader *r, struct tmk_approval_text *t)
{
	char name[16];
	size_t i;

	get(r, "hash", name, sizeof(name));
	t->digest_len = get_bytes(r, "digest", t->digest, sizeof(t->digest));
	for (i = 0; i < HASHES; i++)
		if (!strcmp(hashes[i].name, name) &&
		    hashes[i].len == t->digest_len)
			t->hash = hashes[i].hash;
	r->bad |= !t->hash;
}

static void get_all(struct reader *r, struct tmk_approval_text *t)
{
	char number[8];

	get(r, "nonce", t->nonce, sizeof(t->nonce));
	get(r, "use", t->what, sizeof(t->what));
	get(r, "requester", t->requester, sizeof(t->requester));
	get(r, "key", t->key, sizeof(t->key));
	get(r, "spki", t->spki, sizeof(t->spki));
	get(r, "format", t->format, sizeof(t->format));
	get(r, "namespace", t->name_space, sizeof(t->name_space));
	get_hash(r, t);
	t->trailer_len = get_bytes(r, "trailer", t->trailer,
				   sizeof(t->trailer));
	get(r, "artefact", t->artefact, sizeof(t->artefact));
	get(r, "content", t->content, sizeof(t->content));
	t->time = get_time(r, "time");
	t->created = get_time(r, "created");
	t->expires = get_time(r, "expires");
	get(r, "approvals", number, sizeof(number));
	t->approvals = (int)strtol(number, NULL, 10);
	if (t->approvals < 1 || t->approvals > APPROVALS_MAX)
		r->bad = true;
}

/* One form alone: what would be written is what was read. That no value holds
 * what would have been escaped is seen by the escaping. */
static bool same_again(const struct tmk_approval_text *t, const uint8_t *data,
		       size_t len)
{
	struct tmk_buf b = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);
	bool same = !tmk_approval_text_write(&b, t, NULL) && b.len == len &&
		!memcmp(b.data, data, len);

	tmk_buf_release(&b);
	return same;
}

static bool is_shown(const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((data[i] < 0x20 && data[i] != '\n') || data[i] == 0x7f)
			return false;
	return tmk_enc_is_utf8((const char *)data, len);
}

int tmk_approval_text_read(struct tmk_approval_text *out, const uint8_t *data,
			   size_t len, struct tmk_err *err)
{
	const size_t title = sizeof(TITLE) - 1;
	struct tmk_approval_text *t = out;
	struct reader r = { NULL, NULL, false };

	memset(t, 0, sizeof(*t));
	if (len > TMK_APPROVAL_TEXT_MAX || len < title ||
	    memcmp(data, TITLE, title) || !is_shown(data, len))
		return tmk_err_set(err, TMK_INPUT, "this is no signing "
				   "request");
	r.at = (const char *)data + title;
	r.end = (const char *)data + len;
	get_all(&r, t);
	if (r.bad || r.at != r.end || !is_hex(t->nonce, 32) ||
	    !is_hex(t->spki, 64) || !*t->what || !*t->requester || !*t->key ||
	    t->created == TMK_TIME_NONE || t->expires == TMK_TIME_NONE ||
	    !same_again(t, data, len))
		return tmk_err_set(err, TMK_INPUT, "this is no signing "
				   "request");
	return 0;
}
