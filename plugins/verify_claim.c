#include "plugins/verify_claim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "plugins/front_file.h"
#include "plugins/verify_digest.h"

void tmk_verify_claims_init(struct tmk_verify_claims *c,
			    struct tmk_verify_answer *answer,
			    const struct tmk_verify *verify, const char *file)
{
	memset(c, 0, sizeof(*c));
	c->answer = answer;
	c->verify = verify;
	c->file = file;
	tmk_buf_init(&c->right, TMK_VERIFY_CLAIMED);
}

void tmk_verify_claims_release(struct tmk_verify_claims *c)
{
	tmk_buf_release(&c->right);
}

void tmk_verify_claims_refuse(struct tmk_verify_claims *c,
			      const struct tmk_verdict *v)
{
	c->answer->all.verdict = *v;
	c->answer->together = true;
}

static int refuse(struct tmk_verify_claims *c,
		  const struct tmk_verify_claim *claim, const char *what,
		  const char *why)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;

	tmk_verdict_refuse(&v, TMK_CONTENT_MISMATCH,
			   "it names %.*s, which %s%s", (int)claim->name.len,
			   (const char *)claim->name.data, what, why);
	tmk_verdict_hint(&v, "fetch what it names again from where it came "
			 "from");
	tmk_verify_claims_refuse(c, &v);
	return 0;
}

/* A link could lead out of the directory. *fd -1: there is nothing to be read,
 * and the answer says so if that matters. */
static int open_named(int *fd, struct stat *st, struct tmk_verify_claims *c,
		      const struct tmk_verify_claim *claim)
{
	int code;

	*fd = open(claim->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW |
		   O_NONBLOCK);
	code = errno;
	if (*fd < 0 && c->some &&
	    (code == ENOENT || code == ENOTDIR || code == ELOOP))
		return 0;
	if (*fd < 0)
		return refuse(c, claim, code == ENOENT ? "is not here" :
			      "cannot be read: ",
			      code == ENOENT ? "" : strerror(code));
	if (!fstat(*fd, st) && S_ISREG(st->st_mode))
		return 0;
	close(*fd);
	*fd = -1;
	return refuse(c, claim, "is no regular file", "");
}

static int compare(struct tmk_verify_claims *c,
		   const struct tmk_verify_claim *claim, int fd,
		   struct tmk_err *err)
{
	struct tmk_signature sig = { .hash = claim->hash };
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_verify_digests d;
	uint8_t own[TMK_HASH_MAX];
	char hex[2 * TMK_HASH_MAX + 1];
	const uint8_t *data = own;
	size_t len = 0;
	int rc;

	tmk_verify_digests_init(&d);
	rc = tmk_verify_digests_want(&d, &sig, false, err);
	if (!rc)
		rc = tmk_front_file_feed(fd, claim->path, c->verify->quiet,
					 tmk_verify_digests_feed, &d, err);
	if (!rc)
		rc = tmk_verify_digests_get(&data, &len, own, &d, &sig, false,
					    &v, err);
	tmk_verify_digests_release(&d);
	if (rc)
		return -1;
	tmk_enc_hex(hex, data, len);
	if (v.reason || strlen(hex) != claim->hex.len ||
	    memcmp(hex, claim->hex.data, claim->hex.len))
		return refuse(c, claim, "has other bytes", "");
	return 0;
}

int tmk_verify_claims_check(struct tmk_verify_claims *c,
			    const struct tmk_verify_claim *claim,
			    struct tmk_err *err)
{
	struct stat st;
	int fd = -1, rc = 0;

	if (open_named(&fd, &st, c, claim) || fd < 0)
		return 0;
	if (claim->sized && (uint64_t)st.st_size != claim->size)
		refuse(c, claim, "has another size", "");
	else
		rc = compare(c, claim, fd, err);
	close(fd);
	if (rc || c->answer->all.verdict.reason || !c->verify->named)
		return rc;
	return tmk_buf_add(&c->right, claim->path, strlen(claim->path) + 1) ?
		tmk_err_nomem(err) : 0;
}

void tmk_verify_claims_tell(const struct tmk_verify_claims *c)
{
	const char *at = (const char *)c->right.data;
	const char *end = at + c->right.len;

	if (c->answer->all.verdict.reason || !c->verify->named)
		return;
	for (; at && at < end; at += strlen(at) + 1)
		c->verify->named(c->verify->ctx, at, c->file);
}
