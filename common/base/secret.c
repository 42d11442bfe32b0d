#include "base/secret.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"

struct tmk_secret {
	size_t len;
	uint8_t bytes[TMK_SECRET_MAX];
};

int tmk_secret_new(struct tmk_secret **out, struct tmk_err *err)
{
	struct tmk_secret *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		return tmk_err_nomem(err);
	if (mlock(s, sizeof(*s))) {
		int why = errno;

		munmap(s, sizeof(*s));
		tmk_err_set(err, TMK_INTERNAL,
			    "cannot lock memory for a PIN: %s",
			    strerror(why));
		return tmk_err_hint(err, "raise the limit: ulimit -l 1024");
	}
	(void)madvise(s, sizeof(*s), MADV_DONTDUMP);
	(void)madvise(s, sizeof(*s), MADV_WIPEONFORK);
	*out = s;
	return 0;
}

void tmk_secret_free(struct tmk_secret *secret)
{
	if (!secret)
		return;
	tmk_wipe(secret, sizeof(*secret));
	munlock(secret, sizeof(*secret));
	munmap(secret, sizeof(*secret));
}

int tmk_secret_set(struct tmk_secret *secret, const void *data, size_t len,
		   struct tmk_err *err)
{
	if (len > sizeof(secret->bytes))
		return tmk_err_set(err, TMK_INPUT,
				   "a PIN is longer than %d bytes",
				   TMK_SECRET_MAX);
	tmk_wipe(secret->bytes, sizeof(secret->bytes));
	if (len)
		memcpy(secret->bytes, data, len);
	secret->len = len;
	return 0;
}

int tmk_secret_add(struct tmk_secret *secret, const void *data, size_t len,
		   struct tmk_err *err)
{
	if (len > sizeof(secret->bytes) - secret->len)
		return tmk_err_set(err, TMK_INPUT,
				   "a PIN is longer than %d bytes",
				   TMK_SECRET_MAX);
	if (len)
		memcpy(secret->bytes + secret->len, data, len);
	secret->len += len;
	return 0;
}

int tmk_secret_read(struct tmk_secret *secret, int fd, struct tmk_err *err)
{
	size_t used = 0;

	tmk_wipe(secret->bytes, sizeof(secret->bytes));
	secret->len = 0;
	for (;;) {
		/* A byte at a time: what follows the newline is not ours. */
		uint8_t *to = secret->bytes + used;
		uint8_t past;
		ssize_t n = read(fd, used < sizeof(secret->bytes) ? to : &past,
				 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tmk_err_set(err, TMK_INPUT,
					   "cannot read a PIN: %s",
					   strerror(errno));
		if (!n)
			break;
		if (used == sizeof(secret->bytes)) {
			bool end = past == '\n';

			tmk_wipe(&past, 1);
			if (end)
				break;
			tmk_wipe(secret->bytes, sizeof(secret->bytes));
			return tmk_err_set(err, TMK_INPUT,
					   "a PIN is longer than %d bytes",
					   TMK_SECRET_MAX);
		}
		if (*to == '\n') {
			*to = 0;
			break;
		}
		used++;
	}
	if (used && secret->bytes[used - 1] == '\r')
		secret->bytes[--used] = 0;
	secret->len = used;
	return 0;
}

const uint8_t *tmk_secret_bytes(const struct tmk_secret *secret)
{
	return secret->bytes;
}

size_t tmk_secret_len(const struct tmk_secret *secret)
{
	return secret->len;
}

void tmk_secret_harden_process(void)
{
	const struct rlimit none = { 0, 0 };

	/* Best effort: a kernel that refuses leaves us as every program is. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}
