#include "plugins/ssh_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/file.h"
#include "base/tell.h"

/* ---- the key ------------------------------------------------------------ */

/* "TYPE BASE64" at the beginning of a line; 0 when it is no public key of a
 * type that may be ours. */
static size_t key_length(const char *line, size_t len)
{
	static const char *const types[] = { "ssh-ed25519", "ssh-rsa",
					     "ecdsa-sha2-nistp256",
					     "ecdsa-sha2-nistp384",
					     "ecdsa-sha2-nistp521" };
	size_t i, n = 0;

	for (i = 0; i < sizeof(types) / sizeof(*types) && !n; i++) {
		n = strlen(types[i]);
		if (len <= n || memcmp(line, types[i], n) ||
		    (line[n] != ' ' && line[n] != '\t'))
			n = 0;
	}
	if (!n)
		return 0;
	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	while (n < len && line[n] > ' ' && line[n] < 0x7f)
		n++;
	return n;
}

/* The first line that is neither empty nor a comment; whether it is a key. */
static bool find_key(struct tmk_buf *key, const char *text, size_t len)
{
	size_t n;

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		while (line && (*text == ' ' || *text == '\t')) {
			text++;
			line--;
			len--;
		}
		if (line && *text != '#') {
			n = key_length(text, line);
			return n && !tmk_buf_add(key, text, n);
		}
		text += line + (end != NULL);
		len -= line + (end != NULL);
	}
	return false;
}

static int read_key(struct tmk_buf *key, const char *path)
{
	struct tmk_buf file = TMK_BUF_INIT(TMK_SSH_KEY_FILE_MAX);
	int rc = 1;

	if (!tmk_file_read(&file, path, NULL) && file.len &&
	    find_key(key, (const char *)file.data, file.len))
		rc = 0;
	tmk_buf_release(&file);
	return rc;
}

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISDIR(st.st_mode);
}

int tmk_ssh_request_key(struct tmk_buf *key, const char *file)
{
	char beside[4096];

	if (is_file(file))
		return read_key(key, file);
	if ((size_t)snprintf(beside, sizeof(beside), "%s.pub", file) <
	    sizeof(beside) && is_file(beside))
		return read_key(key, beside);
	return tmk_buf_addstr(key, file) ? 1 : 0;
}

/* ---- asking ------------------------------------------------------------- */

void tmk_ssh_request(struct tmk_request *request,
		     const struct tmk_ssh_args *args,
		     const struct tmk_buf *key)
{
	tmk_request_init(request);
	request->verb = TMK_REQUEST_SIGN;
	request->program = TMK_SSH_PROGRAM;
	request->key = tmk_buf_str(key);
	request->format = TMK_REQUEST_SSH;
	request->armour = true;
	request->name_space = args->name_space;
}

static const char *shown(char *out, size_t size, const char *path)
{
	return tmk_enc_show_into(out, size, path, strlen(path));
}

void tmk_ssh_request_begin(const struct tmk_ssh_args *args, const char *file)
{
	char name[1024];

	if (args->quiet)
		return;
	if (file)
		fprintf(stderr, "Signing file %s\n",
			shown(name, sizeof(name), file));
	else
		fputs("Signing data on standard input\n", stderr);
}

void tmk_ssh_request_notice(void *ctx, const char *text)
{
	char line[TMK_TELL_LINE];

	(void)ctx;
	fputs(tmk_tell_waiting(line, sizeof(line), TMK_SSH_PROGRAM, text),
	      stderr);
}

/* ---- delivering --------------------------------------------------------- */

/* Only the first letter counts, as with ssh-keygen. */
static bool says_yes(const char *path)
{
	char name[1024], c = 0, rest = 0;

	printf("%s already exists.\nOverwrite (y/n)? ",
	       shown(name, sizeof(name), path));
	fflush(stdout);
	if (read(STDIN_FILENO, &c, 1) != 1)
		return false;
	rest = c;
	while (rest != '\n' && read(STDIN_FILENO, &rest, 1) == 1)
		;
	return c == 'y' || c == 'Y';
}

int tmk_ssh_request_output(char *path, size_t size, const char *file, bool ask,
			   struct tmk_err *err)
{
	struct stat st;

	if ((size_t)snprintf(path, size, "%s.sig", file) >= size)
		return tmk_err_set(err, TMK_INPUT, "the name of the "
				   "signature's file is too long");
	if (lstat(path, &st))
		return errno == ENOENT ? 0 :
			tmk_err_set(err, TMK_INPUT, "cannot write %s: %s",
				    path, strerror(errno));
	/* Nobody chose this name: what a link leads to is not replaced. */
	if (!S_ISREG(st.st_mode))
		return tmk_err_set(err, TMK_INPUT, "cannot write %s: it is no "
				   "regular file", path);
	if (ask && says_yes(path))
		return 0;
	tmk_err_set(err, TMK_INPUT, "%s is there and was left as it is", path);
	return tmk_err_hint(err, "remove it, then sign again");
}

int tmk_ssh_request_deliver(const struct tmk_ssh_args *args, const char *path,
			    const struct tmk_answer *answer,
			    struct tmk_err *err)
{
	char name[1024];

	if (answer->lines.len)
		fwrite(answer->lines.data, 1, answer->lines.len, stderr);
	if (!path)
		return tmk_file_write_fd(STDOUT_FILENO, answer->seal.data,
					 answer->seal.len, "standard output",
					 err);
	if (tmk_file_write(path, 0666, answer->seal.data, answer->seal.len,
			   err))
		return -1;
	if (!args->quiet)
		fprintf(stderr, "Write signature to %s\n",
			shown(name, sizeof(name), path));
	return 0;
}

int tmk_ssh_request_failed(const struct tmk_answer *answer)
{
	fprintf(stderr, TMK_SSH_PROGRAM ": %s\n", answer->text);
	if (answer->hint[0])
		fprintf(stderr, TMK_SSH_PROGRAM ": hint: %s\n", answer->hint);
	return answer->code ? answer->code : TMK_INTERNAL;
}
