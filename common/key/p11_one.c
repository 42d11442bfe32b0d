#include "key/p11_one.h"

#include "key/p11_token.h"

#define LISTED_MAX 4		/* keys named when several match */

static int several(struct tmk_p11 *p, const CK_OBJECT_HANDLE *h, size_t found,
		   CK_OBJECT_CLASS class, struct tmk_err *err)
{
	struct tmk_buf list = TMK_BUF_INIT(600);
	struct tmk_p11_key key;
	char uri[512];
	size_t i;
	int rc = 0;

	for (i = 0; i < found && i < LISTED_MAX && !rc; i++) {
		if (tmk_p11_read_key(p, &key, h[i], class, false, err))
			goto out;
		rc = tmk_buf_printf(&list, "%s %s", i ? "," : "",
				    tmk_p11_key_uri(uri, sizeof(uri), p,
						    &key));
	}
	tmk_err_set(err, TMK_KEY, "%s%zu keys match the URI:%s%s",
		    found > LISTED_MAX ? "more than " : "",
		    found > LISTED_MAX ? (size_t)LISTED_MAX : found,
		    tmk_buf_str(&list), rc ? " ..." : "");
	tmk_err_hint(err, "say which one: add id= or object=");
out:
	tmk_buf_release(&list);
	return -1;
}

int tmk_p11_one_none(const struct tmk_p11 *p, struct tmk_err *err)
{
	char token[33];

	tmk_p11_unpad(token, p->token[p->at].info.label, 32);
	tmk_err_set(err, TMK_KEY, "no private key on token %s matches the "
		    "URI", token);
	return tmk_err_hint(err, "see what is there: touchmark key list");
}

int tmk_p11_one_of(struct tmk_p11 *p, struct tmk_p11_key *key,
		   CK_OBJECT_CLASS class, bool all, struct tmk_err *err)
{
	const char *label = p->uri.label[0] ? p->uri.label : NULL;
	CK_OBJECT_HANDLE h[LISTED_MAX + 1];
	size_t n = 0;

	if (tmk_p11_search_keys(p, class, p->uri.id, p->uri.id_len, label, h,
				LISTED_MAX + 1, &n, err))
		return -1;
	if (!n)
		return 1;
	if (n > 1)
		return several(p, h, n, class, err);
	return tmk_p11_read_key(p, key, h[0], class, all, err);
}

int tmk_p11_one(struct tmk_p11 *p, struct tmk_p11_key *key, bool all,
		struct tmk_err *err)
{
	int rc = tmk_p11_one_of(p, key, CKO_PRIVATE_KEY, all, err);

	return rc > 0 ? tmk_p11_one_none(p, err) : rc;
}
