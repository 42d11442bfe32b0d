/*
 * front_softhsm.h - the embedded token: where `touchmark init` keeps its
 * SoftHSM tokens, and how later programs find them again.
 *
 * The tokens lie under $XDG_DATA_HOME/touchmark with a softhsm2.conf of their
 * own, and their labels begin with "touchmark-". SoftHSM finds its tokens
 * through the environment variable SOFTHSM2_CONF alone, so each program sets
 * it before a module is loaded - only for a URI that names such a token, and
 * never when the user has set it: SoftHSM tokens made by hand stay visible.
 * Knows no keys and reads no PIN. Fails with TMK_USAGE or TMK_KEY.
 */
#ifndef TMK_PLUGINS_FRONT_SOFTHSM_H
#define TMK_PLUGINS_FRONT_SOFTHSM_H

#include <stdbool.h>

#include "base/err.h"

#define TMK_SOFTHSM_PREFIX "touchmark-"	/* of our tokens' labels */

/* $XDG_DATA_HOME/touchmark, else ~/.local/share/touchmark. Belongs to the
 * caller. */
int tmk_front_softhsm_dir(char **out, struct tmk_err *err) TMK_MUST_CHECK;

/* The SoftHSM module of this system; belongs to the caller. TMK_KEY with a
 * hint when none is installed. */
int tmk_front_softhsm_module(char **out, struct tmk_err *err) TMK_MUST_CHECK;

/* Make the directory and softhsm2.conf if they are missing. */
int tmk_front_softhsm_prepare(struct tmk_err *err) TMK_MUST_CHECK;

/* The file with the PIN of the embedded token of this label, as `touchmark
 * init` has left it; belongs to the caller. NULL when the label is no embedded
 * token's, or its PIN is kept elsewhere. */
int tmk_front_softhsm_pin_file(char **out, const char *label,
			       struct tmk_err *err) TMK_MUST_CHECK;

/* Whether there are embedded tokens: the conf exists, and the user has not
 * set SOFTHSM2_CONF to something else. */
bool tmk_front_softhsm_exists(void);

/* The SOFTHSM2_CONF that the user has set, borrowed from the environment;
 * NULL when there is none, or it is ours. */
const char *tmk_front_softhsm_foreign(void);

/* Whether a program whose SOFTHSM2_CONF is `conf` (NULL: not set) sees the
 * tokens that we see. */
bool tmk_front_softhsm_same(const char *conf);

/* Point SOFTHSM2_CONF to the embedded tokens (`embedded`), or away from them;
 * a value that the user has set is left alone. */
void tmk_front_softhsm_use(bool embedded);

/* The same, as this URI asks for it. */
void tmk_front_softhsm_choose(const char *uri);

#endif
