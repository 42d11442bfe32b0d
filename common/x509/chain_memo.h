/*
 * chain_memo.h - chains that were found good, and for which times that stays
 * so. Internal to x509/.
 *
 * A history is signed by few people and stamped by fewer TSAs: the same
 * certificate under the same trust, asked for again at a time that differs
 * from the last in nothing that any rule compares it with, has the same
 * answer. Every instant that a judgement compares its times with is looked up
 * (validity of every certificate that may take part, dates of every CRL, dates
 * of the entries about those certificates); between two of them nothing can
 * change. Good answers alone are kept: a refusal names times in its text.
 * One memo for the process, bounded, any thread. Never fails: without memory
 * nothing is kept.
 */
#ifndef TMK_X509_CHAIN_MEMO_H
#define TMK_X509_CHAIN_MEMO_H

#include <stdbool.h>

#include "x509/chain.h"

/* Whether the answer is known; then it is in *answer, to be released as one of
 * tmk_chain_judge. */
bool tmk_chain_memo_find(struct tmk_chain_answer *answer,
			 const struct tmk_chain_request *request);

/* Keep a good answer to `request`; any other one is passed over. */
void tmk_chain_memo_keep(const struct tmk_chain_request *request,
			 const struct tmk_chain_answer *answer);

/* Times for which an answer holds, ends included, s since 1970. */
struct tmk_chain_window {
	int64_t at_from, at_to;		/* request->at */
	int64_t now_from, now_to;	/* request->now */
};

/* Those for which a good answer to `request` holds. False when a date cannot
 * be read. */
bool tmk_chain_memo_window(struct tmk_chain_window *out,
			   const struct tmk_chain_request *request);

#endif
