#include "plugins/audit_range.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plugins/audit_git.h"

/* as many digits as a SHA-256 id has; a SHA-1 one takes the last of them */
#define NONE "00000000000000000000000000000000" \
	"00000000000000000000000000000000"
#define REMOTES "refs/remotes/"
#define HEADS "refs/heads/"
#define TAGS "refs/tags/"

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static int full(struct tmk_err *err)
{
	return tmk_err_set(err, TMK_INPUT, "there is more to judge than fits "
			   "into one audit");
}

/* The id of nothing, as long as this id (tmk_audit_git_object has seen to its
 * length). */
static const char *none(const char *oid)
{
	return &NONE[sizeof(NONE) - 1 - strlen(oid)];
}

static int add(struct tmk_buf *input, const char *old, const char *new,
	       const char *ref, struct tmk_err *err)
{
	return tmk_buf_printf(input, "%s %s %s\n", old, new, ref) ?
		full(err) : 0;
}

/* ---- what a server has -------------------------------------------------- */

/* Whether the remote's branches are found under refs/remotes/NAME, as `git
 * remote add` sets it. */
static int is_plain(const char *remote, struct tmk_err *err)
{
	struct tmk_buf got = TMK_BUF_INIT(1u << 20);
	char *key = NULL, *want = NULL;
	const char *spec;
	int rc = -1;

	if (asprintf(&key, "remote.%s.fetch", remote) < 0 ||
	    asprintf(&want, "+" HEADS "*:" REMOTES "%s/*\n", remote) < 0) {
		tmk_err_nomem(err);
		goto out;
	}
	const char *const words[] = { "config", "--get-all", key, NULL };

	rc = tmk_audit_git(&got, words, err);
	spec = tmk_buf_str(&got);
	if (rc >= 0)
		rc = !rc && !strcmp(spec, want + (*spec != '+'));
out:
	tmk_buf_release(&got);
	free(want);
	free(key);
	return rc;
}

/* "OID REF" of one remote-tracking branch, as the server calls it. */
static int add_have(struct tmk_buf *input, const char *line, size_t len,
		    const char *prefix, struct tmk_err *err)
{
	const char *ref = memchr(line, ' ', len);
	size_t skip = strlen(prefix), rest;

	if (!ref)
		return 0;
	ref++;
	rest = len - (size_t)(ref - line);
	/* NAME/HEAD repeats another one. */
	if (rest <= skip || memcmp(ref, prefix, skip) ||
	    (rest == skip + 4 && !memcmp(ref + skip, "HEAD", 4)))
		return 0;
	return tmk_buf_printf(input, "have %.*s " HEADS "%.*s\n",
			      (int)(ref - line - 1), line,
			      (int)(rest - skip), ref + skip) ? full(err) : 0;
}

/* Every branch that the remote is known to have. */
static int add_remote(struct tmk_buf *input, const char *remote,
		      struct tmk_err *err)
{
	struct tmk_buf list = TMK_BUF_INIT(TMK_AUDIT_INPUT_MAX);
	const char *line, *end;
	char *prefix = NULL;
	int rc = is_plain(remote, err);

	if (rc <= 0)
		return rc;
	if (asprintf(&prefix, REMOTES "%s/", remote) < 0)
		return tmk_err_nomem(err);
	const char *const words[] = {
		"for-each-ref", "--format=%(objectname) %(refname)", prefix,
		NULL
	};

	rc = tmk_audit_git(&list, words, err);
	for (line = tmk_buf_str(&list); !rc && *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		rc = add_have(input, line, (size_t)(end - line), prefix, err);
	}
	tmk_buf_release(&list);
	free(prefix);
	/* git that cannot list refs tells nothing: then nothing is hidden. */
	return rc < 0 ? -1 : 0;
}

/*
 * Take a remote-tracking branch apart: *remote and *ref (its name on the
 * server) belong to the caller. 1 when it is none. A remote's name may hold a
 * slash, so the longest one that fits is meant.
 */
static int split_tracking(char **remote, char **ref, const char *tracking,
			  struct tmk_err *err)
{
	const char *const words[] = { "remote", NULL };
	struct tmk_buf list = TMK_BUF_INIT(1u << 20);
	const char *name = tracking + strlen(REMOTES), *line;
	char *whose, *there = NULL;
	size_t len, best = 0;
	int rc;

	if (!begins(tracking, REMOTES))
		return 1;
	rc = tmk_audit_git(&list, words, err);
	for (line = tmk_buf_str(&list); !rc && *line; line += len + 1) {
		len = strcspn(line, "\n");
		if (len > best && !strncmp(name, line, len) &&
		    name[len] == '/')
			best = len;
		if (!line[len])
			break;
	}
	tmk_buf_release(&list);
	if (rc || !best)
		return rc < 0 ? -1 : 1;
	whose = strndup(name, best);
	if (!whose || asprintf(&there, HEADS "%s", name + best + 1) < 0) {
		free(whose);
		return tmk_err_nomem(err);
	}
	*remote = whose;
	*ref = there;
	return 0;
}

/* ---- what is named ------------------------------------------------------ */

static int no_ref(const char *range, struct tmk_err *err)
{
	tmk_err_set(err, TMK_USAGE, "'%s' is no branch: the rules of which "
		    "ref count?", range);
	return tmk_err_hint(err, "name it as the server does: --ref "
			    "refs/heads/main");
}

/* The server's ref for commits of `rev`: the branch it names, else the
 * current one. *out belongs to the caller. */
static int branch_of(char **out, const char *rev, const char *range,
		     struct tmk_err *err)
{
	char *name = NULL, *remote = NULL;
	int rc = tmk_audit_git_ref(&name, rev, err);

	if (!rc && begins(name, HEADS)) {
		*out = name;
		return 0;
	}
	if (!rc && begins(name, REMOTES)) {
		rc = split_tracking(&remote, out, name, err);
		free(remote);
		free(name);
		return rc > 0 ? no_ref(range, err) : rc;
	}
	free(name);
	name = NULL;
	if (rc >= 0)
		rc = tmk_audit_git_ref(&name, "HEAD", err);
	if (!rc && begins(name, HEADS)) {
		*out = name;
		return 0;
	}
	free(name);
	return rc < 0 ? -1 : no_ref(range, err);
}

/* A tag is judged as one that is pushed for the first time. */
static int single(struct tmk_buf *input, const char *rev, const char *ref,
		  struct tmk_err *err)
{
	char *own = NULL, *oid = NULL, *name = NULL;
	int rc = tmk_audit_git_ref(&name, rev, err), ret = -1;
	bool tag;

	if (rc < 0)
		return -1;
	tag = ref ? begins(ref, TAGS) : !rc && begins(name, TAGS);
	if (tmk_audit_git_object(&oid, rev, tag ? "" : "^{commit}", err) < 0)
		goto out;
	if (!ref && tag)
		ref = name;
	if (!ref && branch_of(&own, rev, rev, err) < 0)
		goto out;
	ret = add(input, none(oid), oid, ref ? ref : own, err);
out:
	free(own);
	free(oid);
	free(name);
	return ret;
}

int tmk_audit_range_named(struct tmk_buf *input, const char *range,
			  const char *ref, struct tmk_err *err)
{
	const char *dots = strstr(range, "..");
	char *from = NULL, *own = NULL, *old = NULL, *new = NULL;
	const char *to;
	int ret = -1;

	if (!dots)
		return single(input, range, ref, err);
	to = dots[2] ? dots + 2 : "HEAD";
	if (*to == '.' || strstr(to, ".."))
		return tmk_err_set(err, TMK_USAGE, "'%s' is no range that can "
				   "be pushed: write A..B", range);
	from = dots == range ? strdup("HEAD") :
		strndup(range, (size_t)(dots - range));
	if (!from) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_audit_git_object(&old, from, "^{commit}", err) < 0 ||
	    tmk_audit_git_object(&new, to, "^{commit}", err) < 0)
		goto out;
	if (!ref && branch_of(&own, to, range, err) < 0)
		goto out;
	ret = add(input, old, new, ref ? ref : own, err);
out:
	free(from);
	free(own);
	free(old);
	free(new);
	return ret;
}

/* ---- what a push would bring -------------------------------------------- */

/* A branch on a server. */
struct there {
	char *remote;
	char *ref;		/* as the server calls it; NULL: not known */
	char *oid;		/* where it was; NULL: it is new */
};

static void release_there(struct there *t)
{
	free(t->remote);
	free(t->ref);
	free(t->oid);
}

/* What for-each-ref's `format` makes of the branch: 1 when there is no such
 * remote-tracking branch. */
static int tracking_by(struct there *out, const char *format,
		       const char *branch, struct tmk_err *err)
{
	const char *const words[] = { "for-each-ref", format, branch, NULL };
	struct there t = { NULL, NULL, NULL };
	char *name = NULL, *found = NULL;
	int rc = tmk_audit_git_line(&name, words, err);

	/* git also names a branch that was never there. */
	if (!rc)
		rc = tmk_audit_git_ref(&found, name, err);
	if (!rc)
		rc = split_tracking(&t.remote, &t.ref, found, err);
	if (!rc)
		rc = tmk_audit_git_object(&t.oid, found, "^{commit}", err);
	free(found);
	free(name);
	if (rc)
		release_there(&t);
	else
		*out = t;
	return rc;
}

/* The remote of a branch that was never pushed: the only one, else origin.
 * 1 without any. */
static int likely_remote(struct there *out, struct tmk_err *err)
{
	const char *const words[] = { "remote", NULL };
	struct tmk_buf list = TMK_BUF_INIT(1u << 20);
	struct there t = { NULL, NULL, NULL };
	int rc = tmk_audit_git(&list, words, err);
	const char *s = tmk_buf_str(&list), *found = NULL;
	size_t len = strcspn(s, "\n");

	if (len && s[len] && !s[len + 1])
		found = s;
	else if (begins(s, "origin\n") || strstr(s, "\norigin\n"))
		found = "origin\n";
	if (rc >= 0)
		rc = found ? 0 : 1;
	if (!rc)
		t.remote = strndup(found, strcspn(found, "\n"));
	if (!rc && !t.remote)
		rc = tmk_err_nomem(err);
	tmk_buf_release(&list);
	if (!rc)
		*out = t;
	return rc;
}

/* Where HEAD's branch is pushed to, else what it follows, else the remote that
 * it will go to. 1 when there is nothing of that. */
static int find_there(struct there *out, struct tmk_err *err)
{
	char *branch = NULL;
	int rc = tmk_audit_git_ref(&branch, "HEAD", err);

	if (!rc)
		rc = tracking_by(out, "--format=%(push)", branch, err);
	if (rc > 0 && branch)
		rc = tracking_by(out, "--format=%(upstream)", branch, err);
	free(branch);
	return rc > 0 ? likely_remote(out, err) : rc;
}

int tmk_audit_range_default(struct tmk_buf *input, const char *ref,
			    struct tmk_err *err)
{
	struct there t = { NULL, NULL, NULL };
	char *new = NULL, *own = NULL;
	int ret = -1;

	if (tmk_audit_git_object(&new, "HEAD", "^{commit}", err) < 0 ||
	    find_there(&t, err) < 0)
		goto out;
	if (t.remote && add_remote(input, t.remote, err) < 0)
		goto out;
	if (!ref && !t.ref && branch_of(&own, "HEAD", "HEAD", err) < 0)
		goto out;
	ret = add(input, t.oid ? t.oid : none(new), new,
		  ref ? ref : t.ref ? t.ref : own, err);
out:
	release_there(&t);
	free(new);
	free(own);
	return ret;
}

/* ---- the pre-push hook -------------------------------------------------- */

/* The last word of line[0..*len), which is cut off; NULL when there is no
 * other in front of it. */
static char *last_word(char *line, size_t *len)
{
	char *space = memrchr(line, ' ', *len);

	if (!space)
		return NULL;
	*space = '\0';
	*len = (size_t)(space - line);
	return space + 1;
}

/* "local-ref local-oid remote-ref remote-oid". What is pushed may have been
 * named with spaces in it, so the line is read from its end. */
static int pre_push_line(struct tmk_buf *input, char *line, size_t len,
			 struct tmk_err *err)
{
	char *old = last_word(line, &len);
	char *ref = old ? last_word(line, &len) : NULL;
	char *new = ref ? last_word(line, &len) : NULL;

	if (!new)
		return tmk_err_set(err, TMK_INPUT, "standard input is not "
				   "what git gives to a pre-push hook");
	return add(input, old, new, ref, err);
}

int tmk_audit_range_pre_push(struct tmk_buf *input, int *changes, int fd,
			     const char *remote, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_AUDIT_INPUT_MAX);
	char *line, *end;
	int n = 0, ret = -1;

	if (tmk_file_read_fd(&text, fd, "standard input", err) < 0)
		goto out;
	if (text.len && add_remote(input, remote, err) < 0)
		goto out;
	for (line = (char *)text.data; text.len && *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end) {
			tmk_err_set(err, TMK_INPUT, "the last line of "
				    "standard input is not closed");
			goto out;
		}
		*end = '\0';
		if (pre_push_line(input, line, (size_t)(end - line), err) < 0)
			goto out;
		n++;
	}
	if (text.len && (size_t)(line - (char *)text.data) != text.len) {
		tmk_err_set(err, TMK_INPUT, "standard input holds a NUL");
		goto out;
	}
	*changes = n;
	ret = 0;
out:
	tmk_buf_release(&text);
	return ret;
}
