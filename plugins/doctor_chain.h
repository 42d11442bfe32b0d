/*
 * doctor_chain.h - the certificate of git's key before somebody's judge.
 *
 * A signature that is not made yet cannot be judged, its certificate can: now,
 * without a timestamp, by the judge's own chain rule. Fails with
 * TMK_INTERNAL when it cannot be judged.
 */
#ifndef TMK_PLUGINS_DOCTOR_CHAIN_H
#define TMK_PLUGINS_DOCTOR_CHAIN_H

#include "core/judge.h"
#include "plugins/doctor_facts.h"
#include "x509/chain.h"

/* Judge d->chain as core/judge.c would; it must be there. The answer is
 * released by the caller. */
int tmk_doctor_chain(struct tmk_chain_answer *answer,
		     const struct tmk_doctor *d, const struct tmk_judge *judge,
		     struct tmk_err *err) TMK_MUST_CHECK;

#endif
