/*
 * cms_write.h - elements of DER, written from the inside out (X.690).
 *
 * What changes a CMS without making a new one shares this: what is signed is
 * copied as it stands, and only the lengths around it are written anew. Knows
 * no type of CMS. Fails with -1 when a buffer's bound or memory ends; a set
 * belongs to who began it and is freed by tmk_cms_write_release.
 */
#ifndef TMK_SEAL_CMS_WRITE_H
#define TMK_SEAL_CMS_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "seal/cms_ber.h"

#define TMK_CMS_SET_MAX 64	/* elements of one SET OF */

/* Encodings that become one SET OF. Begins as { .n = 0 }. */
struct tmk_cms_set {
	struct tmk_buf item[TMK_CMS_SET_MAX];
	int n;
};

/* Append an element: identifier, definite length of shortest form (X.690
 * 10.1), contents. */
int tmk_cms_write_element(struct tmk_buf *out, uint8_t tag,
			  const struct tmk_buf *body) TMK_MUST_CHECK;

/* Another element of the set, empty, borrowed from it; NULL when it is
 * full. */
struct tmk_buf *tmk_cms_write_item(struct tmk_cms_set *set);

/* Another element, copied as it stands. */
int tmk_cms_write_copy(struct tmk_cms_set *set, const struct tmk_ber *element)
	TMK_MUST_CHECK;

/* Append the contents of the SET OF, sorted as DER wants it (X.690 11.6). The
 * set is in that order afterwards. */
int tmk_cms_write_set(struct tmk_buf *out, struct tmk_cms_set *set)
	TMK_MUST_CHECK;

/* Free what the set holds; it can be begun anew. */
void tmk_cms_write_release(struct tmk_cms_set *set);

#endif
