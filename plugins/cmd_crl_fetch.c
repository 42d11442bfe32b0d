/*
 * cmd_crl_fetch.c - `touchmark crl-fetch`: keep the directory of CRLs that a
 * policy names fresh, for a timer of the server.
 *
 * The gate itself never goes to the network. What a server sends takes the
 * place of nothing until it is known to be a CRL by whom it should be, and
 * newer than the one that is there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/opt.h"
#include "core/config.h"
#include "core/policy.h"
#include "plugins/command.h"
#include "plugins/crl_get.h"
#include "plugins/crl_known.h"
#include "plugins/crl_list.h"
#include "plugins/crl_report.h"
#include "plugins/crl_store.h"
#include "x509/crl.h"

#define POLICY_DEFAULT "/etc/touchmark/policy"
#define DEADLINE_DEFAULT 30	/* s */
#define DEADLINE_MAX 600
#define MAX_DEFAULT (16 << 20)	/* bytes of one CRL */

static const char synopsis[] =
	"touchmark crl-fetch [--policy P] [--dir DIR] [--cert FILE]... "
	"[--json] [URL...]";

struct run {
	bool json, help;
	const char *policy_path, *dir;
	struct tmk_opt_list certs;
	uint64_t deadline, max;
	struct tmk_policy *policy;
	STACK_OF(X509) *known;
	struct tmk_crl_list *list;
	X509_NAME *had[TMK_CRL_SOURCES_MAX];	/* issuers whose CRL came */
	int n_had;
	struct tmk_crl_get get;
	int code;
};

static void worst(int *code, int other)
{
	if (other > *code)
		*code = other;
}

/* ---- what to do ------------------------------------------------------------- */

static int load_policy(struct run *r, struct tmk_err *err)
{
	struct tmk_config *config = NULL;
	const char *path = r->policy_path;
	int rc;

	if (!path) {
		if (tmk_config_load(&config, ".", err))
			return -1;
		path = config->policy ? config->policy : POLICY_DEFAULT;
	}
	rc = tmk_policy_read(&r->policy, path, err);
	tmk_config_free(config);
	return rc;
}

static bool is_directory(const char *path)
{
	struct stat s;

	return !stat(path, &s) && S_ISDIR(s.st_mode);
}

/* --dir, or the one directory that the policy's `crl` names. */
static int find_dir(struct run *r, struct tmk_err *err)
{
	int i, n = 0;

	if (!r->dir) {
		for (i = 0; i < r->policy->crls; i++) {
			if (!is_directory(r->policy->crl[i]))
				continue;
			r->dir = r->policy->crl[i];
			n++;
		}
		if (n == 1)
			return 0;
		tmk_err_set(err, TMK_USAGE, "the policy %s names %s as crl",
			    r->policy->path, n ? "several directories" :
			    "no directory that is there");
		return tmk_err_hint(err, "make the directory and name it "
				    "(crl = crls), or give --dir");
	}
	if (is_directory(r->dir))
		return 0;
	return tmk_err_set(err, TMK_USAGE, "%s is no directory", r->dir);
}

static int prepare(struct run *r, char **urls, int n, struct tmk_err *err)
{
	int i;

	if (!r->deadline || r->deadline > DEADLINE_MAX || !r->max ||
	    r->max > TMK_CRL_FILE_MAX)
		return tmk_err_set(err, TMK_USAGE, "--deadline is 1 to %d "
				   "seconds, --max 1 to %d bytes",
				   DEADLINE_MAX, TMK_CRL_FILE_MAX);
	r->known = sk_X509_new_null();
	r->list = tmk_crl_list_new();
	if (!r->known || !r->list)
		return tmk_err_nomem(err);
	r->get = (struct tmk_crl_get){ .known = r->known,
		.now = tmk_clock_now(), .deadline = (int)r->deadline,
		.max = r->max };
	if (load_policy(r, err) || find_dir(r, err))
		return -1;
	for (i = 0; i < n; i++)
		if (tmk_crl_list_add_url(r->list, urls[i], err))
			return -1;
	if (tmk_crl_known(r->known, r->list, r->policy, &r->certs,
			  r->get.now, err))
		return -1;
	if (r->list->count)
		return 0;
	tmk_err_set(err, TMK_USAGE, "no certificate that the policy names "
		    "says where a CRL is");
	return tmk_err_hint(err, "give a signer's certificate with --cert, or "
			    "the address of the CRL");
}

/* ---- one CRL after the other ------------------------------------------------- */

/* The list that stays where a new one could not be had; or NULL. */
static X509_CRL *have(const struct run *r, const struct tmk_crl_source *s)
{
	X509_CRL *crl = NULL;
	int i;

	for (i = 0; i < s->issuers && !crl && s->urls; i++)
		crl = tmk_crl_store_get(r->dir, s->url[0], s->issuer[i]);
	for (i = 0; !s->issuers && i < sk_X509_num(r->known) && !crl; i++)
		crl = tmk_crl_store_get(r->dir, s->url[0],
				X509_get_subject_name(sk_X509_value(r->known,
								    i)));
	return crl;
}

static int say_failed(struct run *r, const struct tmk_crl_source *s,
		      const struct tmk_err *why, struct tmk_err *err)
{
	struct tmk_crl_line line = {
		.url = s->urls ? s->url[0] : "(a distribution point without "
			"address)",
		.problem = why->text, .code = why->code
	};
	int rc;

	line.crl = have(r, s);
	line.status = line.crl ? "kept" : "failed";
	worst(&r->code, why->code);
	rc = tmk_crl_report(&line, r->json, err);
	X509_CRL_free(line.crl);
	return rc;
}

static const char *refusal_of(enum tmk_crl_put what)
{
	switch (what) {
	case TMK_CRL_PUT_OLDER:
		return "the server gives an older CRL than this one, which "
			"stays";
	case TMK_CRL_PUT_OTHER_SCOPE:
		return "the server gives a CRL of another scope than this "
			"one, which stays; if that is right, remove the file";
	default:
		return NULL;
	}
}

static int say_stored(struct run *r, const struct tmk_crl_source *s,
		      const struct tmk_crl_stored *stored, X509_CRL *crl,
		      struct tmk_err *err)
{
	struct tmk_crl_line line = {
		.url = s->url[0], .path = stored->path, .crl = crl,
		.kept_old = stored->kept_old, .code = TMK_NET,
		.problem = refusal_of(stored->what)
	};
	X509_CRL *old = NULL;
	int64_t from, to;
	int rc;

	line.status = stored->what == TMK_CRL_PUT_SAME ? "unchanged" :
		line.problem ? "kept" : "updated";
	if (line.problem)
		line.crl = old = tmk_crl_store_get(r->dir, s->url[0],
					X509_CRL_get_issuer(crl));
	tmk_crl_file_times(&from, &to, crl);
	if (!line.problem && to < r->get.now)
		line.problem = to == TMK_TIME_NONE ? "it names no end: where "
			"lists are required it counts as out of date" :
			"it is out of date, and the server has no newer one";
	if (line.problem)
		worst(&r->code, line.code);
	rc = tmk_crl_report(&line, r->json, err);
	X509_CRL_free(old);
	return rc;
}

/* Remember whose CRL came, and where its deltas are. */
static int note(struct run *r, X509_CRL *crl, struct tmk_err *err)
{
	X509_NAME *name = X509_NAME_dup(X509_CRL_get_issuer(crl));

	if (!name)
		return tmk_err_nomem(err);
	if (r->n_had < TMK_CRL_SOURCES_MAX)
		r->had[r->n_had++] = name;
	else
		X509_NAME_free(name);
	return tmk_crl_list_add_crl(r->list, crl, err);
}

/* Fetch one. Returns 0 when a line was said about it, good or bad. */
static int fetch_one(struct run *r, const struct tmk_crl_source *s,
		     struct tmk_err *err)
{
	struct tmk_crl_stored stored = { .path = NULL };
	struct tmk_err why = TMK_ERR_INIT;
	const char *from = NULL;
	X509_CRL *crl = NULL;
	int rc;

	if (tmk_crl_get(&crl, &from, &r->get, s, &why))
		return say_failed(r, s, &why, err);
	if (tmk_crl_store_put(&stored, r->dir, s->url[0], crl, r->known,
			      &why)) {
		rc = say_failed(r, s, &why, err);
	} else {
		rc = say_stored(r, s, &stored, crl, err);
		if (!rc)
			rc = note(r, crl, err);
	}
	free(stored.path);
	X509_CRL_free(crl);
	return rc;
}

static bool can_fetch(const struct tmk_crl_source *s)
{
	int i;

	for (i = 0; i < s->urls; i++)
		if (tmk_crl_list_is_http(s->url[i]))
			return true;
	return false;
}

/* A point that nobody can ask by http: no harm when a CRL of that issuer came
 * from elsewhere. */
static int skip_one(struct run *r, const struct tmk_crl_source *s,
		    struct tmk_err *err)
{
	struct tmk_crl_line line = {
		.url = s->urls ? s->url[0] : "(a distribution point without "
			"address)",
		.status = "skipped", .code = TMK_NET,
		.problem = "there is no http or https address in it, and its "
			"issuer's CRL came from nowhere else"
	};
	int i;

	for (i = 0; i < r->n_had; i++)
		if (s->issuers && tmk_crl_list_expects(s, r->had[i]))
			return 0;
	worst(&r->code, TMK_NET);
	return tmk_crl_report(&line, r->json, err);
}

static int fetch_all(struct run *r, struct tmk_err *err)
{
	const struct tmk_crl_source *s;

	/* The list grows: a CRL may say where its deltas are. */
	for (s = r->list->first; s; s = s->next)
		if (can_fetch(s) && fetch_one(r, s, err))
			return err->code;
	for (s = r->list->first; s; s = s->next)
		if (!can_fetch(s) && skip_one(r, s, err))
			return err->code;
	return r->code;
}

static void release(struct run *r)
{
	while (r->n_had)
		X509_NAME_free(r->had[--r->n_had]);
	sk_X509_pop_free(r->known, X509_free);
	tmk_crl_list_free(r->list);
	tmk_policy_free(r->policy);
}

static int run(int argc, char **argv, struct tmk_err *err)
{
	struct run r = { .deadline = DEADLINE_DEFAULT, .max = MAX_DEFAULT };
	const struct tmk_opt table[] = {
		{ 0, "policy", TMK_OPT_TEXT, &r.policy_path, "FILE",
		  "whose authorities' CRLs are wanted" },
		{ 0, "dir", TMK_OPT_TEXT, &r.dir, "DIR",
		  "where they are kept; default: what the policy names" },
		{ 0, "cert", TMK_OPT_LIST, &r.certs, "FILE",
		  "certificates that say where CRLs are" },
		{ 0, "deadline", TMK_OPT_SIZE, &r.deadline, "SECONDS",
		  "for each address (default 30)" },
		{ 0, "max", TMK_OPT_SIZE, &r.max, "SIZE",
		  "of one CRL at most (default 16m)" },
		{ 0, "json", TMK_OPT_FLAG, &r.json, NULL,
		  "one object per CRL" },
		{ 'h', "help", TMK_OPT_FLAG, &r.help, NULL, "this text" },
		{ 0, NULL, TMK_OPT_FLAG, NULL, NULL, NULL }
	};
	int n = 0, code;

	if (tmk_opt_parse(table, argc, argv, &n, err))
		return TMK_USAGE;
	if (r.help) {
		tmk_opt_help(stdout, synopsis, table);
		return TMK_OK;
	}
	code = prepare(&r, argv + 1, n, err) ? err->code :
		fetch_all(&r, err);
	release(&r);
	return code;
}

const struct tmk_command tmk_command_crl_fetch = {
	"crl-fetch", "keep the revocation lists that a policy needs fresh", run
};
