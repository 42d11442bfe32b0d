#include "plugins/policy_words.h"

#include <stdio.h>
#include <string.h>

#include "base/enc.h"

static const struct {
	enum tmk_seal_format format;
	const char *name;
} names[] = {
	{ TMK_FORMAT_X509, "x509" }, { TMK_FORMAT_OPENPGP, "openpgp" },
	{ TMK_FORMAT_SSH, "ssh" }, { TMK_FORMAT_MINISIGN, "minisign" }
};

const char *tmk_policy_words_text(char *out, size_t size, const char *text)
{
	return tmk_enc_show_into(out, size, text, strlen(text));
}

const char *tmk_policy_words_stamp(enum tmk_timestamp_rule rule)
{
	switch (rule) {
	case TMK_STAMP_OFF:
		return "tokens ignored";
	case TMK_STAMP_WHEN_EXPIRED:
		return "a token when the signer has expired";
	case TMK_STAMP_ALWAYS:
		return "a token always";
	}
	return "?";
}

void tmk_policy_words_formats(unsigned int formats)
{
	const char *between = ", format ";
	size_t i;

	if (!formats)
		printf(", any format");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (formats & 1u << names[i].format) {
			printf("%s%s", between, names[i].name);
			between = " or ";
		}
}
