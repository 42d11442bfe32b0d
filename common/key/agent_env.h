/*
 * agent_env.h - whether the caller's environment says more than an agent can
 * know.
 *
 * An agent reads the configuration files that its caller would read; what one
 * call of git carries in its environment (git -c) it cannot. Needs libc
 * alone.
 */
#ifndef TMK_KEY_AGENT_ENV_H
#define TMK_KEY_AGENT_ENV_H

#include <stdbool.h>

/* Whether `git -c` (GIT_CONFIG_PARAMETERS, GIT_CONFIG_COUNT; git-config(1),
 * ENVIRONMENT) sets nothing that chooses keys or formats. */
bool tmk_agent_env_plain(void);

#endif
