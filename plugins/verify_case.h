/*
 * verify_case.h - one artefact while it is judged: its signatures as they were
 * found, the digests they are held against, and the judgement. Shared by
 * plugins/verify_*.c.
 *
 * A case is filled by those who know where signatures are (beside, inside),
 * then judged once by the rules that apply. It knows no file format. All of it
 * is freed by _release.
 */
#ifndef TMK_PLUGINS_VERIFY_CASE_H
#define TMK_PLUGINS_VERIFY_CASE_H

#include "iface/package.h"
#include "plugins/front_file.h"
#include "plugins/verify.h"
#include "plugins/verify_digest.h"

#define TMK_VERIFY_SEALS (TMK_PACKAGE_SEALS + 8)	/* inside and beside */

/* The digest for one signature. */
struct tmk_verify_input {
	const uint8_t *data;	/* `own`, or borrowed from the case */
	size_t len;
	uint8_t own[TMK_HASH_MAX];
	struct tmk_verdict verdict;	/* refused: there is none */
};

/* One seal: a signature file, or what a package carries in one place. */
struct tmk_verify_seal {
	struct tmk_evidence *evidence;	/* NULL: `form` says why */
	struct tmk_verdict form;
	char role[TMK_PACKAGE_ROLE];
	struct tmk_verify_input *input;	/* one for each signature */
	bool inside;		/* a package carries it */
	bool text;		/* the content is canonical text already */
	bool stream;		/* it is judged over the uncompressed stream */
};

struct tmk_verify_case {
	struct tmk_verify *verify;	/* borrowed */
	struct tmk_verify_answer *answer;	/* borrowed */
	struct tmk_verify_seal seal[TMK_VERIFY_SEALS];
	int seals;
	struct tmk_verify_digests digests;	/* of the last content */
	struct tmk_finding *finding;	/* of answer->signer[], same order */
	int room;		/* for so many of them */
};

/* Start with no signature / free all of it. */
void tmk_verify_case_init(struct tmk_verify_case *c, struct tmk_verify *verify,
			  struct tmk_verify_answer *answer);
void tmk_verify_case_release(struct tmk_verify_case *c);

/* Add the seal in these bytes, which need not live longer; *out (may be NULL)
 * is borrowed from the case. What is wrong with its form is kept with it. */
int tmk_verify_case_add(struct tmk_verify_seal **out,
			struct tmk_verify_case *c, const uint8_t *data,
			size_t len, const char *role, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Add one that could not even be read. The verdict is a refusal. */
int tmk_verify_case_add_refused(struct tmk_verify_case *c,
				const struct tmk_verdict *v,
				struct tmk_err *err) TMK_MUST_CHECK;

/* Gives a content to a sink, once. */
typedef int tmk_verify_source(void *from, tmk_front_file_sink *sink, void *to,
			      struct tmk_err *err);

/* Read a content and keep the digests that seals `first` to before `end`
 * need. */
int tmk_verify_case_digest(struct tmk_verify_case *c, int first, int end,
			   tmk_verify_source *source, void *from,
			   struct tmk_err *err) TMK_MUST_CHECK;

/* Judge the case into its answer: by the [artefact] rules of the policy for a
 * file of answer->file's name, if there are any, else by [trust] alone
 * (verify_rule.c). May be asked again when digests have changed. */
int tmk_verify_case_judge(struct tmk_verify_case *c, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Whether the policy has [artefact] rules: then every signature that can be
 * found counts. */
bool tmk_verify_has_rules(const struct tmk_verify *verify);

/* What stands beside `file` (verify_beside.c): add the signatures that are
 * meant, all of them with `all`. With none there, add a refusal that names
 * what is missed, if `must`. */
int tmk_verify_beside(struct tmk_verify_case *c, const char *file, bool all,
		      bool must, struct tmk_err *err) TMK_MUST_CHECK;

/* Add the signature at `path`, which somebody named. */
int tmk_verify_beside_named(struct tmk_verify_case *c, const char *path,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Whether something beside `file` could be judged by what the options or the
 * policy trust. */
bool tmk_verify_beside_wanted(const struct tmk_verify *verify,
			      const char *file);

/* The format of a case's seals, as it is told; NULL when none was read. */
const char *tmk_verify_case_format(const struct tmk_verify_case *c);

#endif
