/* Receipts: which entries of a gate's record say that an object was let in,
 * and that nothing else does. */
#include "core/receipts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/chain_log.h"
#include "t/unit/tap.h"

#define ID "1111111111111111111111111111111111111111"
#define LATE 1750000000

#define YES "\"enforced\":true,\"outcome\":\"accepted\","
#define GOOD "\"verdicts\":[{\"verdict\":\"good\",\"oids\":[\"" ID "\"]}]"

static char dir[] = "/tmp/tmk-receipts-XXXXXX";
static char path[64];

static void must(bool good, const struct tmk_err *err)
{
	if (!good) {
		printf("Bail out! %s\n", err->text);
		exit(99);
	}
}

static void append(const char *kind, const char *text, int64_t time)
{
	struct tmk_chain_spool spool;
	const struct tmk_chain_spool *const part[] = { &spool };
	struct tmk_err err = TMK_ERR_INIT;

	tmk_chain_spool_init(&spool, path);
	tmk_chain_spool_addstr(&spool, text);
	must(!tmk_chain_spool_finish(&spool, &err) &&
	     !tmk_chain_log_append(NULL, path, time, kind, part, 1, &err),
	     &err);
	tmk_chain_spool_release(&spool);
}

/* When the object was let in, as the log of now says; then a new one. */
static int64_t found(void)
{
	struct tmk_receipts *r = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	char *const paths[] = { path };
	uint8_t id[20];
	int64_t at;
	static int n;

	memset(id, 0x11, sizeof(id));
	must(!tmk_receipts_load(&r, paths, 1, &err), &err);
	at = tmk_receipts_find(r, id, sizeof(id));
	tmk_receipts_free(r);
	snprintf(path, sizeof(path), "%s/log%d", dir, ++n);
	return at;
}

/* One entry, and whether it is a receipt. */
static void one(bool is, const char *kind, const char *text, const char *what)
{
	append(kind, text, LATE);
	is_int(found(), is ? LATE : TMK_TIME_NONE, "%s: %s",
	       is ? "a receipt" : "no receipt", what);
}

static void single(void)
{
	one(true, "push", YES GOOD, "let in as good");
	one(false, "other", YES GOOD, "no push");
	one(false, "push", "\"enforced\":true," GOOD, "without an outcome");
	one(false, "push", "\"enforced\":true,\"outcome\":\"let-in\"," GOOD,
	    "let in in spite of all");
	one(false, "push", "\"enforced\":true,\"outcome\":\"refused\"," GOOD,
	    "refused");
	one(false, "push", "\"outcome\":\"accepted\"," GOOD,
	    "not known to be enforced");
	one(false, "push", "\"enforced\":false,\"outcome\":\"accepted\"," GOOD,
	    "not enforced");
	one(false, "push", "\"enforced\":\"true\",\"outcome\":\"accepted\","
	    GOOD, "a text that says true");
	one(false, "push", YES "\"verdicts\":[{\"verdict\":\"cert-expired\","
	    "\"oids\":[\"" ID "\"]}]", "another verdict");
	one(false, "push", YES "\"verdicts\":[{\"oids\":[\"" ID "\"]}]",
	    "without a verdict");
	one(false, "push", YES "\"verdicts\":[{\"verdict\":\"good\",\"oids\":"
	    "[]},{\"oids\":[\"" ID "\"]}]", "the verdict of the one before");
	one(false, "push", YES "\"verdicts\":[{\"verdict\":\"good\","
	    "\"others\":[\"" ID "\"]}]", "another list of names");
	one(false, "push", YES "\"signers\":[{\"verdict\":\"good\",\"oids\":"
	    "[\"" ID "\"]}]", "not among the verdicts");
	one(false, "push", YES "\"verdicts\":[],\"others\":[{\"verdict\":"
	    "\"good\",\"oids\":[\"" ID "\"]}]", "behind the verdicts");
	one(false, "push", "\"x\":{" YES "\"y\":1}," GOOD,
	    "another object's outcome");
	one(false, "push", YES "\"verdicts\":[{\"verdict\":\"good\",\"oids\":["
	    "\"" ID "222222222222222222222222\"]}]",
	    "a longer name that begins so");
}

static void several(void)
{
	append("push", YES "\"verdicts\":[]", LATE - 3);
	append("push", GOOD, LATE);
	is_int(found(), TMK_TIME_NONE, "no receipt: the outcome of the push "
	       "before");
	append("push", YES GOOD, LATE);
	append("push", YES GOOD, LATE - 9);
	append("push", YES GOOD, LATE - 5);
	is_int(found(), LATE - 9, "the earliest one counts");
}

int main(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	char command[64];

	tmk_err_set(&err, TMK_INTERNAL, "no directory");
	must(mkdtemp(dir) != NULL, &err);
	snprintf(path, sizeof(path), "%s/log", dir);
	single();
	several();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ok(!system(command), "nothing is left");
	return tap_done();
}
