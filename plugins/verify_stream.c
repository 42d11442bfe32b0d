/*
 * verify_stream.c - signatures of an uncompressed content, held against the
 * same content compressed: whoever signs a tar once may publish it in several
 * compressions.
 *
 * The bytes of the file are tried first. What is compressed is read by a
 * process of its own (front_archive.h), to its end: a file with more behind it
 * is not what was signed.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plugins/front_archive.h"
#include "plugins/verify_parts.h"

#define HEAD 16			/* bytes that tell a compression */
#define CHUNK 65536

static const char *const endings[] = {
	".gz", ".xz", ".bz2", ".zst", ".lz4", ".lz"
};

#define ENDINGS ((int)(sizeof(endings) / sizeof(endings[0])))

const char *tmk_verify_stream_ending(int i)
{
	return i < ENDINGS ? endings[i] : NULL;
}

char *tmk_verify_stream_name(const char *file)
{
	size_t len = strlen(file), n;
	int i;

	for (i = 0; i < ENDINGS; i++) {
		n = strlen(endings[i]);
		if (len > n && !strcmp(file + len - n, endings[i]))
			return strndup(file, len - n);
	}
	return NULL;
}

static bool is_packed(int fd)
{
	uint8_t head[HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	return n > 0 && tmk_front_archive_is_packed(head, (size_t)n);
}

static int feed_stream(void *from, tmk_front_file_sink *sink, void *to,
		       struct tmk_err *err)
{
	const struct tmk_front_archive *archive = from;
	uint8_t chunk[CHUNK];
	ssize_t n;

	for (;;) {
		n = read(archive->fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tmk_err_set(err, TMK_INPUT, "the uncompressed "
					   "content: %s", strerror(errno));
		if (!n)
			return 0;
		if (sink(to, chunk, (size_t)n, err))
			return -1;
	}
}

/* Whether every signature of the seal is one that did not fit. `at` is the
 * place of its first signer in the answer. */
static bool is_bad(const struct tmk_verify_answer *a,
		   const struct tmk_verify_seal *s, int at)
{
	int i;

	if (!s->evidence || (s->evidence->format != TMK_FORMAT_X509 &&
			     s->evidence->format != TMK_FORMAT_OPENPGP))
		return false;
	for (i = 0; i < s->evidence->signatures; i++)
		if (at + i >= a->signers ||
		    a->signer[at + i].verdict.reason != TMK_SIGNATURE_BAD)
			return false;
	return true;
}

/* Which seals are tried. They come to the end of the case, so that one reading
 * serves them all; -1: there is none. */
static int choose(struct tmk_verify_case *c, int first)
{
	struct tmk_verify_seal bad[TMK_VERIFY_SEALS];
	int i, at = 0, kept = 0, n = 0;

	for (i = 0; i < c->seals; i++) {
		struct tmk_verify_seal s = c->seal[i];

		if (i >= first && is_bad(c->answer, &s, at))
			bad[n++] = s;
		else
			c->seal[kept++] = s;
		at += s.evidence ? s.evidence->signatures : 1;
	}
	for (i = 0; i < n; i++) {
		bad[i].stream = true;
		c->seal[kept + i] = bad[i];
	}
	return n ? kept : -1;
}

/* The refusal stands; what came of the second try is said with it. */
static void say_why(struct tmk_verify_answer *a, const struct tmk_err *why)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;

	tmk_verdict_refuse(&v, a->all.verdict.reason, "%.200s; the "
			   "uncompressed content cannot be judged: %.200s",
			   a->all.verdict.text, why->text);
	tmk_verdict_hint(&v, "%s", a->all.verdict.hint);
	a->all.verdict = v;
}

static int digest_stream(struct tmk_verify_case *c, int first, int fd,
			 struct tmk_err *err)
{
	struct tmk_front_archive archive = { .pid = -1, .fd = -1 };
	struct tmk_err end = TMK_ERR_INIT;
	int rc;

	/* It was read to its end before. */
	if (lseek(fd, 0, SEEK_SET) < 0)
		return tmk_err_set(err, TMK_INPUT, "%s: %s", c->answer->file,
				   strerror(errno));
	if (tmk_front_archive_stream(&archive, fd, err))
		return -1;
	rc = tmk_verify_case_digest(c, first, c->seals, feed_stream, &archive,
				    err);
	if (tmk_front_archive_end(&archive, c->answer->file, &end) && !rc)
		rc = tmk_err_set(err, end.code, "%s", end.text);
	return rc;
}

int tmk_verify_over_stream(struct tmk_verify_case *c, int first, int fd,
			   struct tmk_err *err)
{
	struct tmk_verify_answer *a = c->answer;
	struct tmk_err why = TMK_ERR_INIT;
	int from;

	if (!a->all.verdict.reason || c->digests.whole || !is_packed(fd))
		return 0;
	from = choose(c, first);
	if (from < 0)
		return 0;
	if (digest_stream(c, from, fd, &why)) {
		if (why.code == TMK_INTERNAL)
			return tmk_err_set(err, why.code, "%s", why.text);
		say_why(a, &why);
		return 0;
	}
	if (tmk_verify_case_judge(c, err))
		return -1;
	a->uncompressed = !a->all.verdict.reason;
	return 0;
}
