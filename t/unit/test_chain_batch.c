/* Several entries with one write: all or none, and whatever a crash leaves of
 * them is settled by the next one. */
#include "core/chain_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "t/unit/tap.h"

#define N 3

static char dir[] = "/tmp/tmk-batch-XXXXXX";
static char path[64], head[80];
static struct tmk_err err;
static struct tmk_chain_report report;
static struct tmk_chain_entry entry[N];

static void must(bool good)
{
	if (!good) {
		puts("Bail out! the test's own machinery failed");
		exit(99);
	}
}

static char *slurp(const char *name, size_t *len)
{
	struct tmk_buf b = TMK_BUF_INIT(1 << 20);
	char *text;

	must(!tmk_file_read(&b, name, &err));
	text = strdup(tmk_buf_str(&b));
	*len = b.len;
	tmk_buf_release(&b);
	must(text != NULL);
	return text;
}

static void put(const char *name, const char *data, size_t len)
{
	must(!tmk_file_write(name, 0600, data, len, &err));
}

/* N entries, whose numbers begin with `first`. */
static int append(int first, uint64_t covers)
{
	struct tmk_chain_entry *all[N];
	static char fields[N][32];
	int i;

	memset(&err, 0, sizeof(err));
	for (i = 0; i < N; i++) {
		snprintf(fields[i], sizeof(fields[i]), "\"n\":%d", first + i);
		entry[i] = (struct tmk_chain_entry){
			.time = 1750000000, .kind = "test",
			.fields = fields[i], .len = strlen(fields[i]),
			.covers = i ? 0 : covers,
		};
		all[i] = &entry[i];
	}
	return tmk_chain_log_append_all(path, all, N, &err);
}

static int verify(void)
{
	memset(&err, 0, sizeof(err));
	return tmk_chain_log_read(&report, path, NULL, &err);
}

static void test_together(void)
{
	size_t len;
	char *text;

	ok(!append(1, 0), "three at once");
	is_int(verify(), 0, "hold");
	is_int((long long)report.lines, 3, "are three");
	is_int((long long)entry[0].head.seq, 1, "numbered");
	is_int((long long)entry[2].head.seq, 3, "in their order");
	is_str(entry[2].head.hash, report.last.hash, "each knows its hash");
	is_int((long long)entry[2].head.sealed, 0, "nothing is sealed");
	ok(!append(4, 3) && entry[2].head.sealed == 3, "until an entry says so");
	ok(!append(7, 0) && entry[0].head.sealed == 3, "which is kept");
	text = slurp(head, &len);
	is_int((long long)len, 512, "the head is one sector");
	ok(strstr(text, ",\"sealed\":3} ") != NULL, "and has that in it");
	free(text);
	is_int(verify(), 0, "the chain holds");
}

/* The head is as before the last three, and so much of them is there. */
static void torn(const char *old, size_t old_len, const char *all, size_t len,
		 size_t from)
{
	int bad = 0, whole;
	size_t cut, i;

	for (cut = from; cut <= len; cut++) {
		for (i = from, whole = 0; i < cut; i++)
			whole += all[i] == '\n';
		put(path, all, cut);
		put(head, old, old_len);
		if (append(100, 0) || verify())
			bad++;
		/* recovered: the end was cut away */
		else if ((int)report.lines != 3 + whole + 3 +
			 (all[cut - 1] != '\n'))
			bad++;
	}
	is_int(bad, 0, "three lines cut at each of %zu places", len - from);
}

static void test_torn(void)
{
	size_t old_len, before, len;
	char *old, *all;

	unlink(path);
	unlink(head);
	must(!append(1, 0));
	old = slurp(head, &old_len);
	free(slurp(path, &before));
	must(!append(4, 0));
	all = slurp(path, &len);
	put(head, old, old_len);
	ok(!verify() && report.lines == 6, "a reader takes them as they are");
	torn(old, old_len, all, len, before);
	put(path, all, len);
	put(head, old, old_len);
	must(!truncate(path, (off_t)before - 1));
	is_int(append(7, 0), -1, "what the head tells of must be there");
	is_int(err.code, TMK_REFUSED, "else it is refused");
	/* a line behind the head that is none of ours, and one more */
	all[before + 8] ^= 1;
	put(path, all, len);
	is_int(append(7, 0), -1, "a line that does not follow, and others");
	is_int(err.code, TMK_REFUSED, "are refused");
	free(old);
	free(all);
}

static void test_head(void)
{
	static const char plain[] = "{\"seq\":0,\"hash\":\"00000000000000000000"
		"00000000000000000000000000000000000000000000\",\"start\":0,"
		"\"size\":0}\n";
	size_t len;

	unlink(path);
	unlink(head);
	put(path, "", 0);
	put(head, plain, strlen(plain));
	ok(!append(1, 0) && !verify(), "a head without blanks is taken");
	free(slurp(head, &len));
	is_int((long long)len, 512, "and becomes one of ours");
	put(head, "{\"seq\":9,\"hash\":\"x\"}\n", 21);
	is_int(append(1, 0), -1, "one that is none is not");
	put(head, " \n", 2);
	is_int(append(1, 0), -1, "nor blanks");
}

int main(void)
{
	must(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(head, sizeof(head), "%s.head", path);
	test_together();
	test_torn();
	test_head();
	unlink(path);
	unlink(head);
	snprintf(head, sizeof(head), "%s.lock", path);
	unlink(head);
	rmdir(dir);
	return tap_done();
}
