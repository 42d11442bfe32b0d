/*
 * verify_package.c - the signatures that an artefact carries inside.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/verify_parts.h"

static const struct tmk_package_ops *find(const uint8_t *head, size_t len)
{
	const struct tmk_package_ops *best = NULL;
	int i, bid, most = 0;

	for (i = 0; tmk_packages[i]; i++) {
		bid = tmk_packages[i]->bid(head, len);
		if (bid > most) {
			most = bid;
			best = tmk_packages[i];
		}
	}
	return best;
}

static int read_head(uint8_t *head, size_t *len, int fd, const char *name,
		     struct tmk_err *err)
{
	ssize_t n;

	for (*len = 0; *len < TMK_PACKAGE_HEAD; *len += (size_t)n) {
		n = pread(fd, head + *len, TMK_PACKAGE_HEAD - *len,
			  (off_t)*len);
		if (n < 0 && errno == EINTR) {
			n = 0;
			continue;
		}
		if (n < 0)
			return tmk_err_set(err, TMK_INPUT, "%s: %s", name,
					   strerror(errno));
		if (!n)
			break;
	}
	return 0;
}

int tmk_verify_package_open(struct tmk_package **out, const char **form,
			    int fd, const char *name, struct tmk_verdict *v,
			    struct tmk_err *err)
{
	const struct tmk_package_ops *ops;
	uint8_t head[TMK_PACKAGE_HEAD];
	struct tmk_package *package = NULL;
	struct stat st;
	size_t len = 0;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	if (read_head(head, &len, fd, name, err))
		return -1;
	ops = find(head, len);
	if (!ops)
		return 0;
	if (ops->open(&package, fd, v, err))
		return -1;
	if (!package && !v->reason)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the package's parser gave no answer");
	*form = ops->name;
	*out = package;
	return 0;
}

/* One seal of a package gives its own content: an rpm's signatures do not all
 * cover the same. */
struct content {
	const struct tmk_package *package;
	int seal;
};

static int feed_package(void *from, tmk_front_file_sink *sink, void *to,
			struct tmk_err *err)
{
	const struct content *c = from;

	return c->package->ops->content(c->package, c->seal, sink, to, err);
}

int tmk_verify_inside(struct tmk_verify_case *c,
		      const struct tmk_package *package, struct tmk_err *err)
{
	struct tmk_verify_seal *s = NULL;
	int i;

	for (i = 0; i < package->seals; i++) {
		const struct tmk_package_seal *seal = &package->seal[i];
		struct content content = { package, i };

		if (tmk_verify_case_add(&s, c, seal->data, seal->len,
					seal->role, err))
			return -1;
		s->inside = true;
		s->text = package->ops->text;
		if (s->evidence && tmk_verify_case_digest(c, c->seals - 1,
				c->seals, feed_package, &content, err))
			return -1;
	}
	return 0;
}
