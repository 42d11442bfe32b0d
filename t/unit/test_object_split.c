/*
 * test_object_split.c - splitting commits and tags into payload and armour.
 *
 * Without arguments it tests the two formats. `test_object_split TYPE FILE
 * PAYLOAD ARMOUR` (TYPE git-commit or git-tag) is for the shell tests that
 * compare with git: it writes both parts, prints "unsigned", the signature's
 * format or the refusal, and ends with 0, or 1 for a refusal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "formats/armour.h"
#include "formats/git_object.h"
#include "t/unit/object_samples.h"
#include "t/unit/tap.h"

static const struct tmk_format_ops *find(const char *name)
{
	int i;

	for (i = 0; tmk_formats[i]; i++)
		if (!strcmp(tmk_formats[i]->name, name))
			return tmk_formats[i];
	return NULL;
}

static void join(struct tmk_buf *out, const struct tmk_parts *parts)
{
	int i;

	for (i = 0; i < parts->payloads; i++)
		if (tmk_buf_add(out, parts->payload[i].data,
				parts->payload[i].len))
			abort();
}

static void expect(const char *type, const char *text, const char *payload,
		   const char *armour)
{
	struct tmk_buf got = TMK_BUF_INIT(1 << 20);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_parts parts;

	tmk_parts_init(&parts);
	ok(!find(type)->split(&parts, (const uint8_t *)text, strlen(text), &v,
			      &err) && v.reason == TMK_GOOD,
	   "%s splits %s", type, v.text);
	join(&got, &parts);
	is_str(tmk_buf_str(&got), payload, "payload");
	is_str(tmk_buf_str(&parts.armour), armour, "armour");
	tmk_buf_release(&got);
	tmk_parts_release(&parts);
}

static void refused(const char *type, const char *text,
		    enum tmk_reason reason)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_parts parts;

	tmk_parts_init(&parts);
	ok(!find(type)->split(&parts, (const uint8_t *)text, strlen(text), &v,
			      &err) && v.reason == reason &&
	   !parts.payloads && !parts.armour.len,
	   "%s is refused: %s", type, v.text);
	tmk_parts_release(&parts);
}

static int bid(const char *type, const char *text, size_t len)
{
	return find(type)->bid((const uint8_t *)text, len);
}

static void test_bids(void)
{
	int i;

	for (i = 0; i < SAMPLES(sample_commits); i++) {
		const char *s = sample_commits[i];

		ok(bid("git-commit", s, strlen(s)) > 0 &&
		   !bid("git-tag", s, strlen(s)), "commit %d is known", i);
	}
	for (i = 0; i < SAMPLES(sample_tags); i++) {
		const char *s = sample_tags[i];

		ok(bid("git-tag", s, strlen(s)) > 0 &&
		   !bid("git-commit", s, strlen(s)), "tag %d is known", i);
	}
	ok(!bid("git-commit", "tree x", 6) && !bid("git-tag", "object ", 7) &&
	   !bid("git-commit", "", 0) && !bid("git-tag", "", 0),
	   "nothing else is");
}

/* A signature over the limit of the parts, in a commit and in a tag. */
static void test_limit(void)
{
	struct tmk_parts parts;
	size_t room, at;
	char *text;

	tmk_parts_init(&parts);
	room = parts.armour.max + 4096;
	tmk_parts_release(&parts);
	text = malloc(room);
	if (!text)
		abort();
	at = (size_t)snprintf(text, room, "%sgpgsig x", S_HEAD);
	memset(text + at, 'A', room - at);
	snprintf(text + room - 16, 16, "\n\nmessage\n");
	refused("git-commit", text, TMK_LIMIT_EXCEEDED);
	at = (size_t)snprintf(text, room, "%s\n%s", S_TAG,
			      "-----BEGIN SIGNED MESSAGE-----\n");
	memset(text + at, 'A', room - at);
	snprintf(text + room - 64, 64, "\n-----END SIGNED MESSAGE-----\n");
	refused("git-tag", text, TMK_LIMIT_EXCEEDED);
	free(text);
}

static const char *format_name(const struct tmk_buf *armour)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_seal_format format = 0;
	int rc;

	if (!armour->len)
		return "unsigned";
	rc = tmk_armour_read(&der, &format, armour->data, armour->len, &v,
			     &err);
	tmk_buf_release(&der);
	if (rc || v.reason != TMK_GOOD)
		return "malformed armour";
	return format == TMK_FORMAT_X509 ? "x509" :
		format == TMK_FORMAT_OPENPGP ? "openpgp" : "ssh";
}

static int tool(char **argv)
{
	const struct tmk_format_ops *ops = find(argv[1]);
	struct tmk_buf data = TMK_BUF_INIT(64 << 20);
	struct tmk_buf payload = TMK_BUF_INIT(64 << 20);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_parts parts;
	int rc = 4;

	tmk_parts_init(&parts);
	if (!ops || tmk_file_read(&data, argv[2], &err) ||
	    ops->split(&parts, data.data, data.len, &v, &err))
		goto out;
	join(&payload, &parts);
	if (tmk_file_write(argv[3], 0600, payload.data, payload.len, &err) ||
	    tmk_file_write(argv[4], 0600, tmk_buf_str(&parts.armour),
			   parts.armour.len, &err))
		goto out;
	if (v.reason == TMK_GOOD)
		puts(format_name(&parts.armour));
	else
		printf("%s: %s\n", tmk_reason_id(v.reason), v.text);
	rc = v.reason != TMK_GOOD;
out:
	if (err.code)
		fprintf(stderr, "%s\n", err.text);
	tmk_parts_release(&parts);
	tmk_buf_release(&payload);
	tmk_buf_release(&data);
	return rc;
}

int main(int argc, char **argv)
{
	if (argc == 5)
		return tool(argv);
	ok(find("git-commit") && find("git-tag"), "both formats are listed");
	test_bids();
	expect("git-commit", S_HEAD S_MSG, S_HEAD S_MSG, "");
	expect("git-commit", S_HEAD S_SIG S_MSG, S_HEAD S_MSG, S_ARMOUR);
	expect("git-commit", S_HEAD S_MERGETAG S_SIG "x y\n z\n" S_MSG,
	       S_HEAD S_MERGETAG "x y\n z\n" S_MSG, S_ARMOUR);
	expect("git-commit", S_HEAD "gpgsig \n \n" S_MSG, S_HEAD S_MSG,
	       "\n\n");
	expect("git-commit", S_HEAD "\n" S_SIG, S_HEAD "\n" S_SIG, "");
	expect("git-tag", S_TAG S_MSG, S_TAG S_MSG, "");
	expect("git-tag", S_TAG S_MSG S_ARMOUR, S_TAG S_MSG, S_ARMOUR);
	refused("git-commit", S_HEAD S_SIG S_SIG S_MSG, TMK_OBJECT_MALFORMED);
	refused("git-tag", S_TAG S_MSG S_ARMOUR "x\n",
		TMK_SIGNATURE_MALFORMED);
	test_limit();
	return tap_done();
}
