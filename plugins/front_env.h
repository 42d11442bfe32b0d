/*
 * front_env.h - is this key of the environment that the policy wants for what
 * is to be signed?
 *
 * The policy that touchmark.policy names may demand an environment for files
 * ([artefact]) and refs ([ref]); whoever receives the signature refuses it
 * then. Here it is not made in the first place: by the name of the file, and
 * for a git tag by the tag's own name. What has no name (a commit, whose
 * branch is not known yet) is left to the receiver. Knows no certificate: what
 * counts is `env` of the key's section. Read anew when the policy changed.
 */
#ifndef TMK_PLUGINS_FRONT_ENV_H
#define TMK_PLUGINS_FRONT_ENV_H

#include "base/err.h"
#include "core/config.h"
#include "key/request.h"
#include "plugins/front_pick.h"

/*
 * 0 when nothing speaks against it. TMK_REFUSED when a rule of the policy
 * wants another environment; the text names rule and key. A policy that cannot
 * be read stops nobody who signs: `warn` gets why (`size` bytes, "" for
 * nothing).
 */
int tmk_front_env_check(const struct tmk_config *config,
			const struct tmk_front_pick *pick,
			const struct tmk_request *request, char *warn,
			size_t size, struct tmk_err *err) TMK_MUST_CHECK;

/* The same for a file that is about to be signed with `key` (as front_key.h
 * takes it; NULL: the default), before any token is looked at. A key that is
 * not named as the configuration names it is left to the check above. */
int tmk_front_env_file(const struct tmk_config *config, const char *key,
		       const char *file, struct tmk_err *err) TMK_MUST_CHECK;

#endif
