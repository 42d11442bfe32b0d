/*
 * gate_pool.c - the hook's side: handing out jobs, taking answers in order.
 *
 * Answers of one child come in the order of its jobs, so the oldest job of
 * all is answered by the next record of the child that has it: nothing is
 * sorted, and what came early waits as bytes. The hook never waits for one
 * thing alone: while it does, it writes and reads whatever moves.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "hooks/gate_pool_child.h"
#include "hooks/gate_pool_queue.h"
#include "hooks/gate_pool_wire.h"

#define PROCESSES_MAX 64
#define BACKLOG 64		/* jobs that make another process worth it */
#define JOBS_MAX 256u		/* on their way to one child */
#define BYTES_MAX (1u << 20)	/* of them, but for one large job */
#define ALL_MAX (16u << 20)	/* on their way to all, with the same but */
#define BLOCK (16 * 1024)	/* bytes worth a write */

struct worker {
	pid_t pid;
	int fd;
	bool ready;		/* it said that it is confined */
	struct tmk_gate_pool_queue out, in;
	uint32_t jobs;		/* not answered yet */
	size_t bytes;		/* of them */
};

struct pending {
	tmk_gate_pool_done done;
	void *ctx;
	uint64_t number;
	size_t bytes;
	int worker;
};

struct tmk_gate_pool {
	struct tmk_gate_pool_setup setup;
	const struct tmk_policy *policy;
	int64_t deadline;
	struct worker *worker;
	int workers, most;
	int current;		/* that gets jobs until they fill a block */
	struct pending *ring;
	uint32_t first, count, room;
	size_t bytes;		/* of all pending jobs */
	uint8_t *stage;		/* a job for which there is no room yet */
	bool warm, delivering, broken;
	struct tmk_err why;	/* it broke */
	struct tmk_gate_answer answer;
};

/* Nothing works any more, and always for the first reason. -1 that analysers
 * see without looking into it. */
#define broke(pool, err) tmk_err_failed(break_it((pool), (err)))
static int break_it(struct tmk_gate_pool *pool, const struct tmk_err *err)
{
	if (!pool->broken && err)
		pool->why = *err;
	pool->broken = true;
	return -1;
}

static int is_broken(const struct tmk_gate_pool *pool, struct tmk_err *err)
{
	if (pool->delivering)
		return tmk_err_set(err, TMK_INTERNAL,
				   "a job comes while an answer is taken");
	if (!pool->broken)
		return 0;
	if (!pool->why.code)
		return tmk_err_set(err, TMK_INTERNAL,
				   "judging has failed before");
	if (err)
		*err = pool->why;
	return -1;
}

/* ---- processes ---------------------------------------------------------- */

/* It is gone, or closed its end: say how it ended. */
static int worker_died(struct tmk_gate_pool *pool, struct worker *w,
		       struct tmk_err *err)
{
	int status = 0;
	pid_t pid;

	kill(w->pid, SIGKILL);
	do
		pid = waitpid(w->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	w->pid = 0;
	if (pid > 0 && WIFSIGNALED(status))
		tmk_err_set(err, TMK_INTERNAL, "the process that judges was "
			    "killed by signal %d%s", WTERMSIG(status),
			    WTERMSIG(status) == SIGSYS ? " for a system call "
			    "that it may not make" : "");
	else
		tmk_err_set(err, TMK_INTERNAL, "the process that judges ended "
			    "by itself");
	return broke(pool, err);
}

/* How many may judge: as the policy says, else one for each core that this
 * process may use. */
static int count_processes(const struct tmk_gate_pool_setup *setup,
			   const struct tmk_policy *policy)
{
	int n = setup->processes ? setup->processes : policy->limit_processes;
	cpu_set_t set;

	CPU_ZERO(&set);
	if (n <= 0 && sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	if (n <= 0)
		n = 1;
	return n > PROCESSES_MAX ? PROCESSES_MAX : n;
}

static int spawn(struct tmk_gate_pool *pool, struct tmk_err *err)
{
	struct worker *w = &pool->worker[pool->workers];
	pid_t parent = getpid(), pid;
	int fd[2];

	if (!pool->warm && pool->setup.warm &&
	    pool->setup.warm(pool->policy, err) < 0)
		return broke(pool, err);
	pool->warm = true;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0) {
		tmk_err_set(err, TMK_INTERNAL, "no socket for a process that "
			    "judges: %s", strerror(errno));
		return broke(pool, err);
	}
	if (fcntl(fd[0], F_SETFL, O_NONBLOCK) < 0 || (pid = fork()) < 0) {
		tmk_err_set(err, TMK_INTERNAL, "no process that judges can be "
			    "made: %s", strerror(errno));
		close(fd[0]);
		close(fd[1]);
		return broke(pool, err);
	}
	if (!pid)
		tmk_gate_pool_child_run(fd[1], parent, pool->setup.judge,
					pool->policy);
	close(fd[1]);
	memset(w, 0, sizeof(*w));
	w->pid = pid;
	w->fd = fd[0];
	pool->current = pool->workers++;
	return 0;
}

/* ---- moving bytes ------------------------------------------------------- */

static int worker_write(struct tmk_gate_pool *pool, struct worker *w,
			struct tmk_err *err)
{
	ssize_t n;

	while (w->out.at < w->out.len) {
		n = send(w->fd, w->out.data + w->out.at,
			 w->out.len - w->out.at, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		/* what it said before it died may tell why */
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (n < 0) {
			tmk_err_set(err, TMK_INTERNAL, "nothing can be sent "
				    "to the process that judges: %s",
				    strerror(errno));
			return broke(pool, err);
		}
		w->out.at += (size_t)n;
	}
	tmk_gate_pool_queue_trim(&w->out);
	return 0;
}

static void unasked(struct tmk_err *err)
{
	tmk_err_set(err, TMK_INTERNAL,
		    "the process that judges says what it was not asked");
}

/* The next whole record of a child. 1: *body and *len are set (borrowed until
 * more is read), 0: not here yet. */
static int next_record(struct tmk_gate_pool *pool, struct worker *w,
		       struct tmk_gate_pool_head *head, const uint8_t **body,
		       struct tmk_err *err)
{
	size_t left = w->in.len - w->in.at;

	if (left < sizeof(*head))
		return 0;
	memcpy(head, w->in.data + w->in.at, sizeof(*head));
	if (head->body > TMK_GATE_POOL_ANSWER_MAX ||
	    (head->magic != TMK_GATE_POOL_FAILED &&
	     head->magic != (w->ready ? TMK_GATE_POOL_ANSWER :
			     TMK_GATE_POOL_READY))) {
		unasked(err);
		return broke(pool, err);
	}
	if (left < sizeof(*head) + head->body)
		return 0;
	*body = w->in.data + w->in.at + sizeof(*head);
	w->in.at += sizeof(*head) + head->body;
	if (head->magic == TMK_GATE_POOL_FAILED) {
		tmk_gate_pool_wire_read_failed(*body, head->body, err);
		return broke(pool, err);
	}
	return 1;
}

static int worker_read(struct tmk_gate_pool *pool, struct worker *w,
		       struct tmk_err *err)
{
	struct tmk_gate_pool_head head;
	const uint8_t *body;
	ssize_t n;
	int rc;

	if (!tmk_gate_pool_queue_reserve(&w->in, 2 * BLOCK)) {
		tmk_err_nomem(err);
		return broke(pool, err);
	}
	do
		n = recv(w->fd, w->in.data + w->in.len,
			 w->in.room - w->in.len, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n <= 0)
		return worker_died(pool, w, err);
	w->in.len += (size_t)n;
	if (!w->ready) {
		rc = next_record(pool, w, &head, &body, err);
		if (rc <= 0)
			return rc;
		w->ready = true;
	}
	/* an answer to nothing would be taken for that to the next job, and
	 * what nobody takes would fill the memory */
	if (w->in.len - w->in.at > w->jobs * (sizeof(head) +
					      TMK_GATE_POOL_ANSWER_MAX)) {
		unasked(err);
		return broke(pool, err);
	}
	return 0;
}

/* Hand on the answers that are here, oldest job first. */
static int deliver(struct tmk_gate_pool *pool, struct tmk_err *err)
{
	struct tmk_gate_pool_head head;
	struct pending *p;
	const uint8_t *body;
	struct worker *w;
	int rc;

	while (pool->count) {
		p = &pool->ring[pool->first];
		w = &pool->worker[p->worker];
		if (!w->ready)
			return 0;
		rc = next_record(pool, w, &head, &body, err);
		if (rc <= 0)
			return rc;
		if (tmk_gate_pool_wire_read(&pool->answer, body, head.body,
					    err) < 0)
			return broke(pool, err);
		w->jobs--;
		w->bytes -= p->bytes;
		pool->bytes -= p->bytes;
		pool->first = (pool->first + 1) % pool->room;
		pool->count--;
		tmk_gate_pool_queue_trim(&w->in);
		pool->delivering = true;
		rc = p->done(p->ctx, p->number, &pool->answer, err);
		pool->delivering = false;
		if (rc < 0)
			return broke(pool, err);
	}
	return 0;
}

/* Let something move: at least one answer or one write, or the deadline. */
static int move(struct tmk_gate_pool *pool, struct tmk_err *err)
{
	struct pollfd fd[PROCESSES_MAX];
	int64_t left = pool->deadline + pool->setup.grace - tmk_clock_ms();
	int i, rc;

	for (i = 0; i < pool->workers; i++) {
		fd[i].fd = pool->worker[i].fd;
		fd[i].events = POLLIN;
		if (pool->worker[i].out.at < pool->worker[i].out.len)
			fd[i].events |= POLLOUT;
	}
	do
		rc = left <= 0 ? 0 : poll(fd, (nfds_t)pool->workers,
					  left > 3600000 ? 3600000 :
					  (int)left);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		tmk_err_set(err, TMK_INTERNAL, "the process that judges cannot "
			    "be waited for: %s", strerror(errno));
	else if (!rc)
		tmk_err_set(err, TMK_INTERNAL,
			    "the process that judges does not answer in time");
	if (rc <= 0)
		return broke(pool, err);
	for (i = 0; i < pool->workers; i++) {
		if (fd[i].revents & POLLOUT &&
		    worker_write(pool, &pool->worker[i], err) < 0)
			return -1;
		if (fd[i].revents & ~POLLOUT &&
		    worker_read(pool, &pool->worker[i], err) < 0)
			return -1;
	}
	return deliver(pool, err);
}

/* ---- jobs --------------------------------------------------------------- */

static bool has_room(const struct tmk_gate_pool *pool,
		     const struct worker *w, size_t bytes)
{
	if (pool->count && pool->bytes + bytes > ALL_MAX)
		return false;
	return !w->jobs || (w->jobs < JOBS_MAX &&
			    w->bytes + bytes <= BYTES_MAX);
}

/* Who gets the next job: somebody idle; else the one whose block is not full;
 * else the one with the least to do. NULL: nobody can take it now. */
static struct worker *pick(struct tmk_gate_pool *pool, size_t bytes)
{
	struct worker *w = &pool->worker[pool->current];
	int i, best = -1;

	for (i = 0; i < pool->workers; i++)
		if (!pool->worker[i].jobs &&
		    has_room(pool, &pool->worker[i], bytes)) {
			pool->current = i;
			return &pool->worker[i];
		}
	if (w->out.len - w->out.at < BLOCK && has_room(pool, w, bytes))
		return w;
	for (i = 0; i < pool->workers; i++)
		if (has_room(pool, &pool->worker[i], bytes) &&
		    (best < 0 || pool->worker[i].bytes <
		     pool->worker[best].bytes))
			best = i;
	if (best < 0)
		return NULL;
	pool->current = best;
	return &pool->worker[best];
}

/* `p` is filled but for the worker. The job's own bytes may be gone when it
 * had to wait: then they are in pool->stage. */
static int queue_job(struct tmk_gate_pool *pool, struct worker *w,
		     const struct tmk_gate_job *job, struct pending *p,
		     struct tmk_err *err)
{
	bool idle = !w->jobs;
	uint8_t *room;

	if (idle && w->in.at < w->in.len) {
		unasked(err);
		return broke(pool, err);
	}
	if (!tmk_gate_pool_queue_reserve(&w->out, p->bytes)) {
		tmk_err_nomem(err);
		return broke(pool, err);
	}
	room = w->out.data + w->out.len;
	if (pool->stage)
		memcpy(room, pool->stage, p->bytes);
	else
		tmk_gate_pool_wire_put(room, job);
	free(pool->stage);
	pool->stage = NULL;
	p->worker = (int)(w - pool->worker);
	w->out.len += p->bytes;
	w->jobs++;
	w->bytes += p->bytes;
	pool->bytes += p->bytes;
	pool->ring[(pool->first + pool->count++) % pool->room] = *p;
	if (!idle && w->out.len - w->out.at < BLOCK)
		return 0;
	return worker_write(pool, w, err);
}

/* Copy what is borrowed, before an answer is taken that may end the loan. */
static int stage_job(struct tmk_gate_pool *pool,
		     const struct tmk_gate_job *job, size_t bytes,
		     struct tmk_err *err)
{
	if (pool->stage)
		return 0;
	pool->stage = malloc(bytes);
	if (!pool->stage) {
		tmk_err_nomem(err);
		return broke(pool, err);
	}
	tmk_gate_pool_wire_put(pool->stage, job);
	return 0;
}

int tmk_gate_pool_submit(struct tmk_gate_pool *pool,
			 const struct tmk_gate_job *job, uint64_t number,
			 tmk_gate_pool_done done, void *ctx,
			 struct tmk_err *err)
{
	size_t bytes = tmk_gate_pool_wire_size(job);
	struct pending p = {
		.done = done, .ctx = ctx, .number = number, .bytes = bytes
	};
	struct worker *w;

	if (is_broken(pool, err) < 0)
		return -1;
	if (!bytes)
		return tmk_err_set(err, TMK_INTERNAL,
				   "a job is none, or too large");
	if ((!pool->workers || (pool->count >= BACKLOG &&
				pool->workers < pool->most)) &&
	    spawn(pool, err) < 0)
		return -1;
	while (!(w = pick(pool, bytes))) {
		if (pool->workers < pool->most &&
		    pool->bytes + bytes <= ALL_MAX) {
			if (spawn(pool, err) < 0)
				return -1;
		} else if (stage_job(pool, job, bytes, err) < 0 ||
			   move(pool, err) < 0) {
			return -1;
		}
	}
	return queue_job(pool, w, job, &p, err);
}

int tmk_gate_pool_drain(struct tmk_gate_pool *pool, struct tmk_err *err)
{
	int i;

	if (is_broken(pool, err) < 0)
		return -1;
	while (pool->count)
		if (move(pool, err) < 0)
			return -1;
	for (i = 0; i < pool->workers; i++)
		if (pool->worker[i].in.at < pool->worker[i].in.len) {
			unasked(err);
			return broke(pool, err);
		}
	return 0;
}

static int keep_answer(void *ctx, uint64_t number,
		       const struct tmk_gate_answer *answer,
		       struct tmk_err *err)
{
	struct tmk_gate_answer *out = ctx;

	(void)number;
	(void)err;
	*out = *answer;
	return 0;
}

int tmk_gate_pool_judge(struct tmk_gate_pool *pool,
			struct tmk_gate_answer *answer,
			const struct tmk_gate_job *job, struct tmk_err *err)
{
	if (tmk_gate_pool_submit(pool, job, 0, keep_answer, answer, err) < 0)
		return -1;
	return tmk_gate_pool_drain(pool, err);
}

/* ---- life --------------------------------------------------------------- */

int tmk_gate_pool_make(struct tmk_gate_pool **out,
		       const struct tmk_gate_pool_setup *setup,
		       const struct tmk_policy *policy, int64_t deadline,
		       struct tmk_err *err)
{
	struct tmk_gate_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return tmk_err_nomem(err);
	pool->setup = *setup;
	pool->policy = policy;
	pool->deadline = deadline;
	pool->most = count_processes(setup, policy);
	pool->room = (uint32_t)pool->most * JOBS_MAX;
	pool->worker = calloc((size_t)pool->most, sizeof(*pool->worker));
	pool->ring = calloc(pool->room, sizeof(*pool->ring));
	if (!pool->worker || !pool->ring) {
		tmk_gate_pool_free(pool);
		return tmk_err_nomem(err);
	}
	*out = pool;
	return 0;
}

int tmk_gate_pool_processes(const struct tmk_gate_pool *pool)
{
	return pool->workers;
}

void tmk_gate_pool_free(struct tmk_gate_pool *pool)
{
	struct worker *w;
	int i;

	if (!pool)
		return;
	for (i = 0; pool->worker && i < pool->workers; i++) {
		w = &pool->worker[i];
		close(w->fd);
		tmk_gate_pool_queue_release(&w->out);
		tmk_gate_pool_queue_release(&w->in);
		if (w->pid <= 0)
			continue;
		kill(w->pid, SIGKILL);
		while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(pool->worker);
	free(pool->ring);
	free(pool->stage);
	free(pool);
}
