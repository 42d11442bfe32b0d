/*
 * stamper.h - how a seal asks for trusted time without knowing the network.
 */
#ifndef TMK_IFACE_STAMPER_H
#define TMK_IFACE_STAMPER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tmk_stamper {
	/*
	 * Get an RFC 3161 TimeStampToken (DER ContentInfo) over `data` (the
	 * signature bytes), fully checked against the request, and append it
	 * to `token`. Returns 0 with a token; 1 when there is none and the
	 * configuration says to go on without (it has been said to the user);
	 * negative (TMK_NET) when signing must stop.
	 */
	int (*stamp)(void *ctx, const uint8_t *data, size_t len,
		     struct tmk_buf *token, struct tmk_err *err);
	void *ctx;
};

#endif
