#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "formats/cleartext.h"
#include "formats/file_range.h"
#include "iface/package.h"
#include "iface/seal.h"

extern const struct tmk_package_ops tmk_package_clearsign;

/* A clearsigned text, read. */
struct clearsign {
	struct tmk_package package;	/* first */
	struct tmk_cleartext_parts parts;
};

static int bid(const uint8_t *head, size_t len)
{
	return tmk_cleartext_begins(head, len) ? 100 : 0;
}

static void close_package(struct tmk_package *package)
{
	struct clearsign *c = package->priv;

	tmk_cleartext_parts_release(&c->parts);
	free(c);
}

/* One seal for each signature; roles there are none. */
static void fill(struct clearsign *c, int fd, uint64_t size)
{
	struct tmk_package *p = &c->package;
	int i;

	p->ops = &tmk_package_clearsign;
	p->fd = fd;
	p->size = size;
	p->seals = c->parts.signatures;
	for (i = 0; i < p->seals; i++) {
		p->seal[i].data = c->parts.signature[i].data;
		p->seal[i].len = c->parts.signature[i].len;
	}
	memcpy(p->what, "clearsigned text", sizeof("clearsigned text"));
	p->priv = c;
}

static int open_package(struct tmk_package **out, int fd,
			struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_buf file = TMK_BUF_INIT(TMK_CLEARTEXT_MAX);
	struct clearsign *c = NULL;
	uint64_t size;
	int rc = -1;

	*out = NULL;
	if (tmk_file_range_size(&size, fd, "the clearsigned text", err))
		return -1;
	if (size > TMK_CLEARTEXT_MAX)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the "
			"clearsigned text is larger than %d bytes",
			TMK_CLEARTEXT_MAX);
	c = calloc(1, sizeof(*c));
	if (!c)
		return tmk_err_nomem(err);
	tmk_cleartext_parts_init(&c->parts);
	if (!tmk_buf_reserve(&file, (size_t)size)) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_file_read_at(file.data, (size_t)size, fd, 0,
			     "the clearsigned text", err))
		goto out;
	rc = tmk_cleartext_parse(&c->parts, file.data, (size_t)size, v, err);
	if (rc || v->reason != TMK_GOOD)
		goto out;
	fill(c, fd, size);
	*out = &c->package;
	c = NULL;
out:
	tmk_buf_release(&file);
	if (c)
		tmk_cleartext_parts_release(&c->parts);
	free(c);
	return rc;
}

/* Every signature is over the same text. */
static int content(const struct tmk_package *package, int i,
		   tmk_package_sink *sink, void *to, struct tmk_err *err)
{
	const struct clearsign *c = package->priv;

	(void)i;
	return tmk_cleartext_canonical(TMK_CLEARTEXT_FRAMED,
				       c->parts.text.data, c->parts.text.len,
				       sink, to, err);
}

/* The signatures that stay, and the new one behind them. */
static int gather(struct tmk_buf *packets, const struct tmk_package *package,
		  const struct tmk_package_change *change, struct tmk_err *err)
{
	int i, kept = 0;

	for (i = 0; i < package->seals; i++) {
		if (change->drop & 1u << i)
			continue;
		kept++;
		if (tmk_buf_add(packets, package->seal[i].data,
				package->seal[i].len))
			return tmk_err_nomem(err);
	}
	if (change->data && kept == TMK_PACKAGE_SEALS)
		return tmk_err_set(err, TMK_USAGE, "the text has %d signatures "
				   "already", kept);
	if (change->data &&
	    tmk_buf_add(packets, change->data, change->len))
		return tmk_err_set(err, TMK_USAGE, "the signatures would be "
				   "larger than %d bytes", TMK_SEAL_MAX);
	if (!packets->len)
		return tmk_err_set(err, TMK_USAGE, "a clearsigned text keeps "
				   "at least one signature");
	return 0;
}

static int write_package(const struct tmk_package *package,
			 const struct tmk_package_change *change, int out,
			 struct tmk_err *err)
{
	struct tmk_buf packets = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf file = TMK_BUF_INIT(2 * TMK_CLEARTEXT_MAX);
	const struct clearsign *c = package->priv;
	int rc = -1;

	if (change->role && *change->role)
		return tmk_err_set(err, TMK_USAGE, "the signatures of a "
				   "clearsigned text have no roles");
	if (gather(&packets, package, change, err) ||
	    tmk_cleartext_write(&file, c->parts.text.data, c->parts.text.len,
				packets.data, packets.len, err))
		goto out;
	rc = tmk_file_write_fd(out, file.data, file.len,
			       "the clearsigned text", err);
out:
	tmk_buf_release(&packets);
	tmk_buf_release(&file);
	return rc;
}

const struct tmk_package_ops tmk_package_clearsign = {
	.name = "clearsign",
	.text = true,
	.bid = bid,
	.open = open_package,
	.content = content,
	.write = write_package,
	.close = close_package
};
