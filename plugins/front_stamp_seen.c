#include "plugins/front_stamp_seen.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "base/enc.h"
#include "plugins/front_stamp_memory.h"
#include "plugins/front_state.h"
#include "x509/tst.h"

#define NAME "tsa.certs"
#define FIRST_LINE "touchmark tsa.certs 1\n"
#define CERT_MAX 8192		/* bytes of one, DER */
#define FILE_MAX (TMK_STAMP_SEEN_MAX * (CERT_MAX / 3 * 4 + 128))
#define SAME_FOR 3600		/* s for which the same one is not written */
#define LATEST (INT64_MAX / 100)	/* a time may be */

struct entry {
	char id[TMK_STAMP_MEMORY_ID];
	int64_t seen;
	X509 *cert;
};

struct tmk_stamp_seen {
	char *path;		/* NULL: nowhere */
	struct entry entry[TMK_STAMP_SEEN_MAX];
	int n;
};

static void forget(struct tmk_stamp_seen *s)
{
	while (s->n)
		X509_free(s->entry[--s->n].cert);
}

void tmk_front_stamp_seen_free(struct tmk_stamp_seen *s)
{
	if (!s)
		return;
	forget(s);
	free(s->path);
	free(s);
}

const char *tmk_front_stamp_seen_path(const struct tmk_stamp_seen *s)
{
	return s->path ? s->path : "";
}

/* ---- a line -------------------------------------------------------------- */

/* "ID SECONDS BASE64\n" */
static int put_line(struct tmk_buf *out, const struct entry *e)
{
	uint8_t *der = NULL;
	int len = i2d_X509(e->cert, &der), rc;

	if (len <= 0)
		return -1;
	rc = len > CERT_MAX ||
		tmk_buf_printf(out, "%s %" PRId64 " ", e->id, e->seen) ||
		tmk_enc_base64(out, der, (size_t)len, 0) ||
		tmk_buf_addch(out, '\n');
	OPENSSL_free(der);
	return rc ? -1 : 0;
}

static X509 *read_cert(const char *text, size_t len)
{
	struct tmk_buf der = TMK_BUF_INIT(CERT_MAX);
	const unsigned char *p;
	X509 *cert = NULL;

	if (!tmk_dec_base64(&der, text, len) && der.len) {
		p = der.data;
		ERR_set_mark();
		cert = d2i_X509(NULL, &p, (long)der.len);
		ERR_pop_to_mark();
		if (cert && p != der.data + der.len) {
			X509_free(cert);
			cert = NULL;
		}
	}
	tmk_buf_release(&der);
	return cert;
}

static bool read_line(struct entry *e, const char **at)
{
	const char *p = *at + strspn(*at, "0123456789abcdef");
	size_t len;

	if (p - *at != TMK_STAMP_MEMORY_ID - 1 || *p++ != ' ')
		return false;
	memcpy(e->id, *at, TMK_STAMP_MEMORY_ID - 1);
	e->id[TMK_STAMP_MEMORY_ID - 1] = '\0';
	if (!tmk_front_state_number(&e->seen, &p, ' ', LATEST))
		return false;
	len = strcspn(p, "\n");
	if (p[len] != '\n')
		return false;
	e->cert = read_cert(p, len);
	*at = p + len + 1;
	return e->cert != NULL;
}

/* ---- the file -------------------------------------------------------------- */

/* All of it, or nothing. */
static int read_lines(struct tmk_stamp_seen *s, const struct tmk_buf *text,
		      struct tmk_err *err)
{
	const char *p = tmk_buf_str(text), *end = p + text->len;
	size_t first = strlen(FIRST_LINE);
	bool good = text->len >= first && !memcmp(p, FIRST_LINE, first);

	for (p += good ? first : 0; good && p < end; s->n++) {
		good = s->n < TMK_STAMP_SEEN_MAX &&
			read_line(&s->entry[s->n], &p);
		if (!good)
			break;
	}
	if (good)
		return 0;
	forget(s);
	return tmk_err_set(err, TMK_INPUT, "%s: not what was written there",
			   s->path);
}

static int load(struct tmk_stamp_seen *s, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_MAX);
	int rc = tmk_front_state_read(&text, s->path, err);

	if (!rc)
		rc = read_lines(s, &text, err);
	tmk_buf_release(&text);
	return rc < 0 ? -1 : 0;
}

static void save(const struct tmk_stamp_seen *s)
{
	struct tmk_buf text = TMK_BUF_INIT(FILE_MAX);
	int i, rc = tmk_buf_addstr(&text, FIRST_LINE);

	for (i = 0; !rc && i < s->n; i++)
		rc = put_line(&text, &s->entry[i]);
	if (!rc)
		rc = tmk_front_state_write(s->path, text.data, text.len, NULL);
	(void)rc;	/* what cannot be kept is not remembered */
	tmk_buf_release(&text);
}

static struct tmk_stamp_seen *new_seen(void)
{
	struct tmk_stamp_seen *s = calloc(1, sizeof(*s));

	if (s)
		s->path = tmk_front_state_path(NAME, false);
	return s;
}

int tmk_front_stamp_seen_read(struct tmk_stamp_seen **out,
			      struct tmk_err *err)
{
	struct tmk_stamp_seen *s = new_seen();

	if (!s)
		return tmk_err_nomem(err);
	if (s->path && load(s, err)) {
		tmk_front_stamp_seen_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

/* ---- one authority ----------------------------------------------------------- */

static struct entry *find(struct tmk_stamp_seen *s, const char *id)
{
	int i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->entry[i].id, id))
			return &s->entry[i];
	return NULL;
}

X509 *tmk_front_stamp_seen_get(int64_t *when, const struct tmk_stamp_seen *s,
			       const char *name)
{
	char id[TMK_STAMP_MEMORY_ID];
	int i;

	tmk_front_stamp_memory_id(id, &name, 1);
	for (i = 0; i < s->n; i++) {
		if (strcmp(s->entry[i].id, id) != 0)
			continue;
		*when = s->entry[i].seen;
		return s->entry[i].cert;
	}
	return NULL;
}

/* Its entry, or a free one; what was seen longest ago makes room. */
static struct entry *entry_of(struct tmk_stamp_seen *s, const char *id)
{
	struct entry *e = find(s, id);
	int i;

	if (e)
		return e;
	if (s->n < TMK_STAMP_SEEN_MAX) {
		e = &s->entry[s->n++];
	} else {
		e = &s->entry[0];
		for (i = 1; i < s->n; i++)
			if (s->entry[i].seen < e->seen)
				e = &s->entry[i];
		X509_free(e->cert);
	}
	memset(e, 0, sizeof(*e));
	memcpy(e->id, id, TMK_STAMP_MEMORY_ID);
	return e;
}

/* Whether there is anything new in it. */
static bool is_news(struct tmk_stamp_seen *s, const char *id, X509 *cert,
		    int64_t now)
{
	const struct entry *e = find(s, id);

	return !e || X509_cmp(e->cert, cert) != 0 || now < e->seen ||
		now - e->seen >= SAME_FOR;
}

void tmk_front_stamp_seen_note(const char *name, const uint8_t *token,
			       size_t len, int64_t now)
{
	struct tmk_stamp_seen *s = new_seen();
	char id[TMK_STAMP_MEMORY_ID];
	X509 *cert = NULL;
	struct entry *e;

	if (!s || !s->path || tmk_tst_signer(&cert, token, len, NULL) ||
	    i2d_X509(cert, NULL) > CERT_MAX)
		goto out;
	tmk_front_stamp_memory_id(id, &name, 1);
	if (load(s, NULL))
		forget(s);	/* damaged: begun anew */
	if (!is_news(s, id, cert, now))
		goto out;
	e = entry_of(s, id);
	X509_free(e->cert);
	e->cert = cert;
	e->seen = now;
	cert = NULL;
	save(s);
out:
	X509_free(cert);
	tmk_front_stamp_seen_free(s);
}
