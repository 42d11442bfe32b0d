#include "key/uri.h"

#include <stdlib.h>
#include <string.h>

#include "base/enc.h"

enum {
	IN_PATH = 1,		/* before the '?' */
	IN_QUERY = 2,
	NUL_OK = 4,		/* %00 is a byte like any other */
	REFUSED = 8
};

/* RFC 7512 2.3. What is not here is unknown. */
static const struct attribute {
	const char *name;
	int flags;
} attributes[] = {
	{ "token", IN_PATH },
	{ "manufacturer", IN_PATH },
	{ "serial", IN_PATH },
	{ "model", IN_PATH },
	{ "library-manufacturer", IN_PATH },
	{ "library-version", IN_PATH },
	{ "library-description", IN_PATH },
	{ "object", IN_PATH },
	{ "type", IN_PATH },
	{ "id", IN_PATH | NUL_OK },
	{ "slot-description", IN_PATH },
	{ "slot-manufacturer", IN_PATH },
	{ "slot-id", IN_PATH | REFUSED },
	{ "pin-source", IN_QUERY },
	{ "pin-value", IN_QUERY },
	{ "module-name", IN_QUERY },
	{ "module-path", IN_QUERY },
};
#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static int bad(struct tmk_err *err, const char *why)
{
	tmk_err_set(err, TMK_USAGE, "bad PKCS#11 URI: %s", why);
	return tmk_err_hint(err, "write it like pkcs11:token=LABEL;"
			    "object=KEY;type=private?module-path=/FILE.so "
			    "(RFC 7512)");
}

static const struct attribute *known(const char *name, size_t len, int where)
{
	size_t i;

	for (i = 0; i < N_ATTRIBUTES; i++)
		if (strlen(attributes[i].name) == len &&
		    !memcmp(attributes[i].name, name, len) &&
		    attributes[i].flags & where)
			return &attributes[i];
	return NULL;
}

/* Percent-encoding must be whole, and may hide a NUL only in a CKA_ID. */
static int check_value(const struct attribute *a, const char *value,
		       size_t len, struct tmk_err *err)
{
	size_t i;

	if (!len) {
		tmk_err_set(err, TMK_USAGE,
			    "bad PKCS#11 URI: %s= has no value", a->name);
		return tmk_err_hint(err, "leave the attribute out instead");
	}
	for (i = 0; i < len; i++) {
		uint8_t byte;

		if (value[i] != '%')
			continue;
		if (len - i < 3 || tmk_dec_hex(&byte, 1, value + i + 1, 2))
			return bad(err, "a '%' is not followed by two hex "
				   "digits");
		if (!byte && !(a->flags & NUL_OK))
			return bad(err, "a NUL byte in a name");
		i += 2;
	}
	return 0;
}

/* The pin-value, decoded straight into locked memory. */
static int take_pin(struct tmk_uri *uri, const char *value, size_t len,
		    struct tmk_err *err)
{
	uint8_t pin[TMK_SECRET_MAX];
	size_t i, n = 0;
	int rc = -1;

	for (i = 0; i < len && n < sizeof(pin); i++, n++) {
		if (value[i] != '%') {
			pin[n] = (uint8_t)value[i];
			continue;
		}
		/* check_value has seen both digits. */
		if (tmk_dec_hex(&pin[n], 1, value + i + 1, 2))
			goto out;
		i += 2;
	}
	if (i < len) {
		bad(err, "the pin-value is too long");
		goto out;
	}
	if (tmk_secret_new(&uri->pin, err))
		goto out;
	rc = tmk_secret_set(uri->pin, pin, n, err);
out:
	tmk_wipe(pin, sizeof(pin));
	return rc;
}

/* One attribute; all but a pin-value is copied to `clean`. */
static int take(struct tmk_uri *uri, struct tmk_buf *clean,
		unsigned int *seen, const char *attr, size_t len, int where,
		struct tmk_err *err)
{
	const char *eq = memchr(attr, '=', len);
	const struct attribute *a;
	size_t name_len = eq ? (size_t)(eq - attr) : len;
	unsigned int bit;
	char last;

	if (!eq)
		return bad(err, len ? "an attribute without '='" :
			   "an empty attribute");
	a = known(attr, name_len, where);
	if (!a) {
		char shown[48];

		tmk_enc_show_into(shown, sizeof(shown), attr, name_len);
		tmk_err_set(err, TMK_USAGE,
			    "bad PKCS#11 URI: unknown attribute '%s'%s",
			    shown, known(attr, name_len, IN_PATH | IN_QUERY) ?
			    " on this side of the '?'" : "");
		return tmk_err_hint(err, "RFC 7512 section 2.3 lists them");
	}
	if (a->flags & REFUSED) {
		bad(err, "a slot number means another token after a restart");
		return tmk_err_hint(err, "name the token: token=LABEL or "
				    "serial=NUMBER");
	}
	bit = 1u << (a - attributes);
	if (*seen & bit) {
		tmk_err_set(err, TMK_USAGE, "bad PKCS#11 URI: '%s' stands "
			    "there twice", a->name);
		return tmk_err_hint(err, "leave one of them out");
	}
	*seen |= bit;
	if (check_value(a, eq + 1, len - name_len - 1, err))
		return -1;
	if (!strcmp(a->name, "pin-value"))
		return take_pin(uri, eq + 1, len - name_len - 1, err);
	uri->has_serial |= !strcmp(a->name, "serial");
	uri->has_slot |= !strncmp(a->name, "slot-", 5);
	uri->has_library |= !strncmp(a->name, "library-", 8);
	last = clean->data[clean->len - 1];
	if (last != ':' && last != '?' &&
	    tmk_buf_addch(clean, where == IN_PATH ? ';' : '&'))
		return tmk_err_nomem(err);
	return tmk_buf_add(clean, attr, len) ? tmk_err_nomem(err) : 0;
}

/* Split one side of the '?' and take each attribute. */
static int take_all(struct tmk_uri *uri, struct tmk_buf *clean,
		    unsigned int *seen, const char *text, size_t len,
		    int where, struct tmk_err *err)
{
	int between = where == IN_PATH ? ';' : '&';

	while (len) {
		const char *end = memchr(text, between, len);
		size_t n = end ? (size_t)(end - text) : len;

		if (take(uri, clean, seen, text, n, where, err))
			return -1;
		if (end && n + 1 == len)
			return bad(err, "it ends in a separator");
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	return 0;
}

/* Our own reading: everything p11-kit would let pass. */
static int scan(struct tmk_uri *uri, struct tmk_buf *clean, const char *text,
		struct tmk_err *err)
{
	size_t len = strnlen(text, TMK_URI_MAX + 1), i, path;
	unsigned int seen = 0;

	if (len > TMK_URI_MAX)
		return bad(err, "it is too long");
	if (strncmp(text, "pkcs11:", 7))
		return bad(err, "it does not begin with pkcs11:");
	for (i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7f || text[i] == '#')
			return bad(err, "white space, '#', control and other "
				   "bytes must be percent-encoded (a space "
				   "is %20)");
	path = strcspn(text, "?");
	if (tmk_buf_add(clean, text, 7) ||
	    take_all(uri, clean, &seen, text + 7, path - 7, IN_PATH, err))
		return -1;
	if (path == len)
		return 0;
	if (tmk_buf_addch(clean, '?'))
		return tmk_err_nomem(err);
	return take_all(uri, clean, &seen, text + path + 1, len - path - 1,
			IN_QUERY, err);
}

static int copy_text(char *out, size_t size, const char *text,
		     const char *what, struct tmk_err *err)
{
	size_t n = text ? strlen(text) : 0;

	if (n >= size) {
		tmk_err_set(err, TMK_USAGE, "bad PKCS#11 URI: %s is too long",
			    what);
		return tmk_err_hint(err, "it has at most %zu bytes", size - 1);
	}
	if (n)
		memcpy(out, text, n);
	out[n] = '\0';
	return 0;
}

/* What the rest of this folder asks for often, out of p11-kit's form. */
static int take_object(struct tmk_uri *uri, struct tmk_err *err)
{
	CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(uri->p11, CKA_ID);
	CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(uri->p11, CKA_LABEL);
	CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(uri->p11, CKA_CLASS);

	if (id) {
		if (id->ulValueLen > sizeof(uri->id))
			return bad(err, "the id is too long");
		memcpy(uri->id, id->pValue, id->ulValueLen);
		uri->id_len = id->ulValueLen;
		uri->has_id = true;
	}
	if (label) {
		if (label->ulValueLen >= sizeof(uri->label))
			return bad(err, "the object's name is too long");
		memcpy(uri->label, label->pValue, label->ulValueLen);
		uri->label[label->ulValueLen] = '\0';
	}
	if (class && class->ulValueLen == sizeof(uri->class)) {
		memcpy(&uri->class, class->pValue, sizeof(uri->class));
		uri->has_class = true;
	}
	return 0;
}

static int take_paths(struct tmk_uri *uri, struct tmk_err *err)
{
	if (copy_text(uri->module_path, sizeof(uri->module_path),
		      p11_kit_uri_get_module_path(uri->p11), "module-path",
		      err) ||
	    copy_text(uri->module_name, sizeof(uri->module_name),
		      p11_kit_uri_get_module_name(uri->p11), "module-name",
		      err) ||
	    copy_text(uri->pin_source, sizeof(uri->pin_source),
		      p11_kit_uri_get_pin_source(uri->p11), "pin-source", err))
		return -1;
	/* RFC 7512 2.4: such a URI should be refused. */
	if (uri->pin && uri->pin_source[0])
		return bad(err, "pin-source and pin-value exclude each other");
	if (uri->module_path[0] && uri->module_name[0])
		return bad(err, "module-path and module-name exclude each "
			   "other");
	return 0;
}

int tmk_uri_parse(struct tmk_uri *out, const char *text, struct tmk_err *err)
{
	struct tmk_buf clean = TMK_BUF_INIT(TMK_URI_MAX + 8);
	struct tmk_uri uri = { 0 };
	int rc = -1;

	if (scan(&uri, &clean, text, err))
		goto out;
	uri.p11 = p11_kit_uri_new();
	if (!uri.p11) {
		tmk_err_nomem(err);
		goto out;
	}
	rc = p11_kit_uri_parse(tmk_buf_str(&clean), P11_KIT_URI_FOR_ANY,
			       uri.p11);
	if (rc != P11_KIT_URI_OK) {
		rc = bad(err, p11_kit_uri_message(rc));
		goto out;
	}
	rc = -1;
	/* Without this a name that is too long for a token, or a type that
	 * does not exist, would match everything. */
	if (p11_kit_uri_any_unrecognized(uri.p11)) {
		bad(err, "a value that no token can have (a name over 32 "
		    "bytes, an unknown type)");
		goto out;
	}
	if (take_object(&uri, err) || take_paths(&uri, err))
		goto out;
	*out = uri;
	memset(&uri, 0, sizeof(uri));
	rc = 0;
out:
	tmk_uri_release(&uri);
	tmk_buf_release(&clean);
	return rc;
}

void tmk_uri_release(struct tmk_uri *uri)
{
	tmk_secret_free(uri->pin);
	if (uri->p11)
		p11_kit_uri_free(uri->p11);
	memset(uri, 0, sizeof(*uri));
}

static int add_encoded(struct tmk_buf *out, const uint8_t *data, size_t len,
		       bool all, bool query)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t i;
	int rc = 0;

	for (i = 0; i < len && !rc; i++) {
		bool is_plain = data[i] && !all &&
			(strchr(plain, data[i]) ||
			 (query && (data[i] == '/' || data[i] == ':')));

		rc = is_plain ? tmk_buf_addch(out, data[i]) :
			tmk_buf_printf(out, "%%%02X", data[i]);
	}
	return rc;
}

static int add_part(struct tmk_buf *out, int *between, const char *name,
		    const char *value)
{
	bool query = *between == '?' || *between == '&';

	if (!value || !*value)
		return 0;
	if ((*between && tmk_buf_addch(out, *between)) ||
	    tmk_buf_addstr(out, name))
		return -1;
	*between = query ? '&' : ';';
	return add_encoded(out, (const uint8_t *)value, strlen(value), false,
			   query);
}

int tmk_uri_format(char *out, size_t size, const struct tmk_uri_parts *parts)
{
	struct tmk_buf b = TMK_BUF_INIT(size - 1);
	int between = 0, rc = -1;

	*out = '\0';
	if (tmk_buf_addstr(&b, "pkcs11:") ||
	    add_part(&b, &between, "token=", parts->token) ||
	    add_part(&b, &between, "serial=", parts->serial))
		goto out;
	if (parts->id_len &&
	    ((between && tmk_buf_addch(&b, between)) ||
	     tmk_buf_addstr(&b, "id=") ||
	     add_encoded(&b, parts->id, parts->id_len, true, false)))
		goto out;
	if (parts->id_len)
		between = ';';
	if (add_part(&b, &between, "object=", parts->label) ||
	    add_part(&b, &between, "type=",
		     parts->private_key ? "private" : NULL))
		goto out;
	between = '?';
	if (add_part(&b, &between, "module-path=", parts->module_path) ||
	    add_part(&b, &between, "pin-source=", parts->pin_source))
		goto out;
	memcpy(out, tmk_buf_str(&b), b.len + 1);
	rc = 0;
out:
	tmk_buf_release(&b);
	return rc;
}
