/*
 * rpm_made.h - rpms made in memory, good ones and lying ones, for tests alone.
 *
 * made_rpm() writes what made_rpm_init() or the test described; places of
 * its parts are kept, so that a test can break one. A failure of the machinery
 * ends the program.
 */
#ifndef TMK_T_RPM_MADE_H
#define TMK_T_RPM_MADE_H

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/file.h"
#include "formats/rpm_package.h"
#include "t/unit/soft.h"

extern const struct tmk_package_ops tmk_package_rpm;

#define MADE_MAX (4 << 20)
#define MADE_ENTRIES 40

struct made_entry {
	uint32_t tag, type, count;
	const void *data;
	size_t len;
};

struct made_rpm {
	/* what is to be made */
	int format;			/* 4 or 6 */
	int reserved;			/* bytes; negative: no such entry */
	const char *payload;
	size_t payload_len;
	int algorithm;			/* of the payload's digest; 0: none */
	bool source;
	bool bare;			/* no digests in the signature header */
	struct made_entry sig[MADE_ENTRIES];	/* more of them, any order */
	int sigs;
	struct made_entry main[MADE_ENTRIES];
	int mains;
	/* what was made */
	struct tmk_buf file;
	size_t sig_at, sig_end, main_at, main_end;
};

static SOFT_UNUSED void made_put32(uint8_t *to, uint32_t n)
{
	int i;

	for (i = 0; i < 4; i++)
		to[i] = (uint8_t)(n >> (24 - 8 * i));
}

static SOFT_UNUSED void made_add(struct tmk_buf *out, const void *data,
				 size_t len)
{
	must_be(!tmk_buf_add(out, data, len));
}

static SOFT_UNUSED void made_add32(struct tmk_buf *out, uint32_t n)
{
	uint8_t bytes[4];

	made_put32(bytes, n);
	made_add(out, bytes, sizeof(bytes));
}

static SOFT_UNUSED void made_pad(struct tmk_buf *out, size_t from, size_t align)
{
	while ((out->len - from) % align)
		must_be(!tmk_buf_addch(out, 0));
}

static int made_by_tag(const void *a, const void *b)
{
	const struct made_entry *x = a, *y = b;

	return x->tag < y->tag ? -1 : x->tag > y->tag;
}

/* Append a header as rpm writes it: entries sorted, the region around all. */
static SOFT_UNUSED void made_header(struct tmk_buf *out, uint32_t region,
				    struct made_entry *entry, int n)
{
	struct tmk_buf store = TMK_BUF_INIT(MADE_MAX);
	uint32_t offset[MADE_ENTRIES];
	int i;

	qsort(entry, (size_t)n, sizeof(*entry), made_by_tag);
	for (i = 0; i < n; i++) {
		unsigned int align = tmk_rpm_header_align(entry[i].type);

		made_pad(&store, 0, align ? align : 1);
		offset[i] = (uint32_t)store.len;
		made_add(&store, entry[i].data, entry[i].len);
	}
	made_add(out, tmk_rpm_header_magic, sizeof(tmk_rpm_header_magic));
	made_add32(out, (uint32_t)n + 1);
	made_add32(out, (uint32_t)store.len + 16);
	made_add32(out, region);
	made_add32(out, TMK_RPM_BIN);
	made_add32(out, (uint32_t)store.len);
	made_add32(out, 16);
	for (i = 0; i < n; i++) {
		made_add32(out, entry[i].tag);
		made_add32(out, entry[i].type);
		made_add32(out, offset[i]);
		made_add32(out, entry[i].count);
	}
	made_add(out, store.data, store.len);
	made_add32(out, region);
	made_add32(out, TMK_RPM_BIN);
	made_add32(out, 0u - 16 * ((uint32_t)n + 1));
	made_add32(out, 16);
	tmk_buf_release(&store);
}

/* Hex of a digest of two pieces of memory, with its NUL; returns its length. */
static SOFT_UNUSED size_t made_hex(char *out, const EVP_MD *md,
				   const void *one, size_t one_len,
				   const void *two, size_t two_len)
{
	EVP_MD_CTX *ctx = must(EVP_MD_CTX_new());
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	must_be(EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
		EVP_DigestUpdate(ctx, one, one_len) == 1 &&
		EVP_DigestUpdate(ctx, two, two_len) == 1 &&
		EVP_DigestFinal_ex(ctx, digest, &len) == 1);
	EVP_MD_CTX_free(ctx);
	tmk_enc_hex(out, digest, len);
	return 2 * len + 1;
}

static SOFT_UNUSED const EVP_MD *made_md(int algorithm)
{
	return algorithm == 1 ? EVP_md5() : algorithm == 2 ? EVP_sha1() :
		algorithm == 9 ? EVP_sha384() : algorithm == 10 ?
		EVP_sha512() : algorithm == 12 ? EVP_sha3_256() :
		EVP_sha256();
}

static SOFT_UNUSED void made_text(struct made_entry *list, int *n,
				  uint32_t tag, uint32_t type, const char *text)
{
	list[(*n)++] = (struct made_entry){ tag, type, 1, text,
		strlen(text) + 1 };
}

static SOFT_UNUSED void made_main(struct made_rpm *m, struct tmk_buf *out)
{
	struct made_entry entry[MADE_ENTRIES];
	char hex[3][2 * EVP_MAX_MD_SIZE + 1];
	uint8_t algorithm[4], format[4];
	int i, n = 0;

	for (i = 0; i < m->mains; i++)
		entry[n++] = m->main[i];
	made_text(entry, &n, TMK_RPM_COMPRESSOR, TMK_RPM_STRING, "gzip");
	if (!m->source)
		made_text(entry, &n, TMK_RPM_SOURCERPM, TMK_RPM_STRING,
			  "made-1-1.src.rpm");
	made_put32(algorithm, (uint32_t)m->algorithm);
	made_put32(format, (uint32_t)m->format);
	made_hex(hex[0], made_md(m->algorithm), m->payload, m->payload_len,
		 "", 0);
	made_hex(hex[1], EVP_sha512(), m->payload, m->payload_len, "", 0);
	made_hex(hex[2], EVP_sha3_256(), m->payload, m->payload_len, "", 0);
	if (m->algorithm) {
		made_text(entry, &n, TMK_RPM_PAYLOAD_DIGEST, TMK_RPM_STRINGS,
			  hex[0]);
		entry[n++] = (struct made_entry){ TMK_RPM_PAYLOAD_ALGORITHM,
			TMK_RPM_INT32, 1, algorithm, 4 };
	}
	if (m->format != 4) {
		entry[n++] = (struct made_entry){ TMK_RPM_RPMFORMAT,
			TMK_RPM_INT32, 1, format, 4 };
		made_text(entry, &n, TMK_RPM_PAYLOAD_SHA512, TMK_RPM_STRING,
			  hex[1]);
		made_text(entry, &n, TMK_RPM_PAYLOAD_SHA3_256, TMK_RPM_STRING,
			  hex[2]);
	}
	made_header(out, TMK_RPM_REGION_MAIN, entry, n);
}

static SOFT_UNUSED void made_sig(struct made_rpm *m, const struct tmk_buf *main)
{
	static const uint8_t zeros[65536];
	struct made_entry entry[MADE_ENTRIES];
	char hex[4][2 * EVP_MAX_MD_SIZE + 1];
	uint8_t size[4], md5[16];
	int i, n = 0;

	for (i = 0; i < m->sigs; i++)
		entry[n++] = m->sig[i];
	made_hex(hex[0], EVP_sha1(), main->data, main->len, "", 0);
	made_hex(hex[1], EVP_sha256(), main->data, main->len, "", 0);
	made_hex(hex[2], EVP_sha3_256(), main->data, main->len, "", 0);
	made_hex(hex[3], EVP_md5(), main->data, main->len, m->payload,
		 m->payload_len);
	must_be(!tmk_dec_hex(md5, sizeof(md5), hex[3], 32));
	made_put32(size, (uint32_t)(main->len + m->payload_len));
	if (!m->bare)
		made_text(entry, &n, TMK_RPM_SIG_SHA256, TMK_RPM_STRING,
			  hex[1]);
	if (!m->bare && m->format != 4)
		made_text(entry, &n, TMK_RPM_SIG_SHA3_256, TMK_RPM_STRING,
			  hex[2]);
	if (!m->bare && m->format == 4) {
		made_text(entry, &n, TMK_RPM_SIG_SHA1, TMK_RPM_STRING, hex[0]);
		entry[n++] = (struct made_entry){ TMK_RPM_SIG_SIZE,
			TMK_RPM_INT32, 1, size, 4 };
		entry[n++] = (struct made_entry){ TMK_RPM_SIG_MD5,
			TMK_RPM_BIN, 16, md5, 16 };
	}
	if (m->reserved > 0)
		entry[n++] = (struct made_entry){ m->format == 4 ?
			TMK_RPM_SIG_RESERVED4 : TMK_RPM_SIG_RESERVED,
			TMK_RPM_BIN, (uint32_t)m->reserved, zeros,
			(size_t)m->reserved };
	m->sig_at = m->file.len;
	made_header(&m->file, TMK_RPM_REGION_SIG, entry, n);
	m->sig_end = m->file.len;
}

/* A package of that format with names, 512 bytes of room and a payload. */
static SOFT_UNUSED void made_rpm_init(struct made_rpm *m, int format)
{
	static const char payload[] = "\037\213 what a compressor made of it";

	memset(m, 0, sizeof(*m));
	m->format = format;
	m->reserved = 512;
	m->payload = payload;
	m->payload_len = sizeof(payload) - 1;
	m->algorithm = 8;
	made_text(m->main, &m->mains, TMK_RPM_NAME, TMK_RPM_STRING, "made");
	made_text(m->main, &m->mains, TMK_RPM_VERSION, TMK_RPM_STRING, "1");
	made_text(m->main, &m->mains, TMK_RPM_RELEASE, TMK_RPM_STRING, "1");
	made_text(m->main, &m->mains, TMK_RPM_ARCH, TMK_RPM_STRING, "noarch");
	tmk_buf_init(&m->file, MADE_MAX);
}

/* Make the file of it. */
static SOFT_UNUSED void made_rpm(struct made_rpm *m)
{
	struct tmk_buf main = TMK_BUF_INIT(MADE_MAX);
	uint8_t lead[TMK_RPM_LEAD] = { 0xed, 0xab, 0xee, 0xdb, 3 };

	lead[79] = 5;
	tmk_buf_clear(&m->file);
	made_add(&m->file, lead, sizeof(lead));
	made_main(m, &main);
	made_sig(m, &main);
	made_pad(&m->file, 0, 8);
	m->main_at = m->file.len;
	made_add(&m->file, main.data, main.len);
	m->main_end = m->file.len;
	made_add(&m->file, m->payload, m->payload_len);
	tmk_buf_release(&main);
}

/* An open file with these bytes. */
static SOFT_UNUSED int made_fd(const void *data, size_t len)
{
	int fd = memfd_create("made", MFD_CLOEXEC);

	must_be(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	return fd;
}

/* The bytes of an open file; the caller releases them. */
static SOFT_UNUSED void made_read(struct tmk_buf *out, int fd)
{
	struct tmk_err err = TMK_ERR_INIT;

	tmk_buf_init(out, MADE_MAX);
	must_be(lseek(fd, 0, SEEK_SET) == 0 &&
		!tmk_file_read_fd(out, fd, "made", &err));
}

#endif
