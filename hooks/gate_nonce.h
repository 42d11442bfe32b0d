/*
 * gate_nonce.h - whether a nonce is one that this server gave out, here and
 * not long ago (git's builtin/receive-pack.c, prepare_push_cert_nonce).
 *
 * "SECONDS-HMAC": the HMAC is of receive.certNonceSeed, keyed by the path that
 * receive-pack was called with and the time. Pure: reads neither
 * environment, configuration nor clock. A refusal is push-cert with its text
 * and hint; negative is TMK_INTERNAL. Nothing is kept, nothing to free.
 */
#ifndef TMK_HOOKS_GATE_NONCE_H
#define TMK_HOOKS_GATE_NONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/format.h"
#include "iface/verdict.h"

#define TMK_GATE_NONCE_PLACES 8

/* A path that receive-pack may have been called with. */
struct tmk_gate_nonce_place {
	const char *path;
	bool binds;		/* it leads to this repository and no other */
};

/* What is known on the server's side. All borrowed. */
struct tmk_gate_nonce {
	const char *seed;	/* receive.certNonceSeed */
	size_t hex;		/* 40: HMAC-SHA-1, 64: HMAC-SHA-256 */
	struct tmk_gate_nonce_place place[TMK_GATE_NONCE_PLACES];
	int places;
	bool bound;		/* the pushee binds the repository already */
	int64_t now;		/* s since 1970 */
	int64_t age;		/* s that it may be old, or ahead */
};

/* Judge the nonce of a certificate against the one that receive-pack says it
 * issued (`issued`; NULL: none). */
int tmk_gate_nonce_judge(struct tmk_verdict *v,
			 const struct tmk_gate_nonce *server,
			 struct tmk_span nonce, const char *issued,
			 struct tmk_err *err) TMK_MUST_CHECK;

/*
 * The path that receive-pack was called with, as the process above us was
 * started: `out` has `size` bytes. False when none of the processes above is
 * receive-pack, or they cannot be looked at.
 */
bool tmk_gate_nonce_served(char *out, size_t size);

#endif
