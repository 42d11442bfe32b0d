/*
 * rounds.c - commands timed in turn, so that a machine that slows down slows
 * all of them.
 *
 *   rounds N INPUT NAME COMMAND [NAME COMMAND]...
 *
 * Runs A B C A B C ... N times after one round that does not count, each
 * COMMAND split into words at blanks, with INPUT as standard input, and prints
 * per command: name, median wall ms, minimum, maximum, peak KiB, median ms of
 * processor time, separated by tabs; the last two count the processes that the
 * command waited for, the peak is that of the largest. A command that fails
 * ends it with 1.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS 8

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

#define WORDS 64

/* Words are what stands between blanks; a shell in between would cost more
 * than what is measured. */
static void child(const char *input, const char *command)
{
	int in = open(input, O_RDONLY), out = open("/dev/null", O_WRONLY);
	char *line = strdup(command), *argv[WORDS + 1];
	int n = 0;

	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	while (line && n < WORDS) {
		argv[n] = strsep(&line, " \t\n");
		n += *argv[n] != 0;
	}
	argv[n] = NULL;
	if (n)
		execvp(argv[0], argv);
	_exit(127);
}

static double used_ms(const struct rusage *use)
{
	return (double)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) * 1e3 +
		(double)(use->ru_utime.tv_usec + use->ru_stime.tv_usec) / 1e3;
}

/* One run; negative when it failed. */
static double once(const char *input, const char *command, long *rss,
		   double *cpu)
{
	struct rusage use;
	double start = now_ms();
	pid_t pid = fork();
	int status;

	if (!pid)
		child(input, command);
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid)
		return -1;
	if (use.ru_maxrss > *rss)
		*rss = use.ru_maxrss;
	*cpu = used_ms(&use);
	return status ? -1 : now_ms() - start;
}

int main(int argc, char **argv)
{
	int rounds = argc > 4 ? (int)strtol(argv[1], NULL, 10) : 0, r, c;
	int commands = (argc - 3) / 2;
	double *ms[COMMANDS], *cpu[COMMANDS], used = 0;
	long rss[COMMANDS] = { 0 };

	if (rounds < 1 || commands < 1 || commands > COMMANDS || argc % 2 == 0)
		return 2;
	for (c = 0; c < commands; c++) {
		ms[c] = calloc((size_t)rounds, sizeof(double));
		cpu[c] = calloc((size_t)rounds, sizeof(double));
		if (!ms[c] || !cpu[c])
			return 1;
	}
	for (r = -1; r < rounds; r++)
		for (c = 0; c < commands; c++) {
			double t = once(argv[2], argv[4 + 2 * c], &rss[c],
					&used);

			if (t < 0) {
				fprintf(stderr, "rounds: failed: %s\n",
					argv[4 + 2 * c]);
				return 1;
			}
			if (r < 0)
				continue;
			ms[c][r] = t;
			cpu[c][r] = used;
		}
	for (c = 0; c < commands; c++) {
		qsort(ms[c], (size_t)rounds, sizeof(double), compare);
		qsort(cpu[c], (size_t)rounds, sizeof(double), compare);
		printf("%s\t%.2f\t%.2f\t%.2f\t%ld\t%.2f\n",
		       argv[3 + 2 * c], ms[c][rounds / 2], ms[c][0],
		       ms[c][rounds - 1], rss[c], cpu[c][rounds / 2]);
		free(ms[c]);
		free(cpu[c]);
	}
	return 0;
}
