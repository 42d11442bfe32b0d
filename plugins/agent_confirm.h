/*
 * agent_confirm.h - asking a person yes or no before a key is used.
 *
 * Through touchmark-pinentry (--confirm: the question on standard input; ends
 * with 0 for yes, 3 for no, anything else when it cannot ask), else at the
 * terminal of whoever asks. No way to ask is a no. Fails with TMK_KEY.
 */
#ifndef TMK_PLUGINS_AGENT_CONFIRM_H
#define TMK_PLUGINS_AGENT_CONFIRM_H

#include "base/err.h"
#include "iface/pin.h"

/* Ask `person`; `question` is one line without a question mark, escaped.
 * Waits two minutes at most. */
int tmk_agent_confirm(const struct tmk_person *person, const char *question,
		      struct tmk_err *err) TMK_MUST_CHECK;

#endif
