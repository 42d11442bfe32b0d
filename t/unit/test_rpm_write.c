/* test_rpm_write.c - an rpm with other signatures: nothing else moves, and what
 * is written is read again. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "t/unit/rpm_made.h"
#include "t/unit/tap.h"

#define RSA 1
#define EDDSA 22

/* A signature packet that is none, of that version, algorithm and length. */
static void made_seal(struct tmk_buf *out, int version, int algorithm,
		      size_t len)
{
	uint8_t head[] = { 0xc2, 0xff, 0, 0, 0, 0, (uint8_t)version, 0,
		(uint8_t)algorithm, 8 };
	size_t i;

	must_be(len > sizeof(head));
	tmk_buf_init(out, MADE_MAX);
	made_put32(head + 2, (uint32_t)(len - 6));
	made_add(out, head, sizeof(head));
	for (i = sizeof(head); i < len; i++)
		must_be(!tmk_buf_addch(out, (int)(i & 0x7f)));
}

static struct tmk_package *open_fd(int fd)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_package *p = NULL;

	if (tmk_package_rpm.open(&p, fd, &v, &err))
		diag("error: %s", err.text);
	else if (!p)
		diag("%s: %s", tmk_reason_id(v.reason), v.text);
	return p;
}

static struct tmk_rpm *rpm_of(struct tmk_package *p)
{
	return p->priv;
}

/* What happened when one signature was put into a package. */
struct outcome {
	int code;		/* 0, or the error's */
	struct tmk_err err;
	int fd;			/* the new file */
	struct tmk_package *p;	/* and it, read again */
};

static void put(struct outcome *o, struct tmk_package *p,
		const struct tmk_buf *seal, const char *role,
		unsigned int drop)
{
	const struct tmk_package_change change = { role, seal ? seal->data :
		NULL, seal ? seal->len : 0, drop };

	memset(o, 0, sizeof(*o));
	o->fd = made_fd("", 0);
	if (p->ops->write(p, &change, o->fd, &o->err))
		o->code = o->err.code;
	else
		o->p = must(open_fd(o->fd));
}

static void outcome_release(struct outcome *o)
{
	tmk_package_close(o->p);
	close(o->fd);
}

/* The lead, the main header and the payload of two packages are the same;
 * `moved`: by how much what follows the signature header may be elsewhere. */
static bool same_rest(struct tmk_package *a, struct tmk_package *b,
		      long long *moved)
{
	struct tmk_buf x, y;
	size_t at = (size_t)rpm_of(a)->main.at, to = (size_t)rpm_of(b)->main.at;
	bool same;

	made_read(&x, a->fd);
	made_read(&y, b->fd);
	*moved = (long long)to - (long long)at;
	same = x.len - at == y.len - to &&
		!memcmp(x.data + at, y.data + to, x.len - at) &&
		!memcmp(x.data, y.data, TMK_RPM_LEAD);
	tmk_buf_release(&x);
	tmk_buf_release(&y);
	return same;
}

static bool same_files(int a, int b)
{
	struct tmk_buf x, y;
	bool same;

	made_read(&x, a);
	made_read(&y, b);
	same = x.len == y.len && !memcmp(x.data, y.data, x.len);
	tmk_buf_release(&x);
	tmk_buf_release(&y);
	return same;
}

/* ---- in the room that is there ---------------------------------------- */

/* Every amount of room around what a signature needs: offsets stay when it is
 * enough, and the file is whole when it is not. */
static void test_room(int format)
{
	struct tmk_buf seal;
	int room, moved_back = 0, stayed = 0, broken = 0, kept = 0;

	made_seal(&seal, 4, RSA, 301);
	for (room = 0; room < 480; room++) {
		struct made_rpm m;
		struct tmk_package *p;
		struct outcome o;
		long long moved;

		made_rpm_init(&m, format);
		m.reserved = room ? room : -1;
		made_rpm(&m);
		p = must(open_fd(made_fd(m.file.data, m.file.len)));
		put(&o, p, &seal, NULL, 0);
		if (o.code || !same_rest(p, o.p, &moved) || o.p->seals != 1 ||
		    o.p->seal[0].len != seal.len ||
		    memcmp(o.p->seal[0].data, seal.data, seal.len))
			broken++;
		else if (moved < 0)
			moved_back++;
		else if (!moved)
			stayed++;
		if (!o.code && o.p->size == p->size)
			kept++;
		outcome_release(&o);
		close(p->fd);
		tmk_package_close(p);
		tmk_buf_release(&m.file);
	}
	is_int(broken, 0, "format %d: every room gives a whole package",
	       format);
	ok(moved_back <= 16, "format %d: hardly ever shorter (%d)", format,
	   moved_back);
	ok(stayed > 40 && stayed < 460, "format %d: the rest stays where it "
	   "was when there is room (%d)", format, stayed);
	is_int(kept, stayed, "format %d: and the size with it", format);
	tmk_buf_release(&seal);
}

/* In, out, in: what was there comes back byte for byte. */
static void test_there_and_back(int format)
{
	struct outcome o, back, again;
	struct tmk_buf seal, other;
	struct tmk_package *p;
	struct made_rpm m;

	made_rpm_init(&m, format);
	m.reserved = 2000;
	made_rpm(&m);
	if (format == 6) {	/* it ends at a multiple of eight there */
		m.reserved += (int)(m.main_at - m.sig_end);
		made_rpm(&m);
	}
	p = must(open_fd(made_fd(m.file.data, m.file.len)));
	made_seal(&seal, 4, RSA, 301);
	made_seal(&other, 4, RSA, 77);
	put(&o, p, &seal, NULL, 0);
	ok(!o.code, "format %d: signed", format);
	put(&back, o.p, NULL, NULL, 1);
	ok(!back.code && !back.p->seals, "format %d: unsigned again", format);
	ok(same_files(p->fd, back.fd), "format %d: the same file as before",
	   format);
	put(&again, o.p, &other, NULL, 1);
	ok(!again.code && again.p->seals == 1 && again.p->seal[0].len == 77 &&
	   again.p->size == p->size, "format %d: another in its place",
	   format);
	outcome_release(&again);
	outcome_release(&back);
	outcome_release(&o);
	tmk_buf_release(&seal);
	tmk_buf_release(&other);
	close(p->fd);
	tmk_package_close(p);
	tmk_buf_release(&m.file);
}

/* ---- places ----------------------------------------------------------- */

static struct tmk_package *fresh(struct made_rpm *m, int format)
{
	made_rpm_init(m, format);
	m->reserved = 4096;
	made_rpm(m);
	return must(open_fd(made_fd(m->file.data, m->file.len)));
}

static void fresh_release(struct tmk_package *p, struct made_rpm *m)
{
	close(p->fd);
	tmk_package_close(p);
	tmk_buf_release(&m->file);
}

static void test_places(void)
{
	static const struct {
		int format, version, algorithm;
		const char *role, *place;	/* NULL: TMK_USAGE */
	} cases[] = {
		{ 4, 4, RSA, NULL, "rsa" }, { 4, 4, 3, NULL, "rsa" },
		{ 4, 4, EDDSA, NULL, "dsa" }, { 4, 4, 27, NULL, "dsa" },
		{ 4, 4, 19, NULL, "dsa" }, { 4, 4, 17, NULL, "dsa" },
		{ 4, 6, RSA, NULL, "openpgp" }, { 6, 4, RSA, NULL, "openpgp" },
		{ 6, 6, EDDSA, NULL, "openpgp" }, { 6, 4, RSA, "rsa", "rsa" },
		{ 4, 4, RSA, "openpgp", "openpgp" },
		{ 4, 4, EDDSA, "dsa", "dsa" }, { 4, 4, EDDSA, "rsa", NULL },
		{ 4, 4, RSA, "dsa", NULL }, { 4, 6, RSA, "rsa", NULL },
		{ 4, 4, RSA, "rsa-payload", NULL },
		{ 4, 4, RSA, "origin", NULL }, { 4, 4, RSA, "", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tmk_buf seal;
		struct made_rpm m;
		struct outcome o;
		struct tmk_package *p = fresh(&m, cases[i].format);

		made_seal(&seal, cases[i].version, cases[i].algorithm, 200);
		put(&o, p, &seal, cases[i].role, 0);
		if (cases[i].place)
			ok(!o.code && o.p->seals == 1 &&
			   !strcmp(o.p->seal[0].role, cases[i].place),
			   "case %zu stands as %s", i, cases[i].place);
		else
			is_int(o.code, TMK_USAGE, "case %zu has no place", i);
		outcome_release(&o);
		tmk_buf_release(&seal);
		fresh_release(p, &m);
	}
}

/* One of each kind; a second one only for one that is dropped. */
static void test_several(void)
{
	struct tmk_buf rsa, eddsa, third;
	struct outcome o, two, again, gone;
	struct made_rpm m;
	struct tmk_package *p = fresh(&m, 4);

	made_seal(&rsa, 4, RSA, 300);
	made_seal(&eddsa, 4, EDDSA, 100);
	made_seal(&third, 4, RSA, 333);
	put(&o, p, &rsa, NULL, 0);
	put(&two, o.p, &eddsa, NULL, 0);
	ok(!two.code && two.p->seals == 2 && two.p->size == p->size,
	   "RSA and EdDSA stand beside each other");
	is_str(two.p->seal[0].role, "dsa", "in the order of their tags");
	put(&again, two.p, &third, NULL, 0);
	ok(again.code == TMK_USAGE && again.err.hint[0],
	   "a second of one kind has no place");
	outcome_release(&again);
	put(&again, two.p, &third, NULL, 1);
	is_int(again.code, TMK_USAGE, "nor when the other one is dropped");
	outcome_release(&again);
	put(&again, two.p, &third, NULL, 2);
	ok(!again.code && again.p->seals == 2 && again.p->seal[1].len == 333,
	   "but in the place of the one that is dropped");
	put(&gone, again.p, NULL, NULL, 3);
	ok(!gone.code && !gone.p->seals && same_files(gone.fd, p->fd),
	   "all dropped: the file as it was");
	outcome_release(&gone);
	outcome_release(&again);
	outcome_release(&two);
	outcome_release(&o);
	tmk_buf_release(&rsa);
	tmk_buf_release(&eddsa);
	tmk_buf_release(&third);
	fresh_release(p, &m);
}

/* Format 6: any number, in the order they came. */
static void test_several6(void)
{
	struct made_rpm m;
	struct tmk_package *p = fresh(&m, 6);
	struct outcome o[4], gone;
	struct tmk_buf seal[4];
	int i;

	for (i = 0; i < 4; i++) {
		made_seal(&seal[i], i % 2 ? 4 : 6, i < 2 ? RSA : EDDSA,
			  100 + (size_t)i);
		put(&o[i], i ? o[i - 1].p : p, &seal[i], NULL, 0);
		ok(!o[i].code && o[i].p->seals == i + 1 &&
		   o[i].p->size == p->size, "format 6: signature %d", i + 1);
	}
	put(&gone, o[3].p, NULL, NULL, 1 << 1 | 1 << 2);
	ok(!gone.code && gone.p->seals == 2 && gone.p->seal[0].len == 100 &&
	   gone.p->seal[1].len == 103, "format 6: two in the middle dropped");
	is_mem(gone.p->seal[1].data, gone.p->seal[1].len, seal[3].data,
	       seal[3].len, "format 6: the others keep every byte");
	outcome_release(&gone);
	for (i = 0; i < 4; i++) {
		outcome_release(&o[i]);
		tmk_buf_release(&seal[i]);
	}
	fresh_release(p, &m);
}

/* What is no signature is not put in. */
static void test_no_seal(void)
{
	static const struct {
		const char *data;
		size_t len;
	} bad[] = {
		{ "", 0 }, { "\xc2", 1 }, { "\xc2\x05\4\0\1\x08", 6 },
		{ "\xc6\x04\4\0\1\x08", 6 }, { "\xc2\x04\3\0\1\x08", 6 },
		{ "\xc2\x04\5\0\1\x08", 6 },
		{ "\xc2\x04\4\0\1\x08\xc2\x04\4\0\1\x08", 12 },
	};
	struct made_rpm m;
	struct tmk_package *p = fresh(&m, 4);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tmk_buf seal = TMK_BUF_INIT(64);
		struct outcome o;

		made_add(&seal, bad[i].data, bad[i].len);
		if (!seal.data)
			must_be(!!tmk_buf_reserve(&seal, 1));
		put(&o, p, &seal, NULL, 0);
		is_int(o.code, TMK_INPUT, "no signature, %zu", i);
		outcome_release(&o);
		tmk_buf_release(&seal);
	}
	fresh_release(p, &m);
}

/* ---- what it is over -------------------------------------------------- */

static int collect(void *to, const uint8_t *data, size_t len,
		   struct tmk_err *err)
{
	return tmk_buf_add(to, data, len) ? tmk_err_nomem(err) : 0;
}

static void content_is(struct tmk_package *p, int i, const uint8_t *data,
		       size_t len, const char *name)
{
	struct tmk_buf got = TMK_BUF_INIT(MADE_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	must_be(!p->ops->content(p, i, collect, &got, &err));
	is_mem(got.data, got.len, data, len, "%s", name);
	tmk_buf_release(&got);
}

static void test_content(void)
{
	struct tmk_package *p;
	struct made_rpm m;

	made_rpm_init(&m, 4);
	m.sig[m.sigs++] = (struct made_entry){ TMK_RPM_SIG_RSA, TMK_RPM_BIN, 4,
		"head", 4 };
	m.sig[m.sigs++] = (struct made_entry){ TMK_RPM_SIG_PGP, TMK_RPM_BIN, 3,
		"all", 3 };
	m.sig[m.sigs++] = (struct made_entry){ TMK_RPM_SIG_GPG, TMK_RPM_BIN, 3,
		"too", 3 };
	made_rpm(&m);
	p = must(open_fd(made_fd(m.file.data, m.file.len)));
	is_int(p->seals, 3, "three signatures");
	is_str(p->seal[0].role, "rsa", "one over the main header");
	is_str(p->seal[1].role, "rsa-payload", "one over all");
	is_str(p->seal[2].role, "dsa-payload", "another one over all");
	content_is(p, -1, m.file.data + m.main_at, m.main_end - m.main_at,
		   "a new one is over the main header");
	content_is(p, 0, m.file.data + m.main_at, m.main_end - m.main_at,
		   "so is the first");
	content_is(p, 1, m.file.data + m.main_at, m.file.len - m.main_at,
		   "the second is over the payload too");
	content_is(p, 2, m.file.data + m.main_at, m.file.len - m.main_at,
		   "so is the third");
	fresh_release(p, &m);
}

/* A file that changes behind our back is noticed: neither signed nor copied. */
static void test_changed(void)
{
	struct tmk_buf seal, sunk = TMK_BUF_INIT(MADE_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct made_rpm m;
	struct tmk_package *p = fresh(&m, 4);
	struct outcome o;
	uint8_t was = m.file.data[m.main_end - 40];
	uint8_t other = was ^ 1;

	made_seal(&seal, 4, RSA, 300);
	rpm_of(p)->file.len = 0;
	must_be(pwrite(p->fd, &other, 1, (off_t)m.main_end - 40) == 1);
	ok(p->ops->content(p, -1, collect, &sunk, &err) < 0 &&
	   err.code == TMK_INPUT, "another main header is not signed");
	rpm_of(p)->file.len = 0;
	put(&o, p, &seal, NULL, 0);
	is_int(o.code, TMK_INPUT, "nor copied");
	outcome_release(&o);
	must_be(pwrite(p->fd, &was, 1, (off_t)m.main_end - 40) == 1 &&
		!ftruncate(p->fd, (off_t)m.main_end + 1));
	rpm_of(p)->file.len = 0;
	put(&o, p, &seal, NULL, 0);
	is_int(o.code, TMK_INPUT, "a file that became shorter is not copied");
	outcome_release(&o);
	tmk_buf_release(&sunk);
	tmk_buf_release(&seal);
	fresh_release(p, &m);
}

/* A disk that is full is said. */
static void test_no_room_on_disk(void)
{
	struct tmk_package_change change = { NULL, NULL, 0, 0 };
	struct tmk_err err = TMK_ERR_INIT;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct made_rpm m;
	struct tmk_package *p = fresh(&m, 4);

	must_be(full >= 0);
	ok(p->ops->write(p, &change, full, &err) < 0 &&
	   err.code == TMK_INPUT, "a full disk: %s", err.text);
	close(full);
	fresh_release(p, &m);
}

/* ---- limits ----------------------------------------------------------- */

static void test_full(void)
{
	struct tmk_buf seal;
	struct tmk_package *p;
	struct made_rpm m;
	struct outcome o;
	int i;

	made_rpm_init(&m, 4);
	for (i = 0; i < 26; i++)
		m.sig[m.sigs++] = (struct made_entry){ 300 + (uint32_t)i,
			TMK_RPM_BIN, 1, "x", 1 };
	made_rpm(&m);
	p = must(open_fd(made_fd(m.file.data, m.file.len)));
	made_seal(&seal, 4, RSA, 300);
	is_int(rpm_of(p)->sig.entries, 32, "a signature header that is full");
	put(&o, p, &seal, NULL, 0);
	is_int(o.code, TMK_INPUT, "takes no further entry");
	outcome_release(&o);
	tmk_buf_release(&seal);
	fresh_release(p, &m);
}

/* Entries behind the room: it is left as it is, and nothing is lost. */
static void test_behind_room(void)
{
	struct tmk_buf seal;
	struct tmk_package *p;
	struct made_rpm m;
	struct outcome o;
	long long moved;

	made_rpm_init(&m, 4);
	m.sig[m.sigs++] = (struct made_entry){ 1100, TMK_RPM_INT64, 1,
		"12345678", 8 };
	made_rpm(&m);
	p = must(open_fd(made_fd(m.file.data, m.file.len)));
	made_seal(&seal, 4, RSA, 300);
	put(&o, p, &seal, NULL, 0);
	ok(!o.code && o.p->seals == 1 && same_rest(p, o.p, &moved),
	   "entries behind the room: written anew");
	ok(!o.code && tmk_rpm_header_find(&rpm_of(o.p)->sig, 1100),
	   "with the entry that we do not know");
	outcome_release(&o);
	tmk_buf_release(&seal);
	fresh_release(p, &m);
}

static void test_fits(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct made_rpm m;
	struct tmk_package *p = fresh(&m, 4);

	ok(!p->ops->fits(p, TMK_KEY_RSA, &err) &&
	   !p->ops->fits(p, TMK_KEY_ED25519, &err), "format 4: RSA, Ed25519");
	ok(p->ops->fits(p, TMK_KEY_EC, &err) < 0 && err.code == TMK_KEY &&
	   strstr(err.text, "4.18") && err.hint[0], "format 4: no ECDSA");
	fresh_release(p, &m);
	p = fresh(&m, 6);
	ok(!p->ops->fits(p, TMK_KEY_EC, &err), "format 6: ECDSA too");
	fresh_release(p, &m);
}

int main(void)
{
	test_room(4);
	test_room(6);
	test_there_and_back(4);
	test_there_and_back(6);
	test_places();
	test_several();
	test_several6();
	test_no_seal();
	test_content();
	test_changed();
	test_no_room_on_disk();
	test_full();
	test_behind_room();
	test_fits();
	return tap_done();
}
