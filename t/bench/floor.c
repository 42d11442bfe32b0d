/*
 * floor.c - what the disk gives: files made, synced, renamed, and nothing else.
 *
 *   floor DIRECTORY FILES BYTES GROUP
 *
 * Makes FILES files of BYTES bytes in DIRECTORY under temporary names, GROUP of
 * them at a time: written, all started on their way to the disk, each waited
 * for, renamed, and the directory synced. Prints the milliseconds. What a
 * signer of many files cannot do without on this disk; for `make bench` alone.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define GROUP_MAX 512

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int make(int *fd, int n, const char *bytes, size_t len)
{
	char name[32];

	snprintf(name, sizeof(name), "floor-%d.new", n);
	*fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return *fd < 0 || write(*fd, bytes, len) != (ssize_t)len;
}

static int put(int fd, int n)
{
	char from[32], to[32];

	snprintf(from, sizeof(from), "floor-%d.new", n);
	snprintf(to, sizeof(to), "floor-%d", n);
	return close(fd) || rename(from, to);
}

static int group(int first, int n, const char *bytes, size_t len, int dir)
{
	int fd[GROUP_MAX], i;

	for (i = 0; i < n; i++)
		if (make(&fd[i], first + i, bytes, len))
			return -1;
	for (i = 0; i < n; i++)
		(void)sync_file_range(fd[i], 0, 0, SYNC_FILE_RANGE_WRITE);
	for (i = 0; i < n; i++)
		if (fsync(fd[i]))
			return -1;
	for (i = 0; i < n; i++)
		if (put(fd[i], first + i))
			return -1;
	return fsync(dir);
}

int main(int argc, char **argv)
{
	int files, of_group, dir, i, n;
	double start;
	size_t len;
	char *bytes;

	if (argc != 5 || chdir(argv[1]))
		return 2;
	files = atoi(argv[2]);
	len = (size_t)atoi(argv[3]);
	of_group = atoi(argv[4]);
	bytes = calloc(1, len + 1);
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!bytes || dir < 0 || of_group < 1 || of_group > GROUP_MAX)
		return 2;
	start = now_ms();
	for (i = 0; i < files; i += n) {
		n = files - i < of_group ? files - i : of_group;
		if (group(i, n, bytes, len, dir))
			return 1;
	}
	printf("%.2f\n", now_ms() - start);
	free(bytes);
	return 0;
}
