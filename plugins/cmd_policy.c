/*
 * cmd_policy.c - `touchmark policy check FILE`: is this policy what its
 * author means?
 *
 * Reads it as the gate does, says what every ref needs, and warns of what is
 * allowed but rarely meant. Ends with 0 when the policy can be used, warnings
 * or not, and with 2 when the gate would refuse every push with it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/opt.h"
#include "base/proc.h"
#include "core/policy.h"
#include "core/policy_signed.h"
#include "plugins/command.h"
#include "plugins/policy_artefacts.h"
#include "plugins/policy_lists.h"
#include "plugins/policy_words.h"
#include "x509/cert.h"

#define REFS_MAX_BYTES (64u << 20)	/* of names, one to a line */
#define GIT_MS 60000
/* A ref as it may be, of no tag that there is. */
#define SOME_APPROVAL "refs/touchmark/approvals/" \
	"0000000000000000000000000000000000000000/approval"

static const char synopsis[] =
	"touchmark policy check [--repo DIR] [--roots PEM] FILE";

static const char *require_name(enum tmk_require require)
{
	switch (require) {
	case TMK_REQUIRE_NOTHING:
		return "nothing";
	case TMK_REQUIRE_TIP:
		return "a signed tip";
	case TMK_REQUIRE_COMMITS:
		return "signed commits";
	case TMK_REQUIRE_TAG:
		return "a signed tag";
	}
	return "?";
}

static const char *revocation_name(enum tmk_revocation r)
{
	return r == TMK_REVOCATION_REQUIRE ? "require" :
		r == TMK_REVOCATION_CHECK ? "check" : "off";
}

/* One rule in words. `ref` is the ref it is shown for, NULL for its pattern. */
static void show_rule(const struct tmk_ref_rule *r, const char *ref)
{
	char role[256];
	bool update = tmk_policy_may_update(r, ref ? ref : r->pattern);

	printf("    %s", require_name(r->require));
	if (r->require != TMK_REQUIRE_NOTHING) {
		if (r->threshold > 1)
			printf(", by %d different signers",
			       r->threshold);
		if (r->role)
			printf(r->threshold > 1 ? " of role \"%s\"" :
			       ", by role \"%s\"",
			       tmk_policy_words_text(role, sizeof(role),
						     r->role->name));
		else
			printf(r->threshold > 1 ? " that [trust] knows" :
			       ", by any signer that [trust] knows");
		if (r->env)
			printf(", with a key of environment %s", r->env->name);
		tmk_policy_words_formats(r->formats);
		if (r->identity == TMK_IDENTITY_COMMITTER)
			printf(", under their own e-mail");
		printf(", %s", tmk_policy_words_stamp(r->timestamp));
		if (r->first_parent)
			printf(", first parents only");
	}
	printf("\n    create %s, update %s, force %s, delete %s\n",
	       r->create ? "allow" : "deny", update ? "allow" : "deny",
	       r->force ? "allow" : "deny", r->delete_ ? "allow" : "deny");
}

static void show_roots(const char *whose, const struct tmk_trust *trust,
		       enum tmk_revocation revocation)
{
	int n = trust ? sk_X509_num(tmk_trust_roots(trust)) : 0;

	printf("  %s: %d root%s, revocation %s", whose, n, n == 1 ? "" : "s",
	       revocation_name(revocation));
}

/* What is asked of pushes, and what of history is not judged. */
static void show_pushes(const struct tmk_policy *p)
{
	char url[1024];
	int i;

	if (p->push_certificate)
		printf("  push certificates: %s\n", p->push_certificate > 1 ?
		       "required" : "judged where there is one");
	for (i = 0; i < p->push_urls; i++)
		printf("  pushed to: %s\n",
		       tmk_policy_words_text(url, sizeof(url), p->push_url[i]));
	for (i = 0; i < p->exempts; i++)
		printf("  exempt: %s and its history\n", p->exempt[i]);
}

static void show_trust(const struct tmk_policy *p)
{
	char path[1024];
	int i;

	printf("policy %s\n",
		tmk_policy_words_text(path, sizeof(path), p->path));
	printf("  sha256 %s\n", p->sha256);
	if (p->version)
		printf("  version %" PRId64 "\n", p->version);
	printf("  enforced: %s\n", p->enforce ? "yes" : "no");
	show_roots("signers", p->trust, p->judge.revocation);
	printf(", minRsa %u, eku", p->judge.min_rsa);
	for (i = 0; i < p->judge.ekus; i++)
		printf(" %s",
			tmk_policy_words_text(path, sizeof(path),
					      p->judge.eku[i]));
	printf("\n");
	show_roots("timestamps", p->tsa_trust, p->judge.tsa_revocation);
	printf("\n");
	for (i = 0; i < p->keyrings; i++)
		printf("  keyring (OpenPGP): %s\n",
		       tmk_policy_words_text(path, sizeof(path),
					     p->keyring[i]));
	if (p->allowed_signers)
		printf("  allowed signers (SSH): %s\n",
		       tmk_policy_words_text(path, sizeof(path),
					     p->allowed_signers));
	for (i = 0; i < p->receipts; i++)
		printf("  receipts: %s\n",
		       tmk_policy_words_text(path, sizeof(path),
					     p->receipt[i]));
	show_pushes(p);
}

static void show_rules(const struct tmk_policy *p)
{
	char pattern[1024];
	int i;

	for (i = 0; i < p->rules; i++) {
		printf("[ref \"%s\"] line %d\n",
		       tmk_policy_words_text(pattern, sizeof(pattern),
					     p->rule[i].pattern),
		       p->rule[i].line);
		show_rule(&p->rule[i], NULL);
	}
	tmk_policy_artefacts_show(p);
}

static void warn(int line, const char *path, const char *fmt, ...)
	TMK_PRINTF(3, 4);

static void warn(int line, const char *path, const char *fmt, ...)
{
	char text[1024], safe[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	tmk_enc_show_into(safe, sizeof(safe), text, strlen(text));
	if (line)
		fprintf(stderr, "touchmark: warning: %s:%d: %s\n", path, line,
			safe);
	else
		fprintf(stderr, "touchmark: warning: %s: %s\n", path, safe);
}

/* A root that vouches for signers as well as for time vouches for itself: a
 * signer's CA could date a stolen key's signature back. */
static void warn_shared_roots(const struct tmk_policy *p, const char *path)
{
	STACK_OF(X509) *signers = tmk_trust_roots(p->trust), *tsas;
	char subject[256];
	int i, j;

	tsas = p->tsa_trust ? tmk_trust_roots(p->tsa_trust) : NULL;
	for (i = 0; i < sk_X509_num(tsas); i++)
		for (j = 0; j < sk_X509_num(signers); j++)
			if (!X509_cmp(sk_X509_value(tsas, i),
				      sk_X509_value(signers, j)))
				warn(0, path, "%s is a root of signers and of "
				     "timestamps: who issues the certificates "
				     "could also date their signatures",
				     tmk_cert_subject(subject,
						      sizeof(subject),
						      sk_X509_value(tsas, i)));
}

static bool weaker(const struct tmk_ref_rule *a, const struct tmk_ref_rule *b)
{
	return (a->require == TMK_REQUIRE_NOTHING &&
		b->require != TMK_REQUIRE_NOTHING) ||
		(a->require == TMK_REQUIRE_TIP &&
		 b->require == TMK_REQUIRE_COMMITS);
}

/* Patterns where one lies within another: a `*` in the inner one is a
 * character like any other for the outer. */
static void warn_patterns(const struct tmk_policy *p, const char *path)
{
	int i, j;

	for (i = 0; i < p->rules; i++)
		for (j = 0; j < p->rules; j++) {
			const struct tmk_ref_rule *a = &p->rule[i];
			const struct tmk_ref_rule *b = &p->rule[j];

			if (i == j || !weaker(a, b))
				continue;
			if (tmk_policy_glob(b->pattern, a->pattern))
				warn(a->line, path, "[ref \"%s\"] asks for "
				     "less than [ref \"%s\"], which matches "
				     "the same refs: both apply, so it opens "
				     "nothing", a->pattern, b->pattern);
			else if (strchr(a->pattern, '*') &&
				 !strchr(b->pattern, '*') &&
				 tmk_policy_glob(a->pattern, b->pattern))
				warn(a->line, path, "[ref \"%s\"] also "
				     "matches \"%s\", whose own rule is "
				     "stricter: unsigned history can be kept "
				     "beside it, not in it", a->pattern,
				     b->pattern);
		}
}

static void warn_rules(const struct tmk_policy *p, const char *path)
{
	int i;

	for (i = 0; i < p->rules; i++) {
		const struct tmk_ref_rule *r = &p->rule[i];
		const char *pattern = r->pattern;

		if (r->require == TMK_REQUIRE_TAG &&
		    tmk_policy_glob("refs/heads/*", pattern))
			warn(r->line, path, "[ref \"%s\"] wants a tag on a "
			     "branch: no push can satisfy it", pattern);
		if (r->timestamp == TMK_STAMP_ALWAYS && !p->tsa_trust &&
		    r->require != TMK_REQUIRE_NOTHING)
			warn(r->line, path, "[ref \"%s\"] always wants a "
			     "timestamp, but [trust] names no tsaRoots: no "
			     "push can satisfy it", pattern);
		if (strncmp(pattern, "refs/", 5) && *pattern != '*')
			warn(r->line, path, "[ref \"%s\"] matches nothing: "
			     "refs begin with refs/", pattern);
	}
	if (!p->rules && !p->artefacts)
		warn(0, path, "there is no [ref] section: every push is "
		     "refused");
}

/* Whether a member could sign in one of the formats of the rule. */
static bool has_use(const struct tmk_member *m, unsigned int formats)
{
	switch (m->kind) {
	case TMK_MEMBER_EMAIL:
		return true;
	case TMK_MEMBER_CERT:
	case TMK_MEMBER_ISSUER:
		return formats & 1u << TMK_FORMAT_X509;
	case TMK_MEMBER_SSH:
		return formats & 1u << TMK_FORMAT_SSH;
	case TMK_MEMBER_OPENPGP:
		return formats & 1u << TMK_FORMAT_OPENPGP;
	}
	return false;
}

/* Members who cannot sign, and thresholds that nobody can meet. */
static void warn_role(const struct tmk_ref_rule *r, const char *path)
{
	const struct tmk_role *role = r->role;
	bool globs = false;
	int i, useful = 0;

	if (!role || r->require == TMK_REQUIRE_NOTHING)
		return;
	for (i = 0; i < role->members; i++) {
		useful += has_use(&role->member[i], r->formats);
		globs |= role->member[i].kind == TMK_MEMBER_EMAIL &&
			strchr(role->member[i].text, '*');
	}
	if (!useful)
		warn(r->line, path, "[ref \"%s\"] takes no format in which a "
		     "member of the role \"%s\" could sign", r->pattern,
		     role->name);
	else if (!globs && useful < r->threshold)
		warn(r->line, path, "[ref \"%s\"] wants %d signers, but the "
		     "role \"%s\" has %d members who could be", r->pattern,
		     r->threshold, role->name, useful);
	if (role->issuers && !(r->formats & 1u << TMK_FORMAT_X509))
		warn(r->line, path, "[ref \"%s\"]: members of the role "
		     "\"%s\" need an issuer, and only certificates have one",
		     r->pattern, role->name);
}

static void warn_formats(const struct tmk_policy *p, const char *path)
{
	int i;

	for (i = 0; i < p->rules; i++) {
		const struct tmk_ref_rule *r = &p->rule[i];

		warn_role(r, path);
		if (r->timestamp == TMK_STAMP_ALWAYS &&
		    r->formats & 1u << TMK_FORMAT_SSH &&
		    r->require != TMK_REQUIRE_NOTHING)
			warn(r->line, path, "[ref \"%s\"] always wants a "
			     "timestamp: no SSH signature has one",
			     r->pattern);
	}
}

/* Whether an approval beside a tag gets in: a blob, which no rule may want
 * signed. */
static bool takes_approvals(const struct tmk_policy *p)
{
	int i, open = 0;

	for (i = 0; i < p->rules; i++)
		if (tmk_policy_applies(p, i, SOME_APPROVAL)) {
			if (p->rule[i].require != TMK_REQUIRE_NOTHING)
				return false;
			open++;
		}
	return open > 0;
}

static void warn_thresholds(const struct tmk_policy *p, const char *path)
{
	bool approvals = takes_approvals(p);
	int i;

	for (i = 0; i < p->rules; i++) {
		const struct tmk_ref_rule *r = &p->rule[i];

		if (r->threshold < 2 || r->require == TMK_REQUIRE_NOTHING)
			continue;
		if (r->require == TMK_REQUIRE_COMMITS)
			warn(r->line, path, "[ref \"%s\"] wants %d signers of "
			     "each commit: git makes one signature, and "
			     "touchmark approve is for tags and files",
			     r->pattern, r->threshold);
		else if (!approvals)
			warn(r->line, path, "[ref \"%s\"] wants %d signers, "
			     "but no approval beside a tag gets in: add [ref "
			     "\"refs/touchmark/approvals/*\"] with require = "
			     "nothing", r->pattern, r->threshold);
	}
}

static void warn_list(void *ctx, const char *authority, int64_t ends)
{
	char when[TMK_CLOCK_TEXT];

	if (ends == TMK_TIME_NONE)
		warn(0, ctx, "there is no current revocation list of %s: what "
		     "it issued is refused; touchmark crl-fetch gets one",
		     authority);
	else
		warn(0, ctx, "there is no current revocation list of %s, the "
		     "last one ended at %s: what it issued is refused; "
		     "touchmark crl-fetch gets one", authority,
		     tmk_clock_format(when, ends));
}

/* Whether any rule takes certificates. */
static bool takes_x509(const struct tmk_policy *p)
{
	int i;

	for (i = 0; i < p->rules; i++)
		if (p->rule[i].require != TMK_REQUIRE_NOTHING &&
		    p->rule[i].formats & 1u << TMK_FORMAT_X509)
			return true;
	return false;
}

/* How many things are doubtful is not counted: they are said. */
static int warn_all(const struct tmk_policy *p, struct tmk_err *err)
{
	char *path = p->path;
	bool signs = takes_x509(p);
	bool lists = signs && p->judge.revocation == TMK_REVOCATION_REQUIRE;

	if (!p->enforce)
		warn(0, path, "enforce = false: every push is let in");
	if (lists && !p->crls)
		warn(0, path, "revocation = require, but there is no crl "
		     "line: every signature is refused");
	if (lists && p->crls &&
	    tmk_policy_lists_missing(p, tmk_clock_now(), warn_list, path,
				     err) < 0)
		return -1;
	if (signs && p->judge.revocation == TMK_REVOCATION_OFF)
		warn(0, path, "revocation = off: a stolen key that was "
		     "revoked still signs");
	if (p->push_certificate && !p->push_urls)
		warn(0, path, "[push] names no url: another server that the "
		     "same people push to could hand on what they signed "
		     "for it");
	warn_shared_roots(p, path);
	warn_rules(p, path);
	warn_formats(p, path);
	warn_thresholds(p, path);
	warn_patterns(p, path);
	tmk_policy_artefacts_warn(p, warn);
	return 0;
}

static int git_failed(const char *dir, struct tmk_err *err)
{
	const git_error *e = git_error_last();

	tmk_err_set(err, TMK_INPUT, "%s: %s", dir,
		    e && e->message ? e->message : "no reason given");
	return tmk_err_hint(err, "git opens a repository for its owner: run "
			    "this as the user of the server");
}

/* Each ref of a repository with the rules that apply to it. */
static int show_ref(const struct tmk_policy *p, const char *ref)
{
	char name[1024];
	int i, found = 0;

	printf("%s\n", tmk_policy_words_text(name, sizeof(name), ref));
	for (i = 0; i < p->rules; i++)
		if (tmk_policy_applies(p, i, ref)) {
			show_rule(&p->rule[i], ref);
			found++;
		}
	if (!found)
		printf("    no rule matches: every push to it is refused\n");
	return 0;
}

/* What libgit2 cannot open, SHA-256 for one, git lists itself. */
static int show_by_git(const struct tmk_policy *p, const char *dir)
{
	char git[] = "git", where[] = "-C", verb[] = "for-each-ref";
	char format[] = "--format=%(refname)", *own = strdup(dir);
	char *const argv[] = { git, where, own, verb, format, NULL };
	struct tmk_buf list = TMK_BUF_INIT(REFS_MAX_BYTES);
	char *name, *newline;
	int status = -1;

	if (own && !tmk_proc_run(argv, NULL, 0, &list, GIT_MS, &status,
				 TMK_INPUT, NULL) && !status)
		for (name = (char *)list.data;
		     name && (newline = strchr(name, '\n'));
		     name = newline + 1) {
			*newline = '\0';
			show_ref(p, name);
		}
	tmk_buf_release(&list);
	free(own);
	return status ? -1 : 0;
}

static int show_repo(const struct tmk_policy *p, const char *dir,
		     struct tmk_err *err)
{
	git_repository *repo = NULL;
	git_strarray names = { 0 };
	int ret = -1;
	size_t i;

	git_libgit2_init();
	if (git_repository_open_ext(&repo, dir,
				    GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0 ||
	    git_reference_list(&names, repo) < 0) {
		ret = show_by_git(p, dir) < 0 ? git_failed(dir, err) : 0;
		goto out;
	}
	for (i = 0; i < names.count; i++)
		show_ref(p, names.strings[i]);
	ret = 0;
out:
	git_strarray_dispose(&names);
	git_repository_free(repo);
	git_libgit2_shutdown();
	return ret;
}

/* With `roots` it must be signed, and by whom is said. */
static int load(struct tmk_policy **out, const char *path, const char *roots,
		struct tmk_err *err)
{
	const struct tmk_policy_signers signers = { .roots = roots };
	char who[512];

	if (!roots)
		return tmk_policy_load(out, path, err);
	if (tmk_policy_signed_load(out, who, sizeof(who), path, &signers,
				   err) < 0)
		return -1;
	printf("signed by %s\n", who);
	return 0;
}

static int run(int argc, char **argv, struct tmk_err *err)
{
	const char *repo = NULL, *roots = NULL;
	bool help = false;
	const struct tmk_opt table[] = {
		{ 0, "repo", TMK_OPT_TEXT, &repo, "DIR",
		  "show what each ref of this repository needs" },
		{ 0, "roots", TMK_OPT_TEXT, &roots, "PEM",
		  "FILE must be signed under these, in FILE.p7s" },
		{ 'h', "help", TMK_OPT_FLAG, &help, NULL, "show this" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	struct tmk_policy *policy = NULL;
	int operands = 0, ret = TMK_OK;

	if (tmk_opt_parse(table, argc, argv, &operands, err) < 0)
		return TMK_USAGE;
	if (help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	if (operands != 2 || strcmp(argv[1], "check")) {
		tmk_err_set(err, TMK_USAGE, "policy takes: check FILE");
		tmk_err_hint(err, "%s", synopsis);
		return TMK_USAGE;
	}
	if (load(&policy, argv[2], roots, err) < 0)
		return err->code == TMK_INTERNAL ? TMK_INTERNAL : TMK_USAGE;
	show_trust(policy);
	if (!repo)
		show_rules(policy);
	else if (show_repo(policy, repo, err) < 0)
		ret = err->code;
	fflush(stdout);
	if (warn_all(policy, ret ? NULL : err) < 0 && !ret)
		ret = err->code;
	tmk_policy_free(policy);
	return ret;
}

const struct tmk_command tmk_command_policy = {
	.name = "policy",
	.summary = "check a policy file, and show what each ref needs",
	.run = run
};
