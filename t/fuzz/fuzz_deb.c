/*
 * fuzz_deb.c - debs of any bytes: what is opened can be written again byte for
 * byte, with a signature more or without any, and is over the same content.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "t/unit/package_memory.h"

extern const struct tmk_package_ops tmk_package_deb;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static struct tmk_package *open_fd(int fd, struct tmk_verdict *v)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_package *p = NULL;

	demand(!tmk_package_deb.open(&p, fd, v, &err));
	demand((p != NULL) == (v->reason == TMK_GOOD));
	return p;
}

/* Written with `change` it opens, has so many seals and the same content.
 * Returns its descriptor. */
static int demand_written(const struct tmk_package *p,
			  const struct tmk_package_change *change, int seals)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	int fd = package_memory(NULL, 0);
	struct tmk_package *again;

	demand(!p->ops->write(p, change, fd, &err));
	again = open_fd(fd, &v);
	demand(again && again->seals == seals);
	demand(package_same_content(p, again));
	tmk_package_close(again);
	return fd;
}

static void demand_package(const struct tmk_package *p, const uint8_t *data,
			   size_t size)
{
	struct tmk_buf bytes = TMK_BUF_INIT(2 << 20);
	struct tmk_package_change c = { NULL };
	bool taken = false;
	int fd, i;

	demand(tmk_package_deb.bid(data, size) == 100 && p->what[0]);
	for (i = 0; i < p->seals; i++) {
		demand(p->seal[i].len && p->seal[i].role[0]);
		taken |= !strcmp(p->seal[i].role, "fuzz");
	}
	fd = demand_written(p, &c, p->seals);
	package_bytes(&bytes, fd);
	demand(bytes.len == size && !memcmp(bytes.data, data, size));
	close(fd);
	c.drop = ~0u;
	close(demand_written(p, &c, 0));
	c.role = "fuzz";
	c.data = data;
	c.len = 7;
	close(demand_written(p, &c, 1));
	c.drop = 0;
	if (!taken && p->seals < TMK_PACKAGE_SEALS)
		close(demand_written(p, &c, p->seals + 1));
	tmk_buf_release(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_package *p;
	int fd;

	if (size > 1 << 20)
		return 0;
	fd = package_memory(data, size);
	p = open_fd(fd, &v);
	if (p)
		demand_package(p, data, size);
	else
		demand(v.text[0] && v.hint[0]);
	tmk_package_close(p);
	close(fd);
	return 0;
}
