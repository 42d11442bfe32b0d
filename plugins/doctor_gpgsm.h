/*
 * doctor_gpgsm.h - stock gpgsm as a receiver: git on a machine where
 * gpg.x509.program is gpgsm.
 *
 * Looks at this machine's gpgsm: whether it has the root, trusts it, and how
 * it goes about revocation. Another machine may be set up otherwise.
 */
#ifndef TMK_PLUGINS_DOCTOR_GPGSM_H
#define TMK_PLUGINS_DOCTOR_GPGSM_H

#include "plugins/doctor_facts.h"

/* Say the answer under `id`; d->chain must be there. */
void tmk_doctor_gpgsm(struct tmk_doctor *d, const char *id);

#endif
