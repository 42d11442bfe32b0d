/*
 * cloud_wire.h - what the mock of cloud services reads and writes: HTTP, the
 * JSON and the forms of requests, base64, checksums.
 *
 * For t/mock/cloud-httpd.c alone. Written apart from what it tests, so that an
 * error there is seen here. Whatever is malformed ends the request with a 400.
 */
#ifndef TMK_T_CLOUD_WIRE_H
#define TMK_T_CLOUD_WIRE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/json_scan.h"

#define HEAD_MAX 65536
#define BODY_MAX (2 * 1024 * 1024)
#define FIELDS_MAX 32
#define VALUE_MAX 32768

struct field {
	char name[64];
	char value[VALUE_MAX];
	size_t len;
};

struct request {
	int fd;
	char method[8];
	char path[1024];	/* without the query */
	char query[1024];
	char head[HEAD_MAX];	/* header lines */
	char body[BODY_MAX + 1];
	size_t body_len;
	struct field field[FIELDS_MAX];	/* of a JSON body or a form */
	int fields;
	int answered;		/* the status; 0: not yet */
};

static void die(const char *what)
{
	fprintf(stderr, "cloud-httpd: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void put(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(fd, p, len);
		if (n <= 0)
			return;
	}
}

/* The value of a header, into a static buffer; NULL when it is not there. */
static const char *header(const struct request *r, const char *name)
{
	static char value[HEAD_MAX];
	const char *p = r->head;
	size_t n = strlen(name), len;

	while ((p = strcasestr(p, name))) {
		if (p > r->head && p[-1] == '\n' && p[n] == ':') {
			p += n + 1;
			p += strspn(p, " ");
			len = strcspn(p, "\r\n");
			memcpy(value, p, len);
			value[len] = '\0';
			return value;
		}
		p += n;
	}
	return NULL;
}

static const struct field *field(const struct request *r, const char *name)
{
	int i;

	for (i = 0; i < r->fields; i++)
		if (!strcmp(r->field[i].name, name))
			return &r->field[i];
	return NULL;
}

static bool field_is(const struct request *r, const char *name,
		     const char *value)
{
	const struct field *f = field(r, name);

	return f && !strcmp(f->value, value);
}

/* ---- bodies --------------------------------------------------------------- */

struct json_path {
	struct request *r;
	char parent[64];
};

static int on_json(void *ctx, const struct tmk_json_event *e)
{
	struct json_path *p = ctx;
	struct field *f = &p->r->field[p->r->fields];

	if (e->kind == TMK_JSON_ARRAY || e->depth > 2)
		return -1;
	if (e->kind == TMK_JSON_OBJECT && e->depth == 1)
		snprintf(p->parent, sizeof(p->parent), "%s.", e->key);
	if (e->kind == TMK_JSON_END)
		p->parent[0] = '\0';
	if (e->kind == TMK_JSON_OBJECT || e->kind == TMK_JSON_END)
		return 0;
	if (p->r->fields == FIELDS_MAX || e->len >= sizeof(f->value))
		return -1;
	snprintf(f->name, sizeof(f->name), "%.20s%.40s",
		 e->depth == 2 ? p->parent : "", e->key);
	if (e->kind == TMK_JSON_STRING)
		memcpy(f->value, e->text, e->len + 1);
	else if (e->kind == TMK_JSON_NUMBER)
		snprintf(f->value, sizeof(f->value), "%lld",
			 (long long)e->number);
	else
		snprintf(f->value, sizeof(f->value), "%s",
			 e->kind == TMK_JSON_TRUE ? "true" : "false");
	f->len = strlen(f->value);
	p->r->fields++;
	return 0;
}

static bool read_json(struct request *r)
{
	static struct tmk_json_scan scan;
	struct json_path p = { r, "" };
	size_t len = r->body_len;

	len -= len && r->body[len - 1] == '\n';
	tmk_json_scan_init(&scan, on_json, &p);
	return !tmk_json_scan_feed(&scan, r->body, len) &&
		!tmk_json_scan_end(&scan);
}

static bool read_form_text(struct request *r, const char *p)
{
	while (*p) {
		struct field *f = &r->field[r->fields];
		size_t n = strcspn(p, "=");

		if (r->fields == FIELDS_MAX || n >= sizeof(f->name) || !p[n])
			return false;
		memcpy(f->name, p, n);
		f->name[n] = '\0';
		for (p += n + 1, n = 0; *p && *p != '&'; n++) {
			unsigned int c = (unsigned char)*p++;

			if (c == '%' && sscanf(p, "%2x", &c) == 1)
				p += 2;
			else if (c == '+')
				c = ' ';
			if (n + 1 >= sizeof(f->value))
				return false;
			f->value[n] = (char)c;
		}
		f->value[n] = '\0';
		f->len = n;
		r->fields++;
		p += *p == '&';
	}
	return true;
}

/* ---- encodings -------------------------------------------------------------- */

/* Standard base64 of the bytes; the text belongs to the caller. */
static char *base64(const uint8_t *data, size_t len)
{
	char *out = malloc(4 * (len / 3 + 2));

	if (!out)
		die("memory");
	EVP_EncodeBlock((unsigned char *)out, data, (int)len);
	return out;
}

static char *base64url(const uint8_t *data, size_t len)
{
	char *out = base64(data, len), *p;

	for (p = out; *p; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	while (p > out && p[-1] == '=')
		*--p = '\0';
	return out;
}

/* The bytes of base64, standard or url; -1 when it is neither. */
static long unbase64(uint8_t *out, size_t size, const char *text, bool url)
{
	static char copy[VALUE_MAX];
	size_t len = strlen(text), i, pad = 0;
	int n;

	if (len + 4 > sizeof(copy) || len / 4 * 3 + 3 > size ||
	    strpbrk(text, url ? "+/=" : "-_"))
		return -1;
	for (i = 0; i < len; i++)
		copy[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' :
			text[i];
	while (url && len % 4)
		copy[len++] = '=';
	copy[len] = '\0';
	while (pad < 2 && pad < len && copy[len - 1 - pad] == '=')
		pad++;
	n = EVP_DecodeBlock(out, (unsigned char *)copy, (int)len);
	return n < 0 ? -1 : n - (long)pad;
}

/* CRC-32C by the table of four bits. */
static uint32_t crc32c(const void *data, size_t len)
{
	static const uint32_t t[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75
	};
	const uint8_t *p = data;
	uint32_t c = ~0u;

	while (len--) {
		c ^= *p++;
		c = c >> 4 ^ t[c & 15];
		c = c >> 4 ^ t[c & 15];
	}
	return ~c;
}

/* ---- HTTP --------------------------------------------------------------------- */

/* Called before an answer goes out: whoever has it may look at the log. */
static void (*before_answer)(const struct request *r);

static void reply_with(struct request *r, int status, const char *extra,
		       const char *body)
{
	char head[2048];
	int n = snprintf(head, sizeof(head), "HTTP/1.1 %d Answer\r\n"
			 "Content-Type: application/json; charset=utf-8\r\n"
			 "Content-Length: %zu\r\nConnection: close\r\n%s\r\n",
			 status, strlen(body), extra);

	if (!r->answered) {
		r->answered = status;
		before_answer(r);
	}
	put(r->fd, head, (size_t)n);
	put(r->fd, body, strlen(body));
}

static void reply(struct request *r, int status, const char *body)
{
	reply_with(r, status, "", body);
}

/* Read one request; false when it is none. */
static bool receive(struct request *r)
{
	char *end = NULL, *line;
	const char *length;
	size_t len = 0, want = 0, have;
	ssize_t n;

	r->fields = r->answered = 0;
	r->body_len = 0;
	while (!end && len < HEAD_MAX - 1 &&
	       (n = read(r->fd, r->head + len, HEAD_MAX - 1 - len)) > 0) {
		len += (size_t)n;
		r->head[len] = '\0';
		end = strstr(r->head, "\r\n\r\n");
	}
	if (!end)
		return false;
	have = len - (size_t)(end + 4 - r->head);
	memcpy(r->body, end + 4, have);
	end[2] = '\0';
	r->query[0] = '\0';
	if (sscanf(r->head, "%7s %1023s", r->method, r->path) != 2)
		return false;
	line = strchr(r->path, '?');
	if (line) {
		*line = '\0';
		snprintf(r->query, sizeof(r->query), "%s", line + 1);
	}
	length = header(r, "Content-Length");
	want = length ? strtoul(length, NULL, 10) : 0;
	if (want > BODY_MAX)
		return false;
	while (have < want &&
	       (n = read(r->fd, r->body + have, want - have)) > 0)
		have += (size_t)n;
	r->body_len = want;
	r->body[want] = '\0';
	return have == want;
}

#endif
