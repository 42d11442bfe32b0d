/*
 * fuzz_control_kind.c - any bytes as a control file, and as a time: a text
 * that has a kind without its name keeps it under any name, and a time is one
 * that there is.
 */
#include <stdint.h>
#include <stdlib.h>

#include "formats/control_kind.h"
#include "formats/debian_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"x.dsc", "x.buildinfo", "x.changes", "Release"
	};
	enum tmk_control_kind kind = tmk_control_kind_of("x", data, size);
	int64_t t = -1;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		enum tmk_control_kind named =
			tmk_control_kind_of(names[i], data, size);

		demand(kind == TMK_CONTROL_OTHER || named == kind);
	}
	if (tmk_debian_date_read(&t, data, size))
		demand(t >= 0 && t < 253402300800);	/* the year 10000 */
	else
		demand(t == -1);
	return 0;
}
