#include "plugins/report_home.h"

#include <string.h>

bool tmk_report_is_program(const struct tmk_key_info *info)
{
	/* Words in manufacturer and model; NULL: any. */
	static const struct {
		const char *manufacturer, *model;
	} programs[] = {
		{ "SoftHSM", NULL }, { NULL, "SoftHSM" },
		{ "Mozilla", NULL }, { NULL, "NSS" },
		{ "Kryoptic", NULL }, { NULL, "Kryoptic" },
		{ "GNOME", NULL }, { "IBM", "Soft" }, { NULL, "swtpm" },
		{ NULL, "SW   TPM" }, { NULL, "SW TPM" },
	};
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if ((!programs[i].manufacturer ||
		     strcasestr(info->manufacturer,
				programs[i].manufacturer)) &&
		    (!programs[i].model ||
		     strcasestr(info->model, programs[i].model)))
			return true;
	return false;
}
