/*
 * gate_served.c - the path that receive-pack was called with. git does not
 * hand it to hooks, but every nonce is made for it.
 *
 * What is found is only tried: a nonce fits it by the server's secret seed, or
 * it does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "hooks/gate_nonce.h"

#define LEVELS 8		/* a hook that calls a hook that ... */
#define LINE_BYTES 32768

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether the words (each closed by a NUL) call receive-pack; *last is the
 * last of them. */
static bool is_receive_pack(const char **last, const struct tmk_buf *line)
{
	const char *p = tmk_buf_str(line), *end = p + line->len;
	bool git = false, found = false;
	int n = 0;

	for (; p < end; p += strlen(p) + 1, n++) {
		if (!n)
			git = !strcmp(base_name(p), "git");
		if (!n ? !strcmp(base_name(p), "git-receive-pack") :
		    git && !strcmp(p, "receive-pack"))
			found = true;
		*last = p;
	}
	return found && n > 1;
}

/* The fourth field of /proc/PID/stat, behind the name in parentheses, which
 * may hold anything (proc(5)). */
static long parent_of(long pid)
{
	struct tmk_buf text = TMK_BUF_INIT(LINE_BYTES);
	struct tmk_err ignored = TMK_ERR_INIT;
	char path[64], state, *end = NULL;
	const char *p;
	long parent = 0;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if (!tmk_file_read(&text, path, &ignored)) {
		p = strrchr(tmk_buf_str(&text), ')');
		state = p && p[1] == ' ' ? p[2] : '\0';
		if (state && p[3] == ' ')
			parent = strtol(p + 4, &end, 10);
		if (!end || *end != ' ')
			parent = 0;
	}
	tmk_buf_release(&text);
	return parent;
}

bool tmk_gate_nonce_served(char *out, size_t size)
{
	long pid = (long)getppid();
	const char *last = NULL;
	bool found = false;
	int level;

	for (level = 0; level < LEVELS && pid > 1 && !found; level++) {
		struct tmk_buf line = TMK_BUF_INIT(LINE_BYTES);
		struct tmk_err ignored = TMK_ERR_INIT;
		char path[64];

		snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
		found = !tmk_file_read(&line, path, &ignored) &&
			is_receive_pack(&last, &line) && strlen(last) < size;
		if (found)
			memcpy(out, last, strlen(last) + 1);
		tmk_buf_release(&line);
		pid = found ? 0 : parent_of(pid);
	}
	return found;
}
