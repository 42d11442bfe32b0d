/* Which calls of ssh-keygen are ours, and what of a file is a key. */
#include "t/unit/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The parts of touchmark-ssh-keygen are in no library that this test links. */
#include "plugins/ssh_args.c"
#include "plugins/ssh_request.c"

#define WORDS_MAX 16

/* Parse a line of words; "''" is an empty one. */
static void parse(struct tmk_ssh_args *args, const char *line)
{
	static char text[512], empty[1];
	static char *argv[WORDS_MAX + 1];
	int argc = 0;
	char *p = text;

	snprintf(text, sizeof(text), "%s", line);
	while (p && argc < WORDS_MAX) {
		char *word = strsep(&p, " ");

		argv[argc++] = strcmp(word, "''") ? word : empty;
	}
	argv[argc] = NULL;
	tmk_ssh_args_parse(args, argc, argv);
}

static void ours(const char *line, const char *key, const char *name_space,
		 int first, int files)
{
	struct tmk_ssh_args a;

	parse(&a, line);
	if (!ok(a.sign, "ours: %s", line))
		return;
	is_str(a.key, key, "its key");
	is_str(a.name_space, name_space, "its namespace");
	is_int(a.first, first, "where the files begin");
	is_int(a.files, files, "how many");
}

static void others(const char *line)
{
	struct tmk_ssh_args a;

	parse(&a, line);
	ok(!a.sign, "not ours: %s", line);
}

static void test_calls(void)
{
	struct tmk_ssh_args a;

	ours("s -Y sign -n git -f k f", "k", "git", 7, 1);
	ours("s -Y sign -n git -f k -U f", "k", "git", 8, 1);
	ours("s -Y sign -n git -f k", "k", "git", 7, 0);
	ours("s -Ysign -ngit -fk -- -f", "k", "git", 5, 1);
	ours("s -qUvYsign -n git -f k a b c", "k", "git", 6, 3);
	ours("s -f a -f b -n x -n y -Y sign -", "b", "y", 11, 1);
	ours("s -Y sign -n git -f k f -h", "k", "git", 7, 2);
	ours("s -Y sign -n git -f -k f", "-k", "git", 7, 1);
	ours("s -O hashalg=sha512 -Y sign -n git -f k", "k", "git", 9, 0);
	parse(&a, "s -O hashalg=sha256 -Y sign -n git -f k -q");
	is_str(a.hash, "sha256", "the hash");
	ok(a.quiet, "quiet");
	others("s");
	others("s -Y");
	others("s -Y verify -n git -f k f");
	others("s -Y sign -Y verify -n git -f k f");
	others("s -Y signx -n git -f k f");
	others("s -n git -f k f");
	others("s -Y sign -f k f");
	others("s -Y sign -n '' -f k f");
	others("s -Y sign -n git f");
	others("s -Y sign -n git -f '' f");
	others("s -Y sign -n git -f");
	others("s -Y sign -n git -f k -O frob=1 f");
	others("s -Y sign -n git -f k -O");
	others("s -Y sign -n git -f k -l f");
	others("s -Y sign -n git -f k -ql f");
	others("s -Y sign -n git -f k --help");
	ok(tmk_ssh_args_is_stdin("-") && !tmk_ssh_args_is_stdin("--") &&
	   !tmk_ssh_args_is_stdin(""), "- is standard input");
}

static char folder[] = "/tmp/tmk-ssh-args.XXXXXX";

static void put(const char *name, const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	if (!f || fwrite(text, 1, len, f) != len || fclose(f)) {
		puts("Bail out! no file can be written");
		exit(99);
	}
}

/* What -f NAME means when the file holds this; NULL: no key of ours. */
static void key_is(const char *what, const char *text, size_t len,
		   const char *want)
{
	struct tmk_buf key = TMK_BUF_INIT(TMK_REQUEST_TEXT_MAX);
	char path[128];
	int rc;

	put("key", text, len);
	snprintf(path, sizeof(path), "%s/key", folder);
	rc = tmk_ssh_request_key(&key, path);
	is_int(rc, want ? 0 : 1, "%s", what);
	if (want)
		is_str(tmk_buf_str(&key), want, "%s: the key", what);
	tmk_buf_release(&key);
	unlink(path);
}

#define KEY(what, text, want) key_is(what, text, sizeof(text) - 1, want)

static void test_keys(void)
{
	static char large[TMK_SSH_KEY_FILE_MAX + 2];
	struct tmk_buf key = TMK_BUF_INIT(TMK_REQUEST_TEXT_MAX);
	char path[128];

	KEY("a line", "ssh-ed25519 AAAA\n", "ssh-ed25519 AAAA");
	KEY("no newline", "ssh-rsa AAAA", "ssh-rsa AAAA");
	KEY("a comment behind it", "ecdsa-sha2-nistp256 AA== a b\n",
	    "ecdsa-sha2-nistp256 AA==");
	KEY("lines before it", "# c\n\n \t\n  ssh-rsa AA\nssh-rsa BB\n",
	    "ssh-rsa AA");
	KEY("a carriage return", "ssh-rsa AA\r\n", "ssh-rsa AA");
	KEY("two blanks", "ssh-rsa  \tAA\n", "ssh-rsa  \tAA");
	KEY("a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\n", NULL);
	KEY("nothing", "", NULL);
	KEY("comments alone", "# a\n# b", NULL);
	KEY("another type", "ssh-dss AAAA\n", NULL);
	KEY("a certificate", "ssh-rsa-cert-v01@openssh.com AAAA\n", NULL);
	KEY("a type alone", "ssh-rsa\n", NULL);
	KEY("a NUL", "\0ssh-rsa AAAA\n", NULL);
	memset(large, '\n', sizeof(large));
	memcpy(large, "ssh-rsa AA", 10);
	key_is("as large as may be", large, TMK_SSH_KEY_FILE_MAX,
	       "ssh-rsa AA");
	key_is("a byte more", large, TMK_SSH_KEY_FILE_MAX + 1, NULL);
	put("other.pub", "ssh-rsa CC\n", 11);
	snprintf(path, sizeof(path), "%s/other", folder);
	ok(!tmk_ssh_request_key(&key, path), "a file with .pub behind");
	is_str(tmk_buf_str(&key), "ssh-rsa CC", "is read");
	tmk_buf_clear(&key);
	ok(!tmk_ssh_request_key(&key, "/no such/file"), "no file");
	is_str(tmk_buf_str(&key), "/no such/file", "is a name");
	tmk_buf_clear(&key);
	ok(!tmk_ssh_request_key(&key, folder), "nor is a folder one");
	tmk_buf_release(&key);
	snprintf(path, sizeof(path), "%s/other.pub", folder);
	unlink(path);
	tmk_buf_init(&key, 8);
	ok(tmk_ssh_request_key(&key, "a longer name"), "a name too long");
	tmk_buf_release(&key);
}

int main(void)
{
	test_calls();
	if (!mkdtemp(folder)) {
		puts("Bail out! no folder");
		return 99;
	}
	test_keys();
	rmdir(folder);
	return tap_done();
}
