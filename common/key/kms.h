/*
 * kms.h - one exchange with a cloud key service, and what its stores share.
 *
 * The exchange is made by touchmark-fetch, a process of its own without any
 * PIN: everything secret (tokens, keys, signed headers) reaches it through its
 * standard input. Plain http is refused but for loopback. Retries what the
 * service asks to be retried ("later": 429, 5xx, throttling) within the
 * place's deadline. Fails with TMK_KEY when the service says no, TMK_NET when
 * it cannot be reached, TMK_USAGE for settings that cannot be used. No secret
 * is ever in a text.
 */
#ifndef TMK_KEY_KMS_H
#define TMK_KEY_KMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "iface/signer.h"
#include "iface/store.h"

#define TMK_KMS_HEADERS_MAX 12
#define TMK_KMS_ANSWER_MAX (256 * 1024)	/* bytes of a body */
#define TMK_KMS_TEXT_MAX 4096	/* bytes of a setting or a text in an answer */

struct tmk_kms_request {
	const char *method;	/* "GET", "POST", "PUT" */
	const char *url;
	const char *header[TMK_KMS_HEADERS_MAX];	/* "Name: value" */
	int headers;
	const void *body;	/* NULL: none */
	size_t body_len;
	/* SigV4: "aws:amz:REGION:SERVICE" with "ID:SECRET"; or NULL. */
	const char *sigv4;
	const char *user;
	const char *roots;	/* PEM file for https; NULL: the system's */
	int ms;			/* for everything, > 0 */
	/* For what people are told when nobody answers: what says where the
	 * service is ("set by VAULT_ADDR"; NULL: the key's uri), and what names
	 * its roots (NULL: SSL_CERT_FILE). */
	const char *set_by;
	const char *roots_by;
};

struct tmk_kms_answer {
	int status;		/* of HTTP */
	struct tmk_buf body;	/* at most TMK_KMS_ANSWER_MAX */
	/* Header fields that stores ask for; "" when absent. */
	char authenticate[TMK_KMS_TEXT_MAX];	/* WWW-Authenticate */
	int retry_after_ms;	/* Retry-After; 0 */
	char date[64];		/* Date, as it was written */
};

/* Start empty. */
void tmk_kms_answer_init(struct tmk_kms_answer *answer);
/* Wipes: an answer may hold a token. */
void tmk_kms_answer_release(struct tmk_kms_answer *answer);

/* Make one exchange, without any retry. Any status is an answer; fails when
 * there was none (TMK_NET), with a hint of what to do about it. */
int tmk_kms_exchange(struct tmk_kms_answer *answer,
		     const struct tmk_kms_request *request,
		     struct tmk_err *err) TMK_MUST_CHECK;

/* The same; goes on asking, with growing pauses, while the status is 429, 500,
 * 502, 503 or 504, or `again` says so, as long as request->ms allows. When the
 * time is over it is the last answer that counts, if there was one. */
int tmk_kms_ask(struct tmk_kms_answer *answer,
		const struct tmk_kms_request *request,
		bool (*again)(const struct tmk_kms_answer *answer),
		struct tmk_err *err) TMK_MUST_CHECK;

/* The hint to an error: what to do about `trouble`, the word of the fetcher for
 * why nobody answered the request (net/http.h has them). None for any other
 * word. */
void tmk_kms_hint(struct tmk_err *err, const struct tmk_kms_request *request,
		  const char *trouble);

/* Whether the URL may be asked: https, or http to a loopback address or to one
 * of the fixed addresses where a cloud machine finds its own metadata; no user
 * part, visible ASCII alone. Fails with TMK_USAGE. */
int tmk_kms_url_ok(const char *url, struct tmk_err *err) TMK_MUST_CHECK;

/* The text or number at `path` ("error.code", "keys.0.id") in a JSON body, as
 * text of at most `size` bytes, its NUL among them: 0, 1 when it is not there
 * or null, negative (TMK_NET) when the body is no JSON, when something else or
 * two things stand there, or when the text is too long or holds a NUL. True
 * and false are the texts "true" and "false". A path has at most 8 parts. */
int tmk_kms_json(char *out, size_t size, const struct tmk_buf *body,
		 const char *path, struct tmk_err *err) TMK_MUST_CHECK;

/* What makes a key of a service a signer. */
struct tmk_kms_key {
	struct tmk_signer signer;	/* the first member */
	/* Sign in the service, as tmk_signer_ops.sign. */
	int (*sign)(struct tmk_kms_key *key, enum tmk_scheme scheme,
		    enum tmk_hash hash, const uint8_t *digest, size_t len,
		    struct tmk_buf *sig, struct tmk_err *err);
	void (*release)(struct tmk_kms_key *key);	/* what `sign` needs */
	char uri[768];
	int ms;			/* deadline of each exchange */
	const char *(*env)(const char *name);
};

/* A key in `size` zeroed bytes (of a type that begins with struct tmk_kms_key)
 * whose signer signs through its `sign`, and checks what that gave with the
 * public part before anybody sees it. tmk_signer_free calls its `release`, then
 * wipes and frees it. */
struct tmk_kms_key *tmk_kms_key_new(size_t size, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Set algorithm and bits of a signer from its SubjectPublicKeyInfo (DER),
 * which is copied; refuses what we do not sign with (TMK_KEY). */
int tmk_kms_key_public(struct tmk_kms_key *key, const uint8_t *spki,
		       size_t len, struct tmk_err *err) TMK_MUST_CHECK;

/* An ECDSA signature as DER (RFC 3279 2.2.3) to r || s, each as long as the
 * order of a curve of `bits`, appended to `sig`. Strict; TMK_KEY. */
int tmk_kms_ecdsa_raw(struct tmk_buf *sig, const uint8_t *der, size_t len,
		      unsigned int bits, struct tmk_err *err) TMK_MUST_CHECK;

#endif
