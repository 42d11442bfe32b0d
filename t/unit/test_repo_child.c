/*
 * test_repo_child.c - a git that lies, hangs, floods, breaks off or dies: an
 * error each time (internal-error to a pusher), within the deadline, and never
 * an answer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "hooks/repo_git.h"
#include "t/unit/tap.h"

#define LATE 300	/* ms that an answer may take here */

/*
 * The git that is found first. What it is asked is in $1; $MODE says what is
 * wrong with it. An id that was read is in $id.
 */
static const char fake[] =
"#!/bin/sh\n"
"flood() { while printf '%s\\n' \"$1\"; do :; done; }\n"
"case $MODE:$1 in\n"
"none:cat-file) exit 0 ;;\n"
"code:cat-file) echo 'fatal: said' >&2; printf 'x\\033[1m\\n' >&2; exit 3 ;;\n"
"kill:cat-file) kill -9 $$ ;;\n"
"hang:cat-file) exec sleep 600 ;;\n"
"deaf:cat-file) exec sleep 600 <&- ;;\n"
"long:cat-file) exec tr '\\0' 'a' </dev/zero ;;\n"
"slow:cat-file) while sleep 0.1; do printf a; done ;;\n"
"loud:cat-file) flood 'words' >&2 ;;\n"
"part:cat-file) read -r id; printf %s \"$id\"; exit 0 ;;\n"
"other:cat-file) read -r id; echo \"1${id#?} blob 3\"; printf 'a\\n\\n' ;;\n"
"short:cat-file) read -r id; echo \"$id blob 3\"; [ $2 = --batch ] &&\n"
"	printf a || cat ;;\n"
"open:cat-file) read -r id; echo \"$id blob 3\"; [ $2 = --batch ] &&\n"
"	printf 'abcd' && sleep 600 || cat ;;\n"
"bytes:cat-file) read -r id; echo \"$id blob 3\"; [ $2 = --batch ] &&\n"
"	printf 'abc\\n' && sleep 600 || cat ;;\n"
"type:cat-file) read -r id; [ $2 = --batch ] && echo \"$id tree 3\" ||\n"
"	echo \"$id blob 3\"; exec cat ;;\n"
"size:cat-file) read -r id; [ $2 = --batch ] && echo \"$id blob 4\" ||\n"
"	echo \"$id blob 3\"; exec cat ;;\n"
"gone:cat-file) read -r id; [ $2 = --batch ] && echo \"$id missing\" ||\n"
"	echo \"$id blob 3\"; exec cat ;;\n"
"huge:cat-file) read -r id; echo \"$id blob 9999999999999\"; exec cat ;;\n"
"none:for-each-ref|none:symbolic-ref|none:config) exit 7 ;;\n"
"kill:for-each-ref|kill:symbolic-ref|kill:config) kill -9 $$ ;;\n"
"hang:for-each-ref|hang:symbolic-ref|hang:config) exec sleep 600 ;;\n"
"long:for-each-ref) exec tr '\\0' 'a' </dev/zero ;;\n"
"long:symbolic-ref|long:config) exec tr '\\0' 'a' </dev/zero ;;\n"
"part:for-each-ref) \"$REAL\" \"$@\"; printf '%s' 1234567890 ;;\n"
"part:symbolic-ref) printf 'refs/heads/x' ;;\n"
"part:config) printf 'value' ;;\n"
"other:for-each-ref) echo 'refs/heads/x' ;;\n"
"other:symbolic-ref) echo ;;\n"
"other:config) printf 'a\\0b\\0' ;;\n"
"order:for-each-ref) \"$REAL\" \"$@\" | sort -r ;;\n"
"code:for-each-ref) \"$REAL\" \"$@\"; exit 1 ;;\n"
"*:rev-parse) case $MODE in\n"
"	rp-*) exec \"$T/${MODE#rp-}\" ;;\n"
"	esac; exec \"$REAL\" \"$@\" ;;\n"
"*) exec \"$REAL\" \"$@\" ;;\n"
"esac\n";

static char top[] = "/tmp/tmk.child.XXXXXX";
static struct tmk_oid blob;

static void sh(const char *text)
{
	char shell[] = "sh", c[] = "-c", script[4096];
	char *const argv[] = { shell, c, script, NULL };
	struct tmk_buf out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	int status = -1;

	snprintf(script, sizeof(script), "cd \"$T\" && { %s\n}", text);
	if (tmk_proc_run(argv, NULL, 0, &out, 60000, &status, TMK_INTERNAL,
			 &err) < 0 || status)
		diag("exit %d of: %s %s", status, text, err.text);
	tmk_buf_release(&out);
}

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		diag("cannot write %s", name);
	if (fd >= 0)
		close(fd);
}

static bool world(void)
{
	char path[8192];

	unsetenv("GIT_DIR");
	unsetenv("GIT_NAMESPACE");
	if (!mkdtemp(top) || chdir(top))
		return false;
	setenv("T", top, 1);
	setenv("HOME", top, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	sh("command -v git | tr -d '\\n' >real && mkdir bin && "
	   "git init -q --bare repo.git && "
	   "git -C repo.git -c user.name=A -c user.email=a@b commit-tree -m m "
	   "$(git -C repo.git mktree </dev/null) >c && "
	   "printf 'aaa' | git -C repo.git hash-object -w --stdin >b && "
	   "for n in a b c; do git -C repo.git update-ref refs/heads/$n "
	   "$(cat c); done");
	write_file("bin/git", fake);
	write_file("empty", "#!/bin/sh\n");
	write_file("words", "#!/bin/sh\necho sha1\necho maybe\necho /\n");
	write_file("hash", "#!/bin/sh\necho md5\necho true\necho /\n");
	write_file("dir", "#!/bin/sh\necho sha1\necho true\necho /no/such\n");
	write_file("open", "#!/bin/sh\necho sha1\necho true\nprintf /\n");
	write_file("nul", "#!/bin/sh\nprintf 'sha1\\0\\ntrue\\n/\\n'\n");
	write_file("more", "#!/bin/sh\nexec tr '\\0' 'a' </dev/zero\n");
	snprintf(path, sizeof(path), "%s/bin:%s", top,
		 getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
	sh("printf 'export REAL=%s' \"$(cat real)\" >env");
	setenv("PATH", path, 1);
	return true;
}

static char *read_line(const char *name)
{
	static char line[256];
	FILE *in = fopen(name, "r");

	line[0] = '\0';
	if (!in || !fgets(line, sizeof(line), in))
		diag("cannot read %s", name);
	if (in)
		fclose(in);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* Open with a git that still behaves. The mode comes with the environment
 * that is made here. */
static struct tmk_repo *open_with(const char *mode)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repo *r = NULL;

	setenv("MODE", mode, 1);
	if (tmk_repo_git_open(&r, true, &err)) {
		diag("%s", err.text);
		return NULL;
	}
	tmk_repo_git_of(r)->tool.ms = LATE;
	return r;
}

static bool failed(int rc, const struct tmk_err *err, int64_t began)
{
	return rc < 0 && err->code == TMK_INTERNAL && *err->text &&
		!strchr(err->text, '\033') && tmk_clock_ms() - began < 60000;
}

static void test_object(const char *mode)
{
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_object_type type = TMK_OBJECT_TAG;
	struct tmk_repo *r = open_with(mode);
	const uint8_t *data = NULL;
	int64_t began = tmk_clock_ms();
	size_t len = 77;
	int rc;

	if (!ok(r != NULL, "a git to begin with"))
		return;
	rc = r->ops->read(r, &data, &len, &type, &blob, &err);
	ok(failed(rc, &err, began) && !data && len == 77 &&
	   type == TMK_OBJECT_TAG, "object, %s: %s", mode, err.text);
	tmk_repo_close(r);
}

static void test_header(const char *mode)
{
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_object_type type = TMK_OBJECT_TAG;
	struct tmk_repo *r = open_with(mode);
	int64_t began = tmk_clock_ms();
	uint64_t size = 77;
	int rc;

	if (!ok(r != NULL, "a git to begin with"))
		return;
	rc = r->ops->header(r, &type, &size, &blob, &err);
	ok(failed(rc, &err, began) && size == 77 && type == TMK_OBJECT_TAG,
	   "header, %s: %s", mode, err.text);
	ok(tmk_repo_has(r, &blob, &err) < 0, "nor does it have it");
	tmk_repo_close(r);
}

static int count(void *ctx, const char *name, const struct tmk_oid *oid,
		 struct tmk_err *err)
{
	(void)name;
	(void)oid;
	(void)err;
	++*(int *)ctx;
	return 0;
}

static void test_refs(const char *mode)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repo *r = open_with(mode);
	char target[TMK_REPO_REF_MAX] = "kept";
	struct tmk_oid oid = { .len = 99 };
	int64_t began = tmk_clock_ms();
	int rc, n = 0;

	if (!ok(r != NULL, "a git to begin with"))
		return;
	rc = r->ops->refs(r, "", count, &n, &err);
	ok(failed(rc, &err, began), "refs, %s: %s", mode, err.text);
	err.text[0] = '\0';
	began = tmk_clock_ms();
	/* one that is not there is asked for twice: both ways must hold */
	rc = r->ops->ref(r, &oid, target, "refs/heads/none", &err);
	ok(failed(rc, &err, began) && oid.len == 99 &&
	   !strcmp(target, "kept"), "ref, %s: %s", mode, err.text);
	tmk_repo_git_of(r)->asked = 1000;
	began = tmk_clock_ms();
	rc = r->ops->ref(r, &oid, target, "refs/heads/a", &err);
	ok(failed(rc, &err, began) && oid.len == 99 &&
	   !strcmp(target, "kept"), "refs at once, %s: %s", mode, err.text);
	tmk_repo_close(r);
}

static void test_config(const char *mode)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repo *r = open_with(mode);
	char kept[] = "kept", *value = kept;
	int64_t began = tmk_clock_ms();
	int rc;

	if (!ok(r != NULL, "a git to begin with"))
		return;
	rc = r->ops->config(r, &value, "core.bare", false, &err);
	ok(rc < 0 && *err.text && value == kept &&
	   tmk_clock_ms() - began < 60000, "config, %s: %s", mode, err.text);
	tmk_repo_close(r);
}

static void test_open(const char *mode)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repo *r = NULL;
	int64_t began = tmk_clock_ms();

	setenv("MODE", mode, 1);
	ok(failed(tmk_repo_git_open(&r, true, &err), &err, began) && !r,
	   "open, %s: %s", mode, err.text);
}

static void test_path(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repo_tool tool;
	struct tmk_repo *r = NULL;
	char *path = strdup(getenv("PATH"));

	setenv("PATH", "/nonexistent", 1);
	ok(tmk_repo_git_open(&r, true, &err) < 0 && *err.hint,
	   "no git: %s; %s", err.text, err.hint);
	/* a git in the current folder came with the repository */
	setenv("PATH", ".:../bin::bin:/nonexistent", 1);
	ok(tmk_repo_git_open(&r, true, &err) < 0 && *err.hint,
	   "nor one that PATH names from here");
	if (path)
		setenv("PATH", path, 1);
	setenv("GIT_TRACE", "1", 1);
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "a.b", 1);
	setenv("GIT_NO_REPLACE_OBJECTSX", "kept", 1);
	setenv("GIT_ALLOW_PROTOCOL", "file", 1);
	ok(!tmk_repo_tool_init(&tool, &err), "a tool");
	{
		char **e;
		int bad = 0, fixed = 0, kept = 0;

		for (e = tool.env; *e; e++) {
			bad += !strncmp(*e, "GIT_TRACE", 9) ||
				!strncmp(*e, "GIT_CONFIG_", 11) ||
				!strcmp(*e, "GIT_ALLOW_PROTOCOL=file");
			fixed += !strcmp(*e, "GIT_NO_REPLACE_OBJECTS=1") ||
				!strcmp(*e, "GIT_ALLOW_PROTOCOL=");
			kept += !strcmp(*e, "GIT_NO_REPLACE_OBJECTSX=kept");
		}
		ok(!bad && fixed == 2 && kept == 1,
		   "what git may see: %d %d %d", bad, fixed, kept);
	}
	tmk_repo_tool_release(&tool);
	unsetenv("GIT_ALLOW_PROTOCOL");
	free(path);
}

int main(void)
{
	static const char *const objects[] = {
		"none", "code", "kill", "hang", "deaf", "long", "slow",
		"loud", "part", "other", "short", "open", "bytes", "type",
		"size", "gone", "huge"
	};
	static const char *const refs[] = {
		"none", "kill", "hang", "long", "part", "other"
	};
	static const char *const opens[] = {
		"rp-empty", "rp-words", "rp-hash", "rp-dir", "rp-open",
		"rp-nul", "rp-more", "rp-nothing"
	};
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repo *r;
	int n = 0;
	size_t i;

	if (!world())
		return 1;
	setenv("REAL", read_line("real"), 1);
	ok(tmk_oid_read(&blob, read_line("b"), 40), "a blob");
	if (chdir("repo.git"))
		return 1;
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		test_object(objects[i]);
	for (i = 0; i < 10; i++)
		test_header(objects[i]);
	for (i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		test_refs(refs[i]);
		test_config(refs[i]);
	}
	for (i = 0; i < sizeof(opens) / sizeof(opens[0]); i++)
		test_open(opens[i]);
	r = open_with("code");
	ok(r && r->ops->refs(r, "", count, &n, &err) < 0 && n == 3,
	   "a list that ends with an error is none: %s", err.text);
	tmk_repo_close(r);
	r = open_with("order");
	if (r) {
		char target[TMK_REPO_REF_MAX];
		struct tmk_oid oid;

		tmk_repo_git_of(r)->asked = 1000;
		ok(r->ops->ref(r, &oid, target, "refs/heads/a", &err) < 0,
		   "a list without its order is none: %s", err.text);
	}
	tmk_repo_close(r);
	test_path();
	if (chdir("/"))
		return 1;
	sh("rm -rf \"$T\"");
	return tap_done();
}
