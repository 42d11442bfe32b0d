/*
 * gate.h - what the parts of the pre-receive hook share.
 *
 * A gate is one push being judged: the repository (with the quarantine that
 * git gave it), the policy, the commands and what was found out on the way.
 * Nothing here trusts what the push says about itself. A function returns 0
 * when it has judged (refusals went to the report) and negative when it could
 * not: then the whole push is refused.
 */
#ifndef TMK_HOOKS_GATE_H
#define TMK_HOOKS_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/policy.h"
#include "hooks/gate_bytes.h"
#include "hooks/gate_pool.h"
#include "hooks/gate_progress.h"
#include "hooks/oid.h"
#include "hooks/oidmap.h"
#include "hooks/repo.h"
#include "iface/verdict.h"

#define TMK_GATE_COMMANDS_MAX 100000
#define TMK_GATE_REF_MAX TMK_REPO_REF_MAX
#define TMK_GATE_LINES_MAX 20	/* refusals shown */
#define TMK_GATE_RULES_MAX 1024	/* of one ref; as many as a policy has */

/* One line of the hook's input. */
struct tmk_gate_command {
	struct tmk_oid old, new;	/* all zero: none */
	char *ref;
};

/* The tip of a ref that is at least as strict as a rule. */
struct tmk_gate_seed {
	struct tmk_oid oid;
	bool line;		/* judged along its first parents alone */
};

/* What is known about one rule while this push is judged. */
struct tmk_gate_rule {
	struct tmk_oidmap judged;	/* commits judged under it */
	bool judged_ready;
	struct tmk_gate_seed *seed;
	size_t seeds;
	bool seeds_ready;
};

/* A ref of the repository before the push. */
struct tmk_gate_ref {
	char *name;
	struct tmk_oid oid;
};

struct tmk_gate_audit;		/* below */
struct tmk_gate_record;		/* gate_record.h */

struct tmk_gate {
	struct tmk_repo *repo;
	struct tmk_policy *policy;
	int64_t deadline;	/* tmk_clock_ms() */
	struct tmk_gate_pool *pool;	/* where objects are judged */
	struct tmk_gate_progress progress;
	bool shallow;		/* git would make the repository shallow */
	struct tmk_gate_command *command;
	int commands;
	struct tmk_gate_rule *rule;	/* by rule of the policy */
	struct tmk_gate_ref *ref;	/* once they were needed */
	size_t refs;
	bool refs_ready;
	int refused;		/* so far */
	struct tmk_oidmap said;	/* objects refused in this command */
	uint64_t *said_why;	/* reasons, 1 << enum tmk_reason, by number */
	uint32_t said_room;
	struct tmk_gate_audit *audit;	/* NULL: this is a push */
	const struct tmk_ref_rule *under;	/* that judges now; or NULL */
	struct tmk_gate_record *record;	/* NULL: none is kept */
	struct tmk_gate_approval_refs *approvals;	/* gate_approvals.h */
};

/* ---- gate_open.c: the repository and the policy ------------------------- */

/*
 * Read the policy that the server's configuration names (`touchmark.policy`),
 * else /etc/touchmark/policy, and hold its version against the highest one
 * seen. Fails with TMK_USAGE (policy-invalid) or TMK_INTERNAL.
 */
int tmk_gate_open_policy(struct tmk_gate *gate, struct tmk_err *err)
	TMK_MUST_CHECK;

/* What both kinds of policy need before the first command: the clock, the
 * deadline and room for what is found out about each rule. */
int tmk_gate_open_rules(struct tmk_gate *gate, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Fail with TMK_USAGE when a file lies in the working tree, which is pushed.
 * `path` may be NULL. */
int tmk_gate_open_outside(struct tmk_gate *gate, const char *path,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Free everything. */
void tmk_gate_release(struct tmk_gate *gate);

/* ---- gate_version.c ----------------------------------------------------- */

/* Refuse (TMK_USAGE) a version below the highest one that this repository has
 * seen, and remember a higher one. */
int tmk_gate_version_check(const char *repo_dir, int64_t version,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* ---- gate_input.c ------------------------------------------------------- */

/* Read `old new ref` lines from `fd` until its end: strict and bounded; in an
 * audit also `have oid ref`, the refs that a server has. Fails with TMK_INPUT
 * for too much, TMK_INTERNAL for what git never writes. */
int tmk_gate_input_read(struct tmk_gate *gate, int fd, struct tmk_err *err)
	TMK_MUST_CHECK;

/* ---- gate_shallow.c ----------------------------------------------------- */

/* Read a shallow file that git made for this push, and set gate->shallow when
 * the repository would lack what lies behind one of its commits. */
int tmk_gate_shallow_find(struct tmk_gate *gate, const char *path,
			  struct tmk_err *err) TMK_MUST_CHECK;

/* Whether git has written down that a history ends at this commit; for the
 * reason that a missing parent gets. */
bool tmk_gate_shallow_is_edge(struct tmk_gate *gate, const struct tmk_oid *oid);

/* ---- gate_report.c ------------------------------------------------------ */

/* Tell the pusher: one line, until TMK_GATE_LINES_MAX were written. An object
 * that several rules of a ref refuse for one reason is told and counted once.
 * `oid` may be NULL. */
void tmk_gate_report(struct tmk_gate *gate, const char *ref,
		     const struct tmk_oid *oid, const struct tmk_verdict *v);

/* An object that is good under the rule in gate->under. Only an audit has
 * anything to say about it. */
void tmk_gate_report_good(struct tmk_gate *gate, const char *ref,
			  const struct tmk_oid *oid);

/* A new command: nothing was told about its objects yet. */
void tmk_gate_report_begin(struct tmk_gate *gate);

/* The push as a whole: "refuse - - REASON: TEXT; HINT". */
void tmk_gate_report_push(enum tmk_reason reason, const struct tmk_err *err);

/* After the last command: the count, and that nothing was enforced. */
void tmk_gate_report_end(const struct tmk_gate *gate);

/* ---- gate_refs.c -------------------------------------------------------- */

/* The value a ref has now, and the ref that a symbolic one ends in (`target`,
 * TMK_GATE_REF_MAX bytes, "" for a plain ref). A ref that does not exist is
 * all zero. */
int tmk_gate_refs_now(struct tmk_gate *gate, const char *ref, struct tmk_oid *oid,
		      char *target, struct tmk_err *err) TMK_MUST_CHECK;

/* Remember a ref that the repository (in an audit: the server) has. */
int tmk_gate_refs_add(struct tmk_gate *gate, const char *name,
		      const struct tmk_oid *oid, struct tmk_err *err)
	TMK_MUST_CHECK;

/* The tips of all refs whose history was let in under a rule that covers rule
 * `i`; borrowed from the gate. */
int tmk_gate_refs_seeds(struct tmk_gate *gate, int i,
			const struct tmk_gate_seed **seed, size_t *seeds,
			struct tmk_err *err) TMK_MUST_CHECK;

/* ---- gate_object.c ------------------------------------------------------ */

/* An object as it is stored; borrowed until the next one is read. */
struct tmk_gate_raw {
	enum tmk_object_type type;	/* NONE: it was not read */
	const uint8_t *data;
	size_t len;
};

/*
 * Read a raw object, its size asked first. Returns 0 with *out set, or 0 with
 * the type NONE and a refusal in `v` (object-missing, limit-exceeded),
 * negative when it could not.
 */
int tmk_gate_object_read(struct tmk_gate *gate, struct tmk_gate_raw *out,
			 const struct tmk_oid *oid, struct tmk_verdict *v,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* The type of an object; NONE with a refusal in `v` when it is not there. */
int tmk_gate_object_type(struct tmk_gate *gate, enum tmk_object_type *type,
			 const struct tmk_oid *oid, struct tmk_verdict *v,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* Judge one commit / tag object under one rule. */
int tmk_gate_object_judge(struct tmk_gate *gate, const struct tmk_oid *oid,
			  const struct tmk_ref_rule *rule,
			  struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

/*
 * The same without waiting: read it, and let the pool judge it; `done` and
 * `ctx` as for tmk_gate_pool_submit. Returns 0 with *sent true, or with *sent
 * false and a refusal in `v`: then `done` is not called.
 */
int tmk_gate_object_send(struct tmk_gate *gate, bool *sent,
			 const struct tmk_oid *oid,
			 const struct tmk_ref_rule *rule, uint64_t number,
			 tmk_gate_pool_done done, void *ctx,
			 struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

/* What a commit or tag that was read becomes for the pool. Borrowed. */
void tmk_gate_object_job(const struct tmk_gate *gate, struct tmk_gate_job *job,
			 const struct tmk_gate_raw *raw,
			 const struct tmk_ref_rule *rule);

/* From the pool's answer to the verdict about the object, whose tree must be
 * there. */
int tmk_gate_object_take(struct tmk_gate *gate, const struct tmk_oid *oid,
			 const struct tmk_gate_answer *answer,
			 struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

/* What a ref points at when every tag around it is taken off. */
struct tmk_gate_peeled {
	struct tmk_oid oid;		/* the last object */
	enum tmk_object_type type;	/* of it */
	int tags;		/* taken off */
	char name[1024];	/* of the outermost tag, "" without; bytes */
	size_t name_len;
};

/*
 * Take off the tags. With `strict` every tag must have git's form
 * (object-malformed) and point at what it says (tag-target); a chain longer
 * than [limits] tagDepth is tag-target always. `v` gets the refusal.
 */
int tmk_gate_object_peel(struct tmk_gate *gate, struct tmk_gate_peeled *out,
			 const struct tmk_oid *oid, bool strict,
			 struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

/* ---- gate_audit.c: the same judgement, asked for by hand ----------------- */

/*
 * `touchmark-pre-receive --audit`: no push, but what a push would be told. The
 * refs of the repository at hand are not those of the server, so none of them
 * counts: `old` of each command is believed, and what `have` lines name was
 * let in. Nothing is written. A line for each refusal goes to standard output,
 * in fields between tabs (touchmark-pre-receive(8)).
 */
struct tmk_gate_audit {
	const char *policy;	/* file, as the command line names it */
	bool all;		/* tell the good ones too */
	uint64_t judged;	/* objects, once for each rule */
	/* Who signed the object that was judged last. */
	struct tmk_oid oid;
	bool known;
	struct tmk_gate_signer signer;
};

/* Read the policy of the command line. Fails as tmk_gate_open_policy. */
int tmk_gate_audit_open(struct tmk_gate *gate, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Who signed an object, as far as it is known (`answer` may be NULL). */
void tmk_gate_audit_found(struct tmk_gate_audit *audit,
			  const struct tmk_oid *oid,
			  const struct tmk_gate_answer *answer);

/* One line: a verdict about an object under gate->under. `oid` may be NULL. */
void tmk_gate_audit_say(const struct tmk_gate *gate, const char *ref,
			const struct tmk_oid *oid, const struct tmk_verdict *v);

/* The line about everything that could not be judged. */
void tmk_gate_audit_say_failed(enum tmk_reason reason,
			       const struct tmk_err *err);

/* The last line: without it the answer is not whole. Fails with TMK_INPUT
 * when something could not be written. */
int tmk_gate_audit_end(const struct tmk_gate *gate, struct tmk_err *err)
	TMK_MUST_CHECK;

/* ---- gate_command.c ----------------------------------------------------- */

/* Judge one command; refusals go to the report. */
int tmk_gate_command_judge(struct tmk_gate *gate,
			   const struct tmk_gate_command *command,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* ---- gate_commits.c ----------------------------------------------------- */

/* Judge what `tip` brings in under rule `i` (require = commits). `old` is the
 * ref's value until now, NULL for none. */
int tmk_gate_commits_judge(struct tmk_gate *gate, const char *ref,
			   const struct tmk_oid *tip, const struct tmk_oid *old, int i,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* Judge the tip alone (require = tip). */
int tmk_gate_commits_judge_tip(struct tmk_gate *gate, const char *ref,
			       const struct tmk_oid *tip, int i,
			       struct tmk_err *err) TMK_MUST_CHECK;

/* Whether `old` is an ancestor of `tip`, or is it. A walk that ends at a
 * missing object says so in `v`. */
int tmk_gate_commits_forward(struct tmk_gate *gate, bool *forward,
			     const struct tmk_oid *tip, const struct tmk_oid *old,
			     struct tmk_verdict *v, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
