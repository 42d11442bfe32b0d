/*
 * gate_bytes.h - the judgement of one object, given its raw bytes.
 *
 * What a stranger wrote is taken apart here and nowhere else: grammar, armour,
 * CMS, certificates, tokens. A pure function of the bytes, the policy and the
 * policy's clock, so that it can run in a process of its own that can reach
 * nothing (gate_pool.h). Job and answer hold no pointer into the repository;
 * an answer is a plain value that can be sent through a pipe.
 */
#ifndef TMK_HOOKS_GATE_BYTES_H
#define TMK_HOOKS_GATE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/policy.h"
#include "hooks/oid.h"
#include "hooks/repo.h"
#include "iface/format.h"
#include "iface/seal.h"
#include "iface/verdict.h"

#define TMK_GATE_EXTRAS_MAX 64	/* approvals beside a tag */
#define TMK_GATE_CHAIN_TEXT ((TMK_CHAIN_DEPTH + 1) * 65 + 1)

/* What is to be judged. Everything is borrowed for the call. */
struct tmk_gate_job {
	enum tmk_object_type type;	/* COMMIT, TAG; BLOB: a push
				   certificate */
	const uint8_t *data;
	size_t len;
	size_t hex;		/* digits of an object id */
	int rule;		/* of the policy; -1, for a push certificate
				   alone: whoever the policy trusts */
	struct tmk_span extra[TMK_GATE_EXTRAS_MAX];	/* approvals: detached
				   CMS over `data`, any may be rubbish */
	int extras;
};

/* One signer, good or not. */
struct tmk_gate_signer {
	char who[512];		/* subject, user id or principals; escaped */
	char key[80];		/* "sha256:..." of the certificate, or the
				   fingerprint of a key without one */
	char issuer[80];	/* "sha256:..." of the CA next above it, or "" */
	char chain[TMK_GATE_CHAIN_TEXT];	/* SHA-256 in hex of all the
				   certificates above it, parted by blanks;
				   "" when no chain was built */
	int64_t time;		/* the trusted time it was judged at */
	bool stamped;		/* by a token */
	bool vouched;		/* by a receipt (core/receipts.h) */
	char tsa[256];		/* who stamped, escaped; "" without */
};

struct tmk_gate_answer {
	struct tmk_verdict v;
	struct tmk_oid tree;	/* of a good commit: must be there */
	struct tmk_gate_signer signer[TMK_SIGNATURES_MAX];
	int signers;		/* 0: nothing is known of any */
};

/* Judge. Returns 0 with the answer, negative when it could not judge
 * (TMK_INTERNAL). */
int tmk_gate_bytes_judge(struct tmk_gate_answer *answer,
			 const struct tmk_policy *policy,
			 const struct tmk_gate_job *job, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
