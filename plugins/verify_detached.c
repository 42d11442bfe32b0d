/*
 * verify_detached.c - signatures over all of a file: of its bytes, or of what
 * is compressed in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/verify_case.h"
#include "plugins/verify_parts.h"

/* A file that is read from where it stands to its end. */
struct content {
	int fd;
	const char *name;
	bool quiet;
};

static int feed_file(void *from, tmk_front_file_sink *sink, void *to,
		     struct tmk_err *err)
{
	const struct content *c = from;

	return tmk_front_file_feed(c->fd, c->name, c->quiet, sink, to, err);
}

int tmk_verify_over_file(struct tmk_verify_case *c, int first, int fd,
			 const char *name, struct tmk_err *err)
{
	struct content content = { fd, name, c->verify->quiet };

	if (first == c->seals)
		return 0;
	return tmk_verify_case_digest(c, first, c->seals, feed_file, &content,
				      err);
}

int tmk_verify_detached(struct tmk_verify_answer *answer,
			struct tmk_verify *verify, int fd, const char *name,
			const uint8_t *seal, size_t len, struct tmk_err *err)
{
	struct tmk_verify_case *c = malloc(sizeof(*c));
	int rc;

	if (!c)
		return tmk_err_nomem(err);
	tmk_verify_case_init(c, verify, answer);
	rc = tmk_verify_case_add(NULL, c, seal, len, NULL, err);
	if (!rc)
		rc = tmk_verify_over_file(c, 0, fd, name, err);
	if (!rc)
		rc = tmk_verify_case_judge(c, err);
	tmk_verify_case_release(c);
	free(c);
	return rc;
}
