/*
 * front_denied_list.h - which keys are denied, for whoever shows them
 * (front_denied.h refuses them).
 *
 * Fails as front_denied.h does; nothing to free but the path.
 */
#ifndef TMK_PLUGINS_FRONT_DENIED_LIST_H
#define TMK_PLUGINS_FRONT_DENIED_LIST_H

#include "base/err.h"
#include "plugins/front_denied.h"

struct tmk_front_denied_key {
	char sha256[65];	/* of the SubjectPublicKeyInfo, lower case */
	char file[512];		/* where it stands, cut */
	struct tmk_front_denied what;
};

/* A negative return ends the walk with it. Borrowed for the call, which asks
 * nothing of front_denied.h. */
typedef int (*tmk_front_denied_visit)(void *ctx,
				      const struct tmk_front_denied_key *key,
				      struct tmk_err *err);

/* Visit every denied key, the administrator's first. */
int tmk_front_denied_each(tmk_front_denied_visit visit, void *ctx,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Deny a key of which only the SHA-256 of its SubjectPublicKeyInfo is known (64
 * hex digits); else as tmk_front_denied_add. */
int tmk_front_denied_add_hash(const char *hex, const char *name,
			      const char *reason, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The user's file of denied keys, there or not; belongs to the caller. */
int tmk_front_denied_path(char **out, struct tmk_err *err) TMK_MUST_CHECK;

#endif
