/* The record of uses: what an entry says, many threads at once, and what a key
 * signed, found again through rotated files. */
#include "plugins/front_audit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "base/clock.h"
#include "plugins/front_audit_list.h"
#include "t/unit/tap.h"

#define THREADS 16
#define EACH 25

static char dir[] = "/tmp/tmk-audit-XXXXXX";
static char path[64];
static struct tmk_config config;
static struct tmk_err err;
static const uint8_t one[] = "the first public key";
static const uint8_t two[] = "the second public key";
static const uint8_t digest[32] = { 0xab, 0xcd };

static void must(bool good)
{
	if (!good) {
		puts("Bail out! the test's own machinery failed");
		exit(99);
	}
}

static struct tmk_front_use a_use(const uint8_t *spki, size_t len,
				  const char *artefact)
{
	return (struct tmk_front_use){
		.what = "sign", .key = "release", .spki = spki,
		.spki_len = len, .format = "cms", .hash = TMK_SHA256,
		.digest = digest, .digest_len = sizeof(digest),
		.time = 1750000000, .artefact = artefact,
	};
}

/* Intent and result; `seal` NULL: it failed. */
static int record(const uint8_t *spki, size_t len, const char *artefact,
		  const char *seal, int64_t stamped, struct tmk_err *e)
{
	struct tmk_front_use use = a_use(spki, len, artefact);
	struct tmk_front_outcome outcome = { .stamped = stamped };
	struct tmk_buf made = TMK_BUF_INIT(64);
	struct tmk_err why = TMK_ERR_INIT;
	uint64_t seq = 0;
	int rc;

	(void)!tmk_err_set(&why, TMK_KEY, "the token \033 says no");
	if (seal && tmk_buf_addstr(&made, seal) < 0)
		return -1;
	outcome.signature = seal ? &made : NULL;
	outcome.why = seal ? NULL : &why;
	rc = tmk_front_audit_intent(&seq, &config, &use, e);
	if (!rc)
		rc = tmk_front_audit_result(&config, seq, &use, &outcome, e);
	tmk_buf_release(&made);
	return rc;
}

/* ---- what a key signed ----------------------------------------------------- */

struct found {
	int n, unsure;
	int64_t stamped[8];
	char artefact[8][64];
	char file[8][80];
};

static int on_use(void *ctx, const struct tmk_audit_use *use,
		  struct tmk_err *e)
{
	struct found *f = ctx;

	(void)e;
	must(f->n < 8);
	f->stamped[f->n] = use->stamped;
	snprintf(f->artefact[f->n], 64, "%s", use->artefact);
	snprintf(f->file[f->n], 80, "%s", use->file);
	f->unsure += !use->sure;
	f->n++;
	return 0;
}

static int list(struct found *f, const uint8_t *spki, size_t len)
{
	struct tmk_chain_report report;
	char text[TMK_AUDIT_SPKI], *where = NULL;
	int rc;

	memset(f, 0, sizeof(*f));
	must(!tmk_front_audit_spki(text, spki, len, &err));
	rc = tmk_front_audit_list(path, text, on_use, f, &report, &where,
				  &err);
	free(where);
	return rc;
}

static void test_list(void)
{
	struct tmk_front_use use = a_use(one, sizeof(one), "lost");
	char *moved = NULL;
	uint64_t seq = 0;
	struct found f;

	ok(!list(&f, one, sizeof(one)) && !f.n, "a log that never was is "
	   "empty");
	must(!record(one, sizeof(one), "a", "A", TMK_TIME_NONE, &err));
	must(!record(two, sizeof(two), "b", "B", TMK_TIME_NONE, &err));
	must(!record(one, sizeof(one), "c", NULL, TMK_TIME_NONE, &err));
	must(!tmk_front_audit_intent(&seq, &config, &use, &err));
	must(!tmk_chain_log_rotate(&moved, NULL, 0, path, 1750000000, &err));
	must(!record(one, sizeof(one), "d", "D", 1750000100, &err));
	must(!tmk_front_audit_stamped(&config, (const uint8_t *)"A", 1,
				      1750000300, &err));
	must(!tmk_front_audit_stamped(&config, (const uint8_t *)"A", 1,
				      1750000200, &err));
	must(!tmk_front_audit_event(&config, "denied", "release", one,
				    sizeof(one), "stolen", &err));
	is_int(list(&f, one, sizeof(one)), 0, "what the first key signed");
	is_int(f.n, 3, "is two files, and one that is not known");
	is_str(f.artefact[0], "a", "the oldest first");
	is_int(f.stamped[0], 1750000200, "its earliest timestamp, from later");
	is_str(f.artefact[1], "lost", "an intent without a result");
	is_int(f.unsure, 1, "is told as such");
	is_str(f.artefact[2], "d", "in the new file too");
	is_int(f.stamped[2], 1750000100, "with its timestamp");
	is_str(f.file[1], moved, "and each with its file");
	is_int(list(&f, two, sizeof(two)), 0, "the second key");
	ok(f.n == 1 && !strcmp(f.artefact[0], "b") &&
	   f.stamped[0] == TMK_TIME_NONE, "signed one, without a timestamp");
	must(!truncate(moved, 100));
	is_int(list(&f, one, sizeof(one)), 1, "a break is told");
	must(!unlink(path));
	is_int(list(&f, one, sizeof(one)), 1, "so is a log that is gone");
	free(moved);
}

/* ---- many at once ------------------------------------------------------------ */

static void *writer(void *arg)
{
	struct tmk_err e = TMK_ERR_INIT;
	long bad = 0;
	int i;

	(void)arg;
	for (i = 0; i < EACH; i++)
		if (record(one, sizeof(one), "x", "X", TMK_TIME_NONE, &e))
			bad++;
	return bad ? arg : NULL;
}

/* A result is never before its intent. */
static int on_value(void *ctx, const struct tmk_chain_line *line,
		    const struct tmk_json_event *e, struct tmk_err *ignored)
{
	(void)ignored;
	if (e->depth == 1 && !strcmp(e->key, "intent") &&
	    (e->number <= 0 || (uint64_t)e->number >= line->seq))
		++*(int *)ctx;
	return 0;
}

static void test_threads(void)
{
	struct tmk_chain_report report;
	pthread_t thread[THREADS];
	int bad = 0, wrong = 0, i;
	const struct tmk_chain_visit visit = { &wrong, on_value, NULL };
	void *said;

	snprintf(path, sizeof(path), "%s/many/log", dir);
	for (i = 0; i < THREADS; i++)
		must(!pthread_create(&thread[i], NULL, writer, dir));
	for (i = 0; i < THREADS; i++) {
		must(!pthread_join(thread[i], &said));
		bad += said != NULL;
	}
	is_int(bad, 0, "%d threads write", THREADS);
	is_int(tmk_chain_log_read(&report, path, &visit, &err), 0,
	       "the chain holds");
	is_int((long long)report.lines, 2LL * THREADS * EACH,
	       "with all entries");
	is_int(wrong, 0, "each result behind its intent");
}

static void test_cannot(void)
{
	char keep[] = "/dev/full/log";

	config.audit_log = keep;
	memset(&err, 0, sizeof(err));
	is_int(record(one, sizeof(one), "x", "X", TMK_TIME_NONE, &err), -1,
	       "a log that cannot be");
	is_int(err.code, TMK_INPUT, "is told");
	ok(strstr(err.text, "cannot be recorded") != NULL, "as what it is");
	config.audit_log = NULL;
	is_int(record(one, sizeof(one), "x", "X", TMK_TIME_NONE, &err), 0,
	       "none at all is none");
}

int main(void)
{
	char *const rm[] = {
		(char[]){ "rm" }, (char[]){ "-rf" }, dir, NULL
	};
	pid_t pid;

	must(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/log", dir);
	config.audit_log = path;
	test_list();
	test_threads();
	test_cannot();
	pid = fork();
	if (!pid) {
		execv("/bin/rm", rm);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return tap_done();
}
