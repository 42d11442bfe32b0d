/*
 * tsa-httpd - a small HTTP server on loopback that turns each POST into one
 * run of a command: a real timestamp authority when the command is `openssl
 * ts -reply`, a bad one with --mode.
 *
 *   tsa-httpd --port-file FILE [--mode MODE] [--type TYPE]
 *             [--port N] [--cert PEM --key PEM [--tls 1.1]] -- COMMAND...
 *
 * With a certificate (and its chain in the same file) it speaks TLS, with
 * --tls 1.1 nothing newer than that.
 * The request's body is the command's standard input, its standard output the
 * reply. FILE gets the port once the server listens. It ends with SIGTERM or
 * with its parent. It tells on standard error what it was asked and what it
 * answered.
 *
 * Modes: ok; late:MS (waits before it answers); all:N (none of N is answered
 * before all of them have asked, for which it waits a minute); cut:N (N bytes
 * of the reply and the end); status:CODE; type (wrong media type); huge (never
 * ends); garbage; empty; drip (a byte each 50 ms); close (no answer at all);
 * redirect:URL; trailing (bytes behind the reply); replay (the first reply
 * again and again); wrong-nonce and wrong-imprint (the request is changed
 * before the command sees it); wrong-signature (the last bit of the reply is
 * another).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define HEAD_MAX 16384
#define BODY_MAX 65536
#define REPLY_MAX (1 << 20)
#define HUGE_MAX (64 << 20)

static const char *mode = "ok";
static const char *type = "application/timestamp-reply";
static int wanted_port;		/* 0: any */
static bool old_tls;
static SSL_CTX *tls;		/* NULL: plain HTTP */
static SSL *ssl;		/* the one connection of this process */
static char first_reply[4096];	/* file that `replay` answers from */
static int turns;		/* file whose lock the one who runs has */
static atomic_int *asked;	/* of all our children together */

static void die(const char *what)
{
	fprintf(stderr, "tsa-httpd: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* The number behind "name:" in the mode; -1 for another mode. */
static long mode_number(const char *name)
{
	size_t n = strlen(name);

	if (strncmp(mode, name, n) || mode[n] != ':')
		return -1;
	return strtol(mode + n + 1, NULL, 10);
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static bool put(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* The same to whoever asked, and from there. */
static bool send_all(int fd, const void *data, size_t len)
{
	return ssl ? SSL_write(ssl, data, (int)len) == (int)len :
		put(fd, data, len);
}

static ssize_t receive(int fd, void *data, size_t len)
{
	return ssl ? SSL_read(ssl, data, (int)len) : read(fd, data, len);
}

static size_t get_all(int fd, uint8_t *out, size_t max)
{
	size_t len = 0;
	ssize_t n;

	while (len < max && (n = read(fd, out + len, max - len)) > 0)
		len += (size_t)n;
	return len;
}

/* `openssl ts` keeps its serial number in a file, which nobody else may write
 * meanwhile: one runs at a time, whichever child of ours runs it. */
static void take_turn(short way)
{
	struct flock lock = { .l_type = way, .l_whence = SEEK_SET };

	while (fcntl(turns, F_SETLKW, &lock))
		if (errno != EINTR)
			die("no turn");
}

static void open_turns(const char *port_file)
{
	char name[4096];

	snprintf(name, sizeof(name), "%s.turn", port_file);
	turns = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (turns < 0)
		die(name);
}

/* Run the command on `in`; its output into `out`. Its length, or -1. */
static long run(char **command, const uint8_t *in, size_t inlen, uint8_t *out)
{
	int to[2], from[2], status = 0;
	size_t len;
	pid_t pid;

	take_turn(F_WRLCK);
	if (pipe(to) || pipe(from))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[0]);
		close(to[1]);
		close(from[0]);
		close(from[1]);
		execvp(command[0], command);
		die(command[0]);
	}
	close(to[0]);
	close(from[1]);
	/* The body fits into the pipe: nobody waits for anybody. */
	put(to[1], in, inlen);
	close(to[1]);
	len = get_all(from[0], out, REPLY_MAX);
	close(from[0]);
	waitpid(pid, &status, 0);
	take_turn(F_UNLCK);
	return status ? -1 : (long)len;
}

/*
 * Change one bit of a TimeStampReq (RFC 3161 2.4.1): of the nonce, or of the
 * imprint. The fields have short lengths.
 */
static void spoil(uint8_t *req, size_t len, bool nonce)
{
	size_t at = 2, end;

	while (at + 2 < len) {
		end = at + 2 + req[at + 1];
		if (end > len)
			return;
		/* the second INTEGER; the first (version) has one byte */
		if (nonce && req[at] == 0x02 && req[at + 1] > 1) {
			req[end - 1] ^= 1;
			return;
		}
		if (!nonce && req[at] == 0x30) {
			req[end - 1] ^= 1;
			return;
		}
		at = end;
	}
}

static void head(int fd, int status, const char *media, long len,
		 const char *extra)
{
	char text[1024];
	int n;

	n = snprintf(text, sizeof(text), "HTTP/1.1 %d %s\r\n"
		     "Content-Type: %s\r\nConnection: close\r\n%s", status,
		     status == 200 ? "OK" : "No", media, extra);
	if (len >= 0)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "Content-Length: %ld\r\n", len);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
	send_all(fd, text, (size_t)n);
	fprintf(stderr, "tsa-httpd: %s: answered %d, %ld bytes\n", mode,
		status, len);
}

static void send_huge(int fd)
{
	static const char zeros[65536];
	size_t sent;

	head(fd, 200, type, -1, "");
	for (sent = 0; sent < HUGE_MAX; sent += sizeof(zeros))
		if (!send_all(fd, zeros, sizeof(zeros)))
			return;
}

static void send_drip(int fd, const uint8_t *reply, long len)
{
	long i;

	head(fd, 200, type, len, "");
	for (i = 0; i < len; i++) {
		if (!send_all(fd, reply + i, 1))
			return;
		sleep_ms(50);
	}
}

/* Keep the first reply, answer with it ever after. */
static long replay(uint8_t *reply, long len)
{
	FILE *f = fopen(first_reply, "rb");

	if (f) {
		len = (long)fread(reply, 1, REPLY_MAX, f);
		fclose(f);
		return len;
	}
	f = fopen(first_reply, "wb");
	if (!f || fwrite(reply, 1, (size_t)len, f) != (size_t)len ||
	    fclose(f))
		die(first_reply);
	return len;
}

/* Answers that need no reply of the command. */
static bool answer_without(int fd)
{
	char extra[512];

	if (!strcmp(mode, "close"))
		return true;
	if (!strcmp(mode, "huge")) {
		send_huge(fd);
	} else if (mode_number("status") > 0) {
		head(fd, (int)mode_number("status"), "text/plain", 6, "");
		send_all(fd, "sorry\n", 6);
	} else if (!strncmp(mode, "redirect:", 9)) {
		snprintf(extra, sizeof(extra), "Location: %s\r\n", mode + 9);
		head(fd, 302, "text/plain", 0, extra);
	} else if (!strcmp(mode, "garbage")) {
		head(fd, 200, type, 20, "");
		send_all(fd, "this is no timestamp", 20);
	} else if (!strcmp(mode, "empty")) {
		head(fd, 200, type, 0, "");
	} else {
		return false;
	}
	return true;
}

/* Until n have asked, for the first n of them; and so on. */
static void wait_for_all(int n)
{
	int looks, mine = atomic_fetch_add(asked, 1);

	for (looks = 0; looks < 3000 && *asked < (mine / n + 1) * n; looks++)
		sleep_ms(20);
	if (looks == 3000) {
		fprintf(stderr, "tsa-httpd: %s: too few have asked\n", mode);
		_exit(1);
	}
}

static void answer(int fd, char **command, uint8_t *body, size_t len)
{
	static uint8_t reply[REPLY_MAX + 8];
	long n, cut = mode_number("cut"), late = mode_number("late");

	fprintf(stderr, "tsa-httpd: %s: asked\n", mode);
	if (late > 0)
		sleep_ms(late);
	if (mode_number("all") > 0)
		wait_for_all((int)mode_number("all"));
	if (answer_without(fd))
		return;
	if (!strcmp(mode, "wrong-nonce") || !strcmp(mode, "wrong-imprint"))
		spoil(body, len, !strcmp(mode, "wrong-nonce"));
	n = run(command, body, len, reply);
	if (n < 0) {
		head(fd, 500, "text/plain", 0, "");
		return;
	}
	if (!strcmp(mode, "replay"))
		n = replay(reply, n);
	if (!strcmp(mode, "wrong-signature"))
		reply[n - 1] ^= 1;
	if (!strcmp(mode, "trailing"))
		n += snprintf((char *)reply + n, 8, "trail");
	if (!strcmp(mode, "drip")) {
		send_drip(fd, reply, n);
		return;
	}
	head(fd, 200, strcmp(mode, "type") ? type : "text/html", n, "");
	send_all(fd, reply, (size_t)(cut >= 0 && cut < n ? cut : n));
}

/* One connection: one request, one answer. */
static void serve(int fd, char **command)
{
	static uint8_t in[HEAD_MAX + BODY_MAX + 1];
	const char *length;
	char *end = NULL;
	size_t len = 0, want = 0, at;
	ssize_t n;

	while (!end && len < HEAD_MAX &&
	       (n = receive(fd, in + len, HEAD_MAX - len)) > 0) {
		len += (size_t)n;
		in[len] = 0;
		end = strstr((char *)in, "\r\n\r\n");
	}
	if (!end)
		return;
	*end = 0;
	at = (size_t)(end + 4 - (char *)in);
	length = strcasestr((char *)in, "\r\nContent-Length:");
	if (strncmp((char *)in, "POST ", 5) || !length) {
		head(fd, 405, "text/plain", 0, "");
		return;
	}
	want = strtoul(length + 17, NULL, 10);
	if (want > BODY_MAX) {
		head(fd, 413, "text/plain", 0, "");
		return;
	}
	while (len < at + want &&
	       (n = receive(fd, in + len, at + want - len)) > 0)
		len += (size_t)n;
	if (len == at + want)
		answer(fd, command, in + at, want);
}

/* The port, whole or not at all. */
static void write_port(const char *file, int port)
{
	char temp[4096];
	FILE *f;

	snprintf(temp, sizeof(temp), "%s.new", file);
	f = fopen(temp, "w");
	if (!f || fprintf(f, "%d\n", port) < 0 || fclose(f) ||
	    rename(temp, file))
		die(file);
}

static int listen_on(int *port)
{
	struct sockaddr_in sa = { 0 };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	sa.sin_family = AF_INET;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((uint16_t)wanted_port);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)) ||
	    listen(fd, 64) || getsockname(fd, (struct sockaddr *)&sa, &len))
		die("cannot listen");
	*port = ntohs(sa.sin_port);
	return fd;
}

static void usage(void)
{
	fputs("usage: tsa-httpd --port-file FILE [--mode MODE] [--type TYPE] "
	      "[--port N] [--cert PEM --key PEM [--tls 1.1]] -- "
	      "COMMAND...\n", stderr);
	exit(2);
}

static void use_tls(const char *cert, const char *key)
{
	tls = SSL_CTX_new(TLS_server_method());
	if (!tls || SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
		die("no certificate and key for TLS");
	if (!old_tls)
		return;
	/* It is no more spoken without being told to, at level 0. */
	SSL_CTX_set_security_level(tls, 0);
	if (SSL_CTX_set_min_proto_version(tls, TLS1_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(tls, TLS1_1_VERSION) != 1)
		die("no TLS 1.1");
}

static char **options(int argc, char **argv, const char **port_file)
{
	const char *cert = NULL, *key = NULL;
	int i;

	for (i = 1; i + 1 < argc && strcmp(argv[i], "--"); i += 2) {
		if (!strcmp(argv[i], "--port-file"))
			*port_file = argv[i + 1];
		else if (!strcmp(argv[i], "--mode"))
			mode = argv[i + 1];
		else if (!strcmp(argv[i], "--type"))
			type = argv[i + 1];
		else if (!strcmp(argv[i], "--port"))
			wanted_port = (int)strtol(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--tls"))
			old_tls = !strcmp(argv[i + 1], "1.1");
		else if (!strcmp(argv[i], "--cert"))
			cert = argv[i + 1];
		else if (!strcmp(argv[i], "--key"))
			key = argv[i + 1];
		else
			usage();
	}
	if (!*port_file || i + 1 >= argc || strcmp(argv[i], "--"))
		usage();
	if (cert || key)
		use_tls(cert, key);
	return argv + i + 1;
}

/* One connection in a process of its own. */
static void serve_client(int fd, char **command)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGCHLD, SIG_DFL);
	if (tls) {
		ssl = SSL_new(tls);
		if (!ssl || !SSL_set_fd(ssl, fd) || SSL_accept(ssl) != 1) {
			fprintf(stderr, "tsa-httpd: no TLS\n");
			_exit(1);
		}
		fprintf(stderr, "tsa-httpd: %s\n", SSL_get_version(ssl));
	}
	serve(fd, command);
	if (ssl)
		SSL_shutdown(ssl);
	shutdown(fd, SHUT_WR);
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *port_file = NULL;
	char **command = options(argc, argv, &port_file);
	int port, fd, client;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	snprintf(first_reply, sizeof(first_reply), "%s.first", port_file);
	remove(first_reply);
	open_turns(port_file);
	asked = mmap(NULL, sizeof(*asked), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (asked == MAP_FAILED)
		die("no memory");
	fd = listen_on(&port);
	write_port(port_file, port);
	for (;;) {
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		/* A slow client must not hold up the others. */
		if (!fork())
			serve_client(client, command);
		close(client);
	}
}
