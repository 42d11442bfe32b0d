/*
 * What the connections of one process share: a module is started once for all
 * of them, and a login to a token is everybody's.
 *
 * `initialised`, `session` and `logged_in` of any struct change on the worker
 * alone, and one piece of work runs at a time: on the worker they may be read
 * and changed in others too. The lock is for the list.
 */
#include "key/p11.h"

#include <pthread.h>
#include <string.h>

#include <p11-kit/p11-kit.h>

#define OTHERS_MAX 256		/* connections that are looked at */

/* Every struct that has a module, also those abandoned to it. */
static pthread_mutex_t alive_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tmk_p11 *alive;

void tmk_p11_alive_add(struct tmk_p11 *p)
{
	pthread_mutex_lock(&alive_lock);
	p->next = alive;
	alive = p;
	pthread_mutex_unlock(&alive_lock);
}

void tmk_p11_alive_remove(struct tmk_p11 *p)
{
	struct tmk_p11 **at;

	pthread_mutex_lock(&alive_lock);
	for (at = &alive; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	pthread_mutex_unlock(&alive_lock);
}

static bool same_module(const struct tmk_p11 *a, const struct tmk_p11 *b)
{
	return !strcmp(a->path, b->path);
}

static bool same_login(const struct tmk_p11 *a, const struct tmk_p11 *b)
{
	return b->logged_in && same_module(a, b) &&
	       a->token[a->at].slot == b->token[b->at].slot;
}

static bool any(const struct tmk_p11 *a, const struct tmk_p11 *b)
{
	(void)a;
	(void)b;
	return true;
}

static bool alive_find(const struct tmk_p11 *p,
		       bool (*fits)(const struct tmk_p11 *,
				    const struct tmk_p11 *))
{
	const struct tmk_p11 *q;
	bool found = false;

	pthread_mutex_lock(&alive_lock);
	for (q = alive; q && !found; q = q->next)
		found = q != p && q->initialised && fits(p, q);
	pthread_mutex_unlock(&alive_lock);
	return found;
}

bool tmk_p11_shares_login(const struct tmk_p11 *p)
{
	return alive_find(p, same_login);
}

bool tmk_p11_has_company(const struct tmk_p11 *p)
{
	return alive_find(p, any);
}

bool tmk_p11_shares_module(const struct tmk_p11 *p)
{
	return alive_find(p, same_module);
}

void tmk_p11_forget_login(struct tmk_p11 *p)
{
	struct tmk_p11 *q;

	pthread_mutex_lock(&alive_lock);
	for (q = alive; q; q = q->next)
		if (q->initialised && same_login(p, q))
			q->logged_in = false;
	pthread_mutex_unlock(&alive_lock);
	p->logged_in = false;
}

/* ---- a module that is started anew ---------------------------------------- */

/* Those that use p's module; the lock is not held while it is called. */
static size_t others_of(struct tmk_p11 *p, struct tmk_p11 **out)
{
	struct tmk_p11 *q;
	size_t n = 0;

	pthread_mutex_lock(&alive_lock);
	for (q = alive; q && n < OTHERS_MAX; q = q->next)
		if (q != p && q->initialised && same_module(p, q))
			out[n++] = q;
	pthread_mutex_unlock(&alive_lock);
	return n;
}

static bool lives(struct tmk_p11 *q)
{
	CK_SESSION_INFO info;

	return q->session_open &&
	       TMK_P11(q, C_GetSessionInfo, q->session, &info) == CKR_OK;
}

static void leave(struct tmk_p11 *q)
{
	q->session_open = false;
	q->logged_in = false;
	q->initialised = false;
	tmk_deadline_beat("C_Finalize");
	(void)p11_kit_module_finalize(q->f);
}

bool tmk_p11_revive(struct tmk_p11 *p)
{
	struct tmk_p11 *others[OTHERS_MAX];
	size_t n = others_of(p, others), i;

	if (!n || n == OTHERS_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (lives(others[i]))
			return false;
	for (i = 0; i < n; i++) {
		others[i]->cut = true;
		leave(others[i]);
	}
	if (p->initialised)
		leave(p);
	return true;
}
