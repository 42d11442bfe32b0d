/*
 * doctor_git.c - what git is told: which programs sign and verify, with which
 * key, as whom.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "plugins/audit_git.h"
#include "plugins/doctor_facts.h"
#include "plugins/front_pick.h"

#define OLDEST_MAJOR 2		/* SSH signatures: git 2.34 */
#define OLDEST_MINOR 34
#define SSH_FILE_MAX 65536	/* bytes of a file with a public key */
#define SSH_LINE_MAX 8192

/* git's value of a key; NULL when it is not set. Belongs to the caller. */
static char *git_value(const char *key, const char *type)
{
	const char *const words[] = { "config", "--get", key, NULL };
	const char *const typed[] = { "config", type, "--get", key, NULL };
	struct tmk_err ignored = TMK_ERR_INIT;
	char *value = NULL;

	if (tmk_audit_git_line(&value, type ? typed : words, &ignored))
		return NULL;
	return value;
}

static bool git_version(struct tmk_doctor *d)
{
	const char *const words[] = { "--version", NULL };
	struct tmk_err err = TMK_ERR_INIT;
	char *line = NULL, *end;
	long major, minor = 0;

	if (tmk_audit_git_line(&line, words, &err)) {
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "git", "install git",
			       "git cannot be run%s%s", err.code ? ": " : "",
			       err.text);
		return false;
	}
	major = strtol(line + strcspn(line, "0123456789"), &end, 10);
	if (*end == '.')
		minor = strtol(end + 1, NULL, 10);
	if (major > OLDEST_MAJOR ||
	    (major == OLDEST_MAJOR && minor >= OLDEST_MINOR))
		tmk_doctor_say(d, TMK_DOCTOR_OK, "git", NULL, "%s", line);
	else
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "git",
			       "git 2.34 and later know all three",
			       "%s does not know all formats of signatures",
			       line);
	free(line);
	return true;
}

/* ---- the format and its program ----------------------------------------- */

static void read_format(struct tmk_doctor *d)
{
	char *value = git_value("gpg.format", NULL);
	const char *name = value ? value : "openpgp";

	if (!strcmp(name, "x509"))
		d->format = TMK_FORMAT_X509;
	else if (!strcmp(name, "ssh"))
		d->format = TMK_FORMAT_SSH;
	else if (!strcmp(name, "openpgp"))
		d->format = TMK_FORMAT_OPENPGP;
	else
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "git-format",
			       "git config --global gpg.format x509",
			       "gpg.format is '%s', which git does not know",
			       name);
	tmk_doctor_say(d, TMK_DOCTOR_OK, "git-format", NULL,
		       "git makes %s signatures (gpg.format = %s)",
		       tmk_doctor_format_name(d->format), name);
	free(value);
}

/* The file that git would start for a name: itself with a slash in it, else
 * the first one in PATH. Links are followed. NULL when there is none. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH"), *dir;
	char *file = NULL, *real = NULL;

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : realpath(name, NULL);
	for (dir = path ? path : "/usr/bin:/bin"; !real && dir; ) {
		const char *colon = strchrnul(dir, ':');

		if (asprintf(&file, "%.*s%s%s", (int)(colon - dir), dir,
			     colon > dir ? "/" : "./", name) < 0)
			return NULL;
		if (!access(file, X_OK))
			real = realpath(file, NULL);
		free(file);
		dir = *colon ? colon + 1 : NULL;
	}
	return real;
}

/* One of git's slots: its value, what git takes without one, which of our
 * programs belongs there. */
struct slot {
	enum tmk_seal_format format;
	const char *key, *old;	/* `old`: another name of it; or NULL */
	const char *fallback;	/* git's own */
	const char *ours;
};

static const struct slot slots[] = {
	{ TMK_FORMAT_X509, "gpg.x509.program", NULL, "gpgsm",
	  "touchmark-gpgsm" },
	{ TMK_FORMAT_OPENPGP, "gpg.openpgp.program", "gpg.program", "gpg",
	  "touchmark-gpg" },
	{ TMK_FORMAT_SSH, "gpg.ssh.program", NULL, "ssh-keygen",
	  "touchmark-ssh-keygen" },
};

/* Whether `real` is that program of ours: of this installation, or of another
 * one by its name. */
static bool is_ours(const char *real, const char *ours, bool *elsewhere)
{
	const char *name = strrchr(real, '/');
	char *dir = NULL, *mine = NULL, *path = NULL;
	bool same = false;

	name = name ? name + 1 : real;
	if (!tmk_proc_self_dir(&dir, NULL) &&
	    asprintf(&path, "%s/%s", dir, ours) >= 0)
		mine = realpath(path, NULL);
	same = mine && !strcmp(mine, real);
	*elsewhere = !same;
	free(mine);
	free(path);
	free(dir);
	/* touchmark-gpgsm is a link to touchmark-gpg */
	return same || !strcmp(name, ours) ||
		(!strcmp(ours, "touchmark-gpgsm") &&
		 !strcmp(name, "touchmark-gpg"));
}

static void say_slot(struct tmk_doctor *d, const struct slot *s,
		     const char *value, const char *real)
{
	bool elsewhere = false, mine = real && is_ours(real, s->ours,
						       &elsewhere);
	bool used = s->format == d->format;
	char hint[128];

	snprintf(hint, sizeof(hint), "git config --global %s %s",
		 s->old ? s->old : s->key, s->ours);
	if (!real)
		tmk_doctor_say(d, used ? TMK_DOCTOR_FAIL : TMK_DOCTOR_WARN,
			       "git-program", hint, "%s is '%s', which is not "
			       "there or cannot be run", s->key,
			       value ? value : s->fallback);
	else if (!mine)
		tmk_doctor_say(d, used ? TMK_DOCTOR_FAIL : TMK_DOCTOR_WARN,
			       "git-program", hint, used ?
			       "%s is %s: git does not sign with touchmark" :
			       "%s is %s: signatures of that format are not "
			       "judged by touchmark", s->key, real);
	else if (elsewhere)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "git-program", hint,
			       "%s is %s, of another installation than this "
			       "one", s->key, real);
	else
		tmk_doctor_say(d, TMK_DOCTOR_OK, "git-program", NULL,
			       "%s is %s, ours", s->key,
			       value ? value : s->fallback);
}

static void check_programs(struct tmk_doctor *d)
{
	size_t i;

	for (i = 0; i < sizeof(slots) / sizeof(*slots); i++) {
		char *value = git_value(slots[i].key, NULL), *real;

		if (!value && slots[i].old)
			value = git_value(slots[i].old, NULL);
		real = find_program(value ? value : slots[i].fallback);
		/* SSH keys need us only to sign. */
		if (value || slots[i].format != TMK_FORMAT_SSH ||
		    d->format == TMK_FORMAT_SSH)
			say_slot(d, &slots[i], value, real);
		free(real);
		free(value);
	}
}

/* ---- the key, and who commits ------------------------------------------- */

static void check_ident(struct tmk_doctor *d)
{
	const char *const words[] = { "var", "GIT_COMMITTER_IDENT", NULL };
	struct tmk_err err = TMK_ERR_INIT;
	char *line = NULL, *close;
	const char *mail;
	size_t len;

	if (tmk_audit_git_line(&line, words, &err)) {
		tmk_doctor_say(d, TMK_DOCTOR_FAIL, "git-identity",
			       "git config --global user.email MAIL",
			       "git does not know who commits here");
		return;
	}
	close = strrchr(line, '>');
	if (close)
		close[1] = '\0';
	len = tmk_front_pick_mail(&mail, line);
	d->ident = line;
	if (len)
		d->email = strndup(mail, len);
	tmk_doctor_say(d, d->email ? TMK_DOCTOR_OK : TMK_DOCTOR_FAIL,
		       "git-identity", d->email ? NULL :
		       "git config --global user.email MAIL",
		       d->email ? "commits are by %s" :
		       "%s holds no e-mail address", line);
}

/* The first line of a file with a public key; false when there is none. */
static bool read_line(char *out, size_t size, const char *path,
		      const char *suffix)
{
	struct tmk_buf file = TMK_BUF_INIT(SSH_FILE_MAX);
	struct tmk_err ignored = TMK_ERR_INIT;
	char name[4096];
	bool found;

	found = (size_t)snprintf(name, sizeof(name), "%s%s", path, suffix) <
		sizeof(name) && !tmk_file_read(&file, name, &ignored) &&
		file.len;
	if (found)
		snprintf(out, size, "%.*s",
			 (int)strcspn(tmk_buf_str(&file), "\n"),
			 tmk_buf_str(&file));
	tmk_buf_release(&file);
	return found;
}

/* For SSH git wants a public key, or a file of one: what names the key then,
 * as touchmark-ssh-keygen has it. */
static void resolve_ssh(struct tmk_doctor *d)
{
	char line[SSH_LINE_MAX], *path = NULL;
	const char *key = d->signing_key;

	if (!key)
		return;
	if (!strncmp(key, "key::", 5)) {
		snprintf(line, sizeof(line), "%s", key + 5);
	} else {
		path = git_value("user.signingKey", "--type=path");
		if (!path || (!read_line(line, sizeof(line), path, "") &&
			      !read_line(line, sizeof(line), path, ".pub"))) {
			free(path);
			return;
		}
	}
	free(path);
	free(d->signing_key);
	d->signing_key = strdup(line);
}

/* A command of the user's may choose the key; it is not run here. */
static bool has_key_command(struct tmk_doctor *d)
{
	char *command = git_value("gpg.ssh.defaultKeyCommand", NULL);
	bool has = command != NULL;

	if (has)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, "git-key",
			       "git config --global user.signingKey NAME; "
			       "touchmark key list shows the names",
			       "gpg.ssh.defaultKeyCommand chooses the key, "
			       "which is not looked at");
	free(command);
	return has;
}

/* Which of our keys git's signatures are made with. */
static void check_key(struct tmk_doctor *d)
{
	bool ssh = d->format == TMK_FORMAT_SSH;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_front_pick pick;
	const char *key;
	int found;

	if (!d->config)
		return;
	if (ssh)
		resolve_ssh(d);
	key = d->signing_key ? d->signing_key : ssh ? NULL : d->ident;
	if (!key) {
		if (ssh && !has_key_command(d))
			tmk_doctor_say(d, TMK_DOCTOR_FAIL, "git-key",
				       "git config --global user.signingKey "
				       "NAME; touchmark key list shows the "
				       "names", "user.signingKey is not set, "
				       "and git signs no SSH signature "
				       "without");
		return;
	}
	found = tmk_front_pick(&pick, d->config, key, &err);
	if (found == 1) {
		d->key = pick.key;
		tmk_doctor_say(d, TMK_DOCTOR_OK, "git-key", NULL,
			       "git signs with the key '%s'%s", pick.name,
			       d->signing_key ? "" : ", found by the "
			       "committer's address");
		return;
	}
	if (found < 0) {
		tmk_doctor_say_error(d, TMK_DOCTOR_FAIL, "git-key", &err);
		return;
	}
	tmk_doctor_say(d, TMK_DOCTOR_FAIL, "git-key",
		       "git config --global user.signingKey NAME; touchmark "
		       "key list shows the names", "no key of ours is meant by "
		       "%s '%.*s'%s%s", d->signing_key ? "user.signingKey" :
		       "the committer", key ? tmk_front_pick_shown(key) : 0,
		       key ? key : "", err.code ? ": " : "", err.text);
}

static void check_switch(struct tmk_doctor *d, const char *key,
			 const char *what)
{
	char *value = git_value(key, "--bool"), hint[64];
	bool on = value && !strcmp(value, "true");

	snprintf(hint, sizeof(hint), "git config --global %s true", key);
	tmk_doctor_say(d, on ? TMK_DOCTOR_OK : TMK_DOCTOR_WARN, "git-sign",
		       on ? NULL : hint, on ? "%s: every %s is signed" :
		       "%s is not set: a %s is signed only when asked for",
		       key, what);
	free(value);
}

void tmk_doctor_git(struct tmk_doctor *d)
{
	if (!git_version(d))
		return;
	read_format(d);
	check_programs(d);
	check_ident(d);
	d->signing_key = git_value("user.signingKey", NULL);
	check_key(d);
	check_switch(d, "commit.gpgSign", "commit");
	check_switch(d, "tag.gpgSign", "tag");
}
