/* test_front_file.c - several digests of what can be read but once. */
#include <string.h>
#include <unistd.h>

#include "plugins/front_file.h"
#include "t/unit/tap.h"
#include "x509/digest.h"

static const char content[] = "what can be read but once";
static const uint8_t suffix[] = { 4, 0, 19, 8, 0 };

/* The read end of a pipe that gives `content`, or 0. */
static int pipe_of(const char *text)
{
	size_t len = strlen(text);
	int fd[2];

	if (pipe(fd))
		return 0;
	if (write(fd[1], text, len) != (ssize_t)len) {
		close(fd[0]);
		fd[0] = 0;
	}
	close(fd[1]);
	return fd[0];
}

static void want(const struct tmk_front_file_hash *got, const char *name)
{
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t all[sizeof(content) + sizeof(suffix)];
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len = 0, n = sizeof(content) - 1;

	memcpy(all, content, n);
	memcpy(all + n, suffix, got->suffix_len);
	ok(!tmk_digest_bytes((int)got->hash, all, n + got->suffix_len, digest,
			     &len, &err), "%s: as one piece", name);
	is_mem(got->digest, got->digest_len, digest, len, "%s: the same",
	       name);
}

static void several(void)
{
	struct tmk_front_file_hash hash[] = {
		{ .hash = TMK_SHA256 },
		{ .hash = TMK_SHA256, .suffix = suffix,
		  .suffix_len = sizeof(suffix) },
		{ .hash = TMK_SHA512 },
		{ .hash = TMK_SHA512, .suffix = suffix,
		  .suffix_len = sizeof(suffix) },
	};
	struct tmk_err err = TMK_ERR_INIT;
	int fd = pipe_of(content);

	ok(!tmk_front_file_digests(hash, 4, fd, "pipe", &err),
	   "four digests of a pipe");
	close(fd);
	want(&hash[0], "SHA-256");
	want(&hash[1], "SHA-256 with a suffix");
	want(&hash[2], "SHA-512");
	want(&hash[3], "SHA-512 with a suffix");
	fd = pipe_of(content);
	ok(!tmk_front_file_digest_with(hash[0].digest, &hash[0].digest_len, fd,
				       "pipe", TMK_SHA256, suffix,
				       sizeof(suffix), &err), "one of them");
	close(fd);
	is_mem(hash[0].digest, hash[0].digest_len, hash[1].digest,
	       hash[1].digest_len, "is the same");
}

static void bounds(void)
{
	struct tmk_front_file_hash hash[TMK_FRONT_FILE_HASHES + 1] = {
		{ .hash = TMK_SHA256 },
	};
	struct tmk_err err = TMK_ERR_INIT;
	int fd = pipe_of(content);

	ok(tmk_front_file_digests(hash, 0, fd, "pipe", &err) < 0 &&
	   err.code == TMK_INTERNAL, "none");
	ok(tmk_front_file_digests(hash, TMK_FRONT_FILE_HASHES + 1, fd, "pipe",
				  &err) < 0, "more than fit");
	ok(tmk_front_file_digests(hash, 2, fd, "pipe", &err) < 0,
	   "a hash that is none");
	close(fd);
	err = (struct tmk_err)TMK_ERR_INIT;
	ok(tmk_front_file_digests(hash, 1, fd, "closed", &err) < 0 &&
	   err.code == TMK_INPUT && strstr(err.text, "closed"),
	   "what cannot be read is named");
}

int main(void)
{
	several();
	bounds();
	return tap_done();
}
