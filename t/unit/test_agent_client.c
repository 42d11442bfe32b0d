/* Asking an agent that behaves in every other way than it should. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "key/agent_client.h"
#include "key/agent_io.h"
#include "key/agent_path.h"
#include "t/unit/tap.h"

static char dir[] = "/tmp/tmk-agent-XXXXXX";
static int listener = -1;
static int passed = -1;		/* what came along with the last request */
static size_t request_len;

static char noticed[4][128];
static int n_noticed;

static void on_notice(void *ctx, const char *text)
{
	(void)ctx;
	if (n_noticed < 4)
		snprintf(noticed[n_noticed++], sizeof(noticed[0]), "%s", text);
}

static void serve_at(void)
{
	char path[TMK_AGENT_PATH_MAX];
	struct sockaddr_un at;

	tmk_agent_path(path, TMK_AGENT_SOCKET);
	unlink(path);
	listener = tmk_agent_io_socket();
	if (listener < 0 || tmk_agent_io_address(&at, path) ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 4))
		abort();
}

/* What one caller gets to hear. */
struct play {
	const void *bytes;
	size_t len;
	bool unread;		/* close without having read the request */
	int callers;
	bool silent;		/* say nothing until the caller hangs up */
};

static bool hung_up;		/* he did, before he was given up */

static void be_silent(int fd, int64_t until)
{
	while (!tmk_agent_io_gone(fd) && tmk_clock_ms() < until)
		usleep(2000);
	hung_up = tmk_agent_io_gone(fd);
}

static void *play(void *arg)
{
	const struct play *p = arg;
	struct tmk_buf body = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_err err;
	int i, fd;

	for (i = 0; i < p->callers; i++) {
		int64_t until = tmk_clock_ms() + 60000;

		while ((fd = accept4(listener, NULL, NULL,
				     SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
			if (tmk_clock_ms() > until)
				abort();
			else
				usleep(2000);
		if (p->unread) {
			/* Until something lies there that nobody reads. */
			while (recv(fd, &(char){ 0 }, 1, MSG_PEEK) < 0)
				usleep(2000);
		} else if (!tmk_agent_io_receive(&body, fd, TMK_REQUEST_MAX,
						 &passed, until, &err)) {
			request_len = body.len;
			if (p->silent)
				be_silent(fd, tmk_clock_ms() + 20000);
			(void)!tmk_agent_io_send(fd, p->bytes, p->len, -1,
						 until, &err);
		}
		close(fd);
	}
	tmk_buf_release(&body);
	return NULL;
}

/* Ask somebody who answers so, for somebody who may go. */
static int ask_for(struct tmk_answer *answer, const struct play *p,
		   bool (*gone)(void *ctx), struct tmk_err *err)
{
	struct tmk_person person = { .tty = -2, .notice = on_notice,
		.gone = gone };
	struct tmk_request r;
	pthread_t thread;
	int rc;

	tmk_request_init(&r);
	r.verb = TMK_REQUEST_STATUS;
	tmk_answer_init(answer);
	n_noticed = 0;
	if (pthread_create(&thread, NULL, play, (void *)(uintptr_t)p))
		abort();
	rc = tmk_agent_ask(answer, &r, &person, false, err);
	pthread_join(thread, NULL);
	return rc;
}

static int ask(struct tmk_answer *answer, const struct play *p,
	       struct tmk_err *err)
{
	return ask_for(answer, p, NULL, err);
}

static void good(void)
{
	struct tmk_buf b = TMK_BUF_INIT(8192);
	struct tmk_err err = TMK_ERR_INIT;
	struct play p = { .callers = 1 };
	struct tmk_answer a;

	tmk_answer_init(&a);
	if (tmk_buf_addstr(&a.seal, "{}\n") ||
	    tmk_notice_encode(&b, "one", &err) ||
	    tmk_notice_encode(&b, "", &err) ||
	    tmk_notice_encode(&b, "two", &err) ||
	    tmk_answer_encode(&b, &a, &err))
		abort();
	tmk_answer_release(&a);
	p.bytes = b.data;
	p.len = b.len;
	is_int(ask(&a, &p, &err), 0, "an answer after notices");
	is_str(tmk_buf_str(&a.seal), "{}\n", "is the answer");
	is_int(n_noticed, 2, "the empty notice is no notice");
	is_str(noticed[0], "one", "the first");
	is_str(noticed[1], "two", "the second");
	is_int(passed, -1, "without a terminal none goes along");
	ok(request_len > 0, "the request was whole");
	tmk_answer_release(&a);
	tmk_buf_release(&b);
}

static void bad(const void *bytes, size_t len, const char *what)
{
	struct play p = { bytes, len, false, 1 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_answer a;

	is_int(ask(&a, &p, &err), -1, "%s", what);
	is_int(err.code, TMK_KEY, "is an error of the key");
	ok(!strncmp(err.text, "touchmark-agent gave no answer: ", 32) &&
	   *err.hint && !a.seal.len, "which says so: %s", err.text);
	tmk_answer_release(&a);
}

static bool never_gone(void *ctx)
{
	(void)ctx;
	return false;
}

static int looks;		/* how often it was asked */

static bool goes(void *ctx)
{
	(void)ctx;
	return ++looks > 1;
}

/* Whoever wanted the answer hangs up: so do we, and an agent that waits for
 * its turn drops the request. */
static void gone(void)
{
	struct tmk_buf b = TMK_BUF_INIT(8192);
	struct play p = { NULL, 0, false, 1, true };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_answer a;

	is_int(ask_for(&a, &p, goes, &err), -1, "one whose caller goes");
	ok(strstr(err.text, "nobody waits for the answer") != NULL,
	   "says so: %s", err.text);
	ok(hung_up, "the agent is hung up on");
	tmk_answer_release(&a);

	tmk_answer_init(&a);
	if (tmk_notice_encode(&b, "", &err) ||
	    tmk_answer_encode(&b, &a, &err))
		abort();
	tmk_answer_release(&a);
	p = (struct play){ .bytes = b.data, .len = b.len, .callers = 1 };
	is_int(ask_for(&a, &p, never_gone, &err), 0,
	       "one who stays has his answer");
	tmk_answer_release(&a);
	tmk_buf_release(&b);
}

static void unread(void)
{
	struct play p = { NULL, 0, true, 2 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_answer a;

	is_int(ask(&a, &p, &err), -1, "one that reads nothing, twice");
	ok(strstr(err.text, "reads no requests") != NULL, "was asked twice");
	tmk_answer_release(&a);
}

static void places(void)
{
	char sock[TMK_AGENT_PATH_MAX], folder[TMK_AGENT_PATH_MAX];
	struct tmk_err err = TMK_ERR_INIT;
	static char longer[200];
	int fd = -1;

	tmk_agent_path(folder, "");
	tmk_agent_path(sock, TMK_AGENT_SOCKET);
	close(listener);
	is_int(tmk_agent_connect(&fd, false, &err), 1,
	       "a socket that nobody serves is no agent");
	unlink(sock);
	is_int(tmk_agent_connect(&fd, false, &err), 1, "nor is none");
	fd = open(sock, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	is_int(tmk_agent_connect(&fd, false, &err), -1, "a file is refused");
	unlink(sock);
	chmod(folder, 0750);
	is_int(tmk_agent_connect(&fd, false, &err), -1,
	       "a folder that others may enter is refused");
	chmod(folder, 0700);
	rmdir(folder);
	is_int(tmk_agent_path_dir(false, &err), 1, "no folder");
	is_int(tmk_agent_path_dir(true, &err), 0, "is made");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[0] = '/';
	setenv("XDG_RUNTIME_DIR", "run", 1);
	is_str(tmk_agent_path(sock, "x"), "", "a relative directory");
	setenv("XDG_RUNTIME_DIR", longer, 1);
	is_str(tmk_agent_path(sock, "x"), "", "one that is too long");
	chmod(dir, 0701);
	setenv("XDG_RUNTIME_DIR", dir, 1);
	is_str(tmk_agent_path(sock, "x"), "", "one that others may enter");
	chmod(dir, 0700);
	unsetenv("XDG_RUNTIME_DIR");
	is_str(tmk_agent_path(sock, "x"), "", "none");
	is_int(tmk_agent_connect(&fd, true, &err), 1, "is no agent");
	setenv("XDG_RUNTIME_DIR", dir, 1);
}

static void described(void)
{
	struct tmk_buf space = TMK_BUF_INIT(TMK_REQUEST_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_request r;
	int i, home = 0, conf = 0, secret = 0;

	tmk_request_init(&r);
	setenv("GIT_DIR", ".git", 1);
	setenv("TOUCHMARK_PIN_FILE", "/run/pin", 1);
	setenv("HOME", "/home/x", 1);
	setenv("TOUCHMARK_CONFIG", "conf", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "hidden", 1);
	unsetenv("CREDENTIALS_DIRECTORY");
	ok(!chdir(dir) && !tmk_agent_describe(&r, &space, &err), "described");
	is_str(r.directory, dir, "the directory");
	ok(r.git_dir && !strncmp(r.git_dir, dir, strlen(dir)) &&
	   !strcmp(r.git_dir + strlen(dir), "/.git"),
	   "GIT_DIR is made absolute");
	is_str(r.pin_file_env, "/run/pin", "the PIN file");
	is_str(r.credentials_dir, NULL, "no credentials");
	for (i = 0; i < r.envs; i++) {
		home += !strcmp(r.env[i], "HOME=/home/x");
		conf += !strncmp(r.env[i], "TOUCHMARK_CONFIG=/", 18);
		secret += strstr(r.env[i], "hidden") != NULL;
	}
	is_int(home, 1, "HOME is told");
	is_int(conf, 1, "a file of configuration by its absolute path");
	is_int(secret, 0, "and nothing that nobody needs");
	tmk_buf_release(&space);
}

/* Lets one in after a while. */
static void *let_in(void *from)
{
	int fd;

	poll(NULL, 0, 100);
	fd = accept4(*(int *)from, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* A socket with more callers than it lets wait. */
static void crowded(void)
{
	char path[TMK_AGENT_PATH_MAX];
	int full, caller[8], n = 0, last;
	struct sockaddr_un at;
	pthread_t thread;

	full = tmk_agent_io_socket();
	if (tmk_agent_io_address(&at, tmk_agent_path(path, "full")) ||
	    bind(full, (struct sockaddr *)&at, sizeof(at)) || listen(full, 0) ||
	    fcntl(full, F_SETFL, 0))
		abort();
	while (n < 8) {
		caller[n] = tmk_agent_io_socket();
		if (tmk_agent_io_connect(caller[n++], &at, 0))
			break;
	}
	last = caller[--n];
	ok(n > 0 && n < 7, "%d callers wait", n);
	is_int(tmk_agent_io_connect(last, &at, tmk_clock_ms() + 30), EAGAIN,
	       "the next one is not let in");
	if (pthread_create(&thread, NULL, let_in, &full))
		abort();
	is_int(tmk_agent_io_connect(last, &at, tmk_clock_ms() + 60000), 0,
	       "until there is room");
	pthread_join(thread, NULL);
	while (n >= 0)
		close(caller[n--]);
	close(full);
	unlink(path);
	is_int(tmk_agent_io_connect(-1, &at, 0), EBADF, "no socket");
}

int main(void)
{
	static const uint8_t half[] = "TMK1\0\0\0\20\2\1";
	static const uint8_t other[] = "HTTP/1.1 200 OK\r\n\r\n";
	static const uint8_t huge[] = "TMK1\377\377\377\377";
	static const uint8_t request[] = "TMK1\0\0\0\7\1\1\0\0\0\1\3";
	char path[TMK_AGENT_PATH_MAX];
	struct tmk_err err = TMK_ERR_INIT;

	if (!mkdtemp(dir))
		abort();
	setenv("XDG_RUNTIME_DIR", dir, 1);
	is_int(tmk_agent_path_dir(true, &err), 0, "a folder");
	serve_at();
	good();
	bad("", 0, "one that closes");
	bad(half, sizeof(half) - 1, "half an answer");
	bad(other, sizeof(other) - 1, "another protocol");
	bad(huge, sizeof(huge) - 1, "an answer without an end");
	bad(request, sizeof(request) - 1, "a request for an answer");
	unread();
	gone();
	places();
	described();
	crowded();
	if (chdir("/"))
		abort();
	rmdir(tmk_agent_path(path, ""));
	rmdir(dir);
	return tap_done();
}
