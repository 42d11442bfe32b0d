#include "formats/rpm_package.h"

#include <stdio.h>
#include <string.h>

#include "base/enc.h"

#define NAME_MAX_BYTES 255	/* of a name, a version, a release */
#define LEAD_MAJOR 4
#define LEAD_TYPE 78
#define TYPE_HEADERSIG 5	/* the only kind of signature since 1997 */
#define TAG_SIG_MAX6 999	/* the highest of format 6 */

static const uint8_t lead_magic[4] = { 0xed, 0xab, 0xee, 0xdb };

#define malformed(v, ...) \
	tmk_verdict_refuse((v), TMK_OBJECT_MALFORMED, __VA_ARGS__)

static int parse_lead(struct tmk_rpm *rpm, struct tmk_verdict *v,
		      struct tmk_err *err)
{
	uint8_t lead[TMK_RPM_LEAD];

	if (rpm->file.size < sizeof(lead))
		return malformed(v, "the package ends within its lead");
	if (tmk_rpm_file_get(lead, sizeof(lead), &rpm->file, 0, err))
		return -1;
	if (memcmp(lead, lead_magic, sizeof(lead_magic)))
		return malformed(v, "this is no rpm");
	if (lead[LEAD_MAJOR] < 3 || lead[LEAD_MAJOR] > 4)
		return malformed(v, "the lead is of version %d, which no rpm "
				 "in use reads", lead[LEAD_MAJOR]);
	if (lead[LEAD_TYPE] || lead[LEAD_TYPE + 1] != TYPE_HEADERSIG)
		return malformed(v, "the lead announces no signature header");
	return 0;
}

/* Nothing may hide between the headers. */
static int parse_padding(struct tmk_rpm *rpm, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	uint64_t at = rpm->sig.end, end = tmk_rpm_align8(at);
	uint8_t pad[8];
	size_t i, len = (size_t)(end - at);

	if (end > rpm->file.size)
		return malformed(v, "the package ends behind its signature "
				 "header");
	if (tmk_rpm_file_get(pad, len, &rpm->file, at, err))
		return -1;
	for (i = 0; i < len; i++)
		if (pad[i])
			return malformed(v, "there is something between the "
					 "headers");
	return 0;
}

/* ---- what the main header says ---------------------------------------- */

/* The text of a tag as the only string there: *out is closed with a NUL, and
 * *there tells whether there is such a tag. */
static int get_text(char *out, size_t size, bool *there, struct tmk_rpm *rpm,
		    uint32_t tag, struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_rpm_entry *e = tmk_rpm_header_find(&rpm->main, tag);

	*there = e != NULL;
	out[0] = '\0';
	if (!e)
		return 0;
	if (e->type != TMK_RPM_STRING || e->len > size)
		return malformed(v, "tag %u of the main header is no short "
				 "text", tag);
	return tmk_rpm_file_get((uint8_t *)out, e->len, &rpm->file,
				rpm->main.data + e->offset, err);
}

/* A name that people read: it must look like what it is, and be no path. */
static int check_name(struct tmk_rpm *rpm, uint32_t tag, struct tmk_verdict *v,
		      struct tmk_err *err)
{
	char text[NAME_MAX_BYTES + 1], shown[4 * sizeof(text)];
	bool there;

	if (get_text(text, sizeof(text), &there, rpm, tag, v, err))
		return -1;
	if (v->reason != TMK_GOOD)
		return 0;
	if (!there && tag != TMK_RPM_ARCH)
		return malformed(v, "the main header lacks tag %u, which "
				 "names the package", tag);
	if (!there)
		return 0;
	tmk_enc_show_into(shown, sizeof(shown), text, strlen(text));
	if (!text[0] || strcmp(text, shown) || strpbrk(text, "/ "))
		return malformed(v, "the package has the name, version, "
				 "release or architecture \"%s\"", shown);
	return 0;
}

static int parse_format(struct tmk_rpm *rpm, struct tmk_verdict *v,
			struct tmk_err *err)
{
	const struct tmk_rpm_entry *e =
		tmk_rpm_header_find(&rpm->main, TMK_RPM_RPMFORMAT);
	const struct tmk_rpm_entry *last =
		&rpm->sig.entry[rpm->sig.entries - 1];
	uint8_t number[4];

	rpm->format = 4;
	if (!e)
		return 0;
	if (e->type != TMK_RPM_INT32 || e->count != 1)
		return malformed(v, "the package says its format as no "
				 "number");
	if (tmk_rpm_file_get(number, sizeof(number), &rpm->file,
			     rpm->main.data + e->offset, err))
		return -1;
	rpm->format = tmk_rpm_be32(number);
	if (rpm->format != 4 && rpm->format != TMK_RPM_FORMAT)
		return malformed(v, "the package is of format %u: 4 and 6 "
				 "are known", rpm->format);
	if (rpm->format == TMK_RPM_FORMAT && last->tag > TAG_SIG_MAX6)
		return malformed(v, "the signature header has tag %u, which "
				 "packages of format 6 do not have", last->tag);
	return 0;
}

static int describe(struct tmk_rpm *rpm, struct tmk_verdict *v,
		    struct tmk_err *err)
{
	char text[32], shown[4 * sizeof(text)];
	bool there, source;

	if (get_text(text, sizeof(text), &there, rpm, TMK_RPM_COMPRESSOR, v,
		     err))
		return -1;
	source = tmk_rpm_header_find(&rpm->main, TMK_RPM_SOURCEPACKAGE) ||
		!tmk_rpm_header_find(&rpm->main, TMK_RPM_SOURCERPM);
	if (there)
		tmk_enc_show_into(shown, sizeof(shown), text, strlen(text));
	snprintf(rpm->package.what, sizeof(rpm->package.what),
		 "%srpm %u, %.64s payload", source ? "source " : "",
		 rpm->format, there ? shown : "gzip");
	return 0;
}

int tmk_rpm_parse(struct tmk_rpm *rpm, struct tmk_verdict *v,
		  struct tmk_err *err)
{
	static const uint32_t names[] = {
		TMK_RPM_NAME, TMK_RPM_VERSION, TMK_RPM_RELEASE, TMK_RPM_ARCH
	};
	size_t i;

	if (parse_lead(rpm, v, err))
		return -1;
	if (v->reason == TMK_GOOD &&
	    tmk_rpm_header_read(&rpm->sig, &rpm->file, TMK_RPM_LEAD,
				TMK_RPM_REGION_SIG, v, err))
		return -1;
	if (v->reason == TMK_GOOD && parse_padding(rpm, v, err))
		return -1;
	if (v->reason == TMK_GOOD &&
	    tmk_rpm_header_read(&rpm->main, &rpm->file,
				tmk_rpm_align8(rpm->sig.end),
				TMK_RPM_REGION_MAIN, v, err))
		return -1;
	if (v->reason == TMK_GOOD && parse_format(rpm, v, err))
		return -1;
	for (i = 0; v->reason == TMK_GOOD &&
	     i < sizeof(names) / sizeof(names[0]); i++)
		if (check_name(rpm, names[i], v, err))
			return -1;
	if (v->reason == TMK_GOOD && describe(rpm, v, err))
		return -1;
	return 0;
}
