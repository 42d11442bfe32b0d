/* A log whose lines hold each other: appending, reading, what a crash leaves
 * behind, what a stranger changes, rotation, and many writers at once. */
#include "core/chain_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "t/unit/tap.h"

static char dir[] = "/tmp/tmk-chain-XXXXXX";
static char path[64];
static struct tmk_err err;

static void must(bool good)
{
	if (!good) {
		puts("Bail out! the test's own machinery failed");
		exit(99);
	}
}

/* A fresh name for each part. */
static void fresh(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
}

static const char *beside(const char *end)
{
	static char name[80];

	snprintf(name, sizeof(name), "%s%s", path, end);
	return name;
}

static int append(const char *text)
{
	struct tmk_chain_spool spool;
	const struct tmk_chain_spool *const part[] = { &spool };
	int rc;

	memset(&err, 0, sizeof(err));
	tmk_chain_spool_init(&spool, path);
	tmk_chain_spool_addstr(&spool, text);
	rc = tmk_chain_spool_finish(&spool, &err);
	if (!rc)
		rc = tmk_chain_log_append(NULL, path, 1750000000, "test", part,
					  1, &err);
	tmk_chain_spool_release(&spool);
	return rc;
}

static struct tmk_buf content = TMK_BUF_INIT(64 << 20);

static const char *slurp(const char *name)
{
	tmk_buf_clear(&content);
	must(!tmk_file_read(&content, name, &err));
	return tmk_buf_str(&content);
}

static void put(const char *name, const char *data, size_t len)
{
	must(!tmk_file_write(name, 0600, data, len, &err));
}

static void add_raw(const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	must(fd >= 0 && write(fd, text, strlen(text)) ==
	     (ssize_t)strlen(text) && !close(fd));
}

static struct tmk_chain_report report;

static int verify(void)
{
	int rc;

	memset(&err, 0, sizeof(err));
	rc = tmk_chain_log_read(&report, path, NULL, &err);
	if (rc)
		diag("verify: %d, line %llu: %s%s", rc,
		     (unsigned long long)report.broken, report.text, err.text);
	return rc;
}

/* ---- as meant --------------------------------------------------------------- */

static void test_append(void)
{
	struct stat st;
	int i;

	fresh("deep/er/log");
	ok(!tmk_chain_log_check(path, &err), "a log that never was is made");
	ok(!stat(path, &st) && (st.st_mode & 07777) == 0600 && !st.st_size,
	   "for its owner alone");
	is_int(verify(), 1, "an empty log is a break");
	is_int((long long)report.broken, 1, "at its first line");
	for (i = 0; i < 3; i++)
		must(!append("\"a\":1,\"b\":[\"x\",{\"c\":null}]"));
	is_int(verify(), 0, "three entries");
	is_int((long long)report.last.seq, 3, "are numbered");
	is_str(report.last.kind, "test", "and have their kind");
	is_int(report.last.time, 1750000000, "and their time");
	ok(strstr(slurp(path), "{\"seq\":1,\"prev\":\"0000000000000000000000000"
		  "000000000000000000000000000000000000000\",\"time\":\"2025-"
		  "06-15T15:06:40Z\",\"kind\":\"test\",\"a\":1,") ==
	   (const char *)content.data, "the first line is as documented");
	ok(!stat(beside(".head"), &st) && (st.st_mode & 07777) == 0600,
	   "the head is its owner's");
	ok(!tmk_chain_log_check(path, &err), "more may be appended");
}

/* A large entry goes through a file that leaves nothing. */
static void test_large(void)
{
	struct tmk_chain_spool spool;
	const struct tmk_chain_spool *const part[] = { &spool };
	char piece[1000];
	int i;

	fresh("large");
	memset(piece, 'x', sizeof(piece));
	piece[0] = '"';
	memcpy(piece + 997, "\",", 3);
	tmk_chain_spool_init(&spool, path);
	tmk_chain_spool_addstr(&spool, "\"many\":[");
	for (i = 0; i < 3000; i++)
		tmk_chain_spool_addstr(&spool, piece);
	tmk_chain_spool_addstr(&spool, "1]");
	must(!tmk_chain_spool_finish(&spool, &err));
	ok(spool.fd >= 0, "three megabytes are not kept in memory");
	ok(!tmk_chain_log_append(NULL, path, 0, "test", part, 1, &err),
	   "they make one entry");
	tmk_chain_spool_release(&spool);
	is_int(verify(), 0, "which is whole");
	ok(report.last.len > 2990000, "and long");
	must(!append("\"a\":1"));
	is_int(verify(), 0, "and is followed");
}

/* ---- crashes ---------------------------------------------------------------- */

/* Every length at which an append can have been interrupted. */
static void test_torn(void)
{
	char *before, *head;
	size_t n, len, whole, bad = 0, marked = 0;

	fresh("torn");
	must(!append("\"a\":1"));
	before = strdup(slurp(path));
	head = strdup(slurp(beside(".head")));
	len = strlen(before);
	must(!append("\"b\":2"));
	slurp(path);
	whole = content.len;
	for (n = len + 1; n < whole; n++) {
		char *all = strndup(tmk_buf_str(&content), n);

		put(path, all, n);
		put(beside(".head"), head, strlen(head));
		bad += tmk_chain_log_read(&report, path, NULL, &err) != 1 ||
			report.broken != 2;
		bad += append("\"c\":3") != 0;
		bad += tmk_chain_log_read(&report, path, NULL, &err) != 0 ||
			report.lines != 3;
		free(all);
		all = strdup(slurp(path));
		marked += strstr(all, "\"kind\":\"recovered\",\"cut\":") &&
			!strncmp(all, before, len);
		must(!tmk_file_write(path, 0600, before, len, &err));
		put(beside(".head"), head, strlen(head));
		must(!append("\"b\":2"));
		slurp(path);
		free(all);
	}
	is_int((long long)bad, 0, "a torn line is seen, cut, and the chain "
	       "goes on (%zu places)", whole - len - 1);
	is_int((long long)marked, (long long)(whole - len - 1),
	       "and an entry says so each time");
	put(beside(".head"), head, strlen(head));
	is_int(verify(), 0, "a whole line that its head does not know is one");
	ok(!append("\"c\":3"), "and is gone on from");
	is_int(verify(), 0, "as a chain");
	is_int((long long)report.lines, 3, "of three");
	put(path, before, len);
	put(beside(".head"), head, strlen(head));
	add_raw("rubbish of one line\n");
	is_int(verify(), 1, "rubbish in one line is a break");
	ok(!append("\"c\":3") && !verify() && report.lines == 3,
	   "and is cut as an append that was torn by a power cut");
	free(before);
	free(head);
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

/* A recovery that was interrupted itself. */
static void test_torn_twice(void)
{
	static const char cut[] = ",\"cut\":5,\"cutHash\":\"0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef\"}\n";
	char *before, *owed, *log, *end;
	size_t len;

	fresh("twice");
	must(!append("\"a\":1"));
	before = strdup(slurp(path));
	len = strlen(before);
	slurp(beside(".head"));
	must(asprintf(&owed, "%.*s%s", (int)strcspn((char *)content.data, "}"),
		      content.data, cut) > 0);
	put(beside(".head"), owed, strlen(owed));
	is_int(verify(), 0, "cut away, and nothing about it yet");
	ok(!append("\"b\":2") && !verify() && report.lines == 3,
	   "the entry about it is not forgotten");
	log = strdup(slurp(path));
	is_int(count(log, "\"kind\":\"recovered\",\"cut\":5,"), 1,
	       "and says what was cut");
	end = strchr(log + len, '\n');
	put(path, log, (size_t)(end - log) + 1);
	put(beside(".head"), owed, strlen(owed));
	ok(!append("\"b\":2") && !verify() && report.lines == 3,
	   "it was written, and its head was not");
	is_int(count(slurp(path), "\"kind\":\"recovered\""), 1,
	       "it is not written again");
	put(path, log, (size_t)(end - log) - 9);
	put(beside(".head"), owed, strlen(owed));
	ok(!append("\"b\":2") && !verify() && report.lines == 3,
	   "it was torn itself");
	free(before);
	free(owed);
	free(log);
}

/* ---- strangers --------------------------------------------------------------- */

static void refused(const char *what)
{
	is_int(append("\"z\":1"), -1, "nothing is appended: %s", what);
	is_int(err.code, TMK_REFUSED, "refused: %s", what);
	ok(strstr(err.hint, "touchmark log rotate"), "the way out: %s", what);
}

/* Every bit of a log counts. */
static size_t find_changes(const char *all, size_t len)
{
	char *changed = strdup(all);
	size_t i, found = 0;

	for (i = 0; i < len; i++) {
		changed[i] ^= 1;
		put(path, changed, len);
		found += tmk_chain_log_read(&report, path, NULL, &err) == 1 &&
			report.broken > 0 && report.broken <= 4;
		changed[i] ^= 1;
	}
	free(changed);
	return found;
}

static void test_tampered(void)
{
	char *all, *head;
	size_t len;
	int i;

	fresh("tampered");
	for (i = 0; i < 3; i++)
		must(!append("\"a\":\"text\""));
	all = strdup(slurp(path));
	head = strdup(slurp(beside(".head")));
	len = strlen(all);
	is_int((long long)find_changes(all, len), (long long)len,
	       "every changed bit is seen");
	put(path, all, len * 2 / 3);
	is_int(verify(), 1, "a cut end");
	refused("a cut end");
	put(path, all, (size_t)(strchr(all, '\n') - all) + 1);
	is_int(verify(), 1, "a cut end at a line");
	is_int((long long)report.broken, 2, "is seen where it was cut");
	refused("a cut end at a line");
	put(path, strchr(all, '\n') + 1, strlen(strchr(all, '\n') + 1));
	is_int(verify(), 1, "a cut beginning");
	is_int((long long)report.broken, 1, "is seen at the first line");
	put(path, "", 0);
	is_int(verify(), 1, "an emptied log");
	refused("an emptied log");
	put(beside(".head"), "{\"seq\":0}\n", 10);
	refused("an emptied log with a spoiled head");
	put(beside(".head"), head, strlen(head));
	unlink(path);
	is_int(verify(), 1, "a log that is gone");
	refused("a log that is gone");
	put(path, all, len);
	add_raw("one\ntwo\n");
	refused("several lines behind its end");
	put(path, all, len);
	unlink(beside(".head"));
	is_int(verify(), 1, "a head that is gone");
	refused("a head that is gone");
	put(beside(".head"), "{\"seq\":3}\n", 10);
	is_int(verify(), 1, "a head that says nothing");
	refused("a head that says nothing");
	put(beside(".head"), head, strlen(head));
	is_int(verify(), 0, "as it was");
	chmod(path, 0660);
	is_int(append("\"z\":1"), -1, "a log that others may write");
	is_int(err.code, TMK_INPUT, "is no log of ours");
	free(all);
	free(head);
}

static void test_last_line(void)
{
	char *all;
	size_t len;
	int i;

	fresh("last-line");
	for (i = 0; i < 3; i++)
		must(!append("\"a\":\"text\""));
	all = strdup(slurp(path));
	len = strlen(all);
	all[len - 5] ^= 1;
	put(path, all, len);
	refused("a last line that was changed");
	all[len - 1] = '\0';
	put(path, all, (size_t)(strrchr(all, '\n') - all) + 1);
	is_int(verify(), 1, "the last line cut off");
	refused("the last line cut off");
	free(all);
}

/* Whoever writes a log anew cannot begin it with any number but one. */
static void test_numbers(void)
{
	static const struct {
		int seq;
		const char *what;
		int rc;
	} some[] = {
		{ 1, "a log begins with one", 0 },
		{ 2, "not with two", 1 },
	};
	char line[256];
	size_t i;
	int n;

	for (i = 0; i < 2; i++) {
		struct tmk_chain_report r;

		fresh(i ? "from-two" : "from-one");
		n = snprintf(line, sizeof(line), "{\"seq\":%d,\"prev\":\"%064d\","
			     "\"time\":\"2025-06-15T15:06:40Z\",\"kind\":"
			     "\"test\"}\n", some[i].seq, 0);
		put(path, line, (size_t)n);
		/* without a head the reading itself comes to its end */
		is_int(tmk_chain_log_read(&r, path, NULL, &err), 1, "no head");
		is_int((long long)r.broken, some[i].rc ? 1 : 2, "%s: %s",
		       some[i].what, r.text);
	}
}

/* ---- rotation ------------------------------------------------------------------ */

static int rotate(char **moved, char *why)
{
	memset(&err, 0, sizeof(err));
	*moved = NULL;
	return tmk_chain_log_rotate(moved, why, 256, path, 1750000001, &err);
}

static void test_rotate(void)
{
	char *moved, why[256];

	fresh("rotated");
	is_int(rotate(&moved, why), -1, "what is not there is not rotated");
	is_int(err.code, TMK_INPUT, "and says so");
	must(!append("\"a\":1") && !append("\"a\":2"));
	ok(!rotate(&moved, why), "a rotation");
	is_str(moved, beside(".1"), "the old name with a number");
	is_str(why, "", "nothing was wrong");
	free(moved);
	ok(!append("\"a\":3"), "the new one goes on");
	is_int(verify(), 0, "and is whole");
	is_int((long long)report.last.seq, 4, "with the next number");
	is_str(report.from, "rotated.1", "it names the one before");
	ok(!rotate(&moved, why) && !strcmp(moved, beside(".2")), "again");
	free(moved);
	unlink(beside(".2"));
	unlink(beside(".1"));
	unlink(beside(".1.head"));
	ok(!rotate(&moved, why) && !strcmp(moved, beside(".3")),
	   "a number is not used twice");
	free(moved);
	must(!append("\"a\":4"));
	put(path, "x", 1);
	refused("a broken log");
	ok(!rotate(&moved, why) && strstr(why, "cut off"),
	   "a rotation tells what was broken");
	free(moved);
	ok(!append("\"a\":5") && !verify(), "and the new log is used");
	ok(strstr(report.was_broken, "cut off"), "which says it too");
	unlink(path);
	ok(!rotate(&moved, why) && !moved && strstr(why, "gone"),
	   "a log that is gone is begun anew, and that is told");
	ok(!append("\"a\":6") && !verify(), "and used");
	unlink(beside(".head"));
	ok(!rotate(&moved, why) && moved && !append("\"a\":7") && !verify(),
	   "one without a head as well");
	free(moved);
}

/* A rotation that was interrupted between its steps. */
static void test_rotate_torn(void)
{
	char *moved, why[256], *head, old[80];

	fresh("half");
	must(!append("\"a\":1"));
	head = strdup(slurp(beside(".head")));
	must(!rotate(&moved, why));
	put(beside(".head"), head, strlen(head));
	is_int(verify(), 0, "the last step is missing: still a log");
	ok(!append("\"a\":2") && !verify() && report.last.seq == 3,
	   "and one that goes on");
	free(moved);
	free(head);
	head = strdup(slurp(beside(".head")));
	must(!rotate(&moved, why));
	snprintf(old, sizeof(old), "%s", moved);
	unlink(path);
	put(beside(".head"), head, strlen(head));
	free(moved);
	ok(!rotate(&moved, why) && !moved && !*why && !verify() &&
	   !strcmp(report.from, strrchr(old, '/') + 1),
	   "a rotation finds what the first one moved");
	unlink(path);
	put(beside(".head"), head, strlen(head));
	ok(!append("\"a\":3") && !verify() && report.last.seq == 5 &&
	   !report.was_broken[0] &&
	   !strcmp(report.from, strrchr(old, '/') + 1),
	   "an append does too, and goes on behind it");
	unlink(path);
	put(beside(".head"), head, strlen(head));
	memset(&err, 0, sizeof(err));
	ok(!tmk_chain_log_check(path, &err) && !verify() &&
	   report.last.seq == 4, "a look at it as well");
	unlink(path);
	put(beside(".head"), head, strlen(head));
	put(old, "", 0);
	refused("what was moved is not what the head says");
	free(head);
}

/* ---- several at once -------------------------------------------------------------- */

static void test_writers(void)
{
	int i, n, status, bad = 0;
	pid_t pid[4];

	fresh("writers");
	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (pid[i])
			continue;
		for (n = 0; n < 25; n++)
			if (append("\"who\":1") < 0)
				_exit(1);
		_exit(0);
	}
	for (i = 0; i < 4; i++)
		bad += waitpid(pid[i], &status, 0) != pid[i] || status != 0;
	is_int(bad, 0, "four writers at once");
	is_int(verify(), 0, "make one chain");
	is_int((long long)report.lines, 100, "of all their entries");
}

static void test_odd_files(void)
{
	fresh("fifo");
	must(!mkfifo(path, 0600));
	is_int(append("\"a\":1"), -1, "a pipe is no log");
	fresh("folder");
	must(!mkdir(path, 0700));
	is_int(append("\"a\":1"), -1, "nor is a folder");
	fresh("linked");
	must(!symlink("/dev/null", beside(".lock")));
	is_int(append("\"a\":1"), -1, "a lock that is a link is not followed");
}

int main(void)
{
	char command[64];

	must(mkdtemp(dir) != NULL);
	test_append();
	test_large();
	test_torn();
	test_torn_twice();
	test_tampered();
	test_last_line();
	test_numbers();
	test_rotate();
	test_rotate_torn();
	test_writers();
	test_odd_files();
	tmk_buf_release(&content);
	snprintf(command, sizeof(command), "%s", dir);
	{
		char *const rm[] = {
			(char[]){ "rm" }, (char[]){ "-rf" }, command, NULL
		};
		pid_t pid = fork();

		if (!pid) {
			execv("/bin/rm", rm);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
	return tap_done();
}
