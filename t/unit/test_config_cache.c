/* What a configuration file said the last time is believed only when it is
 * ours alone, and the very same file. */
#include "core/config_cache.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "core/config_stream.h"
#include "t/unit/tap.h"

static char dir[64], file[96], kept[160];
static struct stat st;

static void put(const char *path, const char *text)
{
	if (tmk_file_write(path, 0600, text, strlen(text), NULL))
		abort();
}

static void look(const char *path)
{
	if (stat(path, &st))
		abort();
}

static void stream(struct tmk_buf *b, const char *value)
{
	tmk_buf_clear(b);
	if (tmk_config_stream_add(b, "touchmark.key", value, false) ||
	    tmk_config_stream_end(b, true))
		abort();
}

static void keep(const char *section, const char *value)
{
	struct tmk_buf b = TMK_BUF_INIT(4096);

	stream(&b, value);
	tmk_config_cache_put(file, section, &st, &b);
	tmk_buf_release(&b);
}

/* Whether it says this of the file. */
static bool says(const char *section, const char *value)
{
	struct tmk_buf got = TMK_BUF_INIT(65536), want = TMK_BUF_INIT(4096);
	bool same;

	stream(&want, value);
	same = tmk_config_cache_get(&got, file, section, &st) &&
		got.len == want.len && !memcmp(got.data, want.data, got.len);
	tmk_buf_release(&want);
	tmk_buf_release(&got);
	return same;
}

/* The one entry that is there; "" when there is none. */
static const char *entry(const char *in)
{
	struct dirent *e;
	DIR *d = opendir(in);

	kept[0] = '\0';
	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, "config.", 7))
			snprintf(kept, sizeof(kept), "%.80s/%.60s", in,
				 e->d_name);
	if (d)
		closedir(d);
	return kept;
}

static char cache[96];

static void test_settled(void)
{
	look(file);
	keep(NULL, "one");
	is_str(entry(cache), "", "a file written just now is not kept");
	sleep(4);
	keep(NULL, "one");
	ok(*entry(cache), "an older one is");
	ok(says(NULL, "one"), "and known");
	look(kept);
	is_int(st.st_mode & 07777, 0600, "for its user alone");
	look(cache);
	is_int(st.st_mode & 07777, 0700, "in a directory of the user's");
	look(file);
}

static void test_same_file(void)
{
	struct stat right = st;

	ok(!says("touchmark", "one"), "another section is not known");
	st.st_ino++;
	ok(!says(NULL, "one"), "nor another file");
	st = right;
	st.st_dev++;
	ok(!says(NULL, "one"), "nor one elsewhere");
	st = right;
	st.st_size++;
	ok(!says(NULL, "one"), "nor one that grew");
	st = right;
	st.st_mtim.tv_nsec ^= 1;
	ok(!says(NULL, "one"), "nor one written a moment later");
	st = right;
	st.st_ctim.tv_nsec ^= 1;
	ok(!says(NULL, "one"), "nor one changed a moment later");
	st = right;
	st.st_ctim.tv_sec--;
	ok(!says(NULL, "one"), "or earlier");
	st.st_mtim = right.st_ctim;
	keep(NULL, "two");
	st = right;
	ok(says(NULL, "one"), "what is another file by now is not kept");
}

/* Something is done to the entry, and it is not believed. */
static void distrusted(const char *what)
{
	ok(!says(NULL, "one"), "%s is not believed", what);
}

static void test_ours_alone(void)
{
	char moved[200];

	entry(cache);
	snprintf(moved, sizeof(moved), "%s.moved", kept);
	if (chmod(kept, 0640))
		abort();
	distrusted("an entry that others may read");
	if (chmod(kept, 0602))
		abort();
	distrusted("an entry that others may write");
	if (chmod(kept, 0600) || link(kept, moved))
		abort();
	distrusted("an entry with a second name");
	if (unlink(kept) || symlink(moved, kept))
		abort();
	distrusted("a link");
	if (unlink(kept) || rename(moved, kept) || chmod(cache, 0770))
		abort();
	distrusted("a directory that others may write");
	keep(NULL, "two");
	if (chmod(cache, 0700))
		abort();
	ok(says(NULL, "one"), "nor is anything written there");
	if (chmod(dir, 0777))
		abort();
	distrusted("a home that others may write");
	if (chmod(dir, 0700))
		abort();
	ok(says(NULL, "one"), "all is well again");
}

static void test_strict(void)
{
	struct tmk_buf b = TMK_BUF_INIT(65536);
	size_t i, believed = 0;

	if (tmk_file_read(&b, entry(cache), NULL))
		abort();
	for (i = 0; i < b.len; i++) {
		if (tmk_file_write(kept, 0600, b.data, i, NULL))
			abort();
		believed += says(NULL, "one");
	}
	is_int((long long)believed, 0, "no part of an entry is believed");
	for (i = 0; i < b.len; i++) {
		b.data[i] ^= 0x01;
		if (tmk_file_write(kept, 0600, b.data, b.len, NULL))
			abort();
		believed += says(NULL, "one");
		b.data[i] ^= 0x01;
	}
	is_int((long long)believed, 0, "nor does a changed one say the same");
	if (tmk_file_write(kept, 0600, b.data, b.len, NULL))
		abort();
	ok(says(NULL, "one"), "the whole one is");
	tmk_buf_release(&b);
}

static void test_bounds(void)
{
	struct tmk_buf b = TMK_BUF_INIT(1024 * 1024);
	char name[64];
	int i, n = 0;
	struct dirent *e;
	DIR *d;

	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "section%d", i);
		keep(name, "one");
	}
	d = opendir(cache);
	while (d && (e = readdir(d)))
		n += *e->d_name != '.';
	if (d)
		closedir(d);
	is_int(n, 64, "300 files leave 64 entries");
	ok(says("section299", "one") && says("section240", "one"),
	   "the last ones");
	ok(!says("section100", "one"), "and not the first");
	for (i = 0; i < 20000; i++)
		if (tmk_config_stream_add(&b, "touchmark.key", "valuevalue",
					  false))
			abort();
	if (tmk_config_stream_end(&b, true))
		abort();
	tmk_config_cache_put(file, "large", &st, &b);
	tmk_buf_clear(&b);
	ok(!tmk_config_cache_get(&b, file, "large", &st),
	   "what is too large is not kept");
	tmk_buf_release(&b);
}

static void test_places(void)
{
	char run[80], xdg[80];

	snprintf(run, sizeof(run), "%s/run", dir);
	snprintf(xdg, sizeof(xdg), "%s/xdg", dir);
	setenv("XDG_CACHE_HOME", xdg, 1);
	keep("xdg", "one");
	ok(access(xdg, F_OK), "a directory that is not there is not made");
	if (mkdir(xdg, 0700) || mkdir(run, 0700))
		abort();
	keep("xdg", "one");
	snprintf(cache, sizeof(cache), "%s/touchmark", xdg);
	ok(*entry(cache) && says("xdg", "one"), "XDG_CACHE_HOME is used");
	setenv("XDG_RUNTIME_DIR", run, 1);
	keep("xdg", "two");
	snprintf(cache, sizeof(cache), "%s/touchmark", run);
	ok(*entry(cache) && says("xdg", "two"),
	   "XDG_RUNTIME_DIR comes first");
	setenv("XDG_RUNTIME_DIR", "run", 1);
	setenv("XDG_CACHE_HOME", "xdg", 1);
	unsetenv("HOME");
	keep("none", "one");
	ok(!says("none", "one"), "without a place nothing is kept");
}

static int remove_one(const char *path, const struct stat *s, int type,
		      struct FTW *ftw)
{
	(void)s;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(void)
{
	snprintf(dir, sizeof(dir), "/tmp/tmk-cache-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(file, sizeof(file), "%s/config", dir);
	snprintf(cache, sizeof(cache), "%s/.cache/touchmark", dir);
	setenv("HOME", dir, 1);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	put(file, "[touchmark]\n\tkey = one\n");
	test_settled();
	test_same_file();
	test_ours_alone();
	test_strict();
	test_bounds();
	test_places();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
