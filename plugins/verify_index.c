/*
 * verify_index.c - lists that are signed beside themselves: the Release of an
 * apt repository, and the repomd.xml of a repository of rpms with the files
 * that it names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "formats/cleartext.h"
#include "formats/control_kind.h"
#include "formats/repomd.h"
#include "plugins/verify_claim.h"
#include "plugins/verify_parts.h"

#define OWN "repodata/"		/* where a repomd.xml lies */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- repomd.xml ----------------------------------------------------------- */

/* How many bytes of the path lead to the directory above that of the file; -1
 * when its name does not tell. */
static int above(const char *file)
{
	int end = (int)(base_name(file) - file), start;

	while (end && file[end - 1] == '/')
		end--;
	for (start = end; start && file[start - 1] != '/';)
		start--;
	if (start == end || (end - start == 1 && file[start] == '.') ||
	    (end - start == 2 && file[start] == '.' && file[start + 1] == '.'))
		return -1;
	return start;
}

/* An href is seen from the repository, whose name is only known when the path
 * has it. *out belongs to the caller. */
static int path_of(char **out, const char *file, const char *href,
		   struct tmk_err *err)
{
	int own = (int)(base_name(file) - file), root = above(file), n;

	if (!strncmp(href, OWN, strlen(OWN)))
		n = asprintf(out, "%.*s%s", own, file, href + strlen(OWN));
	else if (root >= 0)
		n = asprintf(out, "%.*s%s", root, file, href);
	else
		n = asprintf(out, "%.*s../%s", own, file, href);
	return n < 0 ? tmk_err_nomem(err) : 0;
}

static enum tmk_hash hash_of(const char *algorithm)
{
	return !strcmp(algorithm, "sha512") ? TMK_SHA512 :
		!strcmp(algorithm, "sha384") ? TMK_SHA384 : TMK_SHA256;
}

static struct tmk_span span_of(const char *text)
{
	return (struct tmk_span){ (const uint8_t *)text, strlen(text) };
}

static int check_file(struct tmk_verify_claims *c,
		      const struct tmk_repomd_file *f, struct tmk_err *err)
{
	struct tmk_verify_claim claim = {
		.name = span_of(f->href), .hex = span_of(f->checksum),
		.hash = hash_of(f->algorithm), .sized = f->sized,
		.size = f->size
	};
	struct tmk_verdict v = TMK_VERDICT_INIT;
	char *path;
	int rc;

	if (f->elsewhere)
		return 0;
	if (!tmk_repomd_is_inside(f->href)) {
		tmk_verdict_refuse(&v, TMK_OBJECT_MALFORMED, "the href %s "
				   "leads out of the repository", f->href);
		tmk_verdict_hint(&v, "make it again: createrepo_c DIRECTORY");
		tmk_verify_claims_refuse(c, &v);
		return 0;
	}
	if (path_of(&path, c->file, f->href, err))
		return -1;
	claim.path = path;
	rc = tmk_verify_claims_check(c, &claim, err);
	free(path);
	return rc;
}

static int check_repomd(struct tmk_verify_answer *answer,
			const struct tmk_verify *verify,
			const struct tmk_buf *text, struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_repomd *md = NULL;
	struct tmk_verify_claims c;
	int i, rc;

	tmk_verify_claims_init(&c, answer, verify, answer->file);
	c.some = true;
	rc = tmk_repomd_read(&md, text->data, text->len, &v, err);
	if (!rc && !md)
		tmk_verify_claims_refuse(&c, &v);
	for (i = 0; !rc && md && !answer->all.verdict.reason &&
	     i < md->files; i++)
		rc = check_file(&c, &md->file[i], err);
	if (!rc)
		tmk_verify_claims_tell(&c);
	tmk_verify_claims_release(&c);
	free(md);
	return rc;
}

/* ---- which one ------------------------------------------------------------ */

/* All of it, as it was when it was judged. */
static int read_text(struct tmk_buf *text, int fd, const struct stat *seen,
		     const char *name, struct tmk_err *err)
{
	size_t len = (size_t)seen->st_size;
	struct stat st;
	uint8_t *to = tmk_buf_reserve(text, len);

	if (!to)
		return tmk_err_nomem(err);
	if (tmk_file_read_at(to, len, fd, 0, name, err))
		return -1;
	tmk_buf_commit(text, len);
	if (fstat(fd, &st) || st.st_size != seen->st_size ||
	    st.st_mtim.tv_sec != seen->st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != seen->st_mtim.tv_nsec ||
	    st.st_ctim.tv_sec != seen->st_ctim.tv_sec ||
	    st.st_ctim.tv_nsec != seen->st_ctim.tv_nsec)
		return tmk_err_set(err, TMK_INPUT,
				   "%s changed while it was read", name);
	return 0;
}

static int refuse_large(struct tmk_verify_answer *a, int max)
{
	a->all.verdict = (struct tmk_verdict)TMK_VERDICT_INIT;
	a->together = true;
	return tmk_verdict_refuse(&a->all.verdict, TMK_LIMIT_EXCEEDED, "it "
				  "names other files and is larger than %d "
				  "bytes", max);
}

int tmk_verify_named_index(struct tmk_verify_answer *answer,
			   const struct tmk_verify *verify, int fd,
			   const struct stat *seen, struct tmk_err *err)
{
	const char *name = base_name(answer->file);
	uint8_t head[TMK_PACKAGE_HEAD];
	size_t len = sizeof(head);
	struct tmk_buf text = TMK_BUF_INIT(TMK_CLEARTEXT_MAX);
	bool repomd, release;
	int rc;

	if (!S_ISREG(seen->st_mode) || !seen->st_size)
		return 0;
	if ((size_t)seen->st_size < len)
		len = (size_t)seen->st_size;
	if (tmk_file_read_at(head, len, fd, 0, answer->file, err))
		return -1;
	repomd = tmk_repomd_is(head, len) || !strcmp(name, "repomd.xml");
	release = !strcmp(name, "Release") ||
		(!tmk_cleartext_begins(head, len) &&
		 tmk_control_kind_of(name, head, len) == TMK_CONTROL_RELEASE);
	if (!repomd && !release)
		return 0;
	if (seen->st_size > (repomd ? TMK_REPOMD_MAX : TMK_CLEARTEXT_MAX))
		return refuse_large(answer, repomd ? TMK_REPOMD_MAX :
				    TMK_CLEARTEXT_MAX);
	rc = read_text(&text, fd, seen, answer->file, err);
	if (!rc)
		rc = repomd ? check_repomd(answer, verify, &text, err) :
			tmk_verify_named_text(answer, verify, &text,
					      answer->file, err);
	tmk_buf_release(&text);
	return rc;
}
