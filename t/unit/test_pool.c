/*
 * The pool: answers come in order, whatever a child does ends in a failure
 * that says what happened, and nothing that a child says is believed because
 * of its length. The judge here does what its job says.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "hooks/gate_pool_child.h"
#include "hooks/gate_pool_wire.h"
#include "cage/sandbox.h"
#include "t/unit/tap.h"

static volatile int *volatile nowhere;
static volatile int spin;

/* What a judge does that was taken over. */
static void misbehave(char how, struct tmk_gate_answer *a)
{
	static const char wild[] = "\xff\xff\xff\xff\xff\xff\xff\xff";
	struct tmk_buf flood = TMK_BUF_INIT(TMK_GATE_POOL_ANSWER_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	switch (how) {
	case 's':
		*nowhere = 1;
		break;
	case 'o':
		(void)!open("/etc/passwd", O_RDONLY);
		break;
	case 'h':
		while (!spin)
			;
		break;
	case 'x':
		_exit(0);
	case 'j':
		(void)!write(0, wild, 8);
		break;
	case 'w':
		while (flood.len < 8000 &&
		       !tmk_gate_pool_wire_answer(&flood, a, &err))
			;
		while (write(0, flood.data, flood.len) > 0)
			;
		tmk_buf_release(&flood);
		break;
	case 'e':
		memcpy(a->v.text, "a\033[2J", 6);
		break;
	case 'n':
		a->v.reason = (enum tmk_reason)TMK_REASON_COUNT;
		break;
	case 'q':
		a->v.hint[0] = '\0';
		break;
	case 'i':
		a->tree.len = 7;
		break;
	}
}

static int play(struct tmk_gate_answer *a, const struct tmk_policy *policy,
		const struct tmk_gate_job *job, struct tmk_err *err)
{
	int i;

	(void)policy;
	if (!job->len)
		return tmk_err_set(err, TMK_INTERNAL, "an empty job");
	switch (job->data[0]) {
	case 'g':
		a->tree.len = 20;
		memset(a->tree.id, job->data[1], 20);
		a->signers = job->extras;
		for (i = 0; i < job->extras; i++) {
			memset(&a->signer[i], 0, sizeof(a->signer[i]));
			memcpy(a->signer[i].who, job->extra[i].data,
			       job->extra[i].len);
			a->signer[i].time = -5 - i;
			a->signer[i].stamped = i & 1;
		}
		return 0;
	case 'f':
		tmk_err_set(err, TMK_INTERNAL, "it cannot be judged");
		return tmk_err_hint(err, "mend it");
	case 'm':
		if (!malloc(1ul << 40))
			return tmk_err_nomem(err);
		return 0;
	default:
		tmk_verdict_refuse(&a->v, TMK_SIGNATURE_BAD, "of %zu bytes",
				   job->len);
		misbehave((char)job->data[0], a);
		return 0;
	}
}

static int warmed;

static int warm(const struct tmk_policy *policy, struct tmk_err *err)
{
	(void)err;
	warmed++;
	return policy->limit_object ? 0 : tmk_err_set(err, TMK_INTERNAL, "x");
}

static struct tmk_gate_pool *pool_of(int processes, int64_t ms)
{
	static const struct tmk_policy policy = { .limit_object = 1 << 20 };
	struct tmk_gate_pool_setup setup = {
		.judge = play, .warm = warm, .processes = processes,
		.grace = 200
	};
	struct tmk_gate_pool *pool = NULL;
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_gate_pool_make(&pool, &setup, &policy, tmk_clock_ms() + ms,
			      &err) == 0 && pool, "a pool of %d", processes);
	return pool;
}

static struct tmk_gate_job job_of(const void *data, size_t len)
{
	struct tmk_gate_job job = {
		.type = TMK_OBJECT_COMMIT, .data = data, .len = len, .hex = 40
	};

	return job;
}

/* ---- order --------------------------------------------------------------- */

struct seen {
	uint64_t next;
	uint64_t wrong;
	uint8_t tree;
};

static int in_order(void *ctx, uint64_t number,
		    const struct tmk_gate_answer *a, struct tmk_err *err)
{
	struct seen *s = ctx;

	(void)err;
	if (number != s->next++ || a->v.reason != TMK_GOOD ||
	    a->tree.len != 20 || a->tree.id[19] != (uint8_t)number)
		s->wrong++;
	return 0;
}

static void many(int processes, size_t len, uint64_t jobs)
{
	struct tmk_gate_pool *pool = pool_of(processes, 60000);
	struct tmk_err err = TMK_ERR_INIT;
	struct seen seen = { 0 };
	uint8_t *data = calloc(1, len);
	struct tmk_gate_job job = job_of(data, len);
	uint64_t n;
	int rc = 0;

	warmed = 0;
	if (!data || !pool)
		exit(99);
	data[0] = 'g';
	for (n = 0; !rc && n < jobs; n++) {
		data[1] = (uint8_t)n;
		/* of all sizes */
		job.len = 2 + (size_t)(n * 7919) % (len - 1);
		rc = tmk_gate_pool_submit(pool, &job, n, in_order, &seen,
					  &err);
	}
	ok(rc == 0 && tmk_gate_pool_drain(pool, &err) == 0,
	   "%d jobs are answered: %s", (int)jobs, err.text);
	is_int((long long)seen.next, (long long)jobs, "each once");
	is_int((long long)seen.wrong, 0, "in order");
	is_int(tmk_gate_pool_processes(pool), jobs > 100 ? processes : 1,
	       "by as many processes as it is worth");
	is_int(warmed, 1, "warmed up once");
	tmk_gate_pool_free(pool);
	is_int(waitpid(-1, NULL, WNOHANG), -1, "no process is left");
	free(data);
}

/* ---- one at a time ---------------------------------------------------------- */

static void values(void)
{
	static char who[511];
	struct tmk_gate_pool *pool = pool_of(1, 20000);
	struct tmk_gate_job job = job_of("g\x07", 2);
	struct tmk_gate_answer a;
	struct tmk_err err = TMK_ERR_INIT;

	memset(who, 'w', sizeof(who));
	memset(&a, 1, sizeof(a));
	job.extras = 3;
	job.extra[0].data = (const uint8_t *)"CN=a";
	job.extra[0].len = 4;
	job.extra[1].data = (const uint8_t *)who;
	job.extra[1].len = sizeof(who);
	job.extra[2].data = (const uint8_t *)"\xc3\xa4 \\x1b";
	job.extra[2].len = 7;
	ok(tmk_gate_pool_judge(pool, &a, &job, &err) == 0, "one is judged: %s",
	   err.text);
	is_int(a.v.reason, TMK_GOOD, "good");
	is_str(a.v.text, "", "no text");
	is_int(a.signers, 3, "three signers");
	is_str(a.signer[0].who, "CN=a", "who");
	is_int((long long)strlen(a.signer[1].who), 511, "the longest name");
	is_str(a.signer[2].who, "\xc3\xa4 \\x1b", "what was escaped stays so");
	is_int(a.signer[1].time, -6, "time");
	ok(a.signer[1].stamped && !a.signer[0].stamped, "stamped or not");
	is_str(a.signer[1].tsa, "", "nobody stamped");
	is_str(a.signer[5].who, "", "nothing where nobody is");
	job = job_of("r.", 2);
	ok(tmk_gate_pool_judge(pool, &a, &job, &err) == 0, "another one");
	is_int(a.v.reason, TMK_SIGNATURE_BAD, "refused");
	is_str(a.v.text, "of 2 bytes", "with its text");
	ok(a.v.hint[0] != '\0', "and a hint");
	tmk_gate_pool_free(pool);
}

/* ---- children that fail ------------------------------------------------------- */

static int nothing(void *ctx, uint64_t number,
		   const struct tmk_gate_answer *a, struct tmk_err *err)
{
	(void)ctx;
	(void)number;
	(void)a;
	(void)err;
	return 0;
}

static int refuse_it(void *ctx, uint64_t number,
		     const struct tmk_gate_answer *a, struct tmk_err *err)
{
	(void)ctx;
	(void)number;
	(void)a;
	return tmk_err_set(err, TMK_INTERNAL, "not taken");
}

static int ask_again(void *ctx, uint64_t number,
		     const struct tmk_gate_answer *a, struct tmk_err *err)
{
	struct tmk_gate_job job = job_of("g.", 2);

	(void)a;
	return tmk_gate_pool_submit(ctx, &job, number, nothing, NULL, err);
}

/* The job comes among others; all that come later fail for the same reason. */
static void fails(const char *what, char how, const char *text)
{
	struct tmk_gate_pool *pool = pool_of(2, how == 'h' ? 300 : 20000);
	struct tmk_gate_job good = job_of("g.", 2), bad = job_of(&how, 1);
	struct tmk_err err = TMK_ERR_INIT, again = TMK_ERR_INIT;
	int i, rc = 0;

	bad.data = (const uint8_t *)&how;
	for (i = 0; !rc && i < 20; i++)
		rc = tmk_gate_pool_submit(pool, i == 10 ? &bad : &good, 1,
					  nothing, NULL, &err);
	if (!rc)
		rc = tmk_gate_pool_drain(pool, &err);
	ok(rc < 0 && err.code == TMK_INTERNAL,
	   "it fails (for the pusher: internal-error): %s", what);
	ok(strstr(err.text, text) != NULL, "and says so: %s", err.text);
	ok(tmk_gate_pool_submit(pool, &good, 2, nothing, NULL, &again) < 0 &&
	   !strcmp(again.text, err.text), "from then on always");
	ok(tmk_gate_pool_drain(pool, &again) < 0, "at the end too");
	tmk_gate_pool_free(pool);
}

static void killed(int sig, const char *text)
{
	struct tmk_gate_pool *pool = pool_of(1, sig == SIGSTOP ? 3000 : 60000);
	struct tmk_gate_job job = job_of("g.", 2);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_gate_answer a;
	char path[64], line[64] = "";
	int fd, pid;

	ok(tmk_gate_pool_judge(pool, &a, &job, &err) == 0, "it works");
	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int)getpid());
	fd = open(path, O_RDONLY);
	ok(fd >= 0 && read(fd, line, sizeof(line) - 1) > 0, "it has a child");
	close(fd);
	pid = (int)strtol(line, NULL, 10);
	if (!ok(pid > 1 && kill(pid, sig) == 0, "signal %d", sig))
		return;
	ok(tmk_gate_pool_judge(pool, &a, &job, &err) < 0 &&
	   err.code == TMK_INTERNAL, "it fails");
	ok(strstr(err.text, text) != NULL, "and says so: %s", err.text);
	tmk_gate_pool_free(pool);
	is_int(waitpid(-1, NULL, WNOHANG), -1, "no process is left");
}

static void not_taken(void)
{
	struct tmk_gate_pool *pool = pool_of(1, 20000);
	struct tmk_gate_job job = job_of("g.", 2);
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_gate_pool_submit(pool, &job, 1, refuse_it, NULL, &err) == 0 &&
	   tmk_gate_pool_drain(pool, &err) < 0, "an answer is not taken");
	is_str(err.text, "not taken", "which ends it");
	tmk_gate_pool_free(pool);

	pool = pool_of(1, 20000);
	ok(tmk_gate_pool_submit(pool, &job, 1, ask_again, pool, &err) == 0 &&
	   tmk_gate_pool_drain(pool, &err) < 0, "a job from an answer");
	ok(strstr(err.text, "while an answer") != NULL, "is refused: %s",
	   err.text);
	tmk_gate_pool_free(pool);

	pool = pool_of(1, 20000);
	job.extras = TMK_GATE_EXTRAS_MAX + 1;
	ok(tmk_gate_pool_submit(pool, &job, 1, nothing, NULL, &err) < 0,
	   "too many approvals");
	job = job_of("g.", 2);
	job.type = TMK_OBJECT_TREE;
	ok(tmk_gate_pool_submit(pool, &job, 1, nothing, NULL, &err) < 0,
	   "what nobody signs");
	is_int(tmk_gate_pool_processes(pool), 0, "no process was made");
	tmk_gate_pool_free(pool);
	tmk_gate_pool_free(NULL);
}

/* ---- bytes --------------------------------------------------------------------- */

/* Whichever bit is turned: it is no answer any more, or each of its bytes is
 * still said by what was read. */
static void every_bit(struct tmk_buf *out)
{
	const size_t head = sizeof(struct tmk_gate_pool_head);
	static struct tmk_gate_answer b;
	struct tmk_buf again = TMK_BUF_INIT(TMK_GATE_POOL_ANSWER_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	size_t n, wrong = 0;

	for (n = head * 8; n < out->len * 8; n++) {
		out->data[n / 8] ^= (uint8_t)(1 << n % 8);
		tmk_buf_clear(&again);
		if (tmk_gate_pool_wire_read(&b, out->data + head,
					    out->len - head, &err) == 0)
			wrong += tmk_gate_pool_wire_answer(&again, &b,
							   &err) < 0 ||
				again.len != out->len ||
				memcmp(again.data, out->data, out->len);
		out->data[n / 8] ^= (uint8_t)(1 << n % 8);
	}
	is_int((long long)wrong, 0, "no bit of it means nothing");
	tmk_buf_release(&again);
}

/* What is written as it stands here, and must not be read. */
static void not_read(const struct tmk_gate_answer *a, size_t at, uint8_t byte,
		     size_t more, const char *what)
{
	const size_t head = sizeof(struct tmk_gate_pool_head);
	struct tmk_buf out = TMK_BUF_INIT(TMK_GATE_POOL_ANSWER_MAX);
	static struct tmk_gate_answer b;
	struct tmk_err err = TMK_ERR_INIT;
	bool made = tmk_gate_pool_wire_answer(&out, a, &err) == 0;

	while (made && more--)
		made = tmk_buf_addch(&out, 0) == 0;
	if (made)
		out.data[head + at] = byte;
	ok(made && tmk_gate_pool_wire_read(&b, out.data + head,
					   out.len - head, &err) < 0,
	   "no answer: %s", what);
	tmk_buf_release(&out);
}

/* A text is longer than the field that it is for, by its end. */
static void long_name(const struct tmk_gate_answer *a)
{
	const size_t signer = 8 + sizeof(struct tmk_oid) + 1;
	const size_t head = sizeof(struct tmk_gate_pool_head);
	struct tmk_buf out = TMK_BUF_INIT(TMK_GATE_POOL_ANSWER_MAX);
	uint16_t len = sizeof(a->signer[0].who);
	static struct tmk_gate_answer b;
	struct tmk_err err = TMK_ERR_INIT;
	bool made = tmk_gate_pool_wire_answer(&out, a, &err) == 0;

	ok(made && tmk_gate_pool_wire_read(&b, out.data + head,
					   out.len - head, &err) == 0,
	   "an answer: the longest name");
	made = made && tmk_buf_addch(&out, 'c') == 0;
	if (made)
		memcpy(out.data + head + signer + sizeof(int64_t), &len,
		       sizeof(len));
	ok(made && tmk_gate_pool_wire_read(&b, out.data + head,
					   out.len - head, &err) < 0,
	   "no answer: a longer one");
	tmk_buf_release(&out);
}

static void out_of_range(void)
{
	static struct tmk_gate_answer a;

	/* the count of signers is the second number, and the head of one
	 * without texts has 24 bytes */
	a.signers = TMK_SIGNATURES_MAX;
	not_read(&a, 2, TMK_SIGNATURES_MAX + 1, 24, "a signer too many");
	a.signers = 0;
	a.tree.len = 20;
	/* a name that has no room for its end: 511 bytes, and one more */
	memset(a.signer[0].who, 'c', sizeof(a.signer[0].who) - 1);
	a.signers = 1;
	a.tree.len = 0;
	long_name(&a);
	a.signers = 0;
	a.tree.len = 20;
	not_read(&a, 8 + offsetof(struct tmk_oid, id) + 20, 1, 0,
		 "an id with something behind it");
}

/* A job as the child reads it: whole, or not at all. */
static void jobs_on_the_wire(void)
{
	const size_t head = sizeof(struct tmk_gate_pool_head);
	struct tmk_gate_job job = job_of("bytes", 5), b;
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t out[1024] = { 0 };
	uint32_t many = TMK_GATE_EXTRAS_MAX + 1;
	size_t n, size, wrong = 0;

	job.extras = 2;
	job.extra[0] = (struct tmk_span){ (const uint8_t *)"one", 3 };
	job.extra[1] = (struct tmk_span){ (const uint8_t *)"two", 3 };
	size = tmk_gate_pool_wire_size(&job);
	if (!ok(size > head && size < sizeof(out), "the size of a job"))
		return;
	tmk_gate_pool_wire_put(out, &job);
	size -= head;
	for (n = 0; n < size; n++)
		wrong += tmk_gate_pool_wire_job(&b, out + head, n, &err) == 0;
	is_int((long long)wrong, 0, "no part of it is a job");
	ok(!tmk_gate_pool_wire_job(&b, out + head, size, &err) &&
	   b.extras == 2 && b.len == 5 && b.extra[1].len == 3 &&
	   !memcmp(b.extra[1].data, "two", 3), "the whole is");
	ok(tmk_gate_pool_wire_job(&b, out + head, size + 1, &err) < 0,
	   "a byte behind it is not");
	memcpy(out + head + 2 * sizeof(many), &many, sizeof(many));
	ok(tmk_gate_pool_wire_job(&b, out + head, size, &err) < 0,
	   "nor more approvals than there may be");
}

/* An answer cut or lengthened anywhere is none. */
static void wire(void)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_GATE_POOL_ANSWER_MAX);
	struct tmk_gate_answer a = { 0 }, b;
	struct tmk_err err = TMK_ERR_INIT;
	const size_t head = sizeof(struct tmk_gate_pool_head);
	size_t n, wrong = 0;

	tmk_verdict_refuse(&a.v, TMK_CERT_EXPIRED, "it ended");
	a.signers = 1;
	memcpy(a.signer[0].who, "CN=x", 5);
	memcpy(a.signer[0].key, "sha256:00", 10);
	memset(a.signer[0].chain, 'c', sizeof(a.signer[0].chain) - 1);
	a.signer[0].vouched = true;
	if (!ok(tmk_gate_pool_wire_answer(&out, &a, &err) == 0, "written"))
		return;
	for (n = 0; n < out.len - head; n++)
		wrong += tmk_gate_pool_wire_read(&b, out.data + head, n,
						 &err) == 0;
	is_int((long long)wrong, 0, "no part of it is an answer");
	ok(tmk_gate_pool_wire_read(&b, out.data + head, out.len - head,
				   &err) == 0 &&
	   !memcmp(&a, &b, sizeof(a)), "the whole is the same");
	every_bit(&out);
	ok(tmk_buf_addch(&out, 0) == 0 &&
	   tmk_gate_pool_wire_read(&b, out.data + head, out.len - head,
				   &err) < 0, "a byte behind it is not");
	tmk_buf_release(&out);
}

int main(void)
{
	wire();
	out_of_range();
	jobs_on_the_wire();
	many(1, 3000, 3000);
	many(2, 2000, 10000);
	many(3, 300000, 200);
	many(2, 20, 20);
	many(1, 4u << 20, 3);
	values();
	fails("a judge that says it could not", 'f', "it cannot be judged");
	if (tmk_sandbox_is_built()) {
		fails("too much memory", 'm', "out of memory");
		fails("a bad pointer", 's', "killed by signal 11");
		fails("a file", 'o', "signal 31 for a system call that it may");
	}
	fails("a loop", 'h', "does not answer in time");
	fails("an end", 'x', "ended by itself");
	fails("nonsense", 'j', "says what it was not asked");
	fails("answers without end", 'w', "says what it was not asked");
	fails("a text for the terminal", 'e', "an answer that is none");
	fails("a reason that is none", 'n', "an answer that is none");
	fails("a refusal without a hint", 'q', "an answer that is none");
	fails("an id that is none", 'i', "an answer that is none");
	killed(SIGKILL, "killed by signal 9");
	killed(SIGSTOP, "does not answer in time");
	not_taken();
	return tap_done();
}
