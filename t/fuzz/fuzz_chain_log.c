/*
 * fuzz_chain_log.c - lines of a log, whoever wrote them: the reader never
 * fails otherwise than by saying where the chain breaks, and what it takes is
 * the same however it comes in pieces.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include "core/chain_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* What was told, as one number. */
static int on_event(void *ctx, const struct tmk_json_event *e)
{
	uint64_t *sum = ctx;
	size_t i;

	*sum = *sum * 31 + (uint64_t)e->kind * 7 + (uint64_t)e->depth;
	for (i = 0; e->key[i]; i++)
		*sum = *sum * 31 + (uint8_t)e->key[i];
	for (i = 0; i < e->len; i++)
		*sum = *sum * 31 + (uint8_t)e->text[i];
	*sum = *sum * 31 + (uint64_t)e->number;
	demand(e->text[e->len] == '\0' && e->depth <= TMK_JSON_DEPTH_MAX);
	return 0;
}

static void try_pieces(const uint8_t *data, size_t size)
{
	static struct tmk_json_scan scan;
	uint64_t whole = 1, bytes = 1;
	int a, b = 0;
	size_t i;

	tmk_json_scan_init(&scan, on_event, &whole);
	a = tmk_json_scan_feed(&scan, data, size);
	if (!a)
		a = tmk_json_scan_end(&scan);
	tmk_json_scan_init(&scan, on_event, &bytes);
	for (i = 0; i < size && !b; i++)
		b = tmk_json_scan_feed(&scan, data + i, 1);
	if (!b)
		b = tmk_json_scan_end(&scan);
	demand(a == b && whole == bytes);
}

static int on_line(void *ctx, const struct tmk_chain_line *line,
		   struct tmk_err *err)
{
	uint64_t *lines = ctx;

	(void)err;
	demand(line->number == ++*lines && line->fields == TMK_CHAIN_FIELDS &&
	       line->seq > 0 && line->kind[0] && line->len > 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t lines = 0;
	const struct tmk_chain_visit visit = { &lines, NULL, on_line };
	struct tmk_chain_report report;
	struct tmk_err err = TMK_ERR_INIT;
	int fd = memfd_create("log", MFD_CLOEXEC), rc;

	try_pieces(data, size);
	demand(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	rc = tmk_chain_file_read(&report, fd, size, NULL, "log", &visit, &err);
	close(fd);
	demand(rc >= 0 && report.lines == lines);
	demand(rc == (report.broken != 0) && (!rc || report.text[0]));
	return 0;
}
