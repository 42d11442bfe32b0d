/*
 * rpm-tool.c - what the reader of rpms finds, for tests; package-tool does the
 * rest.
 *
 *   rpm-tool show FILE                 what it is, and its signatures
 *   rpm-tool header FILE sig|main      the entries: tag type count offset len
 *   rpm-tool fits FILE rsa|ec|ed25519  whether such a key may sign it
 *
 * Ends with 1 and "REASON: text" for a refusal, with the error's code and its
 * text and hint for a failure.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/rpm_package.h"

extern const struct tmk_package_ops tmk_package_rpm;

static int show(const struct tmk_package *p)
{
	const struct tmk_rpm *rpm = p->priv;
	int i;

	printf("%s\nmain %" PRIu64 " %" PRIu64 "\nsize %" PRIu64 "\n", p->what,
	       rpm->main.at, rpm->main.end, p->size);
	for (i = 0; i < p->seals; i++)
		printf("seal %d %s %zu\n", i, p->seal[i].role, p->seal[i].len);
	return 0;
}

static int header(const struct tmk_package *p, const char *which)
{
	const struct tmk_rpm *rpm = p->priv;
	const struct tmk_rpm_header *h = !strcmp(which, "sig") ? &rpm->sig :
		&rpm->main;
	uint32_t i;

	for (i = 1; i < h->entries; i++)
		printf("%u %u %u %u %u\n", h->entry[i].tag, h->entry[i].type,
		       h->entry[i].count, h->entry[i].offset,
		       h->entry[i].len);
	return 0;
}

static int fits(const struct tmk_package *p, const char *name,
		struct tmk_err *err)
{
	return p->ops->fits(p, !strcmp(name, "rsa") ? TMK_KEY_RSA :
			    !strcmp(name, "ec") ? TMK_KEY_EC :
			    TMK_KEY_ED25519, err);
}

static int run(const struct tmk_package *p, int argc, char **argv,
	       struct tmk_err *err)
{
	const char *verb = argv[1];

	if (!strcmp(verb, "show"))
		return show(p);
	if (!strcmp(verb, "header") && argc == 4)
		return header(p, argv[3]);
	if (!strcmp(verb, "fits") && argc == 4)
		return fits(p, argv[3], err);
	fprintf(stderr, "rpm-tool: what?\n");
	exit(99);
}

int main(int argc, char **argv)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_package *p = NULL;
	int fd, rc;

	if (argc < 3)
		return 99;
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	rc = fd < 0 ? tmk_err_set(&err, TMK_INPUT, "no such file") :
		tmk_package_rpm.open(&p, fd, &v, &err);
	if (!rc && v.reason != TMK_GOOD) {
		printf("%s: %s; %s\n", tmk_reason_id(v.reason), v.text,
		       v.hint);
		close(fd);
		return 1;
	}
	if (!rc)
		rc = run(p, argc, argv, &err);
	tmk_package_close(p);
	if (fd >= 0)
		close(fd);
	if (rc)
		printf("%s; %s\n", err.text, err.hint);
	return rc ? err.code : 0;
}
