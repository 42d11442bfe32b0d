/*
 * The sandbox: what can be done before cannot be done inside, one attempt for
 * each process, and the kernel says so too.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage/sandbox.h"
#include "t/unit/tap.h"

#define MEMORY (32u << 20)

static volatile char *volatile sink;

/* ---- attempts; what comes back is the exit code -------------------------- */

static int do_nothing(void)
{
	return 0;
}

static int do_talk(void)
{
	char c = 0;

	return write(0, "a", 1) == 1 && read(0, &c, 1) == 1 && c == 'b' ?
		0 : 3;
}

static int do_small_memory(void)
{
	sink = malloc(MEMORY / 4);
	if (!sink)
		return 3;
	sink[MEMORY / 8] = 1;
	return 0;
}

/* Refused by the limit, not by the filter: malloc says no. */
static int do_large_memory(void)
{
	return malloc(MEMORY * 4ul) ? 3 : 0;
}

static int do_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int do_create(void)
{
	return open("/tmp/sandbox", O_WRONLY | O_CREAT, 0600);
}

static int do_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int do_fork(void)
{
	return fork();
}

static int do_exec(void)
{
	char *const none[] = { NULL };

	return execve("/bin/true", none, none);
}

static int do_kill(void)
{
	return kill(getppid(), 0);
}

static int do_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int do_dup(void)
{
	return dup(0);
}

static int do_stat(void)
{
	return access("/etc/passwd", F_OK);
}

static int do_unlink(void)
{
	return unlink("/nowhere/at/all");
}

static int do_run_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static int do_map_file(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_SHARED, 0, 0) != MAP_FAILED;
}

static int do_protect(void)
{
	return mprotect((void *)((uintptr_t)&do_protect & ~4095ul), 4096,
			PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int do_read_at(void)
{
	char c = 0;

	return pread(0, &c, 1, 1) == 1 && c == 'b' ? 0 : 3;
}

static int do_answer(void)
{
	return write(1, "1", 1) == 1 && write(2, "2", 1) == 1 ? 0 : 3;
}

static int do_read_answer(void)
{
	char c;

	return read(1, &c, 1) < 0;
}

static int do_write_input(void)
{
	return write(0, "x", 1) == 1;
}

static int do_map_input(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0) != MAP_FAILED;
}

static void *nothing(void *arg)
{
	return arg;
}

static int do_thread(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, nothing, NULL);
}

/* The other thread tries what it may not once it is told to. */
static sem_t runs, go;

static void *disobey(void *arg)
{
	sem_post(&runs);
	while (sem_wait(&go) < 0)
		;
	(void)open("/etc/passwd", O_RDONLY);
	return arg;
}

static int start_other(void *to, struct tmk_err *err)
{
	static pthread_t other;

	(void)to;
	if (sem_init(&runs, 0, 0) || sem_init(&go, 0, 0) ||
	    pthread_create(&other, NULL, disobey, NULL))
		return tmk_err_set(err, TMK_INTERNAL, "no thread");
	while (sem_wait(&runs) < 0)
		;
	return 0;
}

static int do_other_thread(void)
{
	sem_post(&go);
	for (;;)
		sink = NULL;
	return 3;
}

static int do_write_elsewhere(void)
{
	return write(2, "x", 1) == 1;
}

/* ---- one process for each ------------------------------------------------ */

static int outcome(int (*attempt)(void), int *told)
{
	struct tmk_sandbox s = { .memory = MEMORY, .parent = getpid() };
	struct tmk_err err = TMK_ERR_INIT;
	int fd[2], status = 0;
	char c = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		s.fd = fd[1];
		if (tmk_sandbox_enter(&s, &err) < 0)
			_exit(100);
		_exit(attempt());
	}
	close(fd[1]);
	*told = 0;
	if (attempt == do_talk) {
		*told = read(fd[0], &c, 1) == 1 && c == 'a';
		if (write(fd[0], "b", 1) != 1)
			*told = 0;
	}
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	close(fd[0]);
	return status;
}

static void may(const char *what, int (*attempt)(void))
{
	int told, status = outcome(attempt, &told);

	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	   (attempt != do_talk || told), "inside: %s (status %x)", what,
	   (unsigned int)status);
}

static void may_not(const char *what, int (*attempt)(void))
{
	int told, status = outcome(attempt, &told);

	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
	   "killed: %s (status %x)", what, (unsigned int)status);
}

/* The same with a file to read and two pipes. */
static int outcome_pipes(int (*attempt)(void), char answer[2])
{
	struct tmk_sandbox s = {
		.pipes = true, .memory = MEMORY, .parent = getpid(),
		.seconds = 30, .hint = "what to do",
		.start = attempt == do_other_thread ? start_other : NULL
	};
	struct tmk_err err = TMK_ERR_INIT;
	int file, out[2], say[2], status = 0;
	pid_t pid;

	answer[0] = answer[1] = 0;
	file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file < 0 || write(file, "abc", 3) != 3 ||
	    lseek(file, 0, SEEK_SET) != 0 || pipe(out) < 0 || pipe(say) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		if (dup2(file, 0) < 0 || dup2(out[1], 1) < 0 ||
		    dup2(say[1], 2) < 0 || tmk_sandbox_enter(&s, &err) < 0)
			_exit(100);
		_exit(attempt());
	}
	close(out[1]);
	close(say[1]);
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	if (read(out[0], &answer[0], 1) < 0 || read(say[0], &answer[1], 1) < 0)
		status = -1;
	close(file);
	close(out[0]);
	close(say[0]);
	return status;
}

static void may_with_pipes(const char *what, int (*attempt)(void))
{
	char answer[2];
	int status = outcome_pipes(attempt, answer);

	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "with three "
	   "descriptors: %s (status %x)", what, (unsigned int)status);
	if (attempt == do_answer)
		is_mem(answer, 2, "12", 2, "what was written arrived");
}

static void may_not_with_pipes(const char *what, int (*attempt)(void))
{
	char answer[2];
	int status = outcome_pipes(attempt, answer);

	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "killed with "
	   "three descriptors: %s (status %x)", what, (unsigned int)status);
}

static void with_pipes(void)
{
	may_with_pipes("a little memory", do_small_memory);
	may_with_pipes("too much memory is refused", do_large_memory);
	may_not_with_pipes("opening a file", do_open);
	may_not_with_pipes("a connection", do_socket);
	may_not_with_pipes("a process", do_fork);
	may_not_with_pipes("a thread", do_thread);
	may_not_with_pipes("a program", do_exec);
	may_not_with_pipes("a signal to the parent", do_kill);
	may_not_with_pipes("another descriptor", do_dup);
	may_not_with_pipes("reading what is to be written", do_read_answer);
	may_not_with_pipes("writing what is to be read", do_write_input);
	may_not_with_pipes("the input in memory", do_map_input);
	may_not_with_pipes("opening a file in a thread that was there before",
			   do_other_thread);
}

/* ---- what the kernel says of a process inside ----------------------------- */

static bool says(pid_t pid, const char *file, const char *line)
{
	char path[64], text[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return strstr(text, line) != NULL;
}

static void look_at_it(void)
{
	struct tmk_sandbox s = { .memory = MEMORY, .parent = getpid() };
	struct tmk_err err = TMK_ERR_INIT;
	char path[64], c;
	int fd[2], i;
	pid_t pid;

	if (!ok(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0, "a socket"))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		s.fd = fd[1];
		if (tmk_sandbox_enter(&s, &err) < 0 || write(0, "r", 1) != 1)
			_exit(100);
		_exit(read(0, &c, 1) != 0);
	}
	close(fd[1]);
	ok(pid > 0 && read(fd[0], &c, 1) == 1, "a process is inside");
	ok(says(pid, "status", "Seccomp:\t2\n"), "under a filter");
	ok(says(pid, "status", "NoNewPrivs:\t1\n"), "without new privileges");
	ok(says(pid, "limits", "Max core file size        0 "), "no core");
	ok(says(pid, "limits", "Max open files            0 "),
	   "no descriptor more");
	for (i = 1; i < 64; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, i);
		if (readlink(path, &c, 1) >= 0)
			break;
	}
	is_int(i, 64, "one descriptor alone");
	close(fd[0]);
	waitpid(pid, &i, 0);
	ok(WIFEXITED(i) && WEXITSTATUS(i) == 0, "it ends with its socket");
}

/* Whoever made it ends: so does it, though it never looks at its socket. */
static void ends_with_parent(void)
{
	struct tmk_sandbox s = { .memory = MEMORY };
	struct tmk_err err = TMK_ERR_INIT;
	int fd[2], alive[2], status;
	char c;
	pid_t pid;

	if (!ok(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0 &&
		pipe(alive) == 0, "a socket and a pipe"))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		s.parent = getpid();
		if (!fork()) {
			s.fd = fd[1];
			if (tmk_sandbox_enter(&s, &err) < 0 ||
			    write(0, "r", 1) != 1)
				_exit(100);
			for (;;)
				sink = NULL;
		}
		if (read(fd[0], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	close(fd[1]);
	waitpid(pid, &status, 0);
	alarm(20);
	/* the last holder of the other end is gone */
	is_int(read(fd[0], &c, 1), 0, "a process inside ends with its parent");
	alarm(0);
	close(fd[0]);
	close(alive[0]);
	close(alive[1]);
}

static void wrong_parent(void)
{
	struct tmk_sandbox s = { .memory = MEMORY, .parent = 1,
				 .hint = "what to do" };
	struct tmk_err err = TMK_ERR_INIT;
	int fd[2], status = 0;
	pid_t pid;

	if (!ok(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0, "a socket"))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		s.fd = fd[1];
		_exit(tmk_sandbox_enter(&s, &err) == 0 ||
		      err.code != TMK_INTERNAL || !err.hint[0]);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "a parent that is gone already is an error");
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	wrong_parent();
	may("nothing", do_nothing);
	may("words over the socket", do_talk);
	may_with_pipes("reading at a place", do_read_at);
	may_with_pipes("writing", do_answer);
	if (!tmk_sandbox_is_built()) {
		diag("built with a sanitizer: it confines nothing");
		return tap_done();
	}
	may("a little memory", do_small_memory);
	may("too much memory is refused", do_large_memory);
	may_not("opening a file", do_open);
	may_not("making a file", do_create);
	may_not("a connection", do_socket);
	may_not("a process", do_fork);
	may_not("a program", do_exec);
	may_not("a signal to the parent", do_kill);
	may_not("a debugger", do_ptrace);
	may_not("another descriptor", do_dup);
	may_not("looking for a file", do_stat);
	may_not("removing a file", do_unlink);
	may_not("memory that can be run", do_run_memory);
	may_not("a file in memory", do_map_file);
	may_not("making code writable", do_protect);
	may_not("writing elsewhere", do_write_elsewhere);
	with_pipes();
	look_at_it();
	ends_with_parent();
	return tap_done();
}
