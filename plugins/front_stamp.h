/*
 * front_stamp.h - the stamper of the front-ends: the configured TSAs in order,
 * asked through touchmark-fetch, a program of its own that never sees a PIN.
 *
 * An authority that is down is not waited for again for a while
 * (front_stamp_memory.h). Prints nothing: warnings go to whoever made it. Keeps
 * nothing between two stamps, so a long-lived process sees what changes on the
 * disk. Fails with TMK_NET when a stamp must be and there is none, with the
 * code of what is wrong when the configuration cannot be used. Nothing to
 * free.
 */
#ifndef TMK_PLUGINS_FRONT_STAMP_H
#define TMK_PLUGINS_FRONT_STAMP_H

#include "base/err.h"
#include "core/config.h"
#include "iface/stamper.h"

struct tmk_front_stamp {
	struct tmk_stamper stamper;
	const struct tmk_config *config;	/* borrowed */
	enum tmk_stamp_mode mode;
	/* One warning for a person, escaped, without program and newline;
	 * NULL: nobody listens. */
	void (*warn)(void *ctx, const char *text);
	void *ctx;
};

/* A `warn` that writes to standard error; `ctx` is the program's name, the
 * prefix, which must live as long as the stamper. */
void tmk_front_stamp_warn(void *ctx, const char *text);

/*
 * Prepare; `mode` overrides the configuration's. Returns the stamper in
 * *out, or NULL there when no stamp is wanted (never, or prefer without any
 * TSA). `require` without any TSA fails (TMK_USAGE).
 */
int tmk_front_stamp_init(struct tmk_front_stamp *s,
			 const struct tmk_config *config,
			 enum tmk_stamp_mode mode,
			 void (*warn)(void *ctx, const char *text), void *ctx,
			 struct tmk_stamper **out, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
