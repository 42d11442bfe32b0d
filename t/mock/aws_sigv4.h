/*
 * aws_sigv4.h - Signature Version 4 as a service checks it, for the mock
 * alone: written from the published description of canonical requests, without
 * a line of what signs them.
 *
 * What is wrong is said as the service says it: the name of an exception and a
 * message. Everything lies on the stack.
 */
#ifndef TMK_T_AWS_SIGV4_H
#define TMK_T_AWS_SIGV4_H

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/buf.h"
#include "base/enc.h"

#define AWS_HEADERS 32
#define AWS_SKEW 300		/* s; the service allows as much */

struct aws_header {
	const char *name, *value;	/* closed by NUL */
};

struct aws_request {
	char method[8], path[512];
	struct aws_header header[AWS_HEADERS];
	int headers;
	const uint8_t *body;
	size_t body_len;
};

/* What the service knows. */
struct aws_account {
	const char *id, *secret, *token, *region;
	long skew;		/* s that its clock is ahead */
};

struct aws_refusal {
	const char *type;
	char text[2048];
};

static inline const char *aws_header(const struct aws_request *r,
				     const char *name)
{
	int i;

	for (i = 0; i < r->headers; i++)
		if (!strcasecmp(r->header[i].name, name))
			return r->header[i].value;
	return NULL;
}

static inline bool aws_no(struct aws_refusal *why, const char *type,
			  const char *text)
{
	why->type = type;
	snprintf(why->text, sizeof(why->text), "%s", text);
	return false;
}

static inline void aws_hmac(uint8_t out[32], const void *key, size_t key_len,
			    const char *text)
{
	unsigned int n = 32;

	if (!HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text,
		  strlen(text), out, &n))
		abort();
}

/* Leading and trailing spaces gone, others one at a time. */
static inline int aws_add_value(struct tmk_buf *out, const char *value)
{
	bool space = false, any = false;
	int rc = 0;

	for (; *value; value++) {
		if (*value == ' ' || *value == '\t') {
			space = any;
			continue;
		}
		if (space)
			rc |= tmk_buf_addch(out, ' ');
		rc |= tmk_buf_addch(out, *value);
		space = false;
		any = true;
	}
	return rc;
}

/* Whether `name` is one of "a;b;c". */
static inline bool aws_is_signed(const char *list, const char *name)
{
	size_t n = strlen(name), len;

	for (; *list; list += len + (list[len] == ';')) {
		len = strcspn(list, ";");
		if (len == n && !strncasecmp(list, name, n))
			return true;
	}
	return false;
}

/* The header fields that are signed, in their order, which is that of the
 * alphabet. */
static inline bool aws_canonical_headers(struct tmk_buf *out,
					 const struct aws_request *r,
					 const char *list)
{
	char name[128], last[128] = "";
	const char *value;
	size_t len, i;

	for (; *list; list += len + (list[len] == ';')) {
		len = strcspn(list, ";");
		if (!len || len >= sizeof(name))
			return false;
		memcpy(name, list, len);
		name[len] = '\0';
		for (i = 0; i < len; i++)
			if (isupper((unsigned char)name[i]))
				return false;
		value = aws_header(r, name);
		if (!value || strcmp(last, name) >= 0 ||
		    tmk_buf_printf(out, "%s:", name) ||
		    aws_add_value(out, value) || tmk_buf_addch(out, '\n'))
			return false;
		memcpy(last, name, sizeof(last));
	}
	return true;
}

static inline void aws_hash(char hex[65], const void *data, size_t len)
{
	uint8_t md[32];

	SHA256(data, len, md);
	tmk_enc_hex(hex, md, sizeof(md));
}

/* The fields of "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=...,
 * Signature=...". */
struct aws_authorization {
	char id[128], date[16], region[64], service[16], end[32];
	char list[512], signature[80];
};

static inline bool aws_read_authorization(struct aws_authorization *a,
					  const char *text)
{
	return text && sscanf(text, "AWS4-HMAC-SHA256 Credential=%127[^/]/"
			      "%15[0-9]/%63[^/]/%15[^/]/%31[^,], "
			      "SignedHeaders=%511[^,], Signature=%79[0-9a-f]",
			      a->id, a->date, a->region, a->service, a->end,
			      a->list, a->signature) == 7;
}

/* Everything that is not arithmetic. */
static inline bool aws_check_scope(const struct aws_authorization *a,
				   const struct aws_request *r,
				   const struct aws_account *account,
				   const char *date, struct aws_refusal *why)
{
	const char *token = aws_header(r, "x-amz-security-token");
	struct tm tm = { 0 };
	char text[256];
	int i;

	if (!strptime(date, "%Y%m%dT%H%M%SZ", &tm) || strlen(date) != 16 ||
	    strncmp(date, a->date, 8) || strlen(a->date) != 8)
		return aws_no(why, "IncompleteSignature", "Date in Credential "
			      "scope does not match YYYYMMDD from ISO-8601 "
			      "version of date from HTTP");
	for (i = 0; i < r->headers; i++)
		if ((!strncasecmp(r->header[i].name, "x-amz-", 6) ||
		     !strcasecmp(r->header[i].name, "host") ||
		     !strcasecmp(r->header[i].name, "content-type")) &&
		    !aws_is_signed(a->list, r->header[i].name))
			return aws_no(why, "InvalidSignatureException",
				      "a header field is not signed");
	if (strcmp(a->id, account->id))
		return aws_no(why, "UnrecognizedClientException", "The "
			      "security token included in the request is "
			      "invalid.");
	if (*account->token ? !token || strcmp(token, account->token) :
	    token != NULL)
		return aws_no(why, "UnrecognizedClientException", "The "
			      "security token included in the request is "
			      "invalid.");
	if (strcmp(a->region, account->region) || strcmp(a->service, "kms") ||
	    strcmp(a->end, "aws4_request")) {
		snprintf(text, sizeof(text), "Credential should be scoped to "
			 "a valid region, not '%s'.", a->region);
		return aws_no(why, "InvalidSignatureException", text);
	}
	if (labs((long)(timegm(&tm) - time(NULL)) - account->skew) > AWS_SKEW)
		return aws_no(why, "InvalidSignatureException", "Signature "
			      "expired: it is not within 5 min.");
	return true;
}

static inline void aws_sign(char hex[65], const struct aws_authorization *a,
			    const char *secret, const char *date,
			    const struct tmk_buf *canonical)
{
	char key[300], text[512], hash[65];
	uint8_t md[32];

	aws_hash(hash, canonical->data, canonical->len);
	snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/%s\n%s",
		 date, a->date, a->region, a->service, a->end, hash);
	snprintf(key, sizeof(key), "AWS4%s", secret);
	aws_hmac(md, key, strlen(key), a->date);
	aws_hmac(md, md, sizeof(md), a->region);
	aws_hmac(md, md, sizeof(md), a->service);
	aws_hmac(md, md, sizeof(md), a->end);
	aws_hmac(md, md, sizeof(md), text);
	tmk_enc_hex(hex, md, sizeof(md));
}

/* Whether the account signed this request; else why not. */
static inline bool aws_is_authentic(const struct aws_request *r,
				    const struct aws_account *account,
				    struct aws_refusal *why)
{
	struct tmk_buf canonical = TMK_BUF_INIT(1 << 16);
	const char *text = aws_header(r, "authorization");
	const char *date = aws_header(r, "x-amz-date");
	struct aws_authorization a;
	char hash[65], hex[65];
	bool good;

	if (!text)
		return aws_no(why, "MissingAuthenticationTokenException",
			      "Missing Authentication Token");
	if (!date || !aws_read_authorization(&a, text))
		return aws_no(why, "IncompleteSignature", "Authorization "
			      "header requires existence of either a "
			      "'X-Amz-Date' or a 'Date' header.");
	if (!aws_check_scope(&a, r, account, date, why))
		return false;
	aws_hash(hash, r->body, r->body_len);
	good = !strchr(r->path, '?') &&
		!tmk_buf_printf(&canonical, "%s\n%s\n\n", r->method, r->path) &&
		aws_canonical_headers(&canonical, r, a.list) &&
		!tmk_buf_printf(&canonical, "\n%s\n%s", a.list, hash);
	aws_sign(hex, &a, account->secret, date, &canonical);
	good = good && !strcmp(hex, a.signature);
	/* As the service does, which shows what was signed, tokens too. */
	if (!good)
		snprintf(why->text, sizeof(why->text), "The request signature "
			 "we calculated does not match the signature you "
			 "provided.\nThe Canonical String for this request "
			 "should have been\n'%.1500s'",
			 tmk_buf_str(&canonical));
	if (!good)
		why->type = "InvalidSignatureException";
	tmk_buf_release(&canonical);
	return good;
}

#endif
