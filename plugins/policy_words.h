/*
 * policy_words.h - a policy in words, as far as refs and artefacts share them:
 * for `policy check`. Prints to standard output; what stands in the file is
 * escaped. Fails never.
 */
#ifndef TMK_PLUGINS_POLICY_WORDS_H
#define TMK_PLUGINS_POLICY_WORDS_H

#include <stddef.h>

#include "core/policy.h"

/* Text of the file, escaped into `out` (size bytes); returns `out`. */
const char *tmk_policy_words_text(char *out, size_t size, const char *text);

/* What a rule wants of timestamps: the end of a sentence. */
const char *tmk_policy_words_stamp(enum tmk_timestamp_rule rule);

/* Print ", format x509 or ssh" for the bits 1 << enum tmk_seal_format; 0 is
 * any format. */
void tmk_policy_words_formats(unsigned int formats);

#endif
