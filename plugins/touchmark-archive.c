/*
 * touchmark-archive - what is in an archive, told by a process that can do
 * nothing else.
 *
 *   touchmark-archive stream      the uncompressed stream of a compressed file
 *   touchmark-archive manifest    its manifest (docs/PROTOCOL.manifest)
 *
 * The artefact is on descriptor 0, the answer goes to 1, and one line to 2
 * when it fails; the exit code is one of ours. libarchive takes apart what
 * strangers made: so it does it here, where before the first of their bytes
 * files, network, programs and further descriptors are given up, and memory
 * and time are bounded. Not meant to be called by hand, but harmless there.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "cage/sandbox.h"
#include "iface/signer.h"
#include "plugins/archive_list.h"
#include "plugins/archive_ring.h"
#include "plugins/archive_unpack.h"

#define MEMORY (256u << 20)	/* bytes; xz -9 takes 65 MiB, zstd -19 some 16 */
#define SECONDS 3600		/* of processor time */
#define STACK (1u << 20)

struct work {
	struct tmk_archive_unpack unpack;
	struct tmk_archive_ring ring;
	struct tmk_archive_list list;
	pthread_mutex_t gate;	/* held until the process is confined */
	sem_t runs;		/* the other thread does */
	pthread_t thread;
};

static int fail(const struct tmk_err *err)
{
	fprintf(stderr, "%s\n", err->text);
	return err->code ? err->code : TMK_INTERNAL;
}

static int to_ring(void *to, const uint8_t *data, size_t len,
		   struct tmk_err *err)
{
	(void)err;
	tmk_archive_ring_put(to, data, len);
	return 0;
}

static int to_output(void *to, const uint8_t *data, size_t len,
		     struct tmk_err *err)
{
	(void)to;
	return tmk_file_write_fd(STDOUT_FILENO, data, len, "standard output",
				 err);
}

/* The other thread: it waits until it is confined, and in the end, since to
 * end a thread takes calls that nobody has inside. */
static void *unpack_all(void *arg)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct work *w = arg;
	int rc;

	sem_post(&w->runs);
	pthread_mutex_lock(&w->gate);
	rc = tmk_archive_unpack_run(&w->unpack, to_ring, &w->ring, &err);
	if (rc < 0 && !err.code)
		tmk_err_nomem(&err);
	tmk_archive_ring_end(&w->ring, &err);
	for (;;)
		pthread_mutex_lock(&w->gate);
	return NULL;
}

static int start_thread(void *to, struct tmk_err *err)
{
	struct work *w = to;
	pthread_attr_t attr;
	int rc;

	if (tmk_archive_ring_init(&w->ring, err) < 0)
		return -1;
	if (pthread_mutex_init(&w->gate, NULL) || sem_init(&w->runs, 0, 0) ||
	    pthread_attr_init(&attr))
		return tmk_err_nomem(err);
	pthread_mutex_lock(&w->gate);
	rc = pthread_attr_setstacksize(&attr, STACK);
	if (!rc)
		rc = pthread_create(&w->thread, &attr, unpack_all, w);
	pthread_attr_destroy(&attr);
	if (rc)
		return tmk_err_set(err, TMK_INTERNAL,
				   "cannot start a thread: %s", strerror(rc));
	/* to begin takes calls that nobody has inside */
	while (sem_wait(&w->runs) < 0 && errno == EINTR)
		;
	return 0;
}

/* Whether this is a zip, which is read at its places. */
static bool is_zip(const struct tmk_archive_unpack *u)
{
	return u->file && u->have >= 4 &&
		(!memcmp(u->buffer, "PK\3\4", 4) ||
		 !memcmp(u->buffer, "PK\5\6", 4));
}

static int answer(struct work *w, bool manifest, uint64_t size,
		  struct tmk_err *err)
{
	if (tmk_archive_unpack_open(&w->unpack, err) < 0)
		return -1;
	if (!manifest) {
		if (w->unpack.packed == TMK_PACKED_NONE)
			return tmk_err_set(err, TMK_INPUT,
					   "is not compressed");
		return tmk_archive_unpack_run(&w->unpack, to_output, NULL,
					      err);
	}
	w->list.ring = &w->ring;
	w->list.out = STDOUT_FILENO;
	w->list.fd = is_zip(&w->unpack) ? STDIN_FILENO : -1;
	w->list.size = size;
	pthread_mutex_unlock(&w->gate);
	return tmk_archive_list_run(&w->list, &w->unpack, err);
}

/* What opens files when it is used for the first time: the locale that says
 * that names are UTF-8, the time zone (a zip's times are in none), and what
 * OpenSSL finds its digests with. */
static int warm_up(struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len;

	/* one heap: to give another thread its own takes calls that nobody
	 * has inside */
	mallopt(M_ARENA_MAX, 1);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return tmk_err_set(err, TMK_INTERNAL,
				   "the locale C.UTF-8 is missing");
	if (setenv("TZ", "UTC0", 1) < 0)
		return tmk_err_nomem(err);
	tzset();
	return tmk_digest_bytes(TMK_SHA256, "", 0, digest, &len, err);
}

int main(int argc, char **argv)
{
	struct tmk_sandbox sandbox = {
		.pipes = true, .parent = getppid(), .memory = MEMORY,
		.seconds = SECONDS
	};
	struct tmk_err err = TMK_ERR_INIT;
	static struct work work;	/* as long as the process */
	struct work *w = &work;
	bool manifest = argc == 2 && !strcmp(argv[1], "manifest");
	struct stat st;

	tmk_secret_harden_process();
	if (argc != 2 || (!manifest && strcmp(argv[1], "stream"))) {
		fputs("usage: touchmark-archive stream|manifest\n", stderr);
		return TMK_USAGE;
	}
	if (fstat(STDIN_FILENO, &st) < 0) {
		tmk_err_set(&err, TMK_INPUT, "standard input: %s",
			    strerror(errno));
		return fail(&err);
	}
	w->unpack.fd = STDIN_FILENO;
	w->unpack.file = S_ISREG(st.st_mode);
	w->unpack.want_raw = manifest;
	sandbox.start = manifest ? start_thread : NULL;
	sandbox.to = w;
	if (warm_up(&err) < 0 || tmk_sandbox_enter(&sandbox, &err) < 0 ||
	    answer(w, manifest, (uint64_t)st.st_size, &err) < 0)
		_exit(fail(&err));
	_exit(TMK_OK);
}
