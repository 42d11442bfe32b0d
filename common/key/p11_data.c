#include "key/p11_data.h"

#include <string.h>

#include "key/p11.h"
#include "key/p11_error.h"
#include "key/p11_find.h"
#include "key/p11_token.h"

#define FOUND_MAX 16		/* objects of one label */
#define LABEL_MAX 255

struct data_job {
	char label[LABEL_MAX + 1];
	struct tmk_buf value;	/* read, or to be written */
	CK_OBJECT_HANDLE h[FOUND_MAX];
	size_t found;
};

static void data_job_release(void *job)
{
	tmk_buf_release(&((struct data_job *)job)->value);
}

static struct data_job *data_job_new(struct tmk_p11 *p, const char *label,
				     struct tmk_err *err)
{
	struct data_job *j;

	if (!*label || strlen(label) > LABEL_MAX) {
		tmk_err_set(err, TMK_KEY, "a data object needs a label of 1 to "
			    "%d bytes", LABEL_MAX);
		return NULL;
	}
	j = tmk_p11_job(p, sizeof(*j), data_job_release);
	if (!j) {
		tmk_err_nomem(err);
		return NULL;
	}
	memcpy(j->label, label, strlen(label) + 1);
	tmk_buf_init(&j->value, TMK_P11_DATA_MAX);
	return j;
}

static int search(struct tmk_p11 *p, struct data_job *j, struct tmk_err *err)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL on = CK_TRUE;
	char application[] = TMK_P11_DATA_APPLICATION;
	CK_ATTRIBUTE t[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_TOKEN, &on, sizeof(on) },
		{ CKA_APPLICATION, application, strlen(application) },
		{ CKA_LABEL, j->label, strlen(j->label) },
	};

	return tmk_p11_search(p, t, sizeof(t) / sizeof(t[0]), j->h, FOUND_MAX,
			      &j->found, err);
}

/* The value of an object into `out`, which is empty. */
static int read_value(struct tmk_p11 *p, CK_OBJECT_HANDLE h,
		      struct tmk_buf *out, struct tmk_err *err)
{
	CK_ATTRIBUTE value = { CKA_VALUE, NULL, TMK_P11_DATA_MAX };
	CK_RV rv;

	value.pValue = tmk_buf_reserve(out, TMK_P11_DATA_MAX);
	if (!value.pValue)
		return tmk_err_nomem(err);
	rv = TMK_P11(p, C_GetAttributeValue, p->session, h, &value, 1);
	if (tmk_p11_check(p, rv, "C_GetAttributeValue", err))
		return -1;
	if (value.ulValueLen > TMK_P11_DATA_MAX)
		return tmk_err_set(err, TMK_KEY, "the token gives a value of "
				   "impossible length");
	tmk_buf_commit(out, value.ulValueLen);
	return 0;
}

/* ---- reading ------------------------------------------------------------ */

static int get_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct data_job *j = p->job;

	if (search(p, j, err))
		return -1;
	return j->found == 1 ? read_value(p, j->h[0], &j->value, err) : 1;
}

int tmk_p11_get_data(const struct tmk_place *place, const char *label,
		     struct tmk_buf *out, struct tmk_err *err)
{
	struct tmk_p11 *p = NULL;
	struct data_job *j;
	int rc = -1;

	if (tmk_p11_connect(&p, place, 0, err))
		return -1;
	j = data_job_new(p, label, err);
	if (!j)
		goto out;
	rc = tmk_p11_run(&p, get_work, err);
	if (!rc && tmk_buf_add(out, j->value.data, j->value.len))
		rc = tmk_err_set(err, TMK_KEY, "the data object %s is too "
				 "long (%zu bytes)", label, j->value.len);
out:
	tmk_p11_free(p);
	return rc;
}

/* ---- writing ------------------------------------------------------------ */

static bool holds(struct tmk_p11 *p, CK_OBJECT_HANDLE h,
		  const struct tmk_buf *want)
{
	struct tmk_buf got = TMK_BUF_INIT(TMK_P11_DATA_MAX);
	bool same = !read_value(p, h, &got, NULL) && got.len == want->len &&
		(!got.len || !memcmp(got.data, want->data, got.len));

	tmk_buf_release(&got);
	return same;
}

/* Whether everybody can read it, as far as the token says. */
static bool is_public(struct tmk_p11 *p, CK_OBJECT_HANDLE h)
{
	CK_BBOOL private = CK_TRUE;
	CK_ATTRIBUTE t = { CKA_PRIVATE, &private, sizeof(private) };

	return TMK_P11(p, C_GetAttributeValue, p->session, h, &t, 1) ==
		CKR_OK && t.ulValueLen == 1 && !private;
}

static int create(struct tmk_p11 *p, struct data_job *j, CK_OBJECT_HANDLE *h,
		  struct tmk_err *err)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL on = CK_TRUE, off = CK_FALSE;
	char application[] = TMK_P11_DATA_APPLICATION;
	CK_ATTRIBUTE t[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_TOKEN, &on, sizeof(on) },
		{ CKA_PRIVATE, &off, sizeof(off) },
		{ CKA_APPLICATION, application, strlen(application) },
		{ CKA_LABEL, j->label, strlen(j->label) },
		{ CKA_VALUE, j->value.data, j->value.len },
	};
	CK_RV rv = TMK_P11(p, C_CreateObject, p->session, t,
			   sizeof(t) / sizeof(t[0]), h);

	return tmk_p11_check(p, rv, "C_CreateObject", err);
}

static int remove_old(struct tmk_p11 *p, struct data_job *j,
		      struct tmk_err *err)
{
	size_t i;

	for (i = 0; i < j->found; i++) {
		CK_RV rv = TMK_P11(p, C_DestroyObject, p->session, j->h[i]);

		if (tmk_p11_check(p, rv, "C_DestroyObject", err))
			return -1;
	}
	return 0;
}

static int put_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct data_job *j = p->job;
	CK_OBJECT_HANDLE new = 0;

	if (search(p, j, err))
		return -1;
	if (j->found == FOUND_MAX)
		return tmk_err_set(err, TMK_KEY, "too many data objects are "
				   "called %s", j->label);
	if (j->found == 1 && holds(p, j->h[0], &j->value) &&
	    is_public(p, j->h[0]))
		return 0;
	if (create(p, j, &new, err))
		return -1;
	if (!holds(p, new, &j->value) || !is_public(p, new)) {
		tmk_err_set(err, TMK_KEY, "the token does not give back the "
			    "data that was written to it");
		goto out;
	}
	if (remove_old(p, j, err))
		goto out;
	return 0;
out:
	/* Two of one name would be none: the old one stays the only one. */
	(void)TMK_P11(p, C_DestroyObject, p->session, new);
	return -1;
}

int tmk_p11_put_data(const struct tmk_place *place, const char *label,
		     const void *data, size_t len, struct tmk_err *err)
{
	struct tmk_p11 *p = NULL;
	struct data_job *j;
	int rc = -1;

	if (len > TMK_P11_DATA_MAX)
		return tmk_err_set(err, TMK_KEY, "more than %d bytes are not "
				   "written to a token", TMK_P11_DATA_MAX);
	if (tmk_p11_connect(&p, place, TMK_P11_LOGIN | TMK_P11_WRITE, err))
		return -1;
	j = data_job_new(p, label, err);
	if (!j)
		goto out;
	if (tmk_buf_add(&j->value, data, len)) {
		tmk_err_nomem(err);
		goto out;
	}
	rc = tmk_p11_run(&p, put_work, err);
out:
	tmk_p11_free(p);
	return rc;
}
