/*
 * test_repo_answer.c - object ids, the answers of git's plumbing, and the
 * rules for names of refs against those of git itself and of libgit2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>

#include "base/proc.h"
#include "hooks/oid.h"
#include "hooks/ref_name.h"
#include "hooks/repo_answer.h"
#include "t/unit/tap.h"

#define ID1 "0123456789abcdef0123456789abcdef01234567"
#define ID2 ID1 "89abcdef0123456789abcdef"

static void test_oid(void)
{
	struct tmk_oid a, b, kept;
	char text[TMK_OID_TEXT];

	ok(tmk_oid_read(&a, ID1, 40) && a.len == 20, "a SHA-1 id is read");
	is_str(tmk_oid_show(text, &a), ID1, "and shown");
	ok(tmk_oid_read(&b, ID2, 64) && b.len == 32, "a SHA-256 id is read");
	is_str(tmk_oid_show(text, &b), ID2, "and shown");
	ok(!tmk_oid_equal(&a, &b), "one is not the beginning of the other");
	ok(tmk_oid_read(&b, ID1 "behind", 40) && tmk_oid_equal(&a, &b),
	   "what stands behind is not looked at");
	kept = b;
	ok(tmk_oid_read(&b, "0123456789ABCDEF0123456789abcdef01234567", 40) &&
	   tmk_oid_equal(&a, &b), "capitals are the same id");
	ok(!tmk_oid_read(&b, "0123456789abcdef0123456789abcdef0123456", 40),
	   "39 digits are too few");
	ok(!tmk_oid_read(&b, ID1, 39) && !tmk_oid_read(&b, ID2, 41) &&
	   !tmk_oid_read(&b, ID2, 0), "no other length is asked for");
	ok(!tmk_oid_read(&b, "g123456789abcdef0123456789abcdef01234567", 40),
	   "g is no digit");
	ok(!memcmp(&b, &kept, sizeof(b)), "a failure leaves it alone");
	ok(!tmk_oid_is_zero(&a), "it is not zero");
	ok(tmk_oid_read(&a, "0000000000000000000000000000000000000000", 40) &&
	   tmk_oid_is_zero(&a), "forty zeros are");
}

static bool answers(struct tmk_repo_answer *a, const char *line, size_t hex)
{
	return tmk_repo_answer_read(a, line, strlen(line), hex);
}

static void test_answers(void)
{
	static const char *const bad[] = {
		"", ID1, ID1 " ", ID1 " blob", ID1 " blob ", ID1 " blob x",
		ID1 " blob 1 ", ID1 "  blob 1", ID1 " blob  1",
		ID1 " blob -1", ID1 " blob +1", ID1 " blob 01",
		ID1 " blob 0x1", ID1 " blob 18446744073709551616",
		ID1 " blob 99999999999999999999999", ID1 " bloc 1",
		ID1 " Blob 1", ID1 " nothing 1", ID1 " missing ",
		ID1 " missing 0", ID1 " ambiguous", ID1 " submodule",
		ID2 " blob 1", "refs/heads/main missing", "HEAD commit 200",
		" " ID1 " blob 1", "x" ID1 " blob 1"
	};
	static const struct {
		const char *name;
		enum tmk_object_type type;
	} good[] = {
		{ "commit", TMK_OBJECT_COMMIT }, { "tree", TMK_OBJECT_TREE },
		{ "blob", TMK_OBJECT_BLOB }, { "tag", TMK_OBJECT_TAG }
	};
	struct tmk_repo_answer a;
	char line[200];
	size_t i;

	for (i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), ID1 " %s 251", good[i].name);
		ok(answers(&a, line, 40) && a.type == good[i].type &&
		   a.size == 251 && a.oid.len == 20, "a %s", good[i].name);
		is_str(tmk_object_type_name(a.type), good[i].name,
		       "its name");
	}
	ok(answers(&a, ID2 " tag 0", 64) && a.size == 0 && a.oid.len == 32,
	   "an empty one under SHA-256");
	ok(answers(&a, ID1 " blob 18446744073709551615", 40) &&
	   a.size == UINT64_MAX, "the largest size");
	ok(answers(&a, ID1 " missing", 40) && a.type == TMK_OBJECT_NONE &&
	   !a.size, "one that is missing");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!answers(&a, bad[i], 40), "no answer: \"%s\"", bad[i]);
	ok(!answers(&a, ID1 " blob 1", 64), "nor one with the other hash");
	ok(!tmk_repo_answer_read(&a, ID1 " blob 1\0", 49, 40), "nor a NUL");
	ok(a.type == TMK_OBJECT_NONE && a.oid.len == 20,
	   "what is none changes nothing");
	is_str(tmk_object_type_name(TMK_OBJECT_NONE), "nothing", "no type");
	is_str(tmk_object_type_name((enum tmk_object_type)9), "nothing",
	       "a number that is no type");
	ok(tmk_object_type_find("commits", 6) == TMK_OBJECT_COMMIT &&
	   !tmk_object_type_find("commits", 7) &&
	   !tmk_object_type_find("nothing", 7), "types by name");
}

static bool lists(struct tmk_repo_ref *r, char *line, const char *text)
{
	snprintf(line, TMK_REPO_ANSWER_REF_MAX + 1, "%s", text);
	return tmk_repo_answer_ref(r, line, strlen(line), 40);
}

static void test_refs(void)
{
	static const char *const bad[] = {
		"", ID1, ID1 " ", ID1 "  ", ID1 " refs/heads/a",
		ID1 "  HEAD", ID1 "  heads/a", ID1 "  refs/heads/",
		ID1 "  refs/heads/a b",
		ID1 "  refs/heads/..", ID1 " ../x refs/heads/a",
		ID1 " - refs/heads/a", ID1 "refs/heads/a",
		"refs/heads/a", ID1 "  " ID1, ID2 "  refs/heads/a"
	};
	char line[TMK_REPO_ANSWER_REF_MAX + 1];
	struct tmk_repo_ref r = { .name = "kept" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!lists(&r, line, bad[i]), "no ref: \"%s\"", bad[i]);
	snprintf(line, sizeof(line), ID1 "  refs/heads/a%cb", '\0');
	ok(!tmk_repo_answer_ref(&r, line, strlen(line) + 2, 40),
	   "no ref: a NUL in its name");
	is_str(r.name, "kept", "what is none changes nothing");
	ok(lists(&r, line, ID1 "  refs/heads/a") && !*r.target, "a ref");
	is_str(r.name, "refs/heads/a", "its name");
	ok(lists(&r, line, ID1 " refs/heads/a refs/heads/b"),
	   "a symbolic ref");
	is_str(r.target, "refs/heads/a", "where it ends");
	is_str(r.name, "refs/heads/b", "its own name");
}

/* Whoever asks has room for TMK_REPO_REF_MAX bytes, the NUL among them. */
static void test_long_refs(void)
{
	static char name[TMK_REPO_REF_MAX + 1];
	static char text[2 * TMK_REPO_ANSWER_REF_MAX];
	struct tmk_repo_ref r;
	int i;

	for (i = TMK_REPO_REF_MAX; i >= TMK_REPO_REF_MAX - 1; i--) {
		memset(name, 'a', sizeof(name));
		memcpy(name, "refs/heads/", 11);
		name[i] = '\0';
		snprintf(text, sizeof(text), ID1 "  %s", name);
		ok(tmk_repo_answer_ref(&r, text, strlen(text), 40) ==
		   (i < TMK_REPO_REF_MAX), "a name of %d bytes", i);
		snprintf(text, sizeof(text), ID1 " %s refs/heads/b", name);
		ok(tmk_repo_answer_ref(&r, text, strlen(text), 40) ==
		   (i < TMK_REPO_REF_MAX), "it as the end of another");
	}
}

/* ---- names ----------------------------------------------------------------- */

static uint64_t seed = 1;

static unsigned int dice(unsigned int sides)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % sides;
}

/* Pieces that matter, put together by chance. */
static void make_name(char *out, size_t size)
{
	static const char *const piece[] = {
		"a", "b", "/", "/", "/", ".", "..", "@", "{", "@{", "-",
		".lock", ".lock/", "~", "^", ":", "?", "*", "[", "\\", " ",
		"\t", "\x7f", "\xc3\xa9", "\xff", "lock", "refs/heads/",
		"HEAD", "}", "]", "'", "\"", "$", "%", "\x01"
	};
	unsigned int n = dice(6) + 1;
	size_t len = 0;

	out[0] = '\0';
	if (dice(3))
		len = (size_t)snprintf(out, size, "refs/heads/x");
	while (n--)
		len += (size_t)snprintf(out + len, size - len, "%s",
			piece[dice(dice(2) ? 6 : sizeof(piece) /
				   sizeof(piece[0]))]);
}

static bool git_takes(const char *name)
{
	char git[] = "git", verb[] = "check-ref-format", own[256];
	char *const argv[] = { git, verb, own, NULL };
	struct tmk_buf out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	int status = -1;

	snprintf(own, sizeof(own), "%s", name);
	if (tmk_proc_run(argv, NULL, 0, &out, 10000, &status, TMK_INTERNAL,
			 &err) < 0)
		diag("%s", err.text);
	tmk_buf_release(&out);
	return !status;
}

static void test_names(void)
{
	static const struct {
		const char *name;
		bool good;
	} some[] = {
		{ "refs/heads/main", true }, { "main", false },
		{ "", false }, { "/", false }, { "a/", false },
		{ "/a", false }, { "a//b", false }, { "a/.b", false },
		{ "a/b.", false }, { "a./b", true }, { "a/b.lock", false },
		{ "a.lock/b", false }, { "a/.lock", false },
		{ "a/lock", true }, { "a/-b", true }, { "@/@", true },
		{ "a/@{b", false }, { "a/b..c", false },
		{ "refs/heads/\xff\xfe", true }, { "refs/heads/a b", false },
		{ "refs/heads/a\nb", false }, { "refs/heads/*", false }
	};
	char name[256];
	size_t i, wrong = 0, taken = 0;
	bool good;
	int valid;

	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		is_int(tmk_ref_name_ok(some[i].name), some[i].good,
		       "name %zu", i);
		is_int(git_takes(some[i].name), some[i].good, "git agrees");
	}
	for (i = 0; i < 300; i++) {
		do {
			make_name(name, sizeof(name));
		} while (name[0] == '-');	/* an option */
		good = git_takes(name);
		taken += good;
		if (tmk_ref_name_ok(name) == good)
			continue;
		wrong++;
		diag("git differs: %s", name);
	}
	ok(!wrong && taken > 30 && taken < 270, "300 names by chance are "
	   "taken as git takes them (%zu)", taken);
	for (i = 0; i < 200000; i++) {
		make_name(name, sizeof(name));
		/* libgit2 takes DEL, git does not */
		if (strncmp(name, "refs/", 5) || strchr(name, 0x7f))
			continue;
		valid = 0;
		git_reference_name_is_valid(&valid, name);
		if (tmk_ref_name_ok(name) == !!valid)
			continue;
		if (wrong++ < 10)
			diag("libgit2 differs: %s", name);
	}
	ok(!wrong, "200000 as libgit2 takes them, but for DEL");
}

int main(void)
{
	git_libgit2_init();
	test_oid();
	test_answers();
	test_refs();
	test_long_refs();
	test_names();
	git_libgit2_shutdown();
	return tap_done();
}
