#include "hooks/gate_pushcert.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/enc.h"
#include "formats/git_object.h"
#include "formats/git_pushcert.h"
#include "hooks/gate_nonce.h"
#include "hooks/gate_record.h"

#define AGE 3600		/* s from the nonce to the hook: the transfer
				   lies between them */
#define SLOP_MAX 31536000	/* s of receive.certNonceSlop */

enum { OFF, CHECK, REQUIRE };	/* [push] certificate */

/* What is being judged. */
struct work {
	struct tmk_gate *gate;
	struct tmk_oid oid;	/* of the blob */
	struct tmk_buf bytes;
	struct tmk_git_pushcert cert;
	struct tmk_verdict v;
	struct tmk_err *err;
};

/* ---- the blob ----------------------------------------------------------- */

/* Nobody can sign a push to a server that issues no nonces: then it is not the
 * pusher who must do something. That it cannot be known changes the hint only. */
static void refuse_unsigned(struct work *w)
{
	struct tmk_repo *repo = w->gate->repo;
	struct tmk_err own = TMK_ERR_INIT;
	char *seed = NULL;
	bool known = !repo->ops->config(repo, &seed, "receive.certnonceseed",
					false, &own);

	tmk_verdict_refuse(&w->v, TMK_PUSH_CERT, "the push is not signed");
	if (known && (!seed || !*seed))
		tmk_verdict_hint(&w->v, "the administrator must set "
				 "receive.certNonceSeed to a secret; then push "
				 "with git push --signed");
	if (seed)
		OPENSSL_cleanse(seed, strlen(seed));
	free(seed);
}

/* Whether the push has a certificate at all; sets the refusal where it must
 * have one. */
static bool is_there(struct work *w)
{
	const char *name = getenv("GIT_PUSH_CERT");

	if (name && *name) {
		if (strlen(name) == w->gate->repo->hex &&
		    tmk_oid_read(&w->oid, name, strlen(name)) &&
		    !tmk_oid_is_zero(&w->oid))
			return true;
		tmk_verdict_refuse(&w->v, TMK_PUSH_CERT, "the push certificate "
				   "was not stored");
		return false;
	}
	/* without a command there is nothing to certify */
	if (w->gate->policy->push_certificate == REQUIRE &&
	    w->gate->commands)
		refuse_unsigned(w);
	return false;
}

/* Copied: what is read is borrowed only until the next look at the
 * repository. */
static int read_blob(struct work *w)
{
	struct tmk_gate_raw raw = { .type = TMK_OBJECT_NONE };

	if (tmk_gate_object_read(w->gate, &raw, &w->oid, &w->v, w->err) < 0)
		return -1;
	if (w->v.reason != TMK_GOOD)
		return 0;
	if (raw.type != TMK_OBJECT_BLOB)
		return tmk_verdict_refuse(&w->v, TMK_OBJECT_MALFORMED,
			"a %s stands where it is meant",
			tmk_object_type_name(raw.type));
	tmk_buf_init(&w->bytes, raw.len + 1);
	return tmk_buf_add(&w->bytes, raw.data, raw.len) ?
		tmk_err_nomem(w->err) : 0;
}

/* ---- what the push does, and what the certificate says ------------------ */

struct change {
	const uint8_t *ref;
	size_t len;
	struct tmk_oid old, new;
};

static int compare(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int rc = memcmp(x->ref, y->ref, n);

	return rc ? rc : (x->len > y->len) - (x->len < y->len);
}

static bool same_change(const struct change *a, const struct change *b)
{
	return a->len == b->len && !memcmp(a->ref, b->ref, a->len) &&
		tmk_oid_equal(&a->old, &b->old) &&
		tmk_oid_equal(&a->new, &b->new);
}

static bool read_changes(struct change *pushed, struct change *said,
			 const struct work *w)
{
	struct tmk_git_pushcert_command c;
	struct tmk_span rest = w->cert.lines;
	int i;

	for (i = 0; i < w->gate->commands; i++) {
		const struct tmk_gate_command *p = &w->gate->command[i];

		pushed[i] = (struct change){
			.ref = (const uint8_t *)p->ref,
			.len = strlen(p->ref), .old = p->old, .new = p->new,
		};
		if (!tmk_git_pushcert_next(&c, &rest, &w->cert))
			return false;
		said[i] = (struct change){ .ref = c.ref.data,
					   .len = c.ref.len };
		if (!tmk_oid_read(&said[i].old, (const char *)c.old.data,
				  c.old.len) ||
		    !tmk_oid_read(&said[i].new, (const char *)c.new.data,
				  c.new.len))
			return false;
	}
	return true;
}

/* Each change once, with the same values, and no other. */
static int judge_changes(struct work *w)
{
	size_t n = (size_t)w->gate->commands, i = 0;
	struct change *pushed = calloc(n + 1, sizeof(*pushed));
	struct change *said = calloc(n + 1, sizeof(*said));
	char ref[256];
	int ret = -1;

	if (!pushed || !said) {
		tmk_err_nomem(w->err);
		goto out;
	}
	ret = 0;
	if (w->cert.commands != w->gate->commands) {
		tmk_verdict_refuse(&w->v, TMK_PUSH_CERT, "it names %d changes, "
			"but the push makes %d", w->cert.commands,
			w->gate->commands);
		goto out;
	}
	if (!read_changes(pushed, said, w)) {
		ret = tmk_err_set(w->err, TMK_INTERNAL, "the push certificate "
				  "reads otherwise the second time");
		goto out;
	}
	qsort(pushed, n, sizeof(*pushed), compare);
	qsort(said, n, sizeof(*said), compare);
	while (i < n && same_change(&pushed[i], &said[i]))
		i++;
	if (i < n)
		tmk_verdict_refuse(&w->v, TMK_PUSH_CERT, "it does not name the "
			"change of %s that is pushed",
			tmk_enc_show_into(ref, sizeof(ref),
					  (const char *)pushed[i].ref,
					  pushed[i].len));
out:
	free(pushed);
	free(said);
	return ret;
}

static int judge_pushee(struct work *w)
{
	const struct tmk_policy *p = w->gate->policy;
	char url[256];
	int i;

	for (i = 0; i < p->push_urls; i++)
		if (tmk_span_is(w->cert.pushee, p->push_url[i]))
			return 0;
	if (!p->push_urls)
		return 0;
	tmk_verdict_refuse(&w->v, TMK_PUSH_CERT, "it was made for '%s', which "
		"is no url under [push]",
		tmk_enc_show_into(url, sizeof(url),
				  (const char *)w->cert.pushee.data,
				  w->cert.pushee.len));
	return tmk_verdict_hint(&w->v, "push to the repository's own URL, or "
				"ask the administrator to add this one");
}

/* ---- the nonce ---------------------------------------------------------- */

static void add_place(struct tmk_gate_nonce *n, const char *path, bool binds)
{
	n->place[n->places].path = path;
	n->place[n->places++].binds = binds;
}

/* Whether git would come to this repository by an absolute path (git's path.c,
 * enter_repo): only then no other one has the same. */
static bool leads_here(const char *path, const char *dir)
{
	static const char *const ends[] = { "", "/.git", ".git", ".git/.git" };
	char *here = realpath(dir, NULL), *real, *text;
	bool same = false;
	size_t i;

	for (i = 0; here && *path == '/' && !same &&
	     i < sizeof(ends) / sizeof(*ends); i++) {
		if (asprintf(&text, "%s%s", path, ends[i]) < 0)
			break;
		real = realpath(text, NULL);
		same = real && !strcmp(real, here);
		free(real);
		free(text);
	}
	free(here);
	return same;
}

/* receive.certNonceSlop, seconds (git-config(1)); none is 0. */
static int read_slop(int64_t *slop, struct work *w)
{
	struct tmk_repo *repo = w->gate->repo;
	char *text = NULL, *end = NULL;
	long n;

	*slop = 0;
	if (repo->ops->config(repo, &text, "receive.certnonceslop", false,
			      w->err) < 0)
		return -1;
	if (!text)
		return 0;
	n = strtol(text, &end, 10);
	if (!*text || *end || n < 0 || n > SLOP_MAX) {
		tmk_err_set(w->err, TMK_USAGE, "receive.certNonceSlop is no "
			    "number of seconds up to %d", SLOP_MAX);
		tmk_err_hint(w->err, "the administrator must set it right");
		free(text);
		return -1;
	}
	free(text);
	*slop = n;
	return 0;
}

/* The places and times that the seed is tried with. */
static int judge_with(struct work *w, const char *seed)
{
	static const char inside[] = "/.git";
	struct tmk_repo *repo = w->gate->repo;
	struct tmk_gate_nonce n = { .seed = seed, .hex = repo->hex };
	char served[PATH_MAX], above[PATH_MAX];
	size_t len = strlen(repo->dir);
	int64_t slop;

	if (read_slop(&slop, w) < 0)
		return -1;
	n.now = tmk_clock_now();
	n.age = AGE + slop;
	n.bound = w->gate->policy->push_urls > 0;
	if (tmk_gate_nonce_served(served, sizeof(served)))
		add_place(&n, served, leads_here(served, repo->dir));
	add_place(&n, repo->dir, true);
	if (len > 5 && len < sizeof(above) &&
	    !strcmp(repo->dir + len - 5, inside)) {
		memcpy(above, repo->dir, len - 5);
		above[len - 5] = '\0';
		add_place(&n, above, true);
	}
	add_place(&n, ".", false);
	return tmk_gate_nonce_judge(&w->v, &n, w->cert.nonce,
				    getenv("GIT_PUSH_CERT_NONCE"), w->err);
}

static int judge_nonce(struct work *w)
{
	struct tmk_repo *repo = w->gate->repo;
	char *seed = NULL;
	int ret;

	if (repo->ops->config(repo, &seed, "receive.certnonceseed", false,
			      w->err) < 0)
		return -1;
	if (!seed || !*seed) {
		free(seed);
		tmk_verdict_refuse(&w->v, TMK_PUSH_CERT, "this server issues "
				   "no nonces");
		return tmk_verdict_hint(&w->v, "the administrator must set "
					"receive.certNonceSeed to a secret");
	}
	ret = judge_with(w, seed);
	OPENSSL_cleanse(seed, strlen(seed));
	free(seed);
	return ret;
}

/* ---- who signed --------------------------------------------------------- */

/* Mark the rules of one ref, and of the one behind it if it is symbolic. */
static int mark_rules(bool *applies, struct work *w, const char *ref)
{
	const struct tmk_policy *policy = w->gate->policy;
	struct tmk_repo *repo = w->gate->repo;
	char target[TMK_REPO_REF_MAX] = "";
	struct tmk_oid ignored;
	int i;

	if (repo->ops->ref(repo, &ignored, target, ref, w->err) < 0)
		return -1;
	for (i = 0; i < policy->rules; i++)
		if (tmk_policy_applies(policy, i, ref) ||
		    (target[0] && tmk_policy_applies(policy, i, target)))
			applies[i] = true;
	return 0;
}

/* Under one rule; -1: whoever the policy trusts. A good one is recorded for
 * what it is; the verdict about a bad one is that of the push. */
static int judge_signer(struct work *w, int rule)
{
	struct tmk_gate_answer answer = { .v = TMK_VERDICT_INIT };
	struct tmk_gate_job job = {
		.type = TMK_OBJECT_BLOB, .data = w->bytes.data,
		.len = w->bytes.len, .hex = w->gate->repo->hex, .rule = rule,
	};

	if (tmk_gate_pool_judge(w->gate->pool, &answer, &job, w->err) < 0)
		return -1;
	w->v = answer.v;
	tmk_gate_record_found(w->gate->record, &w->oid, &answer);
	w->gate->under = rule < 0 ? NULL : &w->gate->policy->rule[rule];
	if (w->v.reason == TMK_GOOD)
		tmk_gate_report_good(w->gate, "-", &w->oid);
	w->gate->under = NULL;
	return 0;
}

static int judge_signers(struct work *w)
{
	const struct tmk_policy *policy = w->gate->policy;
	bool *applies = calloc((size_t)policy->rules + 1, sizeof(*applies));
	int i, ret = -1, asked = 0;

	if (!applies)
		return tmk_err_nomem(w->err);
	for (i = 0; i < w->gate->commands; i++)
		if (mark_rules(applies, w, w->gate->command[i].ref) < 0)
			goto out;
	for (i = 0; i < policy->rules && w->v.reason == TMK_GOOD; i++) {
		if (!applies[i])
			continue;
		asked++;
		if (judge_signer(w, i) < 0)
			goto out;
	}
	ret = asked ? 0 : judge_signer(w, -1);
out:
	free(applies);
	return ret;
}

/* ---- the whole ---------------------------------------------------------- */

/* Any reason is told as push-cert: the objects of the push may be good. */
static void report(struct work *w)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;

	if (w->v.reason == TMK_PUSH_CERT)
		v = w->v;
	else
		tmk_verdict_refuse(&v, TMK_PUSH_CERT, "the push certificate "
				   "is refused: %s: %s",
				   tmk_reason_id(w->v.reason), w->v.text);
	tmk_verdict_hint(&v, "%s", w->v.hint);
	tmk_gate_report(w->gate, "-", NULL, &v);
}

static int judge(struct work *w)
{
	if (read_blob(w) < 0)
		return -1;
	if (w->v.reason != TMK_GOOD ||
	    !tmk_git_pushcert_parse(&w->cert, w->bytes.data, w->bytes.len,
				    w->gate->repo->hex, &w->v))
		return 0;
	if (judge_changes(w) < 0)
		return -1;
	if (w->v.reason == TMK_GOOD)
		judge_pushee(w);
	if (w->v.reason == TMK_GOOD && judge_nonce(w) < 0)
		return -1;
	return w->v.reason == TMK_GOOD ? judge_signers(w) : 0;
}

int tmk_gate_pushcert_judge(struct tmk_gate *gate, struct tmk_err *err)
{
	struct work w = { .gate = gate, .v = TMK_VERDICT_INIT, .err = err };
	int ret = 0;

	if (gate->policy->push_certificate == OFF)
		return 0;
	tmk_buf_init(&w.bytes, 1);
	if (is_there(&w))
		ret = judge(&w);
	if (!ret && w.v.reason != TMK_GOOD)
		report(&w);
	tmk_buf_release(&w.bytes);
	return ret;
}
