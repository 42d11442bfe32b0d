/* Files: bounded reading, and writing that is whole or not there. */
#include "base/file.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/unit/tap.h"

static struct tmk_err err;

static void test_write_and_read(void)
{
	struct tmk_buf b = TMK_BUF_INIT(5), small = TMK_BUF_INIT(4);
	struct stat st;

	ok(!tmk_file_write("f", 0600, "hello", 5, &err), "write a file");
	ok(!stat("f", &st) && (st.st_mode & 0777) == 0600, "with its mode");
	ok(!tmk_file_read(&b, "f", &err), "read exactly the limit");
	is_str(tmk_buf_str(&b), "hello", "its content");
	ok(tmk_file_read(&small, "f", &err) < 0, "one byte over the limit");
	is_int(err.code, TMK_INPUT, "is an input error");
	ok(tmk_file_read(&small, "none", &err) < 0, "a missing file");
	is_str(err.text, "none: No such file or directory", "says which");
	ok(!mkfifo("fifo", 0600) && tmk_file_read(&small, "fifo", &err) < 0,
	   "a FIFO is refused, not waited for");
	ok(tmk_file_read(&small, ".", &err) < 0, "a directory is refused");
	tmk_buf_release(&b);
	tmk_buf_release(&small);
}

static void test_newfile(void)
{
	struct tmk_newfile f = TMK_NEWFILE_INIT;
	struct tmk_buf b = TMK_BUF_INIT(64);
	glob_t found;

	ok(!tmk_newfile_open(&f, "f", 0644, &err), "begin to replace a file");
	ok(!tmk_file_write_fd(f.fd, "new", 3, "f", &err), "write to it");
	tmk_newfile_release(&f);
	ok(!tmk_file_read(&b, "f", &err), "give up");
	is_str(tmk_buf_str(&b), "hello", "the old content stands");
	ok(!tmk_newfile_open(&f, "f", 0644, &err) &&
	   !tmk_file_write_fd(f.fd, "new", 3, "f", &err) &&
	   !tmk_newfile_commit(&f, &err), "replace it");
	tmk_buf_clear(&b);
	ok(!tmk_file_read(&b, "f", &err), "read it");
	is_str(tmk_buf_str(&b), "new", "the new content stands");
	ok(tmk_newfile_open(&f, "no/such/f", 0644, &err) < 0,
	   "a missing directory");
	ok(!mkdir("dir", 0700) && !tmk_newfile_open(&f, "dir", 0644, &err) &&
	   tmk_newfile_commit(&f, &err) < 0, "a directory is not replaced");
	ok(glob("dir.*", 0, NULL, &found) == GLOB_NOMATCH,
	   "and no temporary file is left");
	tmk_buf_release(&b);
}

/* Names of temporary files, and the steps of a commit one by one. */
static void test_steps(void)
{
	struct tmk_newfile f = TMK_NEWFILE_INIT, g = TMK_NEWFILE_INIT;
	char name[256];
	struct stat st;

	umask(027);
	ok(!tmk_newfile_open(&f, "s", 0666, &err) &&
	   !tmk_newfile_open(&g, "s", 0666, &err), "two of one name");
	ok(strcmp(f.temp, g.temp), "have names of their own");
	ok(!strncmp(f.temp, "s" TMK_NEWFILE_MARK, 6) &&
	   tmk_newfile_is_temp(f.temp), "that can be told");
	ok(!fstat(f.fd, &st) && (st.st_mode & 0777) == 0640,
	   "the umask applies");
	tmk_newfile_release(&g);
	ok(!tmk_newfile_sync(&f, &err) && f.fd == -1, "synced and closed");
	ok(!tmk_file_exists("s"), "not yet in its place");
	ok(!tmk_newfile_rename(&f, &err) && !f.temp && tmk_file_exists("s"),
	   "renamed");
	ok(!tmk_file_sync_directory(f.path, &err), "the directory synced");
	tmk_newfile_release(&f);
	ok(tmk_file_exists("s"), "and it stays");
	ok(tmk_file_sync_directory("no/s", &err) < 0, "a directory that is "
	   "not there");
	memset(name, 'n', 255);
	name[255] = '\0';
	ok(!tmk_newfile_open(&f, name, 0600, &err) &&
	   !tmk_newfile_commit(&f, &err) && tmk_file_exists(name),
	   "the longest name of a file");
	ok(!tmk_newfile_is_temp("s.tmk-abc12"), "five characters");
	ok(!tmk_newfile_is_temp("s.tmk-abc12-"), "a sign");
	ok(!tmk_newfile_is_temp(".tmk-abc123"), "no name before the mark");
	ok(!tmk_newfile_is_temp("s.tmk-abc1234"), "seven characters");
	ok(tmk_newfile_is_temp("d/s.p7s.tmk-Abc123"), "a whole one");
	umask(022);
}

static void test_full_device(void)
{
	int fd = open("/dev/full", O_WRONLY);

	ok(tmk_file_write_fd(fd, "x", 1, "/dev/full", &err) < 0,
	   "a full device");
	is_str(err.text, "cannot write /dev/full: No space left on device",
	       "says so");
	close(fd);
}

static void test_lock(void)
{
	int one = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int two = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	is_int(tmk_file_lock(one, false, 0, "it", &err), 0, "held alone");
	is_int(tmk_file_lock(two, false, 30, "it", &err), 1, "not by two");
	is_int(tmk_file_lock(two, true, 0, "it", &err), 1, "nor by a reader");
	is_int(tmk_file_lock(one, true, 0, "it", &err), 0, "held to read");
	is_int(tmk_file_lock(two, true, 0, "it", &err), 0, "by several");
	is_int(tmk_file_lock(two, false, 0, "it", &err), 1, "not to write");
	close(one);
	is_int(tmk_file_lock(two, false, 0, "it", &err), 0, "closing frees");
	close(two);
	ok(tmk_file_lock(-1, false, 0, "it", &err) < 0, "no file, no lock");
	is_int(err.code, TMK_INPUT, "which is an error");
}

static void check_path(const char *base, const char *home, const char *rel,
		       const char *want)
{
	char *got = tmk_file_resolve(base, home, rel);

	is_str(got, want, "%s from %s", rel, base);
	free(got);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(void)
{
	char dir[] = "/tmp/tmk-unit.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	umask(022);
	test_write_and_read();
	test_newfile();
	test_steps();
	test_full_device();
	test_lock();
	ok(!tmk_file_mkdirs("a/b/c", &err) && tmk_file_exists("a/b/c"),
	   "make a path");
	ok(!tmk_file_mkdirs("a/b/c", &err), "again is fine");
	ok(tmk_file_mkdirs("f/x", &err) < 0, "below a file is not");
	check_path("/etc/p", "/home/u", "roots.pem", "/etc/roots.pem");
	check_path("/etc/p", "/home/u", "~/r", "/home/u/r");
	check_path("/etc/p", "/home/u", "/r", "/r");
	check_path("p", "/home/u", "r", "r");
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
