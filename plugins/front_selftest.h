/*
 * front_selftest.h - does one place of a key sign, and is it the same key?
 *
 * Has the key there (front_places.h) sign a probe: an SSHSIG of its own
 * namespace over a text that says what it is, so that it is no signature of
 * anything else. The use passes the guard like any other. What comes back is
 * verified with the public key that every place must have. Prints nothing;
 * there is nothing to free.
 */
#ifndef TMK_PLUGINS_FRONT_SELFTEST_H
#define TMK_PLUGINS_FRONT_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/config.h"
#include "iface/pin.h"
#include "plugins/front_pick.h"
#include "plugins/front_places.h"
#include "plugins/front_spki.h"

#define TMK_SELFTEST_NAMESPACE "touchmark-selftest"
#define TMK_SELFTEST_PREFIX "touchmark selftest: this text is signed to see " \
	"whether a key can sign, and means nothing else\n"

enum tmk_selftest {
	TMK_SELFTEST_OK = 0,
	TMK_SELFTEST_FAILED,	/* it is there, and wrong */
	TMK_SELFTEST_AWAY,	/* token, service or host cannot be reached */
	TMK_SELFTEST_REFUSED	/* this use is not allowed: denied, a right,
				   a command that said no */
};

struct tmk_selftest_answer {
	enum tmk_selftest status;
	bool opened_only;	/* each signature needs approvals: none was
				   made */
	char place[TMK_FRONT_PLACE_TEXT];	/* as it may be shown */
	char spki[TMK_FRONT_SPKI_HEX];	/* SHA-256 of the key that it showed,
				   in one spelling; "" when it showed none */
	int64_t ms;		/* from opening it to the verified signature */
	struct tmk_err why;	/* when it is not ok */
};

/* One key while its places are tested. */
struct tmk_selftest_key {
	const struct tmk_config *config;
	const struct tmk_front_pick *pick;
	const char *pin_file;	/* or NULL */
	struct tmk_buf spki;	/* what every place must have: the caller
				   starts it empty or with that of the
				   certificate; the first good place fills it */
	char from[TMK_FRONT_PLACE_TEXT];	/* where that is from */
};

/* Test place `i` (pick->uri[i]). Always fills the answer. */
void tmk_front_selftest(struct tmk_selftest_answer *answer,
			struct tmk_selftest_key *key, int i);

/* "ok", "failed", "away" or "refused". */
const char *tmk_front_selftest_word(enum tmk_selftest status);

#endif
