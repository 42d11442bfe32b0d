#include "iface/store.h"

#include <string.h>

/* More than any SubjectPublicKeyInfo of a key we accept (RSA 16384). */
#define SPKI_MAX 8192

void tmk_key_info_init(struct tmk_key_info *info)
{
	memset(info, 0, sizeof(*info));
	tmk_buf_init(&info->spki, SPKI_MAX);
	info->sensitive = TMK_ABSENT;
	info->always_sensitive = TMK_ABSENT;
	info->extractable = TMK_ABSENT;
	info->never_extractable = TMK_ABSENT;
	info->local = TMK_ABSENT;
	info->sign = TMK_ABSENT;
	info->decrypt = TMK_ABSENT;
	info->unwrap = TMK_ABSENT;
	info->always_authenticate = TMK_ABSENT;
	info->modifiable = TMK_ABSENT;
}

void tmk_key_info_release(struct tmk_key_info *info)
{
	tmk_buf_release(&info->spki);
}
