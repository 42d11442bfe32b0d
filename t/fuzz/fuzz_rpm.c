/*
 * fuzz_rpm.c - rpms of any bytes: what is read is written again with the same
 * signed bytes, with another signature and without the first, and reads so.
 *
 * No fuzzer guesses digests: past the strict reader everything is tried again
 * with the package's own taken for what they come to.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/rpm_package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct tmk_package_ops tmk_package_rpm;

/* A signature packet of version 4, type 0, RSA, SHA-256. */
static const uint8_t seal[] = { 0xc2, 6, 4, 0, 1, 8, 0, 0 };

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* ---- a reader that believes ------------------------------------------- */

static void believe(struct tmk_rpm *rpm)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_rpm_sums sums = { .n = 0 };
	struct tmk_err err = TMK_ERR_INIT;

	demand(!tmk_rpm_sums_add(&sums, TMK_RPM_SHA256, TMK_RPM_OVER_HEADER,
				 NULL, &err) &&
	       !tmk_rpm_sums_add(&sums, TMK_RPM_SHA256, TMK_RPM_OVER_PAYLOAD,
				 NULL, &err) &&
	       !tmk_rpm_stream(rpm, true, &sums, NULL, NULL, &err) &&
	       !tmk_rpm_sums_check(&sums, &v, &err));
	rpm->payload_kind = TMK_RPM_SHA256;
	memcpy(rpm->header_sum, sums.sum[0].want, 32);
	memcpy(rpm->payload_sum, sums.sum[1].want, 32);
	tmk_rpm_sums_release(&sums);
}

/* NULL when it is refused. */
static struct tmk_package *open_any(int fd, struct tmk_verdict *v)
{
	struct tmk_rpm *rpm = calloc(1, sizeof(*rpm));
	struct tmk_err err = TMK_ERR_INIT;

	demand(rpm && !tmk_rpm_file_init(&rpm->file, fd, &err));
	rpm->package.ops = &tmk_package_rpm;
	rpm->package.fd = fd;
	rpm->package.size = rpm->file.size;
	rpm->package.priv = rpm;
	demand(!tmk_rpm_parse(rpm, v, &err));
	if (v->reason == TMK_GOOD)
		demand(!tmk_rpm_seals_read(rpm, v, &err));
	if (v->reason == TMK_GOOD) {
		believe(rpm);
		return &rpm->package;
	}
	demand(v->text[0] && v->hint[0]);
	tmk_package_close(&rpm->package);
	return NULL;
}

/* ---- what must hold --------------------------------------------------- */

static int count(void *to, const uint8_t *data, size_t len,
		 struct tmk_err *err)
{
	demand(data && len && err);
	*(uint64_t *)to += len;
	return 0;
}

/* Every signature is over the main header, and some over the payload too. */
static void contents(const struct tmk_package *p)
{
	const struct tmk_rpm *rpm = p->priv;
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	for (i = -1; i < p->seals; i++) {
		uint64_t n = 0;

		demand(i < 0 || p->seal[i].role[0]);
		demand(!p->ops->content(p, i, count, &n, &err));
		demand(n == rpm->main.end - rpm->main.at ||
		       n == p->size - rpm->main.at);
	}
}

static void change(const struct tmk_package *p, unsigned int drop, bool sign)
{
	const struct tmk_package_change to = { NULL, sign ? seal : NULL,
		sign ? sizeof(seal) : 0, drop };
	const struct tmk_rpm *old = p->priv, *new;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_package *again;
	int fd = memfd_create("new", MFD_CLOEXEC);

	demand(fd >= 0);
	if (p->ops->write(p, &to, fd, &err)) {
		demand(err.code == TMK_INPUT ||
		       (sign && err.code == TMK_USAGE));
		close(fd);
		return;
	}
	again = open_any(fd, &v);
	demand(again != NULL);
	new = again->priv;
	demand(again->seals == p->seals - (int)(drop & 1) + sign);
	demand(new->main.end - new->main.at == old->main.end - old->main.at &&
	       again->size - new->main.end == p->size - old->main.end &&
	       !memcmp(new->header_sum, old->header_sum, 32) &&
	       !memcmp(new->payload_sum, old->payload_sum, 32));
	tmk_package_close(again);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict strict = TMK_VERDICT_INIT, v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_package *p = NULL, *any;
	int fd = memfd_create("rpm", MFD_CLOEXEC);

	demand(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	demand(!tmk_package_rpm.open(&p, fd, &strict, &err));
	any = open_any(fd, &v);
	demand(p ? strict.reason == TMK_GOOD && any : strict.text[0] &&
	       strict.hint[0] && strict.reason != TMK_GOOD);
	tmk_package_close(p);
	if (any) {
		contents(any);
		change(any, 0, true);
		change(any, 0, false);
		if (any->seals) {
			change(any, 1, false);
			change(any, 1, true);
		}
	}
	tmk_package_close(any);
	close(fd);
	return 0;
}
