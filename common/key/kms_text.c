#include "key/kms_text.h"

#include <string.h>
#include <strings.h>

#include "base/enc.h"

#define CHUNK_MAX (2 * 1024 * 1024)	/* bytes to be encoded at once */
#define HOST_MAX 253			/* RFC 1035 2.3.4 */
#define CRC32C 0x82f63b78u		/* reflected polynomial */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

int tmk_kms_text_url64(struct tmk_buf *out, const void *data, size_t len)
{
	size_t was = out->len, i;

	if (len > CHUNK_MAX || tmk_enc_base64(out, data, len, 0))
		return -1;
	for (i = was; i < out->len; i++) {
		if (out->data[i] == '+')
			out->data[i] = '-';
		else if (out->data[i] == '/')
			out->data[i] = '_';
	}
	while (out->len > was && out->data[out->len - 1] == '=')
		out->data[--out->len] = '\0';
	return 0;
}

int tmk_kms_text_url64_read(struct tmk_buf *out, const char *text, size_t len)
{
	struct tmk_buf plain = TMK_BUF_INIT(CHUNK_MAX);
	int rc = len % 4 == 1 ? -1 : 0;
	size_t i;

	for (i = 0; !rc && i < len; i++) {
		if (!is_alnum(text[i]) && text[i] != '-' && text[i] != '_')
			rc = -1;
		else
			rc = tmk_buf_addch(&plain, text[i] == '-' ? '+' :
					   text[i] == '_' ? '/' : text[i]);
	}
	for (; !rc && plain.len % 4; )
		rc = tmk_buf_addch(&plain, '=');
	if (!rc)
		rc = tmk_dec_base64(out, tmk_buf_str(&plain), plain.len);
	tmk_buf_release(&plain);
	return rc ? -1 : 0;
}

int tmk_kms_text_public(struct tmk_buf *spki, const char *pem)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----\n";
	static const char end[] = "\n-----END PUBLIC KEY-----";
	const char *stop = strstr(pem, end), *after;

	if (strncmp(pem, begin, sizeof(begin) - 1) || !stop)
		return -1;
	pem += sizeof(begin) - 1;
	after = stop + sizeof(end) - 1;
	if (after[strspn(after, "\n")] || pem > stop)
		return -1;
	return tmk_dec_base64(spki, pem, (size_t)(stop - pem));
}

int tmk_kms_text_field(struct tmk_buf *out, const char *name,
		       const char *value)
{
	size_t was = out->len;
	const unsigned char *p = (const unsigned char *)value;
	int rc = tmk_buf_printf(out, "%s%s=", was ? "&" : "", name);

	for (; !rc && *p; p++) {
		if (is_alnum((char)*p) || strchr("-._~", *p))
			rc = tmk_buf_addch(out, *p);
		else
			rc = tmk_buf_printf(out, "%%%02X", *p);
	}
	if (rc && out->data) {
		tmk_wipe(out->data + was, out->len - was);
		out->len = was;
	}
	return rc ? -1 : 0;
}

bool tmk_kms_text_name(const char *text, size_t len, const char *also,
		       size_t most)
{
	size_t i;

	if (!len || len > most)
		return false;
	for (i = 0; i < len; i++)
		if (!is_alnum(text[i]) &&
		    (!text[i] || !strchr(also, text[i])))
			return false;
	return !(len == 1 && *text == '.') &&
		!(len == 2 && text[0] == '.' && text[1] == '.');
}

bool tmk_kms_text_line(const char *text, size_t most)
{
	size_t len = strlen(text), i;

	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len && len <= most;
}

uint32_t tmk_kms_text_crc32c(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t crc = 0xffffffff;
	int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C : 0);
	}
	return ~crc;
}

int tmk_kms_text_number(uint64_t *out, const char *text, uint64_t most)
{
	uint64_t n = 0;
	const char *p;

	if (!*text || (*text == '0' && text[1]))
		return -1;
	for (p = text; *p; p++) {
		if (*p < '0' || *p > '9' ||
		    n > (UINT64_MAX - (uint64_t)(*p - '0')) / 10)
			return -1;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	if (n > most)
		return -1;
	*out = n;
	return 0;
}

/* Bytes of ":PORT" at `p`; 0 when there is none, -1 when it is no port. */
static int port_len(const char *p, size_t len)
{
	uint64_t port;
	char digits[6];

	if (!len)
		return 0;
	if (*p != ':' || len < 2 || len > sizeof(digits))
		return -1;
	memcpy(digits, p + 1, len - 1);
	digits[len - 1] = '\0';
	if (tmk_kms_text_number(&port, digits, 65535) || !port)
		return -1;
	return (int)len;
}

int tmk_kms_text_split(struct tmk_kms_text_url *out, const char *url)
{
	struct tmk_kms_text_url u = { .tls = true };
	size_t i;

	if (!strncasecmp(url, "https://", 8)) {
		u.host = url + 8;
	} else if (!strncasecmp(url, "http://", 7)) {
		u.host = url + 7;
		u.tls = false;
	} else {
		return -1;
	}
	u.host_len = strcspn(u.host, "/");
	u.path = u.host + u.host_len;
	for (i = 0; i < u.host_len && (is_alnum(u.host[i]) ||
				       u.host[i] == '-' || u.host[i] == '.');
	     i++)
		;
	u.name_len = i;
	if (!i || i > HOST_MAX || !is_alnum(u.host[0]) ||
	    memmem(u.host, i, "..", 2) ||
	    port_len(u.host + i, u.host_len - i) < 0)
		return -1;
	for (i = 0; u.path[i]; i++)
		if (u.path[i] <= ' ' || u.path[i] > '~' ||
		    strchr("?#%\\\"<>", u.path[i]))
			return -1;
	if (strstr(u.path, "//") || strstr(u.path, "/../") ||
	    strstr(u.path, "/./"))
		return -1;
	*out = u;
	return 0;
}

bool tmk_kms_text_is_local(const struct tmk_kms_text_url *url)
{
	size_t i, dots = 0;

	if (url->name_len == 9 && !strncasecmp(url->host, "localhost", 9))
		return true;
	if (url->name_len < 9 || strncmp(url->host, "127.", 4))
		return false;
	for (i = 0; i < url->name_len; i++) {
		if (url->host[i] == '.')
			dots++;
		else if (url->host[i] < '0' || url->host[i] > '9')
			return false;
	}
	return dots == 3;
}
