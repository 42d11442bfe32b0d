/* The configuration: files, order, what a repository may say, and writing. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "core/config.h"
#include "core/config_files.h"
#include "t/unit/tap.h"

static char dir[64];

static char *at(const char *name)
{
	static char path[4][256];
	static int i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

static void put(const char *name, const char *text)
{
	struct tmk_err err = TMK_ERR_INIT;
	char *slash, *path = strdup(at(name));

	slash = strrchr(path, '/');
	*slash = '\0';
	if (tmk_file_mkdirs(path, &err) < 0 ||
	    tmk_file_write(at(name), 0644, text, strlen(text), &err) < 0)
		ok(false, "writing %s: %s", name, err.text);
	free(path);
}

static void drop(const char *name)
{
	unlink(at(name));
}

static struct tmk_config *load(const char *repo, struct tmk_err *err)
{
	struct tmk_config *config = NULL;

	memset(err, 0, sizeof(*err));
	if (tmk_config_load(&config, repo, err) < 0) {
		ok(!config, "the output is untouched on failure");
		return NULL;
	}
	return config;
}

/* The user file alone is `text`, and it is refused with `want` inside. */
static void refused(const char *text, const char *want)
{
	struct tmk_err err;
	struct tmk_config *config;

	put("xdg/touchmark/config", text);
	config = load(NULL, &err);
	ok(!config && err.code == TMK_USAGE && strstr(err.text, want),
	   "refused: %s", want);
	if (config || !strstr(err.text, want))
		diag("got code %d '%s'", err.code, err.text);
	tmk_config_free(config);
}

static void test_user_file(void)
{
	struct tmk_err err;
	struct tmk_config *c;
	const struct tmk_key_config *k;

	c = load(NULL, &err);
	ok(c && !c->n_keys && !c->key, "no file at all is an empty one");
	is_int(c ? c->tsa_deadline : 0, 10, "10 s for a TSA");
	is_int(c ? c->module_deadline : 0, 30, "30 s for a module");
	tmk_config_free(c);

	put("xdg/touchmark/config",
	    "[touchmark]\n\tkey = release\n"
	    "\ttsa = http://a.example/tsr\n\ttsa = https://b.example/\n"
	    "\ttimestamp = require\n\tpolicy = policy\n"
	    "\ttsaRoots = ~/tsa.pem\n\tmoduleDeadline = 5\n"
	    "\tauditLog = ~/audit.log\n\tauditSeal = 100\n"
	    "\tpreSign = scan\n\trequesters = requesters\n"
	    "[touchmark \"release\"]\n\turi = pkcs11:token=a\n"
	    "\turi = pkcs11:token=b\n\tcert = release-chain.pem\n"
	    "\tcreated = 1700000000\n\tuserId = R <r@example.org>\n"
	    "\tenv = prod\n\tapprovals = 2\n\tapprover = a@e.org\n"
	    "\tapprover = b@e.org\n\troots = roots.pem\n");
	c = load(NULL, &err);
	if (!ok(c != NULL, "a whole file is read"))
		return;
	is_str(c->key, "release", "the default key");
	is_int(c->tsas, 2, "both TSAs");
	is_str(c->tsa[1], "https://b.example/", "in order");
	is_int(c->timestamp, TMK_STAMP_REQUIRE, "the mode");
	ok(strstr(c->audit_log, "/audit.log") != NULL, "the record of uses");
	is_int(c->audit_seal, 100, "and how often it is sealed");
	is_str(c->pre_sign, "scan", "the command before each use");
	is_int(c->pre_sign_deadline, 60, "which has a minute");
	ok(*c->requesters == '/', "the requesters, seen from the file");
	is_int(c->module_deadline, 5, "the deadline");
	is_str(c->policy, at("xdg/touchmark/policy"),
	       "a path starts at the file that names it");
	is_str(c->tsa_roots, at("tsa.pem"), "or at home");
	k = tmk_config_key(c, "release");
	ok(k && k->uris == 2 && k->created == 1700000000,
	   "the key's section");
	is_str(k ? k->cert : NULL, at("xdg/touchmark/release-chain.pem"),
	       "the certificate's file");
	ok(k && k->env == TMK_ENV_PROD && k->approvals == 2 &&
	   k->approvers == 2 && k->approval_expiry == 600 && k->roots,
	   "its environment and approvals");
	ok(!tmk_config_key(c, "releas"), "a prefix names no key");
	tmk_config_free(c);
}

static void test_refusals(void)
{
	refused("[touchmark]\n\tcolour = red\n", "config:2: touchmark.colour");
	refused("[touchmark \"a\"]\n\turl = x\n", "unknown key");
	refused("[other]\n\tx = y\n", "unknown section");
	refused("[touchmark]\n\ttimestamp = maybe\n", "none of require");
	refused("[touchmark]\n\ttsa = ftp://a\n", "not an http");
	refused("[touchmark]\n\ttsa = \"http://a b\"\n", "character");
	refused("[touchmark]\n\tkey\n", "has no value");
	refused("[touchmark]\n\tauditSeal = 0\n", "not a number");
	refused("[touchmark]\n\tauditSyslog = 1\n", "neither true nor false");
	refused("[touchmark \"a\"]\n\tenv = production\n", "none of dev");
	refused("[touchmark \"a\"]\n\tapprovals = 0\n", "not a number");
	refused("[touchmark \"a\"]\n\tapprover = alice\n", "no e-mail");
	refused("[touchmark \"a\"]\n\turi = pkcs11:token=a\n"
		"\tapprovals = 2\n\tapprover = a@e.org\n\troots = r.pem\n",
		"needs 2 approvals, but has 1 approver");
	refused("[touchmark \"a\"]\n\turi = pkcs11:token=a\n"
		"\tapprovals = 1\n\tapprover = a@e.org\n",
		"has no roots");
	refused("[touchmark \"a\"]\n\turi = pkcs11:token=a\n"
		"\tapprover = a@e.org\n\troots = r.pem\n",
		"not how many");
	refused("[touchmark]\n\ttsaDeadline = -1\n", "not a number");
	refused("[touchmark]\n\ttsaDeadline = 601\n", "not a number");
	refused("[touchmark]\n\tmoduleDeadline = 0\n", "not a number");
	refused("[touchmark \"a\"]\n\tcreated = 99999999999\n",
		"not a number");
	refused("[touchmark \"a\"]\n\tuserId = x\n", "has no uri");
	refused("[touchmark \"../a\"]\n\turi = x\n", "no name for a key");
	refused("[touchmark \"a\"]\n\tkey = x\n", "unknown key");
	refused("[touchmark\n", "config");
	put("xdg/inc", "[touchmark]\n\tpolicy = relative\n");
	refused("[include]\n\tpath = ../inc\n", "relative name");
}

static void test_safety(void)
{
	struct tmk_err err;
	struct tmk_config *c;

	put("xdg/touchmark/config", "[touchmark \"a\"]\n\turi = pkcs11:\n");
	if (chmod(at("xdg/touchmark/config"), 0666) < 0)
		ok(false, "chmod");
	c = load(NULL, &err);
	ok(!c && strstr(err.text, "anybody may write"),
	   "a file that anybody may write is refused");
	tmk_config_free(c);
	if (chmod(at("xdg/touchmark/config"), 0644) < 0)
		ok(false, "chmod");
	setenv("TOUCHMARK_CONFIG", at("other"), 1);
	c = load(NULL, &err);
	ok(c && !c->n_keys, "TOUCHMARK_CONFIG replaces the user's file");
	tmk_config_free(c);
	setenv("TOUCHMARK_CONFIG", "/dev/null", 1);
	c = load(NULL, &err);
	ok(c != NULL, "/dev/null is an empty file");
	tmk_config_free(c);
	unsetenv("TOUCHMARK_CONFIG");
}

/* A repository made by hand is enough for what is read of it. */
static void make_repo(void)
{
	put("repo/.git/HEAD", "ref: refs/heads/main\n");
	put("repo/.git/objects/x", "");
	put("repo/.git/refs/x", "");
}

static void test_repository(void)
{
	struct tmk_err err;
	struct tmk_config *c;

	make_repo();
	put("xdg/touchmark/config",
	    "[touchmark]\n\tkey = a\n[touchmark \"a\"]\n\turi = pkcs11:a\n"
	    "[touchmark \"b\"]\n\turi = pkcs11:b\n");
	put("repo/.git/config", "[touchmark]\n\tkey = b\n"
	    "\tpolicy = /server/policy\n");
	c = load(at("repo"), &err);
	if (!ok(c != NULL, "a repository's config is read")) {
		diag("%s", err.text);
		return;
	}
	is_str(c->key, "b", "it may choose among the keys");
	ok(!c->policy, "its policy is the gate's, not the user's");
	tmk_config_free(c);

	put("repo/.git/config",
	    "[touchmark \"a\"]\n\turi = pkcs11:?module-path=/tmp/x.so\n");
	c = load(at("repo"), &err);
	ok(!c && strstr(err.text, "may only name a key"),
	   "it may not say where a key is");
	tmk_config_free(c);
	put("repo/.git/config",
	    "[touchmark]\n\tkey = pkcs11:?module-path=/tmp/x.so\n");
	c = load(at("repo"), &err);
	ok(!c && strstr(err.text, "configured key only"),
	   "nor name a URI as the key");
	tmk_config_free(c);
	put("repo/.git/config", "[touchmark]\n\ttsa = http://evil/\n");
	c = load(at("repo"), &err);
	ok(!c && err.code == TMK_USAGE, "nor choose a TSA");
	tmk_config_free(c);
	put("repo/inc", "[touchmark]\n\ttsaRoots = /tmp/x\n");
	put("repo/.git/config", "[include]\n\tpath = ../inc\n");
	c = load(at("repo"), &err);
	ok(!c && err.code == TMK_USAGE, "not by way of an include either");
	tmk_config_free(c);
	put("repo/.git/config", "[core]\n\tbare = false\n");
}

static void test_git_files(void)
{
	struct tmk_err err;
	struct tmk_config *c;
	char *value = NULL;

	put(".gitconfig", "[user]\n\tname = A\n\temail = a@example.org\n"
	    "[touchmark]\n\ttsa = http://mine/\n"
	    "[includeIf \"gitdir:**/repo/\"]\n\tpath = work.inc\n");
	put("work.inc", "[touchmark]\n\tkey = b\n\tpolicy = p\n"
	    "[user]\n\temail = w@e.org\n");
	c = load(NULL, &err);
	ok(c && c->tsas == 1 && !strcmp(c->tsa[0], "http://mine/"),
	   "the user's git config counts");
	is_str(c ? c->key : NULL, "a", "a condition that does not hold");
	tmk_config_free(c);
	c = load(at("repo"), &err);
	if (!ok(c != NULL, "conditional includes"))
		diag("%s", err.text);
	is_str(c ? c->key : NULL, "b", "are asked about the repository");
	is_str(c ? c->policy : NULL, at("p"), "paths start where they stand");
	tmk_config_free(c);

	/* An extension that libgit2 does not know. */
	put("repo/.git/config", "[core]\n\trepositoryformatversion = 1\n"
	    "[extensions]\n\tworktreeConfig = true\n");
	c = load(at("repo"), &err);
	if (!ok(c != NULL, "a repository libgit2 may not open"))
		diag("%s", err.text);
	is_str(c ? c->key : NULL, "b", "gives the same answer");
	tmk_config_free(c);
	put("repo/.git/config", "[core]\n\tbare = false\n");

	ok(!tmk_config_files_git_get(&value, NULL, "user.Email", &err),
	   "one value of git's");
	is_str(value, "a@example.org", "is what git would say");
	free(value);
	value = NULL;
	ok(!tmk_config_files_git_get(&value, at("repo"), "user.email", &err),
	   "one value in a repository");
	is_str(value, "w@e.org", "with its includes");
	free(value);
	value = NULL;
	ok(!tmk_config_files_git_get(&value, NULL, "user.nothing", &err) &&
	   !value, "a value that is not set");
}

static void test_environment(void)
{
	struct tmk_err err;
	struct tmk_config *c;

	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "TOUCHMARK.Key", 1);
	setenv("GIT_CONFIG_VALUE_0", "b", 1);
	c = load(NULL, &err);
	is_str(c ? c->key : NULL, "b", "GIT_CONFIG_COUNT");
	tmk_config_free(c);
	setenv("GIT_CONFIG_PARAMETERS",
	       "'a.b=c' 'touchmark.tsa'='http://it'\\''s/' 'touchmark.key=a'",
	       1);
	c = load(NULL, &err);
	is_str(c ? c->key : NULL, "a", "git -c comes last");
	is_str(c && c->tsas ? c->tsa[0] : NULL, "http://it's/",
	       "quoted values");
	is_int(c ? c->tsas : 0, 1, "a later list replaces an earlier one");
	tmk_config_free(c);
	setenv("GIT_CONFIG_PARAMETERS", "'touchmark.key", 1);
	c = load(NULL, &err);
	ok(!c && err.code == TMK_USAGE, "a malformed variable is refused");
	tmk_config_free(c);
	setenv("GIT_CONFIG_PARAMETERS", "touchmark.key", 1);
	c = load(NULL, &err);
	ok(!c && err.code == TMK_USAGE, "so is an unquoted one");
	tmk_config_free(c);
	unsetenv("GIT_CONFIG_PARAMETERS");
	setenv("GIT_CONFIG_COUNT", "2", 1);
	c = load(NULL, &err);
	ok(!c && err.code == TMK_USAGE, "and a count without its keys");
	tmk_config_free(c);
	unsetenv("GIT_CONFIG_COUNT");
}

static void test_writing(void)
{
	struct tmk_config_value two[] = {
		{ "touchmark.new.uri", "pkcs11:token=x;object=a#b" },
		{ "touchmark.new.userId", "\"N\" <n@example.org>" },
	};
	struct tmk_config_value bad[] = {
		{ "touchmark.half.uri", "pkcs11:" }, { "nodot", "x" },
	};
	struct tmk_err err = TMK_ERR_INIT;
	const struct tmk_key_config *k;
	struct tmk_config *c;
	struct stat st;

	drop("xdg/touchmark/config");
	ok(!tmk_config_set_all(two, 2, &err), "two values are written");
	ok(!stat(at("xdg/touchmark/config"), &st) &&
	   (st.st_mode & 0777) == 0600, "into a file of mode 0600");
	c = load(NULL, &err);
	k = c ? tmk_config_key(c, "new") : NULL;
	is_str(k ? k->uri[0] : NULL, two[0].value, "the URI comes back");
	is_str(k ? k->user_id : NULL, two[1].value, "and the quotes");
	tmk_config_free(c);
	ok(!tmk_config_set("touchmark.key", "new", &err) &&
	   !tmk_config_set("touchmark.key", "new2", &err), "set again");
	c = load(NULL, &err);
	is_str(c ? c->key : NULL, "new2", "the last value counts");
	tmk_config_free(c);
	ok(tmk_config_set_all(bad, 2, &err) < 0, "a bad name is refused");
	c = load(NULL, &err);
	ok(c && !tmk_config_key(c, "half"), "and nothing of it is written");
	tmk_config_free(c);
	put("xdg/touchmark/config.lock", "");
	ok(tmk_config_set("touchmark.key", "x", &err) < 0 &&
	   strstr(err.text, ".lock"), "a second writer is kept out");
	drop("xdg/touchmark/config.lock");
	ok(symlink("config", at("xdg/touchmark/link")) == 0, "a link");
	setenv("TOUCHMARK_CONFIG", at("xdg/touchmark/link"), 1);
	ok(!tmk_config_set("touchmark.key", "new", &err), "writing by a link");
	ok(!lstat(at("xdg/touchmark/link"), &st) && S_ISLNK(st.st_mode),
	   "leaves the link a link");
	unsetenv("TOUCHMARK_CONFIG");
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%.32s/tmk-config.XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	clearenv();
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
	setenv("HOME", dir, 1);
	setenv("XDG_CONFIG_HOME", at("xdg"), 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CEILING_DIRECTORIES", dir, 1);
	test_user_file();
	test_refusals();
	test_safety();
	test_repository();
	test_git_files();
	test_environment();
	test_writing();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
