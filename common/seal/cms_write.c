#include "seal/cms_write.h"

#include <stdlib.h>
#include <string.h>

#include "iface/seal.h"

static int add_head(struct tmk_buf *out, uint8_t tag, size_t len)
{
	uint8_t head[6] = { tag };
	size_t n = 0, i;

	if (len < 0x80) {
		head[1] = (uint8_t)len;
		return tmk_buf_add(out, head, 2);
	}
	while (n < sizeof(size_t) && len >> 8 * n)
		n++;
	if (n > 4)
		return -1;
	head[1] = (uint8_t)(0x80 | n);
	for (i = 0; i < n; i++)
		head[2 + i] = (uint8_t)(len >> 8 * (n - 1 - i));
	return tmk_buf_add(out, head, 2 + n);
}

int tmk_cms_write_element(struct tmk_buf *out, uint8_t tag,
			  const struct tmk_buf *body)
{
	return add_head(out, tag, body->len) ||
		tmk_buf_add(out, body->data, body->len) ? -1 : 0;
}

struct tmk_buf *tmk_cms_write_item(struct tmk_cms_set *set)
{
	struct tmk_buf *item;

	if (set->n == TMK_CMS_SET_MAX)
		return NULL;
	item = &set->item[set->n++];
	tmk_buf_init(item, TMK_SEAL_MAX);
	return item;
}

int tmk_cms_write_copy(struct tmk_cms_set *set, const struct tmk_ber *element)
{
	struct tmk_buf *item = tmk_cms_write_item(set);

	return !item || tmk_buf_add(item, element->all, element->all_len) ?
		-1 : 0;
}

/* As octet strings, the shorter one padded with zeros. */
static int compare(const void *a, const void *b)
{
	const struct tmk_buf *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int rc = n ? memcmp(x->data, y->data, n) : 0;

	return rc ? rc : (x->len > y->len) - (x->len < y->len);
}

int tmk_cms_write_set(struct tmk_buf *out, struct tmk_cms_set *set)
{
	int i, rc = 0;

	qsort(set->item, (size_t)set->n, sizeof(set->item[0]), compare);
	for (i = 0; !rc && i < set->n; i++)
		rc = tmk_buf_add(out, set->item[i].data, set->item[i].len);
	return rc ? -1 : 0;
}

void tmk_cms_write_release(struct tmk_cms_set *set)
{
	while (set->n)
		tmk_buf_release(&set->item[--set->n]);
}
