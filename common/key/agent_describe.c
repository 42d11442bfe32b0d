/* Who asks: what a request says of its caller. */
#include "key/agent_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Which configuration is read (touchmark.conf(5), git(1)), which token the
 * embedded module shows, by which keys ssh(1) comes to a signing host, and
 * where a pinentry appears. */
static const char *const told[] = {
	"TOUCHMARK_CONFIG", "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
	"XDG_STATE_HOME",
	"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
	"SOFTHSM2_CONF", "SSH_AUTH_SOCK",
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "GPG_TTY", "TERM", "LANG",
	"LC_ALL", "LC_CTYPE", "LC_MESSAGES", "GNUPGHOME",
	"PINENTRY_USER_DATA", "DBUS_SESSION_BUS_ADDRESS", "XDG_SESSION_TYPE",
	"INSIDE_EMACS"
};
#define N_TOLD (sizeof(told) / sizeof(told[0]))
_Static_assert(N_TOLD <= TMK_REQUEST_ENV_MAX, "they all fit");

/* Texts move while the buffer grows: where each begins is kept. */
struct texts {
	struct tmk_buf *space;
	char cwd[TMK_REQUEST_TEXT_MAX];
	bool failed;
};

#define NOWHERE ((size_t)-1)

static size_t put(struct texts *t, const char *a, const char *b,
		  const char *c)
{
	size_t at = t->space->len;

	if (tmk_buf_addstr(t->space, a) || tmk_buf_addstr(t->space, b) ||
	    tmk_buf_addstr(t->space, c) || tmk_buf_addch(t->space, '\0'))
		t->failed = true;
	return at;
}

/* The value of a variable that names a file or folder, made absolute. */
static size_t put_path(struct texts *t, const char *name)
{
	const char *value = secure_getenv(name);

	if (!value || !*value)
		return NOWHERE;
	if (*value == '/')
		return put(t, value, "", "");
	return put(t, t->cwd, "/", value);
}

/* A file of configuration is told by its absolute path: another process has
 * another current directory. */
static size_t put_variable(struct texts *t, const char *name,
			   const char *value)
{
	static const char *const files[] = {
		"TOUCHMARK_CONFIG", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
		"SOFTHSM2_CONF"
	};
	size_t i, start = t->space->len;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (strcmp(name, files[i]) || !*value || *value == '/')
			continue;
		if (tmk_buf_printf(t->space, "%s=%s/%s", name, t->cwd,
				   value) || tmk_buf_addch(t->space, '\0'))
			t->failed = true;
		return start;
	}
	return put(t, name, "=", value);
}

static const char *at(const struct tmk_buf *space, size_t offset)
{
	return offset == NOWHERE ? NULL :
		(const char *)space->data + offset;
}

int tmk_agent_describe(struct tmk_request *request, struct tmk_buf *space,
		       struct tmk_err *err)
{
	struct texts t = { .space = space };
	size_t env[N_TOLD], cwd, git_dir, pin_file, credentials, i;
	int n = 0;

	if (!getcwd(t.cwd, sizeof(t.cwd)) || *t.cwd != '/')
		return tmk_err_set(err, TMK_INPUT, "cannot tell the current "
				   "directory: %s", strerror(errno));
	cwd = put(&t, t.cwd, "", "");
	git_dir = put_path(&t, "GIT_DIR");
	pin_file = put_path(&t, "TOUCHMARK_PIN_FILE");
	credentials = put_path(&t, "CREDENTIALS_DIRECTORY");
	for (i = 0; i < N_TOLD; i++) {
		const char *value = secure_getenv(told[i]);

		if (value)
			env[n++] = put_variable(&t, told[i], value);
	}
	if (t.failed)
		return tmk_err_set(err, TMK_INPUT, "the environment is too "
				   "large to be told to an agent");
	request->directory = at(space, cwd);
	request->git_dir = at(space, git_dir);
	request->pin_file_env = at(space, pin_file);
	request->credentials_dir = at(space, credentials);
	for (i = 0; i < (size_t)n; i++)
		request->env[i] = at(space, env[i]);
	request->env[n] = NULL;
	request->envs = n;
	return 0;
}
