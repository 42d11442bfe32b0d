/* Refusals in the record of uses: many at once, many requesters, what a key
 * signed without them, and who hears of one that cannot be written. */
#include "plugins/front_audit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "base/clock.h"
#include "plugins/front_audit_bound.h"
#include "plugins/front_audit_list.h"
#include "t/unit/tap.h"

#define THREADS 8
#define EACH 10
#define NOW 1795240000

static char dir[] = "/tmp/tmk-refused-XXXXXX";
static char path[64];
static struct tmk_config config;
static const uint8_t spki[] = "a public key";
static int warned;

static void must(bool good)
{
	if (!good) {
		puts("Bail out! the test's own machinery failed");
		exit(99);
	}
}

static void warn(void *ctx, const char *text)
{
	(void)ctx;
	warned += strstr(text, "not on record") != NULL;
}

static void refuse(const char *requester)
{
	static const uint8_t digest[32] = { 0xab };
	const struct tmk_front_use use = {
		.what = "sign", .requester = requester, .key = "release",
		.spki = spki, .spki_len = sizeof(spki), .format = "cms",
		.hash = TMK_SHA256, .digest = digest,
		.digest_len = sizeof(digest), .time = NOW, .warn = warn,
	};
	struct tmk_err why = TMK_ERR_INIT;

	(void)!tmk_err_set(&why, TMK_REFUSED, "no \033 way");
	tmk_front_audit_refused(&config, &use, &why);
}

/* ---- the log ----------------------------------------------------------------- */

struct counted {
	int refused, other;
	int64_t left_out;
};

static int on_value(void *ctx, const struct tmk_chain_line *line,
		    const struct tmk_json_event *e, struct tmk_err *err)
{
	struct counted *c = ctx;

	(void)line;
	(void)err;
	if (e->depth == 1 && !strcmp(e->key, "leftOut"))
		c->left_out += e->number;
	return 0;
}

static int on_line(void *ctx, const struct tmk_chain_line *line,
		   struct tmk_err *err)
{
	struct counted *c = ctx;

	(void)err;
	if (!strcmp(line->kind, "refused"))
		c->refused++;
	else
		c->other++;
	return 0;
}

static struct counted count(void)
{
	struct counted c = { 0, 0, 0 };
	const struct tmk_chain_visit visit = { &c, on_value, on_line };
	struct tmk_chain_report report;
	struct tmk_err err = TMK_ERR_INIT;

	is_int(tmk_chain_log_read(&report, path, &visit, &err), 0,
	       "the chain holds");
	return c;
}

static int on_use(void *ctx, const struct tmk_audit_use *use,
		  struct tmk_err *err)
{
	(void)use;
	(void)err;
	++*(int *)ctx;
	return 0;
}

static void *refuser(void *arg)
{
	int i;

	for (i = 0; i < EACH; i++)
		refuse(arg);
	return NULL;
}

static void test_threads(void)
{
	struct tmk_chain_report report;
	char text[TMK_AUDIT_SPKI], *where = NULL;
	static char alice[] = "alice";
	pthread_t thread[THREADS];
	struct tmk_err err = TMK_ERR_INIT;
	struct counted c;
	uint64_t left = 0;
	int i, uses = 0;

	for (i = 0; i < THREADS; i++)
		must(!pthread_create(&thread[i], NULL, refuser, alice));
	for (i = 0; i < THREADS; i++)
		must(!pthread_join(thread[i], NULL));
	c = count();
	is_int(c.refused, TMK_AUDIT_REFUSED_MAX, "of %d refusals at once, so "
	       "many are on record", THREADS * EACH);
	is_int(c.other, 0, "and nothing else");
	is_int(warned, 0, "that is no failure");
	must(!tmk_front_audit_spki(text, spki, sizeof(spki), &err));
	is_int(tmk_front_audit_list(path, text, on_use, &uses, &report, &where,
				    &err), 0, "what the key signed");
	is_int(uses, 0, "is nothing");
	is_int(tmk_front_audit_bound_take(&left, path, "alice",
					  tmk_clock_now() +
					  TMK_AUDIT_REFUSED_SPAN, &err), 1,
	       "an hour later there is room again");
	is_int((long long)left, THREADS * EACH - TMK_AUDIT_REFUSED_MAX,
	       "and none of them was forgotten");
}

/* ---- the counts ---------------------------------------------------------------- */

static int take(const char *who, int64_t now, uint64_t *left)
{
	struct tmk_err err = TMK_ERR_INIT;

	*left = 0;
	return tmk_front_audit_bound_take(left, path, who, now, &err);
}

static void test_many(void)
{
	char who[32];
	uint64_t left;
	int i, n = 0, others = 0;

	snprintf(path, sizeof(path), "%s/many", dir);
	for (i = 0; i < 40; i++) {
		snprintf(who, sizeof(who), "requester-%d", i);
		n += take(who, NOW, &left);
	}
	is_int(n, 40, "forty requesters are all on record");
	for (i = 0; i < 2 * TMK_AUDIT_REFUSED_MAX; i++) {
		snprintf(who, sizeof(who), "other-%d", i);
		others += take(who, NOW, &left);
	}
	is_int(others, TMK_AUDIT_REFUSED_MAX - 9, "those for whom there is no "
	       "room share one count");
	is_int(take("requester-7", NOW, &left), 1, "others do not suffer");
	is_int(take("not a name", NOW, &left), 0, "what is no name is one of "
	       "them");
	is_int(take(NULL, NOW, &left), 0, "as is the user, who came late");
	is_int(take("requester-39", NOW + TMK_AUDIT_REFUSED_SPAN, &left), 1,
	       "an hour later all have room");
	is_int((long long)left, 0, "and nobody tells of others' refusals");
	is_int(take("*", NOW + TMK_AUDIT_REFUSED_SPAN, &left), 1, "they do "
	       "so together");
	is_int((long long)left, TMK_AUDIT_REFUSED_MAX + 11, "of all that were "
	       "left out");
}

/* More lines than we write: none of them counts, and there is room. */
static void test_full(void)
{
	char name[80];
	uint64_t left;
	FILE *out;
	int i;

	snprintf(path, sizeof(path), "%s/full", dir);
	snprintf(name, sizeof(name), "%s.refused", path);
	out = fopen(name, "w");
	must(out != NULL);
	fputs("touchmark refused 1\n", out);
	for (i = 0; i < 32; i++)
		fprintf(out, "r%d %d 32 5\n", i, NOW);
	must(!fclose(out));
	is_int(take("alice", NOW, &left), 1, "thirty-two names are not ours");
	is_int(take("r1", NOW, &left), 1, "and are begun anew");
	is_int((long long)left, 0, "without what they tell");
}

static void test_giveback(void)
{
	uint64_t left;
	int i;

	snprintf(path, sizeof(path), "%s/back", dir);
	for (i = 0; i < TMK_AUDIT_REFUSED_MAX + 3; i++)
		(void)!take(NULL, NOW, &left);
	is_int(take(NULL, NOW - 1, &left), 1, "a clock that went back begins "
	       "a new hour");
	is_int((long long)left, 3, "with what was left out");
	tmk_front_audit_bound_giveback(path, NULL, left, NOW);
	is_int(take(NULL, NOW, &left), 1, "the next one");
	is_int((long long)left, 4, "tells of what could not be written too");
}

static void test_cannot(void)
{
	snprintf(path, sizeof(path), "/proc/uses");
	refuse(NULL);
	is_int(warned, 1, "what cannot be recorded is told");
	config.audit_log = NULL;
	refuse(NULL);
	is_int(warned, 1, "without a record nothing is");
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
	test_threads();
	test_many();
	test_full();
	test_giveback();
	test_cannot();
	pid = fork();
	if (!pid) {
		execv("/bin/rm", rm);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return tap_done();
}
