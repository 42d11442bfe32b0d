/*
 * front_requesters.h - who may use which key for what, on a signing host.
 *
 * The file that touchmark.requesters names: git-config syntax, mode 0600, of
 * the user or root. [requester "alice"] with `key`, `format` and `env`, each
 * as often as needed; `approve = true` lets her see and approve requests. What
 * is not listed is refused before any token is touched. Knows no key itself.
 */
#ifndef TMK_PLUGINS_FRONT_REQUESTERS_H
#define TMK_PLUGINS_FRONT_REQUESTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/config.h"

/* Whether `name` may use this key (a configured name) for this format ("cms",
 * ...): 0, else TMK_REFUSED; TMK_USAGE when there is no such file or it cannot
 * be believed. A no goes on record (front_audit.h): ask for a use that is
 * wanted, not to find out. */
int tmk_front_requesters_allow(const struct tmk_config *config,
			       const char *name, const char *key,
			       const char *format, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether `name` may see and approve requests; as above. */
int tmk_front_requesters_approve(const struct tmk_config *config,
				 const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Who asks where nobody vouches for a name: the user of this process, into
 * `size` bytes (cut). Returns `out`. */
char *tmk_front_requesters_local(char *out, size_t size);

#endif
