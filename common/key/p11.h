/*
 * p11.h - one PKCS#11 module in use, and at most one session in it.
 *
 * What the p11_*.c files share; nobody outside this folder includes it.
 * Everything a module call can read or write lives in struct tmk_p11 or in the
 * job it owns, on the heap: when a call does not come back the whole of it is
 * abandoned to the module (see deadline.h) and the pointer of its owner is set
 * to NULL. Functions that say "on the worker" call the module; the others
 * wait for them. Fails with TMK_KEY.
 */
#ifndef TMK_KEY_P11_H
#define TMK_KEY_P11_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "base/err.h"
#include "base/secret.h"
#include "iface/store.h"
#include "key/deadline.h"
#include "key/uri.h"

#define TMK_P11_TOKENS_MAX 64	/* matching tokens in one module */
#define TMK_P11_MODULES_MAX 64	/* modules registered with p11-kit */

/* One token that the URI matches. */
struct tmk_p11_token {
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
};

struct tmk_p11 {
	CK_FUNCTION_LIST *f;	/* by p11-kit; NULL while not loaded */
	char path[TMK_URI_PATH_MAX];	/* of the module, as it was named */
	tmk_work then;		/* what follows the loading; or NULL */
	bool from_path;		/* by the URI or place, not by p11-kit */
	int ms;			/* deadline of each module call */
	bool initialised;
	bool softhsm;		/* the module says it is SoftHSM */
	struct tmk_uri uri;	/* what is looked for */
	struct tmk_p11_token token[TMK_P11_TOKENS_MAX];
	int tokens;		/* that match */
	int at;			/* the one in use */
	bool fresh;		/* its info was read just now */
	CK_SESSION_HANDLE session;
	bool session_open;
	bool write;		/* the session may write */
	bool logged_in;		/* by this session: its to log out */
	bool cut;		/* the module was started anew under it */
	bool unfinished;	/* a signature was begun and not ended */
	const struct tmk_person *person;	/* whom to tell that a call
				   takes long; borrowed, or NULL */
	struct tmk_secret *pin;	/* while a login may need it; or NULL */
	CK_RV rv;		/* of the module call that failed last */
	void *job;		/* arguments and results of work */
	void (*job_release)(void *job);
	struct tmk_p11 *next;	/* in the list of those alive */
};

/* Call the module, on the worker, with the deadline running. */
#define TMK_P11(p, call, ...) \
	(tmk_deadline_beat(#call), (p)->f->call(__VA_ARGS__))

/* Keep what a module call returned; 0, or -1 with `err` filled. */
int tmk_p11_check(struct tmk_p11 *p, CK_RV rv, const char *call,
		  struct tmk_err *err) TMK_MUST_CHECK;

/* Zeroed memory for the arguments and results of the next work; belongs to
 * `p`. `release` (or NULL) frees what hangs off it. NULL when memory ends. */
void *tmk_p11_job(struct tmk_p11 *p, size_t size, void (*release)(void *));

/* The label of the token in use, escaped; `out` has TMK_P11_LABEL bytes.
 * Returns `out`. */
#define TMK_P11_LABEL (33 * 4)
char *tmk_p11_label(char *out, const struct tmk_p11 *p);

/* Run work(*p) on the worker. When the module does not answer, *p becomes
 * NULL and the struct is no longer the caller's. */
int tmk_p11_run(struct tmk_p11 **p, tmk_work work, struct tmk_err *err)
	TMK_MUST_CHECK;

/* A struct for the place's URI, with no module yet. *out belongs to the
 * caller. */
int tmk_p11_new(struct tmk_p11 **out, const struct tmk_place *place,
		struct tmk_err *err) TMK_MUST_CHECK;

/* Load the module that the URI or the place names, and go on with `then` (NULL:
 * initialise nothing) on the worker. */
int tmk_p11_load(struct tmk_p11 **p, tmk_work then, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Load all modules registered with p11-kit, at most TMK_P11_MODULES_MAX, into
 * `out`; each belongs to the caller. *n gets how many. */
int tmk_p11_load_registered(struct tmk_p11 **out, int *n,
			    const struct tmk_place *place,
			    struct tmk_err *err) TMK_MUST_CHECK;

/* Log out, close the session, finalise, unload, free. NULL is fine. */
void tmk_p11_free(struct tmk_p11 *p);

/* On the worker: log out if it was us and close the session. */
void tmk_p11_close_session(struct tmk_p11 *p);

/* ---- the others of this process (p11_alive.c) ---- */

/* Into the list of those that have a module / out of it. */
void tmk_p11_alive_add(struct tmk_p11 *p);
void tmk_p11_alive_remove(struct tmk_p11 *p);

/* Whether another connection of this process is logged in to the same token:
 * PKCS#11 counts logins by process, so this one is then too. */
bool tmk_p11_shares_login(const struct tmk_p11 *p);

/* The token says that nobody is logged in: no connection to it is. */
void tmk_p11_forget_login(struct tmk_p11 *p);

/* Whether any other connection of this process has a module in use (which may
 * be the same one under another path). */
bool tmk_p11_has_company(const struct tmk_p11 *p);

/* The same for p's own module. */
bool tmk_p11_shares_module(const struct tmk_p11 *p);

/*
 * On the worker: a module in which others of this process have sessions, all
 * of which are dead, is finalised, so that the next start sees the tokens
 * that are there now; those others are `cut`. Returns whether it was done. One
 * session that lives keeps the module as it is.
 */
bool tmk_p11_revive(struct tmk_p11 *p);

/* Where the module's file is in the file system ("" when it cannot be told):
 * p11-kit may have found a bare name in its own folder. `out` has
 * TMK_URI_PATH_MAX bytes. Returns `out`. */
char *tmk_p11_module_file(char *out, const struct tmk_p11 *p);

#endif
