#include "key/p11_inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/enc.h"
#include "key/p11.h"
#include "key/p11_find.h"
#include "key/p11_one.h"
#include "key/p11_token.h"

static const struct {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
} attributes[] = {
	{ CKA_TOKEN, "CKA_TOKEN" },
	{ CKA_PRIVATE, "CKA_PRIVATE" },
	{ CKA_SENSITIVE, "CKA_SENSITIVE" },
	{ CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE" },
	{ CKA_EXTRACTABLE, "CKA_EXTRACTABLE" },
	{ CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE" },
	{ CKA_LOCAL, "CKA_LOCAL" },
	{ CKA_MODIFIABLE, "CKA_MODIFIABLE" },
	{ CKA_COPYABLE, "CKA_COPYABLE" },
	{ CKA_DESTROYABLE, "CKA_DESTROYABLE" },
	{ CKA_SIGN, "CKA_SIGN" },
	{ CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER" },
	{ CKA_DECRYPT, "CKA_DECRYPT" },
	{ CKA_UNWRAP, "CKA_UNWRAP" },
	{ CKA_DERIVE, "CKA_DERIVE" },
	{ CKA_WRAP_WITH_TRUSTED, "CKA_WRAP_WITH_TRUSTED" },
	{ CKA_ALWAYS_AUTHENTICATE, "CKA_ALWAYS_AUTHENTICATE" },
};

#define N_ATTRIBUTES ((int)(sizeof(attributes) / sizeof(attributes[0])))
_Static_assert(sizeof(attributes) / sizeof(attributes[0]) <=
	       TMK_KEY_ATTRIBUTES_MAX, "room for all");

/* Filled on the worker, told afterwards. */
struct inspect_job {
	struct tmk_key_facts facts;
	CK_INFO module;
	CK_SLOT_INFO slot;
	CK_ULONG mechanism;
	CK_DATE date[2];		/* start, end */
	bool has_module, has_slot, has_mechanism, has_date[2];
};

static void inspect_release(void *job)
{
	tmk_key_info_release(&((struct inspect_job *)job)->facts.info);
}

/* ---- asking ------------------------------------------------------------- */

/* One attribute alone, so that what the module does not know of one tells
 * nothing of another. */
static bool get(struct tmk_p11 *p, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
		void *to, CK_ULONG size)
{
	CK_ATTRIBUTE a = { type, to, size };

	return TMK_P11(p, C_GetAttributeValue, p->session, h, &a, 1) ==
		CKR_OK && a.ulValueLen == size;
}

static enum tmk_tristate get_flag(struct tmk_p11 *p, CK_OBJECT_HANDLE h,
				  CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 0xff;

	if (!get(p, h, type, &value, sizeof(value)) || value > CK_TRUE)
		return TMK_ABSENT;
	return value ? TMK_YES : TMK_NO;
}

/* Eight digits; an empty date is none. */
static bool is_date(const CK_DATE *d)
{
	const unsigned char *c = (const unsigned char *)d;
	size_t i;

	for (i = 0; i < sizeof(*d); i++)
		if (c[i] < '0' || c[i] > '9')
			return false;
	return true;
}

static void ask_private(struct tmk_p11 *p, struct inspect_job *j,
			CK_OBJECT_HANDLE h)
{
	static const CK_ATTRIBUTE_TYPE dates[] = { CKA_START_DATE,
						   CKA_END_DATE };
	int i;

	for (i = 0; i < N_ATTRIBUTES; i++)
		j->facts.attribute[i].value = get_flag(p, h,
						       attributes[i].type);
	j->has_mechanism = get(p, h, CKA_KEY_GEN_MECHANISM, &j->mechanism,
			       sizeof(j->mechanism)) &&
		j->mechanism != CK_UNAVAILABLE_INFORMATION;
	for (i = 0; i < 2; i++)
		j->has_date[i] = get(p, h, dates[i], &j->date[i],
				     sizeof(j->date[i])) &&
			is_date(&j->date[i]);
}

static int inspect_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	struct inspect_job *j = p->job;
	struct tmk_p11_token *t = &p->token[p->at];
	struct tmk_p11_key key;
	int rc;

	rc = tmk_p11_one_of(p, &key, CKO_PRIVATE_KEY, true, err);
	if (!rc)
		ask_private(p, j, key.handle);
	else if (rc > 0)
		rc = tmk_p11_one_of(p, &key, CKO_PUBLIC_KEY, true, err);
	if (rc)
		return rc > 0 ? tmk_p11_one_none(p, err) : rc;
	if (tmk_p11_key_info(p, &key, &j->facts.info, err) < 0)
		return -1;
	/* The flags of now: a login may have changed them. */
	if (tmk_p11_check(p, TMK_P11(p, C_GetTokenInfo, t->slot, &t->info),
			  "C_GetTokenInfo", err))
		return -1;
	j->has_module = TMK_P11(p, C_GetInfo, &j->module) == CKR_OK;
	j->has_slot = TMK_P11(p, C_GetSlotInfo, t->slot, &j->slot) == CKR_OK;
	return 0;
}

/* ---- telling ------------------------------------------------------------ */

struct telling {
	tmk_fact_visit visit;
	void *ctx;
	struct tmk_err *err;
	int rc;			/* of the visit that ended it */
};

static void tell(struct telling *t, const char *name, const char *value)
{
	if (!t->rc && *value)
		t->rc = t->visit(t->ctx, name, value, t->err);
}

static void tell_padded(struct telling *t, const char *name,
			const CK_UTF8CHAR *text, size_t len)
{
	char raw[65];

	tell(t, name, tmk_p11_unpad(raw, text, len));
}

static void tell_version(struct telling *t, const char *name, CK_VERSION v)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%u", v.major, v.minor);
	tell(t, name, text);
}

/* SHA-256 of the module's file. One that cannot be read any more has none:
 * the module runs all the same. */
static void tell_digest(struct telling *t, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t block[8192], digest[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned int len = 0;
	ssize_t n = -1;

	if (fd < 0 || !ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		goto out;
	do {
		n = read(fd, block, sizeof(block));
		if (n > 0 && !EVP_DigestUpdate(ctx, block, (size_t)n))
			goto out;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n || !EVP_DigestFinal_ex(ctx, digest, &len))
		goto out;
	tmk_enc_hex(hex, digest, len);
	tell(t, "module-sha256", hex);
out:
	EVP_MD_CTX_free(ctx);
	if (fd >= 0)
		close(fd);
}

static void tell_module(struct telling *t, const struct tmk_p11 *p,
			const struct inspect_job *j)
{
	const CK_INFO *m = &j->module;
	char file[TMK_URI_PATH_MAX];

	tmk_p11_module_file(file, p);
	tell(t, "module", *file ? file : p->path);
	if (*file)
		tell_digest(t, file);
	if (!j->has_module)
		return;
	tell_padded(t, "module-manufacturer", m->manufacturerID,
		    sizeof(m->manufacturerID));
	tell_padded(t, "module-description", m->libraryDescription,
		    sizeof(m->libraryDescription));
	tell_version(t, "module-version", m->libraryVersion);
	tell_version(t, "cryptoki-version", m->cryptokiVersion);
}

static void tell_flags(struct telling *t, CK_FLAGS flags)
{
	static const struct {
		CK_FLAGS flag;
		const char *name;
	} known[] = {
		{ CKF_RNG, "RNG" },
		{ CKF_WRITE_PROTECTED, "WRITE_PROTECTED" },
		{ CKF_LOGIN_REQUIRED, "LOGIN_REQUIRED" },
		{ CKF_USER_PIN_INITIALIZED, "USER_PIN_INITIALIZED" },
		{ CKF_RESTORE_KEY_NOT_NEEDED, "RESTORE_KEY_NOT_NEEDED" },
		{ CKF_CLOCK_ON_TOKEN, "CLOCK_ON_TOKEN" },
		{ CKF_PROTECTED_AUTHENTICATION_PATH,
		  "PROTECTED_AUTHENTICATION_PATH" },
		{ CKF_DUAL_CRYPTO_OPERATIONS, "DUAL_CRYPTO_OPERATIONS" },
		{ CKF_TOKEN_INITIALIZED, "TOKEN_INITIALIZED" },
		{ CKF_SECONDARY_AUTHENTICATION, "SECONDARY_AUTHENTICATION" },
		{ CKF_USER_PIN_COUNT_LOW, "USER_PIN_COUNT_LOW" },
		{ CKF_USER_PIN_FINAL_TRY, "USER_PIN_FINAL_TRY" },
		{ CKF_USER_PIN_LOCKED, "USER_PIN_LOCKED" },
		{ CKF_USER_PIN_TO_BE_CHANGED, "USER_PIN_TO_BE_CHANGED" },
		{ CKF_SO_PIN_COUNT_LOW, "SO_PIN_COUNT_LOW" },
		{ CKF_SO_PIN_FINAL_TRY, "SO_PIN_FINAL_TRY" },
		{ CKF_SO_PIN_LOCKED, "SO_PIN_LOCKED" },
		{ CKF_SO_PIN_TO_BE_CHANGED, "SO_PIN_TO_BE_CHANGED" },
		{ 0x01000000UL, "ERROR_STATE" },	/* CKF_ERROR_STATE */
	};
	struct tmk_buf text = TMK_BUF_INIT(1024);
	CK_FLAGS left = flags;
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (flags & known[i].flag) {
			rc |= tmk_buf_printf(&text, "%s%s",
					     text.len ? " " : "",
					     known[i].name);
			left &= ~known[i].flag;
		}
	if (left)
		rc |= tmk_buf_printf(&text, "%s0x%lx", text.len ? " " : "",
				     left);
	if (rc)
		t->rc = tmk_err_nomem(t->err);
	tell(t, "token-flags", tmk_buf_str(&text));
	tmk_buf_release(&text);
}

static void tell_token(struct telling *t, const struct tmk_p11 *p,
		       const struct inspect_job *j)
{
	const CK_TOKEN_INFO *i = &p->token[p->at].info;
	char text[64];

	if (j->has_slot) {
		tell_padded(t, "slot-description", j->slot.slotDescription,
			    sizeof(j->slot.slotDescription));
		tell_padded(t, "slot-manufacturer", j->slot.manufacturerID,
			    sizeof(j->slot.manufacturerID));
	}
	tell_version(t, "token-firmware", i->firmwareVersion);
	tell_version(t, "token-hardware", i->hardwareVersion);
	tell_flags(t, i->flags);
	snprintf(text, sizeof(text), "%lu-%lu", i->ulMinPinLen,
		 i->ulMaxPinLen);
	tell(t, "token-pin-length", text);
}

static void tell_birth(struct telling *t, const struct inspect_job *j)
{
	static const char *const dates[] = { "CKA_START_DATE",
					     "CKA_END_DATE" };
	static const struct {
		CK_ULONG mechanism;
		const char *name;
	} known[] = {
		{ CKM_RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN" },
		{ CKM_RSA_X9_31_KEY_PAIR_GEN, "CKM_RSA_X9_31_KEY_PAIR_GEN" },
		{ CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN" },
		{ CKM_EC_EDWARDS_KEY_PAIR_GEN,
		  "CKM_EC_EDWARDS_KEY_PAIR_GEN" },
	};
	char text[32];
	size_t i;

	snprintf(text, sizeof(text), "0x%lx", j->mechanism);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (j->mechanism == known[i].mechanism)
			snprintf(text, sizeof(text), "%s", known[i].name);
	if (j->has_mechanism)
		tell(t, "CKA_KEY_GEN_MECHANISM", text);
	for (i = 0; i < 2; i++) {
		if (!j->has_date[i])
			continue;
		snprintf(text, sizeof(text), "%.4s-%.2s-%.2s",
			 (const char *)j->date[i].year,
			 (const char *)j->date[i].month,
			 (const char *)j->date[i].day);
		tell(t, dates[i], text);
	}
}

static struct inspect_job *job_new(struct tmk_p11 *p, struct tmk_err *err)
{
	struct inspect_job *j = tmk_p11_job(p, sizeof(*j), inspect_release);
	int i;

	if (!j) {
		tmk_err_nomem(err);
		return NULL;
	}
	tmk_key_info_init(&j->facts.info);
	for (i = 0; i < N_ATTRIBUTES; i++) {
		j->facts.attribute[i].name = attributes[i].name;
		j->facts.attribute[i].value = TMK_ABSENT;
	}
	j->facts.attributes = N_ATTRIBUTES;
	return j;
}

int tmk_p11_inspect(const struct tmk_place *place, bool login,
		    struct tmk_key_facts *facts, tmk_fact_visit visit,
		    void *ctx, struct tmk_err *err)
{
	struct telling t = { visit, ctx, err, 0 };
	struct tmk_p11 *p = NULL;
	struct inspect_job *j;
	int rc = -1;

	if (tmk_p11_connect(&p, place, login ? TMK_P11_LOGIN : 0, err))
		return -1;
	j = job_new(p, err);
	if (!j || tmk_p11_run(&p, inspect_work, err))
		goto out;
	tell_module(&t, p, j);
	tell_token(&t, p, j);
	tell_birth(&t, j);
	if (t.rc)
		goto out;
	tmk_key_info_release(&facts->info);
	*facts = j->facts;
	tmk_key_info_init(&j->facts.info);
	rc = 0;
out:
	tmk_p11_free(p);
	return rc;
}
