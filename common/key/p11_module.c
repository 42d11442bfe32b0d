/* Loading modules, running work in them, and leaving them. */
#include "key/p11.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/p11-kit.h>

#include "base/enc.h"
#include "key/p11_error.h"
#include "key/p11_token.h"

int tmk_p11_check(struct tmk_p11 *p, CK_RV rv, const char *call,
		  struct tmk_err *err)
{
	p->rv = rv;
	return rv == CKR_OK ? 0 : tmk_p11_error_set(err, rv, call);
}

static void job_drop(struct tmk_p11 *p)
{
	if (p->job && p->job_release)
		p->job_release(p->job);
	free(p->job);
	p->job = NULL;
	p->job_release = NULL;
}

void *tmk_p11_job(struct tmk_p11 *p, size_t size, void (*release)(void *))
{
	job_drop(p);
	p->job = calloc(1, size);
	p->job_release = release;
	return p->job;
}

char *tmk_p11_label(char *out, const struct tmk_p11 *p)
{
	const CK_TOKEN_INFO *info = &p->token[p->at].info;
	char raw[33];

	tmk_p11_unpad(raw, info->label, sizeof(info->label));
	tmk_enc_show_into(out, TMK_P11_LABEL, raw, strlen(raw));
	return out;
}

/* What is told of a call that takes long; never about a struct that the
 * worker may be changing: only what was noted before. */
struct telling {
	const struct tmk_person *person;
	char label[TMK_P11_LABEL];
	bool pad;
};

static void tell_slow(void *ctx, const char *call)
{
	const struct telling *t = ctx;
	char text[TMK_P11_LABEL + 128];

	if (!strcmp(call, "C_Sign"))
		snprintf(text, sizeof(text), "token %s is still at work: it "
			 "may wait for a touch", t->label);
	else if (!strcmp(call, "C_Login") && t->pad)
		snprintf(text, sizeof(text), "token %s waits for its PIN at "
			 "its own keypad", t->label);
	else
		return;
	t->person->notice(t->person->ctx, text);
}

int tmk_p11_run(struct tmk_p11 **p, tmk_work work, struct tmk_err *err)
{
	struct telling t = { .person = (*p)->person };
	const struct tmk_deadline_slow slow = { tell_slow, &t };
	bool told = t.person && t.person->notice;
	int rc;

	if (told) {
		tmk_p11_label(t.label, *p);
		t.pad = (*p)->token[(*p)->at].info.flags &
			CKF_PROTECTED_AUTHENTICATION_PATH;
	}
	rc = tmk_deadline_run_told((*p)->path, (*p)->ms, work, *p,
				   told ? &slow : NULL, err);
	if (rc == TMK_STUCK) {
		*p = NULL;
		return -1;
	}
	return rc;
}

int tmk_p11_new(struct tmk_p11 **out, const struct tmk_place *place,
		struct tmk_err *err)
{
	struct tmk_p11 *p = calloc(1, sizeof(*p));
	const char *path;

	if (!p)
		return tmk_err_nomem(err);
	p->ms = place->deadline_ms > 0 ? place->deadline_ms : TMK_DEADLINE_MS;
	if (tmk_uri_parse(&p->uri, place->uri, err))
		goto out;
	path = p->uri.module_path;
	if (!*path && place->module)
		path = place->module;
	if (strlen(path) >= sizeof(p->path)) {
		tmk_err_set(err, TMK_KEY, "the module's path is too long");
		goto out;
	}
	memcpy(p->path, path, strlen(path) + 1);
	p->from_path = *path;
	*out = p;
	return 0;
out:
	tmk_uri_release(&p->uri);
	free(p);
	return -1;
}

/* ---- loading ------------------------------------------------------------ */

static int load_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;

	/* A library does not print; what went wrong is in `err`. */
	p11_kit_be_quiet();
	tmk_deadline_beat("loading");
	p->f = p11_kit_module_load(p->path, 0);
	if (p->f) {
		tmk_p11_alive_add(p);
		return p->then ? p->then(p, err) : 0;
	}
	tmk_err_set(err, TMK_KEY, "%s is not a PKCS#11 module that can be "
		    "loaded", p->path);
	return tmk_err_hint(err, "see what it needs: ldd %s", p->path);
}

int tmk_p11_load(struct tmk_p11 **p, tmk_work then, struct tmk_err *err)
{
	const char *path = (*p)->path;

	/* A path loads code: it is absolute, or a bare name in p11-kit's own
	 * folder; never relative to where we happen to stand. */
	if (path[0] != '/' && strchr(path, '/')) {
		tmk_err_set(err, TMK_KEY, "module path %s is relative", path);
		return tmk_err_hint(err, "give its absolute path");
	}
	if (path[0] == '/' && access(path, R_OK)) {
		tmk_err_set(err, TMK_KEY, "module %s: %s", path,
			    strerror(errno));
		return tmk_err_hint(err, "install it, or correct the path of "
				    "the module");
	}
	(*p)->then = then;
	return tmk_p11_run(p, load_work, err);
}

struct registered {
	CK_FUNCTION_LIST **list;	/* closed by NULL */
};

static int registered_work(void *state, struct tmk_err *err)
{
	struct registered *r = state;

	p11_kit_be_quiet();
	tmk_deadline_beat("loading");
	r->list = p11_kit_modules_load(NULL, 0);
	if (r->list)
		return 0;
	return tmk_err_set(err, TMK_KEY, "p11-kit cannot read its "
			   "configuration");
}

/* One module that p11-kit gave becomes one struct, which owns it. */
static int registered_take(struct tmk_p11 **out, CK_FUNCTION_LIST *f,
			   const struct tmk_place *place, struct tmk_err *err)
{
	char *file = p11_kit_module_get_filename(f);
	struct tmk_p11 *p = NULL;
	int rc = -1;

	if (tmk_p11_new(&p, place, err))
		goto out;
	p->f = f;
	if (file)
		memcpy(p->path, file, strnlen(file, sizeof(p->path) - 1));
	tmk_p11_alive_add(p);
	*out = p;
	rc = 0;
out:
	if (rc)
		p11_kit_module_release(f);
	free(file);
	return rc;
}

/* Whether p11-kit's module is the one that module-name asks for. */
static bool name_fits(CK_FUNCTION_LIST *f, const char *want)
{
	char *name;
	bool fits;

	if (!*want)
		return true;
	name = p11_kit_module_get_name(f);
	fits = name && !strcmp(name, want);
	free(name);
	return fits;
}

int tmk_p11_load_registered(struct tmk_p11 **out, int *n,
			    const struct tmk_place *place,
			    struct tmk_err *err)
{
	struct registered *r = calloc(1, sizeof(*r));
	struct tmk_p11 *first = NULL;
	int rc, i;

	if (!r)
		return tmk_err_nomem(err);
	*n = 0;
	rc = tmk_p11_new(&first, place, err);
	if (!rc)
		rc = tmk_deadline_run("p11-kit", first->ms, registered_work, r,
				      err);
	if (rc == TMK_STUCK)
		r = NULL;	/* the worker may still write to it */
	if (rc)
		goto out;
	for (i = 0; r->list[i]; i++) {
		if (rc || *n == TMK_P11_MODULES_MAX ||
		    !name_fits(r->list[i], first->uri.module_name))
			p11_kit_module_release(r->list[i]);
		else if (registered_take(&out[*n], r->list[i], place, err))
			rc = -1;
		else
			(*n)++;
	}
	while (rc && *n)
		tmk_p11_free(out[--*n]);
out:
	if (r)
		free(r->list);
	free(r);
	tmk_p11_free(first);
	return rc ? -1 : 0;
}

/* ---- leaving ------------------------------------------------------------ */

void tmk_p11_close_session(struct tmk_p11 *p)
{
	if (!p->session_open)
		return;
	/* A logout is for the whole process: others may still need it. */
	if (p->logged_in && !tmk_p11_shares_login(p))
		(void)TMK_P11(p, C_Logout, p->session);
	p->logged_in = false;
	(void)TMK_P11(p, C_CloseSession, p->session);
	p->session_open = false;
}

static int leave_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;

	(void)err;
	tmk_p11_close_session(p);
	if (p->initialised) {
		tmk_deadline_beat("C_Finalize");
		(void)p11_kit_module_finalize(p->f);
		p->initialised = false;
	}
	tmk_deadline_beat("unloading");
	p11_kit_module_release(p->f);
	p->f = NULL;
	return 0;
}

void tmk_p11_free(struct tmk_p11 *p)
{
	if (!p)
		return;
	/* What fails here has no one to tell: the work is done or has failed
	 * with a reason of its own. A module that hangs keeps the struct. */
	if (p->f) {
		if (tmk_p11_run(&p, leave_work, NULL) && !p)
			return;
		tmk_p11_alive_remove(p);
	}
	job_drop(p);
	tmk_secret_free(p->pin);
	tmk_uri_release(&p->uri);
	free(p);
}

/* ---- where the file is -------------------------------------------------- */

struct wanted {
	const char *name;
	char *out;
};

static int is_wanted(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct wanted *w = ctx;
	const char *slash = strrchr(info->dlpi_name, '/');
	size_t len = strlen(info->dlpi_name);

	(void)size;
	if (!slash || strcmp(slash + 1, w->name) || len >= TMK_URI_PATH_MAX)
		return 0;
	memcpy(w->out, info->dlpi_name, len + 1);
	return 1;
}

char *tmk_p11_module_file(char *out, const struct tmk_p11 *p)
{
	struct wanted w = { p->path, out };

	if (p->path[0] == '/') {
		memcpy(out, p->path, strlen(p->path) + 1);
		return out;
	}
	out[0] = '\0';
	dl_iterate_phdr(is_wanted, &w);
	return out;
}
