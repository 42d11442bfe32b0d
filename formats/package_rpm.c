#include "formats/rpm_package.h"

#include <stdlib.h>
#include <string.h>

extern const struct tmk_package_ops tmk_package_rpm;

static int bid(const uint8_t *head, size_t len)
{
	static const uint8_t magic[] = { 0xed, 0xab, 0xee, 0xdb };

	return len >= sizeof(magic) && !memcmp(head, magic, sizeof(magic)) ?
		100 : 0;
}

static void close_rpm(struct tmk_package *package)
{
	struct tmk_rpm *rpm = package->priv;
	int i;

	for (i = 0; i < package->seals; i++)
		tmk_buf_release(&rpm->bytes[i]);
	tmk_rpm_header_release(&rpm->sig);
	tmk_rpm_header_release(&rpm->main);
	tmk_rpm_file_release(&rpm->file);
	free(rpm);
}

static int open_rpm(struct tmk_package **out, int fd, struct tmk_verdict *v,
		    struct tmk_err *err)
{
	struct tmk_rpm *rpm = calloc(1, sizeof(*rpm));
	int rc;

	*out = NULL;
	if (!rpm)
		return tmk_err_nomem(err);
	rpm->package.ops = &tmk_package_rpm;
	rpm->package.fd = fd;
	rpm->package.priv = rpm;
	rc = tmk_rpm_file_init(&rpm->file, fd, err);
	rpm->package.size = rpm->file.size;
	if (!rc)
		rc = tmk_rpm_parse(rpm, v, err);
	if (!rc && v->reason == TMK_GOOD)
		rc = tmk_rpm_seals_read(rpm, v, err);
	if (!rc && v->reason == TMK_GOOD)
		rc = tmk_rpm_check(rpm, v, err);
	if (rc || v->reason != TMK_GOOD)
		close_rpm(&rpm->package);
	else
		*out = &rpm->package;
	return rc;
}

static bool with_payload(uint32_t tag)
{
	return tag == TMK_RPM_SIG_PGP || tag == TMK_RPM_SIG_GPG;
}

static int content(const struct tmk_package *package, int i,
		   tmk_package_sink *sink, void *to, struct tmk_err *err)
{
	struct tmk_rpm *rpm = package->priv;

	return tmk_rpm_content(rpm, i >= 0 && with_payload(rpm->tag[i]), sink,
			       to, err);
}

/* rpm 4.18 and those before it check RSA and Ed25519 alone: whoever installs a
 * package of format 4 may have one of them. */
static int fits(const struct tmk_package *package,
		enum tmk_algorithm algorithm, struct tmk_err *err)
{
	const struct tmk_rpm *rpm = package->priv;

	if (rpm->format == TMK_RPM_FORMAT || algorithm != TMK_KEY_EC)
		return 0;
	tmk_err_set(err, TMK_KEY, "rpm 4.18 and older cannot check an ECDSA "
		    "signature");
	return tmk_err_hint(err, "sign packages of format 4 with an RSA or "
			    "Ed25519 key");
}

const struct tmk_package_ops tmk_package_rpm = {
	.name = "rpm",
	.bid = bid,
	.open = open_rpm,
	.content = content,
	.fits = fits,
	.write = tmk_rpm_write,
	.close = close_rpm,
};
