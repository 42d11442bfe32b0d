/*
 * sign_form_package.c - signatures inside a package (rpm, deb), by the doors
 * of iface/package.h: a new file beside it takes the place of the old one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface/package.h"
#include "plugins/front_file.h"
#include "plugins/front_seal.h"
#include "plugins/sign_ask.h"
#include "plugins/sign_check.h"
#include "plugins/sign_job.h"
#include "x509/digest.h"
#include "x509/spki.h"

struct inside {
	struct tmk_package *package;
	unsigned int drop;	/* earlier seals of this key, as in struct
				   tmk_package_change */
	char *path;		/* what is replaced, links followed */
};

static const struct tmk_package_ops *ops_of(const uint8_t *head, size_t len)
{
	const struct tmk_package_ops *best = NULL;
	int i, bid, most = 0;

	for (i = 0; tmk_packages[i]; i++) {
		/* What is clearsigned has its own form. */
		if (tmk_packages[i]->text)
			continue;
		bid = tmk_packages[i]->bid(head, len);
		if (bid > most) {
			most = bid;
			best = tmk_packages[i];
		}
	}
	return best;
}

static bool takes(const char *name, const uint8_t *head, size_t len)
{
	(void)name;
	return ops_of(head, len) != NULL;
}

/* ---- reading --------------------------------------------------------------- */

static int refuse(struct tmk_err *err, const char *name,
		  const struct tmk_verdict *v)
{
	tmk_err_set(err, TMK_REFUSED, "%s: %s: %s", tmk_reason_id(v->reason),
		    name, v->text);
	return tmk_err_hint(err, "%s", v->hint);
}

static int read_package(struct tmk_package **out, int fd, const char *name,
			struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	const struct tmk_package_ops *ops;
	uint8_t head[TMK_PACKAGE_HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", name,
				   strerror(errno));
	ops = ops_of(head, (size_t)n);
	if (!ops)
		return tmk_err_set(err, TMK_INPUT, "%s: is no package", name);
	if (ops->open(out, fd, &v, err))
		return -1;
	return *out ? 0 : refuse(err, name, &v);
}

static int to_digest(void *to, const uint8_t *data, size_t len,
		     struct tmk_err *err)
{
	return tmk_digest_update(to, data, len, err);
}

/* What seal `i` (-1: a new one) is over, and `suffix` after it. */
static int digest_of(uint8_t *digest, size_t *digest_len,
		     const struct tmk_package *package, int i,
		     enum tmk_hash hash, const uint8_t *suffix,
		     size_t suffix_len, struct tmk_err *err)
{
	struct tmk_digest d;
	int rc;

	if (tmk_digest_init(&d, (int)hash, err))
		return -1;
	rc = package->ops->content(package, i, to_digest, &d, err);
	if (!rc && suffix_len)
		rc = tmk_digest_update(&d, suffix, suffix_len, err);
	if (!rc)
		rc = tmk_digest_final(&d, digest, digest_len, err);
	tmk_digest_release(&d);
	return rc;
}

/* ---- earlier signatures ----------------------------------------------------- */

/* Whether seal `i` says it is of this key, and whether it holds. */
static int look_at(bool *ours, bool *good, const struct tmk_sign_job *job,
		   const struct tmk_package *package, int i,
		   struct tmk_err *err)
{
	const struct tmk_package_seal *seal = &package->seal[i];
	const struct tmk_answer *ready = job->want[0].ready;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *e = NULL;
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;
	int n, rc;

	*ours = *good = false;
	rc = job->want[0].seal->parse(&e, seal->data, seal->len, &v, err);
	for (n = 0; !rc && e && n < e->signatures; n++) {
		const struct tmk_signature *s = &e->signature[n];

		if (!tmk_sign_check_names(ready, e, n))
			continue;
		*ours = true;
		if (s->text || (tmk_sign_asker_stamps(job->asker, true) &&
				!s->tokens))
			continue;
		rc = digest_of(digest, &len, package, i, s->hash, s->suffix,
			       s->suffix_len, err);
		if (!rc)
			rc = tmk_sign_check_good(good, ready, e, n, digest,
						 len, err);
		break;
	}
	tmk_evidence_free(e);
	return rc;
}

static bool wanted_role(const struct tmk_sign_job *job,
			const struct tmk_package_seal *seal)
{
	/* Only where packages have roles to choose from. */
	return !job->options->role || !strcmp(seal->role, job->options->role);
}

static int already(struct tmk_err *err, const struct tmk_sign_job *job)
{
	tmk_err_set(err, TMK_REFUSED, "%s: this key has signed it already",
		    job->file);
	return tmk_err_hint(err, "--resign replaces that signature, --resume "
			    "leaves alone what is signed");
}

static int look_back(struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct tmk_sign_options *o = job->options;
	struct inside *in = job->priv;
	bool ours, good, any = false, all_good = true;
	int i;

	for (i = 0; i < in->package->seals; i++) {
		if (look_at(&ours, &good, job, in->package, i, err))
			return -1;
		if (!ours || !wanted_role(job, &in->package->seal[i]))
			continue;
		any = true;
		all_good = all_good && good;
		in->drop |= 1u << i;
	}
	if (!any)
		return 0;
	if (o->resume && all_good)
		job->skip = true;
	else if (!o->resign && !o->resume)
		return already(err, job);
	return 0;
}

static int algorithm_of(enum tmk_algorithm *out, const struct tmk_answer *ready,
			struct tmk_err *err)
{
	EVP_PKEY *key = tmk_spki_key(ready->key.data, ready->key.len);
	int id = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;

	EVP_PKEY_free(key);
	if (id != EVP_PKEY_RSA && id != EVP_PKEY_EC && id != EVP_PKEY_ED25519)
		return tmk_err_set(err, TMK_INTERNAL, "the public key cannot "
				   "be read");
	*out = id == EVP_PKEY_RSA ? TMK_KEY_RSA : id == EVP_PKEY_EC ?
		TMK_KEY_EC : TMK_KEY_ED25519;
	return 0;
}

static int check_fits(struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct inside *in = job->priv;
	enum tmk_algorithm algorithm = TMK_KEY_RSA;

	if (!in->package->ops->fits)
		return 0;
	if (algorithm_of(&algorithm, job->want[0].ready, err))
		return -1;
	return in->package->ops->fits(in->package, algorithm, err) ?
		tmk_err_prefix(err, "%s", job->file) : 0;
}

/* ---- the steps -------------------------------------------------------------- */

/* -o, or the file itself, as a name that no link leads away from. */
static int choose_path(struct tmk_sign_job *job, struct inside *in,
		       struct tmk_err *err)
{
	const char *out = job->options->out;
	struct stat st;

	if (!S_ISREG(job->seen.st_mode))
		return tmk_err_set(err, TMK_INPUT, "%s: is no file that can "
				   "be replaced", job->file);
	if (out && !strcmp(out, "-")) {
		tmk_err_set(err, TMK_USAGE, "a signed package does not go to "
			    "standard output");
		return tmk_err_hint(err, "name a file with -o");
	}
	if (out && !stat(out, &st) && !S_ISREG(st.st_mode))
		return tmk_err_set(err, TMK_INPUT, "cannot write %s: it is no "
				   "file", out);
	in->path = realpath(out ? out : job->file, NULL);
	if (!in->path && out)
		in->path = strdup(out);
	return in->path ? 0 : tmk_err_set(err, TMK_INPUT, "%s: %s", job->file,
					  strerror(errno));
}

static int open_package(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct inside *in = calloc(1, sizeof(*in));

	if (!in)
		return tmk_err_nomem(err);
	job->priv = in;
	job->want[0].seal = tmk_front_seal_of(TMK_FORMAT_OPENPGP);
	job->want[0].type = "openpgp";
	job->wants = 1;
	if (choose_path(job, in, err) ||
	    read_package(&in->package, job->fd, job->file, err) ||
	    tmk_sign_ready(job, 0, err) || look_back(job, err))
		return -1;
	return job->skip ? 0 : check_fits(job, err);
}

static int digest(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct tmk_sign_want *want = &job->want[0];
	const struct inside *in = job->priv;

	return digest_of(want->digest, &want->digest_len, in->package, -1,
			 want->ready->hash, want->ready->trailer.data,
			 want->ready->trailer.len, err);
}

static int write_package(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct inside *in = job->priv;
	const struct tmk_buf *seal = &job->want[0].made.seal;
	struct tmk_package_change change = {
		.role = job->options->role,
		.data = seal->data,
		.len = seal->len,
		.drop = in->drop,
	};
	struct tmk_sign_output *o = NULL;
	char *path = in->path;

	in->path = NULL;
	if (tmk_sign_output_new(&o, job, path, 0, err))
		return -1;
	return in->package->ops->write(in->package, &change, o->file.fd, err);
}

static int find_new(int *at, const struct tmk_package *package,
		    const struct tmk_buf *made, const char *name,
		    struct tmk_err *err)
{
	int i;

	for (i = 0; i < package->seals; i++)
		if (package->seal[i].len == made->len &&
		    !memcmp(package->seal[i].data, made->data, made->len)) {
			*at = i;
			return 0;
		}
	return tmk_err_set(err, TMK_INTERNAL, "%s: the signature is not in the "
			   "package that was written", name);
}

static int check_package(const struct tmk_sign_want *want,
			 const struct tmk_package *package, const char *name,
			 struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	const struct tmk_answer *ready = want->ready;
	struct tmk_evidence *e = NULL;
	uint8_t digest[TMK_HASH_MAX];
	size_t len = 0;
	int at = -1, rc;

	if (find_new(&at, package, &want->made.seal, name, err))
		return -1;
	rc = want->seal->parse(&e, package->seal[at].data,
			       package->seal[at].len, &v, err);
	if (!rc && !e)
		rc = tmk_err_set(err, TMK_INTERNAL, "%s: the signature that "
				 "was made cannot be read: %s", name, v.text);
	if (!rc)
		rc = digest_of(digest, &len, package, at, ready->hash,
			       ready->trailer.data, ready->trailer.len, err);
	if (!rc)
		rc = tmk_sign_check_made(ready, e, digest, len, name, err);
	tmk_evidence_free(e);
	return rc;
}

static int check(struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct inside *in = job->priv;
	const struct tmk_sign_output *o = &job->output[0];
	struct tmk_package *package = NULL;
	struct tmk_err why = TMK_ERR_INIT;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	int rc;

	rc = in->package->ops->open(&package, o->file.fd, &v, &why);
	if (rc || !package)
		return tmk_err_set(err, TMK_INTERNAL, "%s: what was written "
				   "cannot be read back: %s", job->file,
				   rc ? why.text : v.text);
	rc = check_package(&job->want[0], package, job->file, err);
	tmk_package_close(package);
	return rc;
}

static void close_package(struct tmk_sign_job *job)
{
	struct inside *in = job->priv;

	if (!in)
		return;
	tmk_package_close(in->package);
	free(in->path);
	free(in);
	job->priv = NULL;
}

const struct tmk_sign_form tmk_sign_form_package = {
	.name = "package",
	.takes = takes,
	.open = open_package,
	.digest = digest,
	.write = write_package,
	.check = check,
	.close = close_package,
};
