/* The URI of a key on a signing host, in which order places are asked, and
 * whether they hold one key. */
#include <stdio.h>
#include <string.h>

#include "key/remote.h"
#include "plugins/front_places.h"
#include "t/unit/tap.h"

static void good(const char *uri, const char *user, const char *host, int port,
		 const char *key, const char *shown)
{
	struct tmk_err err = TMK_ERR_INIT;
	char text[TMK_REMOTE_SHOWN];
	struct tmk_remote_uri u;

	memset(&u, 0x55, sizeof(u));
	ok(!tmk_remote_uri_parse(&u, uri, &err), "%s", uri);
	ok(!strcmp(u.user, user) && !strcmp(u.host, host) && u.port == port &&
	   !strcmp(u.key, key), "is %s %s %d %s", user, host, port, key);
	ok(!strcmp(tmk_remote_shown(text, sizeof(text), &u), shown),
	   "shown as %s", shown);
}

static void local(const char *uri, const char *path, const char *key,
		  const char *shown)
{
	struct tmk_err err = TMK_ERR_INIT;
	char text[TMK_REMOTE_SHOWN];
	struct tmk_remote_uri u;

	memset(&u, 0x55, sizeof(u));
	ok(!tmk_remote_uri_parse(&u, uri, &err), "%s", uri);
	ok(!strcmp(u.socket, path) && !strcmp(u.key, key) && !*u.user &&
	   !*u.host && !u.port, "is %s and %s", path, key);
	ok(!strcmp(tmk_remote_shown(text, sizeof(text), &u), shown),
	   "shown as %s", shown);
}

static void host(const char *text, const char *shown)
{
	struct tmk_err err = TMK_ERR_INIT;
	char got[TMK_REMOTE_SHOWN] = "";
	struct tmk_remote_uri u;
	int rc = tmk_remote_uri_parse_host(&u, text, &err);

	if (!shown) {
		ok(rc && err.code == TMK_USAGE && *err.hint, "no host: %s",
		   text);
		return;
	}
	if (!rc)
		tmk_remote_shown(got, sizeof(got), &u);
	ok(!rc && !strcmp(got, shown), "the host %s", text);
}

static void bad(const char *uri)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_remote_uri u, before;

	memset(&u, 0x55, sizeof(u));
	before = u;
	ok(tmk_remote_uri_parse(&u, uri, &err) && err.code == TMK_USAGE &&
	   *err.hint, "refused: %s", uri);
	ok(!memcmp(&u, &before, sizeof(u)), "and nothing is set");
}

static void test_sockets(void)
{
	char uri[1024];

	local("unix:/run/touchmark-serve.sock/release",
	      "/run/touchmark-serve.sock", "release",
	      "unix:/run/touchmark-serve.sock");
	local("UNIX:/a_b/c-d@e+f//s/K.1", "/a_b/c-d@e+f//s", "K.1",
	      "unix:/a_b/c-d@e+f//s");
	bad("unix:");
	bad("unix:/");
	bad("unix:/k");
	bad("unix://k");
	bad("unix:s/k");
	bad("unix:/s/");
	bad("unix:/s//k");
	bad("unix:/s/-k");
	bad("unix:/s/.k");
	bad("unix:/s/k?x");
	bad("unix:/s/k k");
	bad("unix:/s s/k");
	bad("unix:/s%20/k");
	bad("unix:/s\n/k");
	bad("unix:/\xc3\xa9/k");
	snprintf(uri, sizeof(uri), "unix:/%0106d/k", 1);
	ok(!tmk_remote_uri_parse(&(struct tmk_remote_uri){ .port = 0 }, uri,
				 NULL), "the longest path there is");
	snprintf(uri, sizeof(uri), "unix:/%0107d/k", 1);
	bad(uri);
	host("ssh://a@b", "a@b");
	host("ssh://a@b:22/", NULL);
	host("ssh://a@b:22/name", "a@b:22");
	host("unix:/run/s", "unix:/run/s");
	host("unix:/run/s/", NULL);
	host("unix:", NULL);
	host("a@b", NULL);
	host("", NULL);
}

static void test_uris(void)
{
	char uri[1024];

	good("ssh://signer@host/release", "signer", "host", 0, "release",
	     "signer@host");
	good("SSH://a.b_c-1@h-1.example.org:22/K.1_x-", "a.b_c-1",
	     "h-1.example.org", 22, "K.1_x-", "a.b_c-1@h-1.example.org:22");
	good("ssh://a@[::1]:65535/k", "a", "::1", 65535, "k", "a@[::1]:65535");
	good("ssh://a@[::ffff:1.2.3.4]/k", "a", "::ffff:1.2.3.4", 0, "k",
	     "a@[::ffff:1.2.3.4]");
	bad("ssh://");
	bad("ssh:/a@b/c");
	bad("pkcs11:token=a");
	bad("ssh://a@b");
	bad("ssh://a@b/");
	bad("ssh://@b/c");
	bad("ssh://a@/c");
	bad("ssh://a@b:/c");
	bad("ssh://a@b:0/c");
	bad("ssh://a@b:65536/c");
	bad("ssh://a@b:123456/c");
	bad("ssh://a@b:22x/c");
	bad("ssh://a@b:+22/c");
	bad("ssh://-a@b/c");
	bad("ssh://a@-b/c");
	bad("ssh://a@b/-c");
	bad("ssh://a@b/c/d");
	bad("ssh://a@b/c d");
	bad("ssh://a@b/c\n");
	bad("ssh://a@b/c?d");
	bad("ssh://a@b/c#d");
	bad("ssh://a;b@c/d");
	bad("ssh://a@b%63/d");
	bad("ssh://a:pw@b/c");
	bad("ssh://a@[b]/c");
	bad("ssh://a@[::1]x/c");
	bad("ssh://a@[::1%eth0]/c");
	bad("ssh://a@\xc3\xa9/c");
	snprintf(uri, sizeof(uri), "ssh://a@%0300d/c", 1);
	bad(uri);
	snprintf(uri, sizeof(uri), "ssh://%0300d@a/c", 1);
	bad(uri);
}

static struct tmk_front_pick three(void)
{
	struct tmk_front_pick p = { .name = "k", .key = NULL, .uris = 3 };

	p.uri[0] = "ssh://a@one/k";
	p.uri[1] = "ssh://a@two/k";
	p.uri[2] = "pkcs11:token=three?pin-value=secret";
	return p;
}

static void test_order(void)
{
	struct tmk_front_pick p = three();
	int order[TMK_CONFIG_URI_MAX];

	ok(tmk_front_places_order(order, &p) == 3 && order[0] == 0 &&
	   order[1] == 1 && order[2] == 2, "as they are configured");
	tmk_front_places_note(p.uri[0], true);
	ok(tmk_front_places_order(order, &p) == 3 && order[0] == 1 &&
	   order[1] == 2 && order[2] == 0, "one that was away comes last");
	tmk_front_places_note(p.uri[1], true);
	tmk_front_places_note(p.uri[2], true);
	ok(tmk_front_places_order(order, &p) == 3 && order[0] == 0 &&
	   order[1] == 1 && order[2] == 2, "all were: all are asked");
	tmk_front_places_note(p.uri[1], false);
	ok(tmk_front_places_order(order, &p) == 3 && order[0] == 1 &&
	   order[1] == 0 && order[2] == 2, "one that is there again first");
	p.uris = 1;
	ok(tmk_front_places_order(order, &p) == 1 && order[0] == 0,
	   "the only one");
}

static void test_same(void)
{
	static const uint8_t one[] = { 0x30, 1 }, two[] = { 0x30, 2 };
	struct tmk_front_pick p = three();
	struct tmk_err err = TMK_ERR_INIT;

	ok(!tmk_front_places_same(&p, 0, one, sizeof(one), &err),
	   "the first place shows a key");
	ok(!tmk_front_places_same(&p, 1, one, sizeof(one), &err),
	   "the second the same");
	ok(tmk_front_places_same(&p, 2, two, sizeof(two), &err) &&
	   err.code == TMK_KEY, "the third another");
	ok(strstr(err.text, "token=three") && strstr(err.text, "a@one") &&
	   !strstr(err.text, "secret"), "both are named, and no PIN: %s",
	   err.text);
	ok(!tmk_front_places_same(&p, 0, two, sizeof(two), &err),
	   "the first may get a new one");
	ok(tmk_front_places_same(&p, 1, one, sizeof(one), &err),
	   "which the others need then");
	p.name = "other";
	ok(!tmk_front_places_same(&p, 2, two, sizeof(two), &err),
	   "another key is another key");
}

int main(void)
{
	test_uris();
	test_sockets();
	test_order();
	test_same();
	return tap_done();
}
