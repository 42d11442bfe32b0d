#include "key/p11_token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <p11-kit/p11-kit.h>

#include "key/p11_error.h"
#include "key/p11_find.h"
#include "key/p11_login.h"
#include "key/pin.h"

#define SLOTS_MAX 1024
#define SLOTS_AT_ONCE 64

/* Sleeps before another start: SoftHSM writes token.object anew at each
 * C_Login, and who reads it meanwhile sees half a token. Under 3 s in all; a
 * token that is simply not there is told within a second. With dozens of
 * signers at once most starts collide, so short sleeps come first. */
static const int sleeps_ms[] = { 10, 20, 40, 80, 160, 240, 500, 800, 1000 };
#define AGAIN_FAILED 9		/* times, after a start that failed */
#define AGAIN_ABSENT 7		/* times, after one that saw no token */

/* Between half and all of `ms`: those that collided once would do so again
 * if all slept equally long. */
static void sleep_about(int ms)
{
	long ns = ms * 1000000L;
	struct timespec left;
	uint32_t by = 0;

	if (getrandom(&by, sizeof(by), GRND_NONBLOCK) == (ssize_t)sizeof(by))
		ns -= (long)((uint64_t)by * (uint64_t)(ns / 2) >> 32);
	left.tv_sec = ns / 1000000000;
	left.tv_nsec = ns % 1000000000;

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

char *tmk_p11_unpad(char *out, const CK_UTF8CHAR *text, size_t size)
{
	size_t n = strnlen((const char *)text, size);

	while (n && text[n - 1] == ' ')
		n--;
	memcpy(out, text, n);
	out[n] = '\0';
	return out;
}

/* ---- finding ------------------------------------------------------------ */

static bool matches(struct tmk_p11 *p, CK_SLOT_ID slot,
		    const CK_TOKEN_INFO *info)
{
	CK_SLOT_INFO slot_info;

	if (!(info->flags & CKF_TOKEN_INITIALIZED) ||
	    p11_kit_uri_match_token_info(p->uri.p11, info) != 1)
		return false;
	if (!p->uri.has_slot)
		return true;
	return TMK_P11(p, C_GetSlotInfo, slot, &slot_info) == CKR_OK &&
	       p11_kit_uri_match_slot_info(p->uri.p11, &slot_info) == 1;
}

/* The slots with a token in them in one call; 0, or -1 when that is not to be
 * trusted: none, or more than expected. */
static int list_at_once(struct tmk_p11 *p, CK_SLOT_ID **slots, CK_ULONG *n)
{
	CK_SLOT_ID *list = calloc(SLOTS_AT_ONCE, sizeof(*list));
	CK_ULONG got = SLOTS_AT_ONCE;

	if (!list)
		return -1;
	if (TMK_P11(p, C_GetSlotList, CK_TRUE, list, &got) != CKR_OK ||
	    !got || got >= SLOTS_AT_ONCE) {
		free(list);
		return -1;
	}
	*slots = list;
	*n = got;
	return 0;
}

/* The slots with a token in them; *slots is the caller's. */
static int list_slots(struct tmk_p11 *p, CK_SLOT_ID **slots, CK_ULONG *n,
		      struct tmk_err *err)
{
	CK_SLOT_ID *list = NULL;
	CK_ULONG room = 0;
	int tries;
	CK_RV rv;

	/* A module that was started just now has looked at its slots: one call
	 * will do. One that runs for longer looks again when it is asked how
	 * many there are (PKCS#11 2.40 section 5.5). A token may be put in
	 * between the two calls. */
	if (!tmk_p11_shares_module(p) && !list_at_once(p, slots, n))
		return 0;
	for (tries = 0; tries < 3; tries++) {
		rv = TMK_P11(p, C_GetSlotList, CK_TRUE, NULL, n);
		if (rv != CKR_OK)
			break;
		room = *n < SLOTS_MAX ? *n : SLOTS_MAX;
		*n = room;
		free(list);
		list = calloc(room + 1, sizeof(*list));
		if (!list)
			return tmk_err_nomem(err);
		rv = TMK_P11(p, C_GetSlotList, CK_TRUE, list, n);
		if (rv != CKR_BUFFER_TOO_SMALL)
			break;
	}
	if (tmk_p11_check(p, rv, "C_GetSlotList", err)) {
		free(list);
		return -1;
	}
	/* A module may claim more than it was given room for. */
	if (*n > room || !list)
		*n = list ? room : 0;
	*slots = list;
	return 0;
}

static bool is_softhsm(struct tmk_p11 *p)
{
	CK_INFO info;

	return TMK_P11(p, C_GetInfo, &info) == CKR_OK &&
	       !memcmp(info.manufacturerID, "SoftHSM", 7);
}

static bool library_matches(struct tmk_p11 *p)
{
	CK_INFO info;

	return !p->uri.has_library ||
	       (TMK_P11(p, C_GetInfo, &info) == CKR_OK &&
		p11_kit_uri_match_module_info(p->uri.p11, &info) == 1);
}

static void note_tokens(struct tmk_p11 *p, const CK_SLOT_ID *slots,
			CK_ULONG n, bool blank)
{
	CK_ULONG i;

	for (i = 0; i < n && p->tokens < TMK_P11_TOKENS_MAX; i++) {
		struct tmk_p11_token *t = &p->token[p->tokens];

		/* A slot that fails is as good as empty. */
		if (TMK_P11(p, C_GetTokenInfo, slots[i], &t->info) != CKR_OK)
			continue;
		if (blank || matches(p, slots[i], &t->info)) {
			t->slot = slots[i];
			p->tokens++;
		}
	}
}

static int look(struct tmk_p11 *p, bool blank, struct tmk_err *err)
{
	CK_SLOT_ID *slots = NULL;
	CK_ULONG n = 0;
	CK_RV rv;

	p->tokens = 0;
	if (!p->initialised) {
		tmk_deadline_beat("C_Initialize");
		rv = p11_kit_module_initialize(p->f);
		if (tmk_p11_check(p, rv, "C_Initialize", err))
			return -1;
		p->initialised = true;
	}
	if (!blank && !library_matches(p))
		return 0;
	if (list_slots(p, &slots, &n, err)) {
		p->softhsm = is_softhsm(p);
		return -1;
	}
	note_tokens(p, slots, n, blank);
	free(slots);
	p->fresh = true;
	if (!p->tokens)
		p->softhsm = is_softhsm(p);
	else
		p->softhsm = !memcmp(p->token[0].info.manufacturerID,
				     "SoftHSM", 7);
	return 0;
}

/* A module that others of this process have had for hours may not see a token
 * that was taken out and put back: it is started anew when nothing of theirs
 * lives in it any more. */
static int find_tokens(struct tmk_p11 *p, bool blank, struct tmk_err *err)
{
	int rc = look(p, blank, err);

	if ((rc || !p->tokens) && tmk_p11_revive(p))
		rc = look(p, blank, err);
	return rc;
}

static int match_work(void *state, struct tmk_err *err)
{
	return find_tokens(state, false, err);
}

static int blank_work(void *state, struct tmk_err *err)
{
	return find_tokens(state, true, err);
}

int tmk_p11_find_tokens(struct tmk_p11 **p, bool blank, struct tmk_err *err)
{
	return tmk_p11_run(p, blank ? blank_work : match_work, err);
}

static int session_work(void *state, struct tmk_err *err)
{
	struct tmk_p11 *p = state;
	CK_FLAGS flags = CKF_SERIAL_SESSION | (p->write ? CKF_RW_SESSION : 0);
	CK_RV rv = TMK_P11(p, C_OpenSession, p->token[p->at].slot, flags,
			   NULL, NULL, &p->session);

	if (tmk_p11_check(p, rv, "C_OpenSession", err))
		return -1;
	p->session_open = true;
	return 0;
}

int tmk_p11_open_session(struct tmk_p11 **p, int at, bool write,
			 struct tmk_err *err)
{
	(*p)->at = at;
	(*p)->write = write;
	return tmk_p11_run(p, session_work, err);
}

/* ---- all modules -------------------------------------------------------- */

/* The one module that the place names. */
static int scan_path(struct tmk_p11 **out, int *n, struct tmk_err *err)
{
	int rc = tmk_p11_load(out, match_work, err);

	*n = *out != NULL;
	return rc;
}

/* All that p11-kit knows: a broken or hanging one must not hide the others. */
static int scan_registered(struct tmk_p11 **out, int *n,
			   const struct tmk_place *place,
			   struct tmk_err *skipped, struct tmk_err *err)
{
	int i, found = 0, kept = 0;

	*n = 0;
	if (tmk_p11_load_registered(out, &found, place, err))
		return -1;
	for (i = 0; i < found; i++) {
		char path[TMK_URI_PATH_MAX];
		struct tmk_err why = TMK_ERR_INIT;

		memcpy(path, out[i]->path, sizeof(path));
		if (!tmk_p11_find_tokens(&out[i], false, &why)) {
			out[kept++] = out[i];
			continue;
		}
		tmk_p11_free(out[i]);
		tmk_err_prefix(&why, "module %s", path);
		if (skipped && !skipped->code)
			*skipped = why;
	}
	*n = kept;
	return 0;
}

static int scan_once(struct tmk_p11 **out, int *n,
		     const struct tmk_place *place, struct tmk_err *skipped,
		     struct tmk_err *err)
{
	*n = 0;
	if (tmk_p11_new(&out[0], place, err))
		return -1;
	if (out[0]->from_path)
		return scan_path(out, n, err);
	tmk_p11_free(out[0]);
	return scan_registered(out, n, place, skipped, err);
}

/* Whether SoftHSM was asked and nothing at all was seen: it may be writing. */
static bool looks_absent(struct tmk_p11 **set, int n)
{
	bool softhsm = false;
	int i;

	for (i = 0; i < n; i++) {
		if (set[i]->tokens)
			return false;
		softhsm |= set[i]->softhsm;
	}
	return softhsm;
}

int tmk_p11_scan(struct tmk_p11 **out, int *n, const struct tmk_place *place,
		 struct tmk_err *skipped, struct tmk_err *err)
{
	int tries, rc;

	for (tries = 0;; tries++) {
		rc = scan_once(out, n, place, skipped, err);
		if (rc || tries == AGAIN_ABSENT || !looks_absent(out, *n))
			return rc;
		while (*n)
			tmk_p11_free(out[--*n]);
		sleep_about(sleeps_ms[tries]);
	}
}

/* ---- exactly one -------------------------------------------------------- */

/* A token without login that cannot be written (a store of public roots, say)
 * never holds a signing key. */
static bool may_hold_keys(const CK_TOKEN_INFO *info)
{
	return info->flags & (CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED) ||
	       !(info->flags & CKF_WRITE_PROTECTED);
}

struct choice {
	int module, token;	/* the last one seen */
	int count;
	struct tmk_buf list;	/* URIs of all of them, in lines' words */
};

static void count_tokens(struct choice *c, struct tmk_p11 **set, int n)
{
	int i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < set[i]->tokens; j++) {
			const CK_TOKEN_INFO *info = &set[i]->token[j].info;
			char label[33], serial[17], uri[400];
			struct tmk_uri_parts parts = { label, serial };

			if (!may_hold_keys(info))
				continue;
			c->module = i;
			c->token = j;
			tmk_p11_unpad(label, info->label, sizeof(info->label));
			tmk_p11_unpad(serial, info->serialNumber,
				      sizeof(info->serialNumber));
			/* A list that is cut still says how many there are. */
			if (c->count++ < 4 &&
			    (tmk_uri_format(uri, sizeof(uri), &parts) ||
			     tmk_buf_printf(&c->list, "%s %s",
					    c->count > 1 ? "," : "", uri)))
				continue;
		}
}

static int no_token(struct tmk_p11 **set, int n, const struct tmk_err *skipped,
		    struct tmk_err *err)
{
	if (n == 1 && set[0]->from_path)
		tmk_err_set(err, TMK_KEY, "no token in module %s matches the "
			    "URI", set[0]->path);
	else
		tmk_err_set(err, TMK_KEY, "no token matches the URI in any "
			    "module registered with p11-kit%s%s%s",
			    skipped->code ? " (passed over: " : "",
			    skipped->text, skipped->code ? ")" : "");
	return tmk_err_hint(err, "see what is there: p11tool --list-tokens, "
			    "or pkcs11-tool --module FILE.so -T");
}

static int choose(struct choice *c, struct tmk_p11 **set, int n,
		  const struct tmk_err *skipped, struct tmk_err *err)
{
	count_tokens(c, set, n);
	if (c->count == 1)
		return 0;
	if (!c->count)
		return no_token(set, n, skipped, err);
	tmk_err_set(err, TMK_KEY, "%d tokens match the URI:%s", c->count,
		    tmk_buf_str(&c->list));
	return tmk_err_hint(err, "say which one: add token=LABEL or "
			    "serial=NUMBER");
}

void tmk_p11_blame(const struct tmk_place *place, enum tmk_open_failure why)
{
	if (place->why)
		*place->why = why;
}

/* Whether a login failed over the PIN and not over the device: it was refused,
 * or nothing came that could be tried (the module is then content), or the
 * person at the token's keypad said no. */
bool tmk_p11_is_about_pin(CK_RV rv)
{
	return rv == CKR_OK || tmk_p11_error_is_pin(rv) ||
	       rv == CKR_FUNCTION_CANCELED ||
	       rv == CKR_USER_PIN_NOT_INITIALIZED;
}

/* Whether another start might help: SoftHSM's own race, seen from here. */
static bool is_race(const struct tmk_p11 *p)
{
	return (p->softhsm || !p->initialised) &&
	       (p->rv == CKR_GENERAL_ERROR ||
		p->rv == CKR_USER_PIN_NOT_INITIALIZED ||
		p->rv == CKR_TOKEN_NOT_RECOGNIZED ||
		p->rv == CKR_TOKEN_NOT_PRESENT);
}

/* Nobody is logged in for the wrong key, nor asked for a PIN. */
static int expect(struct tmk_p11 **p, const struct tmk_place *place,
		  struct tmk_err *err)
{
	int rc = tmk_p11_shows_other(p, place->spki_hint, place->spki_hint_len,
				     err);

	if (rc <= 0)
		return rc;
	tmk_p11_blame(place, TMK_OPEN_OTHER);
	return tmk_err_set(err, TMK_KEY, "the token holds another key than "
			   "the one that is expected");
}

/* One start; `again` gets whether another one might do better. */
static int connect_once(struct tmk_p11 **out, const struct tmk_place *place,
			int flags, const struct tmk_pin_source *source,
			struct tmk_secret **pin, bool *again,
			struct tmk_err *err)
{
	struct tmk_p11 *set[TMK_P11_MODULES_MAX] = { NULL };
	struct choice c = { 0, 0, 0, TMK_BUF_INIT(600) };
	struct tmk_err skipped = TMK_ERR_INIT;
	struct tmk_p11 *p;
	int n = 0, i, rc;

	rc = tmk_p11_scan(set, &n, place, &skipped, err);
	if (rc) {
		*again = n && is_race(set[0]);
		goto out;
	}
	rc = choose(&c, set, n, &skipped, err);
	if (rc) {
		if (c.count)
			tmk_p11_blame(place, TMK_OPEN_KEY);
		goto out;
	}
	p = set[c.module];
	set[c.module] = NULL;
	p->person = place->person;
	rc = tmk_p11_open_session(&p, c.token, flags & TMK_P11_WRITE, err);
	if (!rc && flags & TMK_P11_LOGIN && place->spki_hint)
		rc = expect(&p, place, err);
	if (!rc && flags & TMK_P11_LOGIN) {
		rc = tmk_p11_login(&p, source, pin, err);
		if (rc && p && tmk_p11_is_about_pin(p->rv))
			tmk_p11_blame(place, TMK_OPEN_PIN);
	}
	if (rc) {
		*again = p && is_race(p);
		tmk_p11_free(p);
		goto out;
	}
	*out = p;
out:
	for (i = 0; i < n; i++)
		tmk_p11_free(set[i]);
	tmk_buf_release(&c.list);
	return rc;
}

int tmk_p11_connect(struct tmk_p11 **out, const struct tmk_place *place,
		    int flags, struct tmk_err *err)
{
	struct tmk_pin_order order = { place->pin_file };
	struct tmk_pin_source source = tmk_pin_source_init(&order);
	struct tmk_uri uri = { 0 };
	struct tmk_secret *pin = NULL;
	int tries, rc = -1;

	/* A copy of its own: the structs come and go with each start. */
	if (tmk_uri_parse(&uri, place->uri, err)) {
		tmk_p11_blame(place, TMK_OPEN_KEY);
		return -1;
	}
	order.person = place->person;
	order.pin_source = uri.pin_source;
	order.pin_value = uri.pin;
	order.pin_file_env = place->pin_file_env;
	order.credentials_dir = place->credentials_dir;
	for (tries = 0;; tries++) {
		struct tmk_err why = TMK_ERR_INIT;
		bool again = false;

		tmk_p11_blame(place, TMK_OPEN_DEVICE);
		rc = connect_once(out, place, flags, &source, &pin, &again,
				  &why);
		if (!rc)
			break;
		if (!again || tries == AGAIN_FAILED) {
			if (err)
				*err = why;
			break;
		}
		sleep_about(sleeps_ms[tries]);
	}
	if (!rc)
		(*out)->person = NULL;
	tmk_secret_free(pin);
	tmk_uri_release(&uri);
	return rc;
}
