/*
 * front_presign.h - a command that must agree before a key is used: a scan of
 * what is to be signed, a check of the release.
 *
 * touchmark.preSign, or that of the key, which comes in its place. Run by
 * sh -c without a terminal, in a clean environment that tells what is about to
 * be signed (TOUCHMARK_KEY, TOUCHMARK_FORMAT, TOUCHMARK_DIGEST, ...; see
 * touchmark.conf(5)); its output goes to standard error, line by line and
 * escaped. Anything but exit 0 within preSignDeadline refuses.
 */
#ifndef TMK_PLUGINS_FRONT_PRESIGN_H
#define TMK_PLUGINS_FRONT_PRESIGN_H

#include "core/config.h"
#include "plugins/front_guard.h"

/* 0 when it agrees, or none is configured; TMK_REFUSED otherwise. */
int tmk_front_presign(const struct tmk_config *config,
		      const struct tmk_front_use *use, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
