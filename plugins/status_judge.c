/*
 * status_judge.c - what the facts mean: which certificate signs, which comes
 * next, whether a gap lies between them, and what somebody should do.
 */
#include "plugins/status_facts.h"

#include <stdio.h>
#include <string.h>

#include "core/sign.h"
#include "plugins/front_file.h"
#include "x509/attest.h"
#include "x509/crl.h"
#include "x509/crl_file.h"

#define DAY 86400

int64_t tmk_status_days(const struct tmk_status *status, int64_t t)
{
	int64_t left = t - status->now;

	return left < 0 ? (left - DAY + 1) / DAY : left / DAY;
}

const char *tmk_status_use_word(enum tmk_status_use use)
{
	static const char *const word[] = {
		[TMK_STATUS_SIGNS] = "signs", [TMK_STATUS_NEXT] = "next",
		[TMK_STATUS_SPARE] = "spare", [TMK_STATUS_PAST] = "expired",
		[TMK_STATUS_UNFIT] = "unfit", [TMK_STATUS_DENIED] = "denied",
	};

	return word[use];
}

const char *tmk_status_where_word(enum tmk_status_where where)
{
	static const char *const word[] = {
		[TMK_STATUS_THERE] = "there", [TMK_STATUS_AWAY] = "away",
		[TMK_STATUS_MISSING] = "missing",
		[TMK_STATUS_SEVERAL] = "ambiguous",
		[TMK_STATUS_OTHER_KEY] = "other-key",
		[TMK_STATUS_UNSEEN] = "not-looked-at",
	};

	return word[where];
}

const char *tmk_status_kind_word(enum tmk_status_kind kind)
{
	static const char *const word[] = {
		[TMK_STATUS_ROOT] = "root",
		[TMK_STATUS_INTERMEDIATE] = "intermediate",
		[TMK_STATUS_TSA] = "tsa", [TMK_STATUS_CRL] = "crl",
	};

	return word[kind];
}

static bool is_soon(const struct tmk_status *s, int64_t t)
{
	return t - s->now < (int64_t)s->days * DAY;
}

/* ---- one key --------------------------------------------------------------- */

/* Each certificate alone; returns the one that signs, NULL for none. */
static struct tmk_status_cert *choose(const struct tmk_status *s,
				      struct tmk_status_key *key)
{
	struct tmk_status_cert *best = NULL;
	struct tmk_err why;
	int i, rc;

	for (i = 0; i < key->certs; i++) {
		struct tmk_status_cert *c = &key->cert[i];

		why = (struct tmk_err)TMK_ERR_INIT;
		c->use = c->to < s->now ? TMK_STATUS_PAST :
			c->from > s->now ? TMK_STATUS_NEXT : TMK_STATUS_SPARE;
		rc = tmk_sign_cert_ok(c->cert, c->use == TMK_STATUS_SPARE ?
				      s->now : c->from, NULL, 0, &why);
		if (rc && c->use != TMK_STATUS_PAST)
			c->use = TMK_STATUS_UNFIT;
		if (rc)
			snprintf(c->why, sizeof(c->why), "%s", why.text);
		/* As core/sign.c chooses: of those valid the last to begin,
		 * the first of them when two began at once. */
		if (c->use == TMK_STATUS_SPARE && c->counts &&
		    (!best || c->from > best->from))
			best = c;
	}
	if (best)
		best->use = TMK_STATUS_SIGNS;
	return best;
}

/* How long the key can sign without a gap, and when it can again. */
static void cover(struct tmk_status_key *key,
		  const struct tmk_status_cert *now)
{
	bool grew = true;
	int i;

	key->until = now ? now->to : TMK_TIME_NONE;
	while (now && grew) {
		grew = false;
		for (i = 0; i < key->certs; i++) {
			const struct tmk_status_cert *c = &key->cert[i];

			if (!c->counts || c->to <= key->until ||
			    c->from > key->until + 1 ||
			    (c->use != TMK_STATUS_NEXT &&
			     c->use != TMK_STATUS_SPARE))
				continue;
			key->until = c->to;
			grew = true;
		}
	}
	for (i = 0; i < key->certs; i++) {
		const struct tmk_status_cert *c = &key->cert[i];

		if (c->counts && c->use == TMK_STATUS_NEXT &&
		    (!now || c->from > key->until + 1) &&
		    (key->gap == TMK_TIME_NONE || c->from < key->gap))
			key->gap = c->from;
	}
}

static void say(struct tmk_status_key *key, enum tmk_status_level level,
		const char *state)
{
	key->level = level;
	key->state = state;
}

static void how_to_renew(struct tmk_status_key *key)
{
	const char *name = key->section->name;

	snprintf(key->hint, sizeof(key->hint), "touchmark key csr %s --renew "
		 "-o %s.csr, then touchmark key import-cert %s FILE.pem",
		 name, name, name);
}

static void ends(const struct tmk_status *s, struct tmk_status_key *key)
{
	char at[TMK_CLOCK_TEXT], again[TMK_CLOCK_TEXT];
	long long left = (long long)tmk_status_days(s, key->until);

	say(key, TMK_STATUS_SOON, "expiring");
	snprintf(key->text, sizeof(key->text), "can sign CMS until %s, %lld "
		 "day%s from now%s%s", tmk_clock_format(at, key->until), left,
		 left == 1 ? "" : "s",
		 key->gap == TMK_TIME_NONE ? "" : ", and not again before ",
		 key->gap == TMK_TIME_NONE ? "" :
		 tmk_clock_format(again, key->gap));
	how_to_renew(key);
}

/* No certificate signs now. A key without any needs none for OpenPGP and SSH,
 * unless its configuration names one. */
static void lacks(const struct tmk_status *s, struct tmk_status_key *key)
{
	const struct tmk_status_cert *last = NULL;
	char at[TMK_CLOCK_TEXT];
	int i;

	for (i = 0; i < key->certs; i++)
		if (key->cert[i].counts &&
		    !tmk_attest_is(key->cert[i].cert) &&
		    (!last || key->cert[i].to > last->to))
			last = &key->cert[i];
	if (!last && !key->section->cert) {
		say(key, TMK_STATUS_FINE, "no-certificate");
		snprintf(key->text, sizeof(key->text), s->offline ?
			 "no certificate file is configured" :
			 "no certificate is known: OpenPGP and SSH need none");
		return;
	}
	how_to_renew(key);
	if (!last || last->use == TMK_STATUS_UNFIT) {
		say(key, TMK_STATUS_BAD, "no-certificate");
		snprintf(key->text, sizeof(key->text), "no certificate of it "
			 "can sign%s%.400s", last ? ": " : "",
			 last ? last->why : "");
	} else if (last->use == TMK_STATUS_NEXT) {
		say(key, TMK_STATUS_BAD, "not-yet-valid");
		snprintf(key->text, sizeof(key->text), "no certificate of it "
			 "is valid before %s", tmk_clock_format(at, key->gap));
	} else {
		say(key, TMK_STATUS_BAD, "expired");
		snprintf(key->text, sizeof(key->text), "its certificate "
			 "expired at %s", tmk_clock_format(at, last->to));
	}
}

/* The entry of a certificate in the lists of its issuer; NULL for none. */
static const X509_REVOKED *entry_of(const struct tmk_status *s, X509 *cert)
{
	X509_REVOKED *entry = NULL;
	int i;

	for (i = 0; i < s->others; i++) {
		X509_CRL *crl = s->other[i].crl;

		if (crl && !X509_NAME_cmp(X509_CRL_get_issuer(crl),
					  X509_get_issuer_name(cert)) &&
		    X509_CRL_get0_by_cert(crl, &entry, cert) == 1)
			return entry;
	}
	return NULL;
}

/* A certificate that is revoked does not sign, though its dates allow it. */
static bool revoked(const struct tmk_status *s, struct tmk_status_key *key,
		    struct tmk_status_cert *c)
{
	const X509_REVOKED *entry = entry_of(s, c->cert);
	const char *name = key->section->name;
	char why[160] = "";

	if (!entry || !tmk_crl_entry_falls(entry, s->now, false, false, why,
					   sizeof(why)))
		return false;
	c->use = TMK_STATUS_UNFIT;
	snprintf(c->why, sizeof(c->why), "revoked: %s", why);
	say(key, TMK_STATUS_BAD, "revoked");
	snprintf(key->text, sizeof(key->text), "its certificate is revoked: "
		 "%s", why);
	snprintf(key->hint, sizeof(key->hint), "if the key was lost: "
		 "touchmark key compromise %s; else have another certificate "
		 "issued: touchmark key csr %s -o %s.csr", name, name, name);
	return true;
}

/* Nothing of it signs, whatever its certificates say. */
static void denied(struct tmk_status_key *key)
{
	const struct tmk_front_denied *d = &key->denial;
	int i;

	key->until = key->gap = TMK_TIME_NONE;
	for (i = 0; i < key->certs; i++) {
		struct tmk_status_cert *c = &key->cert[i];

		if (c->use == TMK_STATUS_PAST || c->use == TMK_STATUS_UNFIT)
			continue;
		c->use = TMK_STATUS_DENIED;
		snprintf(c->why, sizeof(c->why), "its key is denied");
	}
	say(key, TMK_STATUS_BAD, "denied");
	snprintf(key->text, sizeof(key->text), "denied%s%s%s%s: it signs "
		 "nothing here", *d->since ? " since " : "", d->since,
		 *d->reason ? ", " : "", d->reason);
	snprintf(key->hint, sizeof(key->hint), "have its certificates revoked "
		 "and make a new key: touchmark key generate NEW-NAME --token "
		 "LABEL; then take [touchmark \"%s\"] out of the "
		 "configuration", key->section->name);
}

static void judge_key(const struct tmk_status *s, struct tmk_status_key *key)
{
	struct tmk_status_cert *now = choose(s, key);

	cover(key, now);
	say(key, TMK_STATUS_FINE, "ok");
	if (key->denied) {
		denied(key);
	} else if (key->broken.code) {
		say(key, TMK_STATUS_BAD, "unreadable");
		snprintf(key->text, sizeof(key->text), "%s", key->broken.text);
		snprintf(key->hint, sizeof(key->hint), "%s", *key->broken.hint
			 ? key->broken.hint : "touchmark key import-cert NAME "
			 "FILE.pem puts a certificate there");
	} else if (!now) {
		lacks(s, key);
	} else if (!revoked(s, key, now) && is_soon(s, key->until)) {
		ends(s, key);
	}
}

/* ---- everything else ----------------------------------------------------------- */

/* Whether a later list of the same kind is there too. */
static bool is_replaced(const struct tmk_status *s,
			const struct tmk_status_other *o)
{
	int i;

	for (i = 0; i < s->others; i++) {
		const struct tmk_status_other *p = &s->other[i];

		if (p != o && p->crl && p->to > o->to &&
		    tmk_crl_file_same_scope(p->crl, o->crl))
			return true;
	}
	return false;
}

/* A list is made to end soon, and is fetched anew: only one that has ended is
 * worth a word. */
static void judge_list(const struct tmk_status *s, struct tmk_status_other *o)
{
	char at[TMK_CLOCK_TEXT];

	o->state = "ok";
	if (o->to == TMK_TIME_NONE || o->to >= s->now)
		return;
	if (is_replaced(s, o)) {
		o->state = "replaced";
		return;
	}
	o->level = TMK_STATUS_BAD;
	o->state = "stale";
	snprintf(o->text, sizeof(o->text), "the list ended at %s",
		 tmk_clock_format(at, o->to));
	snprintf(o->hint, sizeof(o->hint), "touchmark crl-fetch");
}

/* The authority takes another one when it thinks fit; nobody here hears of it
 * but by a timestamp. */
static void hint_seen(struct tmk_status_other *o)
{
	char at[TMK_CLOCK_TEXT];

	snprintf(o->hint, sizeof(o->hint), "%.250s signed with it at %s; the "
		 "next timestamp shows whether it has another one: touchmark "
		 "stamp --renew SIGNATURE; if not, configure another "
		 "touchmark.tsa", o->url, tmk_clock_format(at, o->seen));
}

static void judge_cert(const struct tmk_status *s, struct tmk_status_other *o)
{
	static const char *const what[] = {
		[TMK_STATUS_ROOT] = "roots",
		[TMK_STATUS_INTERMEDIATE] = "intermediates",
		[TMK_STATUS_TSA] = "tsaRoots",
	};
	char at[TMK_CLOCK_TEXT];
	long long left = (long long)tmk_status_days(s, o->to);

	o->state = "ok";
	if (!is_soon(s, o->to))
		return;
	o->level = o->to < s->now ? TMK_STATUS_BAD : TMK_STATUS_SOON;
	o->state = o->to < s->now ? "expired" : "expiring";
	if (o->to < s->now)
		snprintf(o->text, sizeof(o->text), "expired at %s",
			 tmk_clock_format(at, o->to));
	else
		snprintf(o->text, sizeof(o->text), "valid until %s, %lld "
			 "day%s from now", tmk_clock_format(at, o->to), left,
			 left == 1 ? "" : "s");
	if (*o->url) {
		hint_seen(o);
		return;
	}
	snprintf(o->hint, sizeof(o->hint), "ask the authority for what "
		 "follows it, and add that to %.300s (%s); touchmark policy "
		 "check tries it", o->file, what[o->kind]);
}

void tmk_status_judge(struct tmk_status *s)
{
	bool wrong = false;
	int i;

	s->code = TMK_OK;
	for (i = 0; i < s->keys; i++) {
		judge_key(s, &s->key[i]);
		wrong |= s->key[i].level != TMK_STATUS_FINE;
		if (s->key[i].broken.code)
			s->code = TMK_INPUT;
	}
	for (i = 0; i < s->others; i++) {
		if (s->other[i].kind == TMK_STATUS_CRL)
			judge_list(s, &s->other[i]);
		else
			judge_cert(s, &s->other[i]);
		wrong |= s->other[i].level != TMK_STATUS_FINE;
	}
	if (s->faults)
		s->code = TMK_INPUT;
	if (wrong)
		s->code = tmk_front_file_worst(s->code, TMK_REFUSED);
}
