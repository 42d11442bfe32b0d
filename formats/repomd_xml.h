/*
 * repomd_xml.h - the tags of an XML text, one after the other.
 *
 * For formats/repomd.c only. Borrows the text, copies nothing, resolves
 * nothing. What is no plain XML (see repomd.h) is an error in words.
 */
#ifndef TMK_FORMATS_REPOMD_XML_H
#define TMK_FORMATS_REPOMD_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iface/format.h"

#define TMK_REPOMD_ATTRIBUTES 16	/* of one element */

enum tmk_repomd_event {
	TMK_REPOMD_OPEN = 1,	/* <name attribute="value"> */
	TMK_REPOMD_CLOSE,	/* </name>, and after the first for <name/> */
	TMK_REPOMD_END		/* the text is at its end */
};

struct tmk_repomd_xml {
	const uint8_t *at, *end;
	struct tmk_span text;	/* between the last tag and this one,
				   without space or comments around it */
	struct tmk_span name;
	struct tmk_span attribute[TMK_REPOMD_ATTRIBUTES];
	struct tmk_span value[TMK_REPOMD_ATTRIBUTES];
	int attributes;
	bool empty;		/* <name/>: its end is the next event */
	const char *why;	/* the end of a sentence: "it ..." */
};

/* Begin: moves over the XML declaration. Returns false with xml->why. */
bool tmk_repomd_xml_init(struct tmk_repomd_xml *xml, const uint8_t *text,
			 size_t len);

/* The next tag; 0 with xml->why. That tags are closed in the order in which
 * they were opened is for the caller. */
enum tmk_repomd_event tmk_repomd_xml_next(struct tmk_repomd_xml *xml);

/* The value of an attribute of this name; NULL: it has none. */
const struct tmk_span *
tmk_repomd_xml_attribute(const struct tmk_repomd_xml *xml, const char *name);

/* Whether the span is this word. */
bool tmk_repomd_xml_is(struct tmk_span span, const char *word);

#endif
