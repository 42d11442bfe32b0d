/*
 * git_pushcert.h - the certificate of a signed push, read strictly from the
 * raw bytes (git's send-pack.c, generate_push_cert).
 *
 * One grammar: what git itself writes, in the order in which it writes it, the
 * signature last and nothing behind it. Knows neither repositories, nonces,
 * keys nor trust, and decodes no signature. All spans are borrowed from the
 * bytes given; nothing is allocated, nothing is freed. Refusals are
 * object-malformed, signature-missing, signature-malformed and limit-exceeded.
 */
#ifndef TMK_FORMATS_GIT_PUSHCERT_H
#define TMK_FORMATS_GIT_PUSHCERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/format.h"
#include "iface/verdict.h"

#define TMK_GIT_PUSHCERT_COMMANDS_MAX 100000
#define TMK_GIT_PUSHCERT_OPTIONS_MAX 1024
#define TMK_GIT_PUSHCERT_REF_MAX 4095	/* bytes of a ref's name */

/* One change of a ref. */
struct tmk_git_pushcert_command {
	struct tmk_span old, new;	/* ids in hex, all of one length */
	struct tmk_span ref;
};

struct tmk_git_pushcert {
	size_t hex;		/* digits of its object ids: 40 or 64 */
	struct tmk_span pusher;	/* whatever names the key: no proof */
	int64_t time;		/* s since 1970: a claim, no proof */
	struct tmk_span pushee;	/* the URL, without a password; len 0: none */
	struct tmk_span nonce;	/* len 0: none */
	int options;		/* push-option lines */
	struct tmk_span lines;	/* of the commands; _next reads them */
	int commands;		/* at least 1 */
	struct tmk_span payload;	/* what is signed */
	struct tmk_span signature;	/* the armour, to the end */
};

/* Read a certificate. `hex` is the length of the repository's object ids.
 * True with *out filled; false with the refusal in `v` and *out as it was. */
bool tmk_git_pushcert_parse(struct tmk_git_pushcert *out, const uint8_t *data,
			    size_t len, size_t hex, struct tmk_verdict *v)
	TMK_MUST_CHECK;

/* The next command: `rest` begins as a copy of cert->lines and gets what is
 * left. False at the end. */
bool tmk_git_pushcert_next(struct tmk_git_pushcert_command *out,
			   struct tmk_span *rest,
			   const struct tmk_git_pushcert *cert);

#endif
