/*
 * front_stamp_ask.h - one timestamp authority, asked once.
 *
 * The exchange is made by touchmark-fetch, a process of its own; what it
 * brings is held against the request here, and against what a judge will ask
 * of it later. Refuses to know which authority comes first and what happens
 * without one. Fails with TMK_NET; TMK_USAGE for a configuration that nothing
 * can be asked with.
 */
#ifndef TMK_PLUGINS_FRONT_STAMP_ASK_H
#define TMK_PLUGINS_FRONT_STAMP_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/config.h"
#include "x509/chain.h"

#define TMK_STAMP_URL_TEXT 256

struct tmk_stamp_ask {
	const struct tmk_config *config;	/* deadline, proxy, roots */
	const char *url;
	const struct tmk_trust *trust;	/* of authorities; NULL: not asked */
	enum tmk_revocation revocation;	/* of their certificates */
	const uint8_t *data;		/* what is to be stamped */
	size_t len;
	bool down;	/* set by a failure that should not be waited for
			   again: nobody there, "later", or too slow */
};

/* Get a token over the data and append it to `token` when all of it is well:
 * nonce, imprint, signature, purpose, chain (if there is a trust), and a time
 * that this machine's clock agrees with. */
int tmk_front_stamp_ask(struct tmk_buf *token, struct tmk_stamp_ask *ask,
			struct tmk_err *err) TMK_MUST_CHECK;

/* A URL for messages: without user and password, escaped. Returns `out`. */
const char *tmk_front_stamp_ask_show(char *out, size_t size, const char *url);

#endif
