/*
 * verify_beside.c - the signatures that stand beside a file: which of them are
 * meant, and reading them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "plugins/front_seal.h"
#include "plugins/verify_beside.h"
#include "plugins/verify_case.h"

/* What may stand beside a file. The first ones are the usual for a signature
 * that is missed; .gpg is what stands beside Release, .sign what some projects
 * put beside the tar in a compressed file. */
static const char *const suffixes[] = {
	".p7s", ".asc", ".sig", ".minisig", ".gpg", ".sign"
};

#define BESIDE ((int)(sizeof(suffixes) / sizeof(suffixes[0])))

const char *tmk_verify_beside_suffix(int i)
{
	return i < BESIDE ? suffixes[i] : NULL;
}

/* Which option says whose keys are good for what has this suffix. */
static bool named(const struct tmk_trust_options *o, int i)
{
	switch (i) {
	case 0:
		return o->roots.count > 0;
	case 1:
	case 4:
		return o->keyring != NULL;
	case 2:
		return o->allowed_signers || o->minisign_key;
	case 3:
		return o->minisign_key != NULL;
	default:
		return o->keyring || o->roots.count > 0;
	}
}

/* And which keys a policy has. */
static bool known(const struct tmk_policy *p, int i)
{
	switch (i) {
	case 0:
		return p->roots != NULL;
	case 1:
	case 4:
		return p->keyrings > 0;
	case 2:
		return p->allowed_signers != NULL;
	case 3:
		return false;
	default:
		return p->keyrings || p->roots;
	}
}

struct choice {
	bool there[BESIDE];
	bool wanted[BESIDE];	/* there are keys for it */
	bool options;		/* that were named for this call */
};

static void want(struct choice *c, const struct tmk_verify *v)
{
	int i;

	c->options = false;
	for (i = 0; i < BESIDE; i++)
		c->options |= c->wanted[i] = named(v->options, i);
	for (i = 0; !c->options && v->trust.policy && i < BESIDE; i++)
		c->wanted[i] = known(v->trust.policy, i);
}

/* Of those that are there: the only one; else the only one whose keyring is
 * named; else, without a keyring, the first that a policy has keys for. */
static int choose(const struct choice *c, const char *file,
		  struct tmk_err *err)
{
	int i, first = -1, best = -1, good = 0;

	for (i = 0; i < BESIDE; i++) {
		if (c->there[i] && first < 0)
			first = i;
		if (c->there[i] && c->wanted[i] && !good++)
			best = i;
	}
	if (good > 1 && c->options) {
		tmk_err_set(err, TMK_USAGE, "%s has several signatures that "
			    "could be meant", file);
		return tmk_err_hint(err, "name one: touchmark verify FILE "
				    "SIGNATURE");
	}
	if (best >= 0 || first >= 0)
		return best >= 0 ? best : first;
	/* None is there: the one that is missed. */
	for (i = 0; i < BESIDE; i++)
		if (c->wanted[i])
			return i;
	return 0;
}

static int look(bool there[BESIDE], const char *file, struct tmk_err *err)
{
	char *path;
	int i, found = 0;

	for (i = 0; i < BESIDE; i++) {
		if (asprintf(&path, "%s%s", file, suffixes[i]) < 0)
			return tmk_err_nomem(err);
		there[i] = tmk_file_exists(path);
		found += there[i];
		free(path);
	}
	return found;
}

bool tmk_verify_beside_wanted(const struct tmk_verify *verify,
			      const char *file)
{
	struct choice c;
	int i;

	if (look(c.there, file, NULL) <= 0)
		return false;
	want(&c, verify);
	for (i = 0; i < BESIDE; i++)
		if (c.there[i] && c.wanted[i])
			return true;
	return false;
}

static void hint_missing(struct tmk_verdict *v)
{
	tmk_verdict_hint(v, "fetch the signature again from where the file "
			 "came from, or make one: touchmark sign FILE");
}

/* A signature that is not there is a refusal of the file, not an error. */
static int read_one(struct tmk_verify_case *c, const char *path,
		    struct tmk_err *err)
{
	struct tmk_buf sig = TMK_BUF_INIT(TMK_FRONT_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err e = TMK_ERR_INIT;
	int rc;

	if (!tmk_file_read(&sig, path, &e)) {
		rc = tmk_verify_case_add(NULL, c, sig.data, sig.len, NULL,
					 err);
		tmk_buf_release(&sig);
		return rc;
	}
	tmk_verdict_refuse(&v, tmk_file_exists(path) && sig.len ?
			   TMK_SIGNATURE_MALFORMED : TMK_SIGNATURE_MISSING,
			   "%s", e.text);
	hint_missing(&v);
	tmk_buf_release(&sig);
	return tmk_verify_case_add_refused(c, &v, err);
}

static int read_beside(struct tmk_verify_case *c, const char *file, int i,
		       struct tmk_err *err)
{
	char *path;
	int rc;

	if (asprintf(&path, "%s%s", file, suffixes[i]) < 0)
		return tmk_err_nomem(err);
	rc = read_one(c, path, err);
	free(path);
	return rc;
}

/* What is missed is told by the name that it would have. */
static int add_missing(struct tmk_verify_case *c, const char *file, int i,
		       struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;

	tmk_verdict_refuse(&v, TMK_SIGNATURE_MISSING, "%sno %s%s stands beside "
			   "it", c->answer->form ? "it carries no signature, "
			   "and " : "", file, suffixes[i]);
	hint_missing(&v);
	return tmk_verify_case_add_refused(c, &v, err);
}

int tmk_verify_beside_named(struct tmk_verify_case *c, const char *path,
			    struct tmk_err *err)
{
	return read_one(c, path, err);
}

/* All of them, or all for which there are keys. *count gets how many. */
static int read_several(int *count, struct tmk_verify_case *c,
			const struct choice *choice, const char *file,
			bool all, struct tmk_err *err)
{
	int i, rc = 0;

	*count = 0;
	for (i = 0; !rc && i < BESIDE; i++)
		if (choice->there[i] && (all || choice->wanted[i])) {
			rc = read_beside(c, file, i, err);
			++*count;
		}
	return rc;
}

int tmk_verify_beside(struct tmk_verify_case *c, const char *file, bool all,
		      bool must, struct tmk_err *err)
{
	struct choice choice;
	int i, n = 0, found = look(choice.there, file, err);

	if (found < 0)
		return -1;
	want(&choice, c->verify);
	if ((all || c->verify->several) &&
	    read_several(&n, c, &choice, file, all, err))
		return -1;
	if (n || (!found && !must))
		return 0;
	i = choose(&choice, file, err);
	if (i < 0)
		return -1;
	return found ? read_beside(c, file, i, err) :
		add_missing(c, file, i, err);
}
