#include "plugins/crl_list.h"

#include <stdlib.h>
#include <string.h>

struct tmk_crl_list *tmk_crl_list_new(void)
{
	return calloc(1, sizeof(struct tmk_crl_list));
}

static void release(struct tmk_crl_source *s)
{
	int i;

	free(s->text);
	for (i = 0; i < s->issuers; i++)
		X509_NAME_free(s->issuer[i]);
	free(s);
}

void tmk_crl_list_free(struct tmk_crl_list *list)
{
	struct tmk_crl_source *s;

	while (list && (s = list->first)) {
		list->first = s->next;
		release(s);
	}
	free(list);
}

bool tmk_crl_list_is_http(const char *url)
{
	return !strncasecmp(url, "http://", 7) ||
		!strncasecmp(url, "https://", 8);
}

bool tmk_crl_list_expects(const struct tmk_crl_source *source,
			  const X509_NAME *issuer)
{
	int i;

	for (i = 0; i < source->issuers; i++)
		if (!X509_NAME_cmp(source->issuer[i], issuer))
			return true;
	return !source->issuers;
}

static int add_issuer(struct tmk_crl_source *s, const X509_NAME *issuer,
		      struct tmk_err *err)
{
	if (s->issuers && tmk_crl_list_expects(s, issuer))
		return 0;
	if (s->issuers == TMK_CRL_ISSUERS_MAX)
		return tmk_err_set(err, TMK_USAGE, "%s is the distribution "
				   "point of more than %d authorities",
				   s->url[0], TMK_CRL_ISSUERS_MAX);
	s->issuer[s->issuers] = X509_NAME_dup(issuer);
	if (!s->issuer[s->issuers])
		return tmk_err_nomem(err);
	s->issuers++;
	return 0;
}

/* The same point in another certificate: the same first name, or for points
 * without any the same issuer. */
static struct tmk_crl_source *find(const struct tmk_crl_list *list,
				   const struct tmk_crl_point *p)
{
	struct tmk_crl_source *s;

	for (s = list->first; s; s = s->next) {
		if (s->delta != p->delta || !s->urls != !p->urls)
			continue;
		if (p->urls ? !strcmp(s->url[0], p->url[0]) :
		    tmk_crl_list_expects(s, p->issuer))
			return s;
	}
	return NULL;
}

/* Copies of the addresses, one behind the other. */
static int copy_urls(struct tmk_crl_source *s, const struct tmk_crl_point *p,
		     struct tmk_err *err)
{
	size_t len = 0, at = 0;
	int i;

	for (i = 0; i < p->urls; i++)
		len += strlen(p->url[i]) + 1;
	s->text = malloc(len + 1);
	if (!s->text)
		return tmk_err_nomem(err);
	for (i = 0; i < p->urls; i++) {
		len = strlen(p->url[i]) + 1;
		memcpy(s->text + at, p->url[i], len);
		s->url[s->urls++] = s->text + at;
		at += len;
	}
	return 0;
}

static int fill(struct tmk_crl_source *s, const struct tmk_crl_point *p,
		struct tmk_err *err)
{
	s->delta = p->delta;
	s->by_hand = !p->issuer;
	if (copy_urls(s, p, err))
		return -1;
	return p->issuer ? add_issuer(s, p->issuer, err) : 0;
}

static void append(struct tmk_crl_list *list, struct tmk_crl_source *s)
{
	if (list->last)
		list->last->next = s;
	else
		list->first = s;
	list->last = s;
	list->count++;
}

static int add_point(void *ctx, const struct tmk_crl_point *p,
		     struct tmk_err *err)
{
	struct tmk_crl_list *list = ctx;
	struct tmk_crl_source *s = find(list, p);

	if (s)
		return s->by_hand ? 0 : add_issuer(s, p->issuer, err);
	if (list->count == TMK_CRL_SOURCES_MAX)
		return tmk_err_set(err, TMK_USAGE, "more than %d CRLs to "
				   "fetch", TMK_CRL_SOURCES_MAX);
	s = calloc(1, sizeof(*s));
	if (!s)
		return tmk_err_nomem(err);
	if (fill(s, p, err)) {
		release(s);
		return -1;
	}
	append(list, s);
	return 0;
}

int tmk_crl_list_add_cert(struct tmk_crl_list *list, X509 *cert,
			  struct tmk_err *err)
{
	return tmk_crl_file_points(cert, add_point, list, err);
}

int tmk_crl_list_add_crl(struct tmk_crl_list *list, X509_CRL *crl,
			 struct tmk_err *err)
{
	return tmk_crl_file_fresher(crl, add_point, list, err);
}

int tmk_crl_list_add_url(struct tmk_crl_list *list, const char *url,
			 struct tmk_err *err)
{
	struct tmk_crl_point p = { .url = { url }, .urls = 1 };
	const char *c;

	for (c = url; *c > ' ' && *c <= '~'; c++)
		;
	if (*c || c - url > TMK_CRL_URL_MAX || !tmk_crl_list_is_http(url)) {
		tmk_err_set(err, TMK_USAGE, "'%s' is no http or https address",
			    url);
		return tmk_err_hint(err, "a CRL that is a file goes into the "
				    "directory by hand");
	}
	return add_point(list, &p, err);
}
