/*
 * rpm_header.h - one header of an rpm: an index of tagged entries over a store
 * of data. A package has two, the signature header and the main one.
 *
 * Strict as rpm's own reader is (lib/header.c there) and beyond: one region
 * that holds everything, tags ascending and so none of them twice, data
 * in that order, inside its bounds, aligned and not shared. Entries are kept,
 * data stays in the file. Knows nothing of what tags mean. Refusals are
 * object-malformed and limit-exceeded.
 */
#ifndef TMK_FORMATS_RPM_HEADER_H
#define TMK_FORMATS_RPM_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "formats/rpm_file.h"
#include "iface/verdict.h"

#define TMK_RPM_INTRO 16	/* magic, two numbers */
#define TMK_RPM_ENTRY 16	/* bytes of one entry of the index */
#define TMK_RPM_SIG_ENTRIES 32	/* what rpm reads at most */
#define TMK_RPM_SIG_DATA (64u << 20)
#define TMK_RPM_MAIN_ENTRIES 65535u
#define TMK_RPM_MAIN_DATA (256u << 20)

/* Types of data. */
enum tmk_rpm_type {
	TMK_RPM_CHAR = 1,
	TMK_RPM_INT8,
	TMK_RPM_INT16,
	TMK_RPM_INT32,
	TMK_RPM_INT64,
	TMK_RPM_STRING,
	TMK_RPM_BIN,
	TMK_RPM_STRINGS,
	TMK_RPM_I18N
};

/* The first entry of each header: its region. */
enum {
	TMK_RPM_REGION_IMAGE = 61,
	TMK_RPM_REGION_SIG = 62,
	TMK_RPM_REGION_MAIN = 63
};

struct tmk_rpm_entry {
	uint32_t tag;
	uint32_t type;		/* enum tmk_rpm_type */
	uint32_t offset;	/* in the store */
	uint32_t count;
	uint32_t len;		/* bytes it takes there */
};

struct tmk_rpm_header {
	uint64_t at;		/* its magic, in the file */
	uint64_t data;		/* its store, in the file */
	uint64_t end;		/* what follows it, in the file */
	uint32_t data_len;
	uint32_t entries;
	struct tmk_rpm_entry *entry;	/* the first one is the region */
};

/* The eight bytes that a header begins with. */
extern const uint8_t tmk_rpm_header_magic[8];

/*
 * Read and check the header at `at`: `region` says which of the two it is to
 * be. Returns 0 with the header, which belongs to the caller; 0 with the
 * refusal in `v`; negative when it cannot be read. Release it in any case.
 */
int tmk_rpm_header_read(struct tmk_rpm_header *header,
			struct tmk_rpm_file *file, uint64_t at,
			uint32_t region, struct tmk_verdict *v,
			struct tmk_err *err) TMK_MUST_CHECK;

/* Free the entries. */
void tmk_rpm_header_release(struct tmk_rpm_header *header);

/* The entry of a tag; NULL: there is none. */
const struct tmk_rpm_entry *
tmk_rpm_header_find(const struct tmk_rpm_header *header, uint32_t tag);

/* Where an entry's data must begin: a multiple of this. 0: there is no such
 * type. */
unsigned int tmk_rpm_header_align(uint32_t type);

#endif
