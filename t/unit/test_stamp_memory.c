/* test_stamp_memory.c - how long an authority that failed is left alone, and
 * that everybody's failures are counted once. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/front_stamp_memory.h"
#include "t/unit/tap.h"

#define NOW 1795240000

static void test_wait(void)
{
	static const struct {
		int failures;
		int64_t since, wait;
	} rows[] = {
		{ 0, 0, 0 }, { 1, 0, 60 }, { 1, 59, 1 }, { 1, 60, 0 },
		{ 1, 1000000, 0 }, { 2, 0, 120 }, { 3, 0, 240 },
		{ 4, 0, 480 }, { 5, 0, 960 }, { 6, 0, 1800 }, { 7, 0, 1800 },
		{ 99, 0, 1800 }, { 99, 1799, 1 }, { 99, 1800, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tmk_stamp_memory m = { rows[i].failures,
					      NOW - rows[i].since };

		is_int(tmk_front_stamp_memory_wait(&m, NOW), rows[i].wait,
		       "%d failures, %lld s ago", rows[i].failures,
		       (long long)rows[i].since);
	}
}

static void test_id(void)
{
	const char *plain[] = { "http://a/", NULL };
	const char *empty[] = { "http://a/", "" };
	const char *other[] = { "http://b/", NULL };
	const char *moved[] = { "http://a", "/" };
	char a[TMK_STAMP_MEMORY_ID], b[TMK_STAMP_MEMORY_ID];

	tmk_front_stamp_memory_id(a, plain, 2);
	is_int((long long)strlen(a), 64, "64 digits");
	ok(strspn(a, "0123456789abcdef") == 64, "of hex");
	tmk_front_stamp_memory_id(b, plain, 2);
	is_str(b, a, "the same again");
	tmk_front_stamp_memory_id(b, empty, 2);
	ok(strcmp(a, b) != 0, "nothing is not empty");
	tmk_front_stamp_memory_id(b, other, 2);
	ok(strcmp(a, b) != 0, "another URL");
	tmk_front_stamp_memory_id(b, moved, 2);
	ok(strcmp(a, b) != 0, "the parts stay apart");
	tmk_front_stamp_memory_id(b, plain, 1);
	ok(strcmp(a, b) != 0, "as many parts");
}

static void test_counting(void)
{
	const char *part[] = { "http://a/" };
	char id[TMK_STAMP_MEMORY_ID];
	struct tmk_stamp_memory m;

	tmk_front_stamp_memory_id(id, part, 1);
	m = tmk_front_stamp_memory_get(id, NOW);
	is_int(m.failures, 0, "nothing is remembered");
	tmk_front_stamp_memory_failed(id, NOW - 10, NOW);
	m = tmk_front_stamp_memory_get(id, NOW);
	is_int(m.failures, 1, "one failure");
	is_int(m.failed, NOW, "and when");
	/* Who was waiting at the same time adds nothing. */
	tmk_front_stamp_memory_failed(id, NOW - 9, NOW + 1);
	tmk_front_stamp_memory_failed(id, NOW, NOW + 2);
	m = tmk_front_stamp_memory_get(id, NOW + 2);
	is_int(m.failures, 1, "is one for all who waited");
	is_int(m.failed, NOW, "and does not grow");
	tmk_front_stamp_memory_failed(id, NOW + 61, NOW + 71);
	m = tmk_front_stamp_memory_get(id, NOW + 71);
	is_int(m.failures, 2, "the next try is the second");
	m = tmk_front_stamp_memory_get(id, NOW);
	is_int(m.failures, 0, "a clock that went back remembers nothing");
	tmk_front_stamp_memory_worked(id, NOW + 100);
	m = tmk_front_stamp_memory_get(id, NOW + 100);
	is_int(m.failures, 0, "it answered: forgotten");
}

/* Without a place to keep it nothing is remembered, and nothing breaks. */
static void test_nowhere(void)
{
	const char *part[] = { "http://a/" };
	char id[TMK_STAMP_MEMORY_ID];

	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	tmk_front_stamp_memory_id(id, part, 1);
	tmk_front_stamp_memory_failed(id, NOW, NOW);
	is_int(tmk_front_stamp_memory_get(id, NOW).failures, 0,
	       "no home, no memory");
	setenv("XDG_STATE_HOME", "relative/path", 1);
	tmk_front_stamp_memory_failed(id, NOW, NOW);
	ok(access("relative", F_OK) != 0, "a relative path is none");
	setenv("XDG_STATE_HOME", "/proc/nothing", 1);
	tmk_front_stamp_memory_failed(id, NOW, NOW);
	is_int(tmk_front_stamp_memory_get(id, NOW).failures, 0,
	       "a place that cannot be written");
}

int main(void)
{
	char dir[] = "/tmp/tmk-memory-XXXXXX", path[128];

	if (!mkdtemp(dir)) {
		puts("Bail out! no scratch directory");
		return 99;
	}
	setenv("XDG_RUNTIME_DIR", dir, 1);
	test_wait();
	test_id();
	test_counting();
	snprintf(path, sizeof(path), "%s/touchmark/tsa.state", dir);
	ok(!unlink(path), "the file is where it should be");
	snprintf(path, sizeof(path), "%s/touchmark", dir);
	ok(!rmdir(path) && !rmdir(dir), "and nothing else is");
	test_nowhere();
	return tap_done();
}
