/*
 * audit_show.h - telling what an audit found: to people, to programs, to
 * services that read SARIF.
 *
 * Only writes. The texts were escaped by the gate. Fails with TMK_INPUT when
 * something cannot be written, TMK_INTERNAL when it does not fit.
 */
#ifndef TMK_PLUGINS_AUDIT_SHOW_H
#define TMK_PLUGINS_AUDIT_SHOW_H

#include <stdio.h>

#include "base/err.h"
#include "plugins/audit_gate.h"

/* The lines that a pusher would see, all of them; `count` adds a last one with
 * how many objects were judged. */
int tmk_audit_show_text(FILE *to, const struct tmk_audit_answer *answer,
			bool count, struct tmk_err *err) TMK_MUST_CHECK;

/* One JSON object per verdict on standard output. */
int tmk_audit_show_json(const struct tmk_audit_answer *answer,
			struct tmk_err *err) TMK_MUST_CHECK;

/* One SARIF 2.1.0 log with the refusals on standard output. */
int tmk_audit_show_sarif(const struct tmk_audit_answer *answer,
			 struct tmk_err *err) TMK_MUST_CHECK;

#endif
