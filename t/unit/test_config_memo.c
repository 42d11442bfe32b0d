/* What a configuration file said is kept only while it is surely the same. */
#include "core/config_memo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config.h"
#include "t/unit/tap.h"

static char dir[] = "/tmp/tmk-memo-XXXXXX";
static char path[64];

static void put(const char *text)
{
	char next[80];
	FILE *f;

	snprintf(next, sizeof(next), "%s.new", path);
	f = fopen(next, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) || chmod(next, 0600) ||
	    rename(next, path))
		abort();
}

static int seen;

static int count(void *ctx, const char *name, const char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return ++seen < 0 ? -1 : 0;
}

/* Whether the file as it is now is known. */
static bool known(void)
{
	struct stat st;

	seen = 0;
	return !stat(path, &st) &&
		!tmk_config_memo_replay(path, &st, count, NULL);
}

/* The default key after loading; "" without one. */
static const char *load(void)
{
	static char key[64];
	struct tmk_config *config = NULL;
	struct tmk_err err = TMK_ERR_INIT;

	if (tmk_config_load(&config, NULL, &err)) {
		diag("%s", err.text);
		return "?";
	}
	snprintf(key, sizeof(key), "%s", config->key ? config->key : "");
	tmk_config_free(config);
	return key;
}

static void test_kept(void)
{
	put("[touchmark]\n\tkey = one\n\tagent = never\n");
	is_str(load(), "one", "a file is read");
	ok(!known(), "one that was written just now is not kept");
	sleep(4);
	is_str(load(), "one", "and again");
	ok(known(), "an older one is kept");
	is_int(seen, 2, "with all that it says");
	is_str(load(), "one", "and says the same from memory");
	put("[touchmark]\n\tkey = two\n\tagent = never\n");
	ok(!known(), "another file in its place is not known");
	is_str(load(), "two", "and is read");
}

static void test_not_kept(void)
{
	put("[touchmark]\n\tkey = one\n[touchmark \"one\"]\n\turi = "
	    "\"pkcs11:token=x;object=y?pin-value=1234\"\n");
	sleep(4);
	is_str(load(), "one", "a file with a PIN in it");
	ok(!known(), "is not kept");
	put("[include]\n\tpath = other\n[touchmark]\n\tkey = one\n");
	sleep(4);
	is_str(load(), "one", "a file that includes another");
	ok(!known(), "is not kept");
	put("[touchmark]\n\tkey = one\n\tnonsense = 1\n");
	sleep(4);
	is_str(load(), "?", "a file that is refused");
	ok(!known(), "is not kept");
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/config", dir);
	setenv("TOUCHMARK_CONFIG", path, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	test_kept();
	test_not_kept();
	unlink(path);
	rmdir(dir);
	return tap_done();
}
