/* PKCS#11 URIs: what is read, and what p11-kit alone would let pass. */
#include "key/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/unit/tap.h"

static struct tmk_err err;

static void test_example(void)
{
	struct tmk_uri u = { 0 };
	static const char text[] = "pkcs11:token=dev-token;id=%01;"
		"object=signing-key;type=private";

	ok(!tmk_uri_parse(&u, text, &err), "the example of every guide");
	is_str(u.label, "signing-key", "object");
	is_mem(u.id, u.id_len, "\x01", 1, "id");
	ok(u.has_class && u.class == CKO_PRIVATE_KEY, "type");
	ok(!u.module_path[0] && !u.pin && !u.pin_source[0], "no query");
	tmk_uri_release(&u);
}

static void test_query(void)
{
	struct tmk_uri u = { 0 };

	ok(!tmk_uri_parse(&u, "pkcs11:token=a%20b;serial=1?module-path=/m.so&"
			  "pin-source=file:/run/secrets/pin", &err), "query");
	is_str(u.module_path, "/m.so", "module-path");
	is_str(u.pin_source, "file:/run/secrets/pin", "pin-source");
	ok(u.has_serial, "serial");
	tmk_uri_release(&u);
	ok(!tmk_uri_parse(&u, "pkcs11:object=a=b?pin-value=12%3434%20", &err),
	   "pin-value");
	is_mem(u.pin ? tmk_secret_bytes(u.pin) : NULL,
	       u.pin ? tmk_secret_len(u.pin) : 0, "12434 ", 6, "decoded");
	ok(!p11_kit_uri_get_pin_value(u.p11), "p11-kit has not seen it");
	is_str(u.label, "a=b", "'=' in a value");
	tmk_uri_release(&u);
	ok(!tmk_uri_parse(&u, "pkcs11:", &err), "the empty URI");
	tmk_uri_release(&u);
	ok(!tmk_uri_parse(&u, "pkcs11:id=%00%ff;token=%C3%A9", &err),
	   "any bytes in an id, UTF-8 in a name");
	is_mem(u.id, u.id_len, "\x00\xff", 2, "id");
	tmk_uri_release(&u);
}

static void refused(const char *text, const char *why)
{
	struct tmk_uri u;

	memset(&u, 0xaa, sizeof(u));
	memset(&err, 0, sizeof(err));
	ok(tmk_uri_parse(&u, text, &err) < 0, "refused: %.60s", text);
	if (!ok(strstr(err.text, why) != NULL, "because: %s", why))
		diag("%s", err.text);
	is_int(err.code, TMK_USAGE, "as configuration");
	ok(err.hint[0] && !strstr(err.text, "1234") &&
	   !strstr(err.hint, "1234"), "with a hint and without a PIN");
	ok(*(unsigned char *)&u == 0xaa, "the output is untouched");
}

static void test_refused(void)
{
	char text[4096], name[80];

	refused("", "begin with pkcs11:");
	refused("PKCS11:token=a", "begin with pkcs11:");
	refused("pkcs11:token=my tok", "white space");
	refused("pkcs11:token=a\n", "white space");
	refused("pkcs11:token=a\xc3\xa9", "percent-encoded");
	refused("pkcs11:token=a#b", "percent-encoded");
	refused("pkcs11:token", "without '='");
	refused("pkcs11:token=", "token= has no value");
	refused("pkcs11:id=", "id= has no value");
	refused("pkcs11:;token=a", "empty attribute");
	refused("pkcs11:token=a;", "separator");
	refused("pkcs11:token=a;;object=b", "empty attribute");
	refused("pkcs11:token=a?pin-value=1234&", "separator");
	refused("pkcs11:token=a;token=b", "'token' stands there twice");
	refused("pkcs11:token=a?pin-value=1234&pin-value=1234", "twice");
	refused("pkcs11:toke=a", "unknown attribute 'toke'");
	refused("pkcs11:token=a?vendor-thing=1", "unknown attribute");
	refused("pkcs11:token=a?x-vendor=1", "unknown attribute");
	refused("pkcs11:t%6fken=a", "unknown attribute");
	refused("pkcs11:Token=a", "unknown attribute");
	refused("pkcs11:pin-value=1234", "on this side of the '?'");
	refused("pkcs11:object=a?token=b", "on this side of the '?'");
	refused("pkcs11:slot-id=1", "slot number");
	refused("pkcs11:token=a%", "two hex digits");
	refused("pkcs11:token=a%2", "two hex digits");
	refused("pkcs11:token=a%zz", "two hex digits");
	refused("pkcs11:token=a%00b", "NUL");
	refused("pkcs11:type=bogus", "no token can have");
	refused("pkcs11:token=a?pin-value=1234&pin-source=/f", "exclude");
	refused("pkcs11:token=a?module-path=/m.so&module-name=m", "exclude");
	snprintf(name, sizeof(name), "%070d", 0);
	snprintf(text, sizeof(text), "pkcs11:token=%.33s", name);
	refused(text, "no token can have");
	snprintf(text, sizeof(text), "pkcs11:object=%0300d", 0);
	refused(text, "name is too long");
	snprintf(text, sizeof(text), "pkcs11:id=%066d", 0);
	refused(text, "id is too long");
	snprintf(text, sizeof(text), "pkcs11:object=a?module-path=/%0600d", 0);
	refused(text, "module-path is too long");
	snprintf(text, sizeof(text), "pkcs11:object=a?pin-value=%01200d", 0);
	refused(text, "pin-value is too long");
	snprintf(text, sizeof(text), "pkcs11:object=%02100d", 0);
	refused(text, "it is too long");
}

static void test_format(void)
{
	struct tmk_uri_parts p = { .token = "a b;c", .id = (const uint8_t *)"\x01z",
				   .id_len = 2, .label = "k/1?", .private_key =
				   true, .module_path = "/usr/lib/m.so",
				   .pin_source = "file:/p q" };
	struct tmk_uri u = { 0 };
	char out[256], small[20] = "x";

	ok(!tmk_uri_format(out, sizeof(out), &p), "write a URI");
	is_str(out, "pkcs11:token=a%20b%3Bc;id=%01%7A;object=k%2F1%3F;"
	       "type=private?module-path=/usr/lib/m.so&"
	       "pin-source=file:/p%20q", "as it should be");
	ok(!tmk_uri_parse(&u, out, &err), "it reads back");
	is_str(u.label, "k/1?", "the same label");
	is_str(u.pin_source, "file:/p q", "the same pin-source");
	tmk_uri_release(&u);
	ok(tmk_uri_format(small, sizeof(small), &p) < 0 && !small[0],
	   "one that does not fit is empty");
	memset(&p, 0, sizeof(p));
	p.module_path = "/m.so";
	ok(!tmk_uri_format(out, sizeof(out), &p), "a query alone");
	is_str(out, "pkcs11:?module-path=/m.so", "as it should be");
	ok(!tmk_uri_parse(&u, out, &err), "it reads back");
	tmk_uri_release(&u);
}

int main(void)
{
	test_example();
	test_query();
	test_refused();
	test_format();
	return tap_done();
}
