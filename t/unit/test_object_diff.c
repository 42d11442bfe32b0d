/*
 * test_object_diff.c - whatever our grammar accepts, libgit2 must read alike.
 *
 * Thousands of mutations of the samples are held against libgit2's parsers in
 * an object database in memory. `test_object_diff emit DIR` writes a few
 * hundred accepted mutants to DIR/N.commit and DIR/N.tag with what we read in
 * them (DIR/N.want), for the shell test that asks git itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>
#include <git2/sys/mempack.h>

#include "formats/git_object.h"
#include "t/unit/object_samples.h"
#include "t/unit/tap.h"

#define ROUNDS 8000		/* mutants of each sample */
#define EMIT_EVERY 80		/* of the accepted ones */
#define ROOM 8192

static git_odb *odb;
static git_repository *repo;
static const char *emit_dir;
static long accepted, differ, emitted;

/* A fixed sequence: the same mutants in every run. */
static uint32_t next_random(void)
{
	static uint32_t x = 0x2545f491;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static bool same(struct tmk_span s, const char *text)
{
	return text && s.len == strlen(text) &&
		(!s.len || !memcmp(s.data, text, s.len));
}

static bool same_id(struct tmk_span s, const git_oid *id)
{
	char hex[GIT_OID_HEXSZ + 1];

	return same(s, git_oid_tostr(hex, sizeof(hex), id));
}

static bool is_crud(uint8_t c)
{
	return c == ' ' || strchr(".,:;\"\\'", c);
}

/* libgit2 shows names without what git would not have written at their
 * ends. A name decides nothing, so we let it stand. */
static struct tmk_span trim(struct tmk_span s)
{
	while (s.len && is_crud(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len && is_crud(s.data[s.len - 1]))
		s.len--;
	return s;
}

static bool same_ident(const struct tmk_git_ident *ours,
		       const git_signature *theirs)
{
	return theirs && same(ours->email, theirs->email) &&
		same(trim(ours->name), theirs->name) &&
		ours->time == theirs->when.time &&
		ours->zone == theirs->when.offset;
}

static bool same_commit(const struct tmk_git_commit *c, git_commit *theirs)
{
	const char *encoding = git_commit_message_encoding(theirs);
	int i;

	if (!same_id(c->tree, git_commit_tree_id(theirs)) ||
	    (unsigned int)c->parents != git_commit_parentcount(theirs) ||
	    !same_ident(&c->author, git_commit_author(theirs)) ||
	    !same_ident(&c->committer, git_commit_committer(theirs)) ||
	    !same(c->message, git_commit_message_raw(theirs)) ||
	    (encoding ? !same(c->encoding, encoding) : c->encoding.len != 0))
		return false;
	for (i = 0; i < c->parents; i++)
		if (!same_id(tmk_git_commit_parent(c, i),
			     git_commit_parent_id(theirs, (unsigned int)i)))
			return false;
	return true;
}

static bool same_tag(const struct tmk_git_tag *t, git_tag *theirs)
{
	const char *message = git_tag_message(theirs);
	struct tmk_span whole = { t->message.data,
		t->message.len + t->signature.len };

	return same_id(t->object, git_tag_target_id(theirs)) &&
		same(t->type, git_object_type2string(
			git_tag_target_type(theirs))) &&
		same(t->name, git_tag_name(theirs)) &&
		same_ident(&t->tagger, git_tag_tagger(theirs)) &&
		same(whole, message ? message : "");
}

static bool libgit2_agrees(bool tag, const void *parsed, const char *text,
			   size_t len)
{
	git_commit *commit = NULL;
	git_tag *theirs = NULL;
	git_oid id;
	bool good;

	if (git_odb_write(&id, odb, text, len,
			  tag ? GIT_OBJECT_TAG : GIT_OBJECT_COMMIT))
		abort();
	if (tag)
		good = !git_tag_lookup(&theirs, repo, &id) &&
			same_tag(parsed, theirs);
	else
		good = !git_commit_lookup(&commit, repo, &id) &&
			same_commit(parsed, commit);
	git_commit_free(commit);
	git_tag_free(theirs);
	return good;
}

static void print_span(FILE *to, struct tmk_span s, const char *end)
{
	fwrite(s.data, 1, s.len, to);
	fputs(end, to);
}

static void print_want(FILE *to, bool tag, const void *parsed)
{
	const struct tmk_git_commit *c = parsed;
	const struct tmk_git_tag *t = parsed;
	int i;

	if (tag) {
		print_span(to, t->object, "\n");
		print_span(to, t->type, "\n");
		print_span(to, t->name, "\n");
		print_span(to, t->tagger.email, "\n");
		fprintf(to, "%" PRId64 "\n", t->tagger.time);
		return;
	}
	print_span(to, c->tree, "\n");
	for (i = 0; i < c->parents; i++)
		print_span(to, tmk_git_commit_parent(c, i),
			   i + 1 < c->parents ? " " : "");
	fputc('\n', to);
	print_span(to, c->author.email, "\n");
	fprintf(to, "%" PRId64 "\n", c->author.time);
	print_span(to, c->committer.email, "\n");
	fprintf(to, "%" PRId64 "\n", c->committer.time);
}

static FILE *create(const char *suffix)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%ld.%s", emit_dir, emitted, suffix);
	f = fopen(path, "wb");
	if (!f)
		abort();
	return f;
}

static void emit(bool tag, const void *parsed, const char *text, size_t len)
{
	FILE *object = create(tag ? "tag" : "commit"), *want = create("want");

	fwrite(text, 1, len, object);
	print_want(want, tag, parsed);
	if (fclose(object) || fclose(want))
		abort();
	emitted++;
}

static void try(bool tag, const char *text, size_t len)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_git_commit c;
	struct tmk_git_tag t;
	const void *parsed = tag ? (const void *)&t : (const void *)&c;
	const uint8_t *data = (const uint8_t *)text;

	/* libgit2 knows ids of 40 digits alone. */
	if (!(tag ? tmk_git_tag_parse(&t, data, len, 40, &v) :
	      tmk_git_commit_parse(&c, data, len, 40, &v)))
		return;
	accepted++;
	if (emit_dir) {
		if (accepted % EMIT_EVERY == 0)
			emit(tag, parsed, text, len);
		return;
	}
	if (libgit2_agrees(tag, parsed, text, len))
		return;
	if (++differ <= 12)
		diag("libgit2 reads this otherwise: %.*s", (int)len, text);
}

/* Change `text` in place; returns its new length. */
static size_t mutate(char *text, size_t len)
{
	static const char likely[] = "\n\n  <<>>@-+0099:.\t\r/aZ\177\303\274";
	size_t at = next_random() % len, n = 1 + next_random() % 40;
	char c = likely[next_random() % (sizeof(likely) - 1)];

	switch (next_random() % 5) {
	case 0:
		text[at] = c;
		return len;
	case 1:
		memmove(text + at + 1, text + at, len - at);
		text[at] = c;
		return len + 1;
	case 2:
		memmove(text + at, text + at + 1, len - at - 1);
		return len - 1;
	case 3:		/* repeat a piece */
		n = n < len - at ? n : len - at;
		memmove(text + at + n, text + at, len - at);
		return len + n;
	default:
		text[at] ^= (char)(1 << next_random() % 8);
		return len;
	}
}

static void try_all(bool tag, const char *sample)
{
	char text[ROOM];
	size_t len;
	int i, changes;

	try(tag, sample, strlen(sample));
	for (i = 0; i < ROUNDS; i++) {
		len = strlen(sample);
		memcpy(text, sample, len);
		for (changes = 1 + (int)(next_random() % 3); changes; changes--)
			if (len > 2 && len + 64 < sizeof(text))
				len = mutate(text, len);
		try(tag, text, len);
	}
}

static void open_memory(void)
{
	git_odb_backend *memory;

	git_libgit2_init();
	if (git_odb_new(&odb) || git_mempack_new(&memory) ||
	    git_odb_add_backend(odb, memory, 1) ||
	    git_repository_wrap_odb(&repo, odb))
		abort();
}

int main(int argc, char **argv)
{
	int i;

	if (argc == 3 && !strcmp(argv[1], "emit"))
		emit_dir = argv[2];
	else
		open_memory();
	for (i = 0; i < SAMPLES(sample_commits); i++)
		try_all(false, sample_commits[i]);
	for (i = 0; i < SAMPLES(sample_tags); i++)
		try_all(true, sample_tags[i]);
	if (emit_dir)
		return emitted < 100;
	ok(accepted > 20000, "%ld mutants were accepted", accepted);
	is_int(differ, 0, "libgit2 read them all as we do");
	git_repository_free(repo);
	git_odb_free(odb);
	git_libgit2_shutdown();
	return tap_done();
}
