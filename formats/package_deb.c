#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "formats/ar.h"
#include "formats/armour.h"
#include "formats/file_range.h"
#include "iface/package.h"
#include "iface/seal.h"

#define SIGNED 3		/* members that signatures are over */
#define FIRST "debian-binary"
#define VERSION "2.0\n"		/* deb(5): the format, and its only minor */
#define SIGNATURE "_gpg"
#define USUAL_ROLE "origin"
#define ROLE_MAX 10

extern const struct tmk_package_ops tmk_package_deb;

/* A deb, read; its seals are in memory. */
struct deb {
	struct tmk_package package;	/* first */
	struct tmk_ar ar;
	struct tmk_buf seal[TMK_PACKAGE_SEALS];
};

/* The compressions of deb(5), and how their streams begin (an empty magic: it
 * has none that would be enough). */
static const struct compression {
	const char *suffix;
	const char *magic;
	size_t len;
	bool control;		/* control.tar may have it too */
} compressions[] = {
	{ "", "", 0, true },
	{ ".gz", "\x1f\x8b", 2, true },
	{ ".xz", "\xfd" "7zXZ\0", 6, true },
	{ ".zst", "\x28\xb5\x2f\xfd", 4, true },
	{ ".bz2", "BZh", 3, false },
	{ ".lzma", "\x5d", 1, false },
};

#define MAGIC_MAX 6

static bool malformed(struct tmk_verdict *v, const char *why)
{
	tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "the deb %s", why);
	tmk_verdict_hint(v, "build the package again");
	return false;
}

static const struct compression *compression_of(const char *name,
						const char *stem)
{
	const size_t n = strlen(stem);
	size_t i;

	if (strncmp(name, stem, n))
		return NULL;
	for (i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++)
		if (!strcmp(name + n, compressions[i].suffix))
			return &compressions[i];
	return NULL;
}

/*
 * An archive that begins as a deb does is one. One that has a member of a deb
 * elsewhere is a broken deb, not just any file: it must be refused, not passed
 * by. Libraries are archives too, and none of this.
 */
static int bid(const uint8_t *head, size_t len)
{
	const uint64_t first = TMK_AR_MAGIC_LEN;
	char name[TMK_AR_NAME + 1];
	uint64_t at = first, next;

	if (len < TMK_AR_MAGIC_LEN ||
	    memcmp(head, TMK_AR_MAGIC, TMK_AR_MAGIC_LEN))
		return 0;
	while (tmk_ar_peek(name, &next, head, len, at)) {
		if (!strcmp(name, FIRST))
			return at == first ? 100 : 50;
		if (compression_of(name, "control.tar") ||
		    compression_of(name, "data.tar"))
			return 50;
		at = next;
	}
	return 0;
}

/* "origin" of "_gpgorigin"; NULL when it is no signature member. */
static const char *role_of(const char *name)
{
	const size_t n = sizeof(SIGNATURE) - 1;
	const char *role = name + n;
	size_t i;

	if (strncmp(name, SIGNATURE, n))
		return NULL;
	for (i = 0; role[i]; i++)
		if (!isalnum((unsigned char)role[i]))
			return NULL;
	return i && i <= ROLE_MAX ? role : NULL;
}

/* Which members there are, in which order: the three that every deb has, and
 * then signatures, each role once. Anything else would ride along unsigned. */
static bool check_order(const struct tmk_ar *ar, struct tmk_verdict *v)
{
	const struct tmk_ar_member *m = ar->member;
	const struct compression *c;
	int i, j;

	if (ar->members < SIGNED)
		return malformed(v, "lacks a member");
	if (strcmp(m[0].name, FIRST))
		return malformed(v, "does not begin with " FIRST);
	c = compression_of(m[1].name, "control.tar");
	if (!c || !c->control)
		return malformed(v, "has no control.tar in its second place");
	if (!compression_of(m[2].name, "data.tar"))
		return malformed(v, "has no data.tar in its third place");
	if (ar->members > SIGNED + TMK_PACKAGE_SEALS) {
		tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the deb has more "
				   "than %d signatures", TMK_PACKAGE_SEALS);
		return false;
	}
	for (i = SIGNED; i < ar->members; i++) {
		if (!role_of(m[i].name))
			return malformed(v, "has a member behind data.tar that "
					 "is no signature");
		for (j = SIGNED; j < i; j++)
			if (!strcmp(m[i].name, m[j].name))
				return malformed(v, "has two signatures of one "
						 "role");
	}
	return true;
}

/* That a tar is what its name says: readers choose by the name, or by the
 * content, and must come to the same. */
static int check_stream(const struct tmk_ar_member *m, const char *stem,
			int fd, struct tmk_verdict *v, struct tmk_err *err)
{
	const struct compression *c = compression_of(m->name, stem);
	uint8_t magic[MAGIC_MAX];

	if (!c || m->size < c->len || !m->size ||
	    (!c->len && m->size % 512)) {
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
				   "%s of the deb is cut off", m->name);
		return 0;
	}
	if (tmk_file_read_at(magic, c->len, fd, m->data, "the package", err))
		return -1;
	if (memcmp(magic, c->magic, c->len))
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "%s of the deb is "
				   "not compressed as its name says", m->name);
	return 0;
}

static int check_signed(const struct deb *d, int fd, struct tmk_verdict *v,
			struct tmk_err *err)
{
	const struct tmk_ar_member *m = d->ar.member;
	char version[sizeof(VERSION) - 1];

	if (m[0].size != sizeof(version)) {
		malformed(v, "is not of version 2.0");
		return 0;
	}
	if (tmk_file_read_at(version, sizeof(version), fd, m[0].data,
			     "the package", err))
		return -1;
	if (memcmp(version, VERSION, sizeof(version))) {
		malformed(v, "is not of version 2.0");
		return 0;
	}
	if (check_stream(&m[1], "control.tar", fd, v, err))
		return -1;
	return v->reason != TMK_GOOD ? 0 :
		check_stream(&m[2], "data.tar", fd, v, err);
}

/*
 * The packets in a signature member, armoured or not. What is neither stays as
 * it is: its verifier says what is wrong with it, and other signatures are
 * still good.
 */
static int read_seal(struct tmk_buf *out, const struct tmk_ar_member *m,
		     int fd, struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_buf member = TMK_BUF_INIT(2 * TMK_SEAL_MAX);
	struct tmk_verdict armour = TMK_VERDICT_INIT;
	enum tmk_seal_format format = 0;
	uint8_t *to;
	int rc = -1;

	if (m->size > member.max) {
		tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "%s of the deb is "
				   "larger than %d bytes", m->name,
				   2 * TMK_SEAL_MAX);
		return 0;
	}
	to = tmk_buf_reserve(&member, (size_t)m->size + 1);
	if (!to) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_file_read_at(to, (size_t)m->size, fd, m->data, "the package",
			     err))
		goto out;
	tmk_buf_commit(&member, (size_t)m->size);
	if (tmk_armour_begins(member.data, member.len) == TMK_FORMAT_OPENPGP) {
		rc = tmk_armour_read(out, &format, member.data, member.len,
				     &armour, err);
		if (rc || out->len)
			goto out;
	}
	rc = 0;
	if (!member.len)
		malformed(v, "has a signature of no bytes");
	else if (member.len > TMK_SEAL_MAX)
		tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "%s of the deb is "
				   "larger than %d bytes", m->name,
				   TMK_SEAL_MAX);
	else if (tmk_buf_add(out, member.data, member.len))
		rc = tmk_err_nomem(err);
out:
	tmk_buf_release(&member);
	return rc;
}

static void close_deb(struct tmk_package *package)
{
	struct deb *d = package->priv;
	int i;

	for (i = 0; i < TMK_PACKAGE_SEALS; i++)
		tmk_buf_release(&d->seal[i]);
	free(d);
}

static struct deb *new_deb(int fd, uint64_t size)
{
	struct deb *d = calloc(1, sizeof(*d));
	int i;

	if (!d)
		return NULL;
	for (i = 0; i < TMK_PACKAGE_SEALS; i++)
		tmk_buf_init(&d->seal[i], 2 * TMK_SEAL_MAX);
	d->package.ops = &tmk_package_deb;
	d->package.fd = fd;
	d->package.size = size;
	d->package.priv = d;
	return d;
}

static int read_seals(struct deb *d, struct tmk_verdict *v,
		      struct tmk_err *err)
{
	struct tmk_package *p = &d->package;
	int i;

	for (i = 0; i < d->ar.members - SIGNED; i++) {
		const struct tmk_ar_member *m = &d->ar.member[SIGNED + i];

		if (read_seal(&d->seal[i], m, p->fd, v, err))
			return -1;
		if (v->reason != TMK_GOOD)
			return 0;
		p->seal[i].data = d->seal[i].data;
		p->seal[i].len = d->seal[i].len;
		snprintf(p->seal[i].role, sizeof(p->seal[i].role), "%s",
			 role_of(m->name));
	}
	p->seals = i;
	snprintf(p->what, sizeof(p->what), "deb 2.0, %s, %s",
		 d->ar.member[1].name, d->ar.member[2].name);
	return 0;
}

/* 0 with `v` good when all of it could be read. */
static int read_deb(struct deb *d, struct tmk_verdict *v, struct tmk_err *err)
{
	const struct tmk_package *p = &d->package;

	if (tmk_ar_read(&d->ar, p->fd, p->size, v, err))
		return -1;
	if (v->reason != TMK_GOOD || !check_order(&d->ar, v))
		return 0;
	if (check_signed(d, p->fd, v, err))
		return -1;
	return v->reason != TMK_GOOD ? 0 : read_seals(d, v, err);
}

static int open_deb(struct tmk_package **out, int fd, struct tmk_verdict *v,
		    struct tmk_err *err)
{
	uint64_t size;
	struct deb *d;
	int rc;

	*out = NULL;
	if (tmk_file_range_size(&size, fd, "the package", err))
		return -1;
	d = new_deb(fd, size);
	if (!d)
		return tmk_err_nomem(err);
	rc = read_deb(d, v, err);
	if (!rc && v->reason == TMK_GOOD)
		*out = &d->package;
	else
		close_deb(&d->package);
	return rc;
}

/* Every signature is over the three members as they are stored. */
static int content(const struct tmk_package *package, int i,
		   tmk_package_sink *sink, void *to, struct tmk_err *err)
{
	const struct deb *d = package->priv;
	int m;

	(void)i;
	for (m = 0; m < SIGNED; m++)
		if (tmk_file_range_feed(package->fd, d->ar.member[m].data,
					d->ar.member[m].size, sink, to, err))
			return -1;
	return 0;
}

/* The name of the new member; refuses a role that cannot be or is taken. */
static int new_name(char name[static TMK_AR_NAME + 1],
		    const struct tmk_package *package,
		    const struct tmk_package_change *change,
		    struct tmk_err *err)
{
	const char *role = change->role ? change->role : USUAL_ROLE;
	int i;

	if (strlen(role) > ROLE_MAX ||
	    snprintf(name, TMK_AR_NAME + 1, SIGNATURE "%s", role) >
	    TMK_AR_NAME || !role_of(name))
		return tmk_err_set(err, TMK_USAGE, "a role has 1 to %d letters "
				   "or digits, not '%s'", ROLE_MAX, role);
	for (i = 0; i < package->seals; i++)
		if (!(change->drop & 1u << i) &&
		    !strcmp(package->seal[i].role, role))
			return tmk_err_set(err, TMK_USAGE, "the deb has a "
					   "signature of the role '%s'", role);
	if (change->len > TMK_SEAL_MAX)
		return tmk_err_set(err, TMK_INTERNAL, "the signature has %zu "
				   "bytes", change->len);
	return 0;
}

/* One more member behind the others. */
static int append(int out, const char *name, const uint8_t *data, size_t len,
		  struct tmk_err *err)
{
	uint8_t header[TMK_AR_HEADER];

	if (tmk_ar_header(header, name, len, err) ||
	    tmk_file_write_fd(out, header, sizeof(header), "the new package",
			      err) ||
	    tmk_file_write_fd(out, data, len, "the new package", err))
		return -1;
	return len & 1 ? tmk_file_write_fd(out, "\n", 1, "the new package",
					   err) : 0;
}

static int write_deb(const struct tmk_package *package,
		     const struct tmk_package_change *change, int out,
		     struct tmk_err *err)
{
	const struct deb *d = package->priv;
	const struct tmk_ar_member *m = d->ar.member;
	char name[TMK_AR_NAME + 1] = "";
	int i;

	if (change->data && new_name(name, package, change, err))
		return -1;
	if (tmk_file_range_copy(out, package->fd, 0, m[SIGNED - 1].end, err))
		return -1;
	for (i = 0; i < package->seals; i++) {
		m = &d->ar.member[SIGNED + i];
		if (!(change->drop & 1u << i) &&
		    tmk_file_range_copy(out, package->fd, m->at,
					m->end - m->at, err))
			return -1;
	}
	return change->data ? append(out, name, change->data, change->len,
				     err) : 0;
}

const struct tmk_package_ops tmk_package_deb = {
	.name = "deb",
	.bid = bid,
	.open = open_deb,
	.content = content,
	.write = write_deb,
	.close = close_deb
};
