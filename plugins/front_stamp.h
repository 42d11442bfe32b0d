/*
 * front_stamp.h - the stamper of the front-ends: the configured TSAs in order,
 * asked through touchmark-fetch, a program of its own that never sees a PIN.
 */
#ifndef TMK_PLUGINS_FRONT_STAMP_H
#define TMK_PLUGINS_FRONT_STAMP_H

#include "base/err.h"
#include "core/config.h"
#include "iface/stamper.h"

struct tmk_front_stamp {
	struct tmk_stamper stamper;
	const struct tmk_config *config;
	enum tmk_stamp_mode mode;
	const char *program;	/* prefix of warnings on stderr */
};

/*
 * Prepare; `mode` overrides the configuration's. Returns the stamper in
 * *out, or NULL there when no stamp is wanted (never, or prefer without any
 * TSA). `require` without any TSA fails (TMK_USAGE).
 */
int tmk_front_stamp_init(struct tmk_front_stamp *s,
			 const struct tmk_config *config,
			 enum tmk_stamp_mode mode, const char *program,
			 struct tmk_stamper **out, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
