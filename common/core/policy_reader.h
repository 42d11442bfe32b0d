/*
 * policy_reader.h - what the files that read a policy share; private to
 * common/core/policy*.c.
 *
 * A reader holds the half-made policy, the section that is being filled and
 * where the current line stands, so that every error names file and line. It
 * refuses to know libgit2: entries come in as section, subsection, key and
 * value. Everything it holds is freed by policy.c.
 */
#ifndef TMK_CORE_POLICY_READER_H
#define TMK_CORE_POLICY_READER_H

#include <stdint.h>

#include "base/buf.h"
#include "core/policy.h"

#define TMK_POLICY_MAX (1024 * 1024)	/* bytes of a policy file */
#define TMK_POLICY_ENTRIES_MAX 20000	/* keys in a policy file */
#define TMK_POLICY_SECTIONS_MAX 1024	/* roles, and refs */
#define TMK_POLICY_ENVS_MAX 3		/* dev, test, prod */
#define TMK_POLICY_NAME_MAX 1024	/* bytes of a section's name */

/* One section header or key as it stands in the file. */
struct tmk_policy_line {
	char *name;		/* "trust", "ref.refs/x", "ref.refs/x.force" */
	int line;		/* from 1 */
	bool header;		/* a section header, no key */
	bool taken;		/* already given to an entry of libgit2's */
};

struct tmk_policy_lines {
	struct tmk_policy_line *item;
	int count;
};

/*
 * Find the line of every header and key. No second parser: what it finds is
 * used to name lines and to refuse section names, never for a value. `text`
 * has `len` bytes. *out must be zeroed and is released by the caller even
 * after a failure (TMK_USAGE for a file that is too long, TMK_INTERNAL).
 */
int tmk_policy_lines_scan(struct tmk_policy_lines *out, const char *text,
			  size_t len, struct tmk_err *err) TMK_MUST_CHECK;
void tmk_policy_lines_release(struct tmk_policy_lines *lines);

/* The line of the next not yet taken key of this name (normalised as libgit2
 * does it); 0 when it is not found. */
int tmk_policy_lines_take(struct tmk_policy_lines *lines, const char *name);

struct tmk_policy_reader {
	struct tmk_policy *policy;	/* being made */
	struct tmk_policy_lines lines;
	int line;		/* of the entry that is read now */
	uint64_t seen;		/* keys of the sections without a name */
	uint64_t *role_seen;	/* by role */
	uint64_t *env_seen;	/* by environment */
	uint64_t *rule_seen;	/* by rule */
	char **rule_role;	/* by rule: the role's name, or NULL */
	int *rule_role_line;
	char **rule_env;	/* the same for the environment */
	int *rule_env_line;
	uint64_t *artefact_seen;	/* by [artefact] section */
	struct tmk_role *role;	/* the section that is filled, or NULL */
	struct tmk_ref_rule *rule;
	struct tmk_artefact_rule *artefact;
};

/* Fail with TMK_USAGE, "FILE:LINE: " and the text. Returns -1. */
int tmk_policy_reader_fail(const struct tmk_policy_reader *r,
			   struct tmk_err *err, const char *fmt, ...)
	TMK_PRINTF(3, 4);

/* The role / rule of this name, made if it is new. NULL on failure. */
struct tmk_role *tmk_policy_reader_role(struct tmk_policy_reader *r,
					const char *name,
					struct tmk_err *err);

/* The same for an environment: dev, test or prod. */
struct tmk_role *tmk_policy_reader_env(struct tmk_policy_reader *r,
				       const char *name, struct tmk_err *err);
struct tmk_ref_rule *tmk_policy_reader_rule(struct tmk_policy_reader *r,
					    const char *pattern,
					    struct tmk_err *err);

/* The same for an [artefact] section. */
struct tmk_artefact_rule *
tmk_policy_reader_artefact(struct tmk_policy_reader *r, const char *pattern,
			   struct tmk_err *err);

/* Whether a section may have this name and there is room for it after `count`
 * of its kind; false with `err`. */
bool tmk_policy_reader_name_ok(const struct tmk_policy_reader *r,
			       const char *name, int count,
			       struct tmk_err *err);

/* The role of this name for a rule that asks for it at `line`: it must be
 * there and have members. NULL on failure. */
const struct tmk_role *tmk_policy_reader_role_of(struct tmk_policy_reader *r,
						 const char *name, int line,
						 struct tmk_err *err);

/* The environment of this name for a rule that asks for it at `line`. NULL on
 * failure. */
const struct tmk_role *tmk_policy_reader_env_of(struct tmk_policy_reader *r,
						const char *name, int line,
						struct tmk_err *err);

/* After the last entry: what the [artefact] sections lack. */
int tmk_policy_reader_finish_artefacts(struct tmk_policy_reader *r,
				       struct tmk_err *err) TMK_MUST_CHECK;

/*
 * Take one entry. `section` and `key` are lower-case, `sub` is NULL or the
 * subsection, `value` NULL for a key without `=`. Fails with TMK_USAGE for
 * whatever the contract does not know.
 */
int tmk_policy_reader_entry(struct tmk_policy_reader *r, const char *section,
			    const char *sub, const char *key,
			    const char *value, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether a section of this name exists, and whether it takes a name of its
 * own: fails with TMK_USAGE otherwise. */
int tmk_policy_reader_section(const struct tmk_policy_reader *r,
			      const char *section, bool named,
			      struct tmk_err *err) TMK_MUST_CHECK;

/* After the last entry: defaults, names of roles, rules that contradict. */
int tmk_policy_reader_finish(struct tmk_policy_reader *r, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
