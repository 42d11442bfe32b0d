/*
 * fuzz_commands.c - the lines that git gives to the hook, and those of an
 * audit: refused, or commands whose refs may be shown and looked up.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include <git2.h>

#include "hooks/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ref(const char *ref)
{
	const unsigned char *c;

	if (strncmp(ref, "refs/", 5))
		abort();
	for (c = (const unsigned char *)ref; *c; c++)
		if (*c <= 0x20 || *c == 0x7f)
			abort();
}

static void check(const struct tmk_gate *gate)
{
	size_t n;
	int i;

	for (i = 0; i < gate->commands; i++)
		check_ref(gate->command[i].ref);
	for (n = 0; n < gate->refs; n++)
		check_ref(gate->ref[n].name);
}

static int name_ok(struct tmk_repo *repo, const char *name)
{
	int valid = 0;

	(void)repo;
	return !git_reference_name_is_valid(&valid, name) && valid;
}

static void close_none(struct tmk_repo *repo)
{
	(void)repo;
}

static const struct tmk_repo_ops ops = {
	.name = "none", .name_ok = name_ok, .close = close_none
};

static void read_input(int fd, struct tmk_gate_audit *audit, size_t hex)
{
	struct tmk_repo repo = { .ops = &ops, .hex = hex };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_gate gate = { .repo = &repo, .audit = audit };

	if (lseek(fd, 0, SEEK_SET))
		return;
	if (!tmk_gate_input_read(&gate, fd, &err))
		check(&gate);
	else if (!err.text[0])
		abort();
	tmk_gate_release(&gate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_gate_audit audit = { 0 };
	static bool ready;
	int fd;

	if (!ready)
		ready = git_libgit2_init() > 0;
	fd = memfd_create("commands", MFD_CLOEXEC);
	if (fd < 0)
		return 0;
	if (size < 65536 && write(fd, data, size) == (ssize_t)size) {
		read_input(fd, NULL, 40);
		read_input(fd, &audit, 40);
		read_input(fd, NULL, 64);
	}
	close(fd);
	return 0;
}
