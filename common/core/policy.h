/*
 * policy.h - the policy file: what each ref needs, and whom to trust.
 *
 * git-config syntax, parsed by libgit2 without includes; read from the server's
 * side only. Unknown sections and keys, bad values, unreadable roots or CRLs
 * are errors (TMK_USAGE) with file and line. Paths are relative to the file.
 */
#ifndef TMK_CORE_POLICY_H
#define TMK_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/judge.h"
#include "iface/seal.h"
#include "x509/chain.h"

enum tmk_require {
	TMK_REQUIRE_NOTHING = 1,
	TMK_REQUIRE_TIP,
	TMK_REQUIRE_COMMITS,
	TMK_REQUIRE_TAG
};

enum tmk_member_kind {
	TMK_MEMBER_EMAIL = 1,	/* glob over the e-mails of the SAN, or of the
				   key as its keyring tells them */
	TMK_MEMBER_CERT,	/* sha256 of the certificate */
	TMK_MEMBER_ISSUER,	/* sha256 of a CA in the chain above */
	TMK_MEMBER_SSH,		/* fingerprint of an SSH key */
	TMK_MEMBER_OPENPGP	/* of an OpenPGP key, primary or subkey */
};

struct tmk_member {
	enum tmk_member_kind kind;
	char *text;		/* glob; sha256 in lower case; "SHA256:..." as
				   ssh-keygen prints it; 40 upper hex digits */
};

struct tmk_role {
	char *name;
	struct tmk_member *member;
	int members;
	char **issuer;		/* sha256 hex; empty: any */
	int issuers;
	const char **ssh_key;	/* its SSH members, borrowed from member[] */
	int ssh_keys;
	bool is_env;		/* [env "NAME"]: which keys are of it; with an
				   issuer and no member, all that it issued */
};

enum tmk_identity {
	TMK_IDENTITY_COMMITTER = 1,	/* for a tag: the tagger */
	TMK_IDENTITY_OFF
};

/* One [ref "pattern"] section. */
struct tmk_ref_rule {
	char *pattern;
	int line;		/* where it stands, 0 unknown */
	enum tmk_require require;
	const struct tmk_role *role;	/* NULL: any signer under the roots */
	const struct tmk_role *env;	/* NULL: keys of any environment */
	unsigned int formats;	/* bit 1 << enum tmk_seal_format */
	enum tmk_identity identity;
	enum tmk_timestamp_rule timestamp;
	bool first_parent;	/* merges = first-parent */
	bool create, update, force, delete_;	/* allowed? */
	bool update_set;	/* `update` is written, not the default */
	int threshold;
};

/* One [artefact "pattern"] section: what a file must be signed with. */
struct tmk_artefact_rule {
	char *pattern;		/* of the name without directories */
	int line;		/* where it stands, 0 unknown */
	char *role_name;	/* as written; NULL: any signer */
	int role_line;
	const struct tmk_role *role;	/* NULL: any signer under the roots */
	char *env_name;		/* as written; NULL: any environment */
	int env_line;
	const struct tmk_role *env;	/* NULL: keys of any environment */
	unsigned int formats;	/* bit 1 << enum tmk_seal_format; 0: any that
				   [trust] knows keys of */
	enum tmk_timestamp_rule timestamp;
	int threshold;
};

#define TMK_POLICY_FILES_MAX 16	/* `keyring` lines, `receipts` lines */
#define TMK_POLICY_CRLS_MAX 64	/* `crl` lines; each may be a directory */

struct tmk_policy {
	char *path;
	char sha256[65];	/* of the file's bytes */
	int64_t version;	/* 0: none given */
	bool enforce;
	struct tmk_trust *trust;
	struct tmk_trust *tsa_trust;	/* NULL: no tsaRoots */
	struct tmk_judge judge;	/* [trust] and [limits]; timestamp per ref */
	struct tmk_role *role;
	int roles;
	struct tmk_role *env;	/* [env "dev"|"test"|"prod"] */
	int envs;
	struct tmk_ref_rule *rule;
	int rules;
	struct tmk_artefact_rule *artefact;
	int artefacts;		/* 0: [trust] alone judges files */
	char (*exempt)[65];	/* object ids, hex */
	int exempts;
	int push_certificate;	/* 0 off, 1 check, 2 require */
	uint64_t limit_object;	/* bytes */
	uint64_t limit_commits;
	int limit_tag_depth;
	int limit_seconds;
	char *eku[TMK_EKU_MAX];	/* what judge.eku borrows */
	char *roots;		/* paths as resolved; NULL: not written */
	char *tsa_roots;
	char *intermediates;
	char *crl[TMK_POLICY_CRLS_MAX];
	int crls;
	char **push_url;
	int push_urls;
	bool fast_path;		/* [policy] fastPath: the strict CMS walk */
	int limit_processes;	/* that judge; 0: one for each core */
	char *keyring[TMK_POLICY_FILES_MAX];	/* OpenPGP; paths */
	int keyrings;
	char *allowed_signers;	/* SSH; NULL: not written */
	char *receipt[TMK_POLICY_FILES_MAX];	/* gate logs; paths */
	int receipts;
	struct tmk_receipts *vouching;	/* what they say; NULL: none loaded */
	struct tmk_keyring *openpgp;	/* what judge.openpgp borrows */
	struct tmk_keyring *ssh;	/* what judge.ssh borrows */
};

/* Read, resolve, load. *out belongs to the caller. The switch of the fast path
 * (x509/fast.h) is turned to what the policy says, for the whole process. */
int tmk_policy_load(struct tmk_policy **out, const char *path,
		    struct tmk_err *err) TMK_MUST_CHECK;

/* The same without loading what it names: `trust` and `tsa_trust` are NULL and
 * nothing can be judged with it. */
int tmk_policy_read(struct tmk_policy **out, const char *path,
		    struct tmk_err *err) TMK_MUST_CHECK;
void tmk_policy_free(struct tmk_policy *policy);

/* Whether `pattern` matches a whole ref name or e-mail: `*` is any run of
 * characters, '/' too; nothing else is special. Bounded time. */
bool tmk_policy_glob(const char *pattern, const char *text);

/* Whether rule `i` applies to the ref. */
bool tmk_policy_applies(const struct tmk_policy *policy, int i,
			const char *ref);

/* Whether [artefact] section `i` applies to a file; `name` may have
 * directories, which do not count. */
bool tmk_policy_artefact_applies(const struct tmk_policy *policy, int i,
				 const char *name);

/* Whether the rule lets this ref move forward: what it says, else yes, but no
 * for anything under refs/tags/ whatever the pattern looks like. */
bool tmk_policy_may_update(const struct tmk_ref_rule *rule, const char *ref);

/* Whether the certificate (with its judged chain) belongs to the role. */
bool tmk_policy_is_member(const struct tmk_role *role, X509 *cert,
			  STACK_OF(X509) *chain);

/* Whether the signer of a good finding belongs to the role: by certificate as
 * above, else by the key's fingerprint or the addresses that its keyring
 * tells. A role with an issuer has no member without certificate. */
bool tmk_policy_is_signer(const struct tmk_role *role,
			  const struct tmk_finding *finding);

/* Refuse a good finding (signer-not-allowed) whose signer does not belong to
 * the role; NULL: everybody does. Always returns 0. */
int tmk_policy_judge_member(struct tmk_finding *finding,
			    const struct tmk_role *role);

/* The same for the environment whose keys alone count; NULL: all do. */
int tmk_policy_judge_env(struct tmk_finding *finding,
			 const struct tmk_role *env);

/* Whether everything that `strict` demands of an object is demanded by `by`
 * as well, so that history let in under `by` need not be judged again for
 * `strict`. */
bool tmk_policy_covers(const struct tmk_ref_rule *by,
		       const struct tmk_ref_rule *strict);

#endif
