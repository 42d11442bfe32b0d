#include "seal/cms_read.h"

bool tmk_cms_find_data(struct tmk_ber *type, struct tmk_ber *data,
		       const struct tmk_cms *cms)
{
	struct tmk_ber_cursor c;
	struct tmk_ber e;

	tmk_cms_ber_start(&c, cms->der, cms->len);
	if (!tmk_cms_ber_take(&e, &c, TMK_BER_SEQUENCE))
		return false;
	tmk_cms_ber_enter(&c, &e);
	if (!tmk_cms_ber_take(type, &c, TMK_BER_OID) ||
	    !tmk_cms_ber_take(&e, &c, TMK_BER_TAGGED(0)))
		return false;
	tmk_cms_ber_enter(&c, &e);
	return tmk_cms_ber_take(data, &c, TMK_BER_SEQUENCE);
}
