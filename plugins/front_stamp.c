#include "plugins/front_stamp.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "plugins/front_stamp_ask.h"
#include "plugins/front_stamp_memory.h"
#include "plugins/front_stamp_seen.h"
#include "plugins/front_stamp_trust.h"

#define WARN_TEXT 1200

/* One configured authority, and what is known of it. */
struct authority {
	const char *url;
	char name[TMK_STAMP_URL_TEXT];	/* the URL as it may be shown */
	char id[TMK_STAMP_MEMORY_ID];
	struct tmk_stamp_memory memory;
	bool passed_over;	/* because it failed lately */
};

/* One stamp that is being got. */
struct round {
	const struct tmk_front_stamp *s;
	struct tmk_stamp_ask ask;
	struct authority authority[TMK_CONFIG_TSA_MAX];
	int n;
};

static void tell(const struct tmk_front_stamp *s, const char *what,
		 const char *more)
{
	char line[WARN_TEXT];

	if (!s->warn)
		return;
	snprintf(line, sizeof(line), "warning: %s%s%s", what,
		 *more ? ": " : "", more);
	s->warn(s->ctx, line);
}

void tmk_front_stamp_warn(void *ctx, const char *text)
{
	fprintf(stderr, "%s: %s\n", (const char *)ctx, text);
}

/* What the memory says, under a name that changes with how the authority is
 * reached and judged: a setting that was mended is tried at once. */
static void recall(struct authority *a, const struct tmk_config *config,
		   const char *url, int64_t now)
{
	char proxy[TMK_STAMP_URL_TEXT];
	const char *part[4] = { a->name, NULL, config->tsa_roots,
				config->tsa_tls_roots };

	a->url = url;
	tmk_front_stamp_ask_show(a->name, sizeof(a->name), url);
	if (config->tsa_proxy)
		part[1] = tmk_front_stamp_ask_show(proxy, sizeof(proxy),
						   config->tsa_proxy);
	tmk_front_stamp_memory_id(a->id, part, 4);
	a->memory = tmk_front_stamp_memory_get(a->id, now);
}

/* 0 with a token; 1 without, and it was told why; negative when nobody can be
 * asked. */
static int ask(struct round *r, struct authority *a, struct tmk_buf *token,
	       struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;
	int64_t begin = tmk_clock_now();
	size_t had = token->len;

	r->ask.url = a->url;
	a->passed_over = false;
	if (!tmk_front_stamp_ask(token, &r->ask, &why)) {
		tmk_front_stamp_seen_note(a->name, token->data + had,
					  token->len - had, tmk_clock_now());
		if (a->memory.failures)
			tmk_front_stamp_memory_worked(a->id, tmk_clock_now());
		return 0;
	}
	if (r->ask.down)
		tmk_front_stamp_memory_failed(a->id, begin, tmk_clock_now());
	if (why.code != TMK_NET) {
		if (err)
			*err = why;
		return tmk_err_prefix(err, "%s", a->name);
	}
	tell(r->s, a->name, why.text);
	return 1;
}

static void pass_over(struct round *r, struct authority *a, int64_t now)
{
	int64_t wait = tmk_front_stamp_memory_wait(&a->memory, now);
	char text[160];

	a->passed_over = true;
	snprintf(text, sizeof(text), "not asked, since it failed %lld s ago; "
		 "it will be again in %lld s",
		 (long long)(now - a->memory.failed), (long long)wait);
	tell(r->s, a->name, text);
}

/* Those that did not fail lately, in the order of the configuration. */
static int ask_in_order(struct round *r, struct tmk_buf *token,
			struct tmk_err *err)
{
	int64_t now = tmk_clock_now();
	int i, rc = 1;

	for (i = 0; rc > 0 && i < r->n; i++) {
		struct authority *a = &r->authority[i];

		if (tmk_front_stamp_memory_wait(&a->memory, now))
			pass_over(r, a, now);
		else
			rc = ask(r, a, token, err);
	}
	return rc;
}

/* A stamp that must be: of those that were passed over, the one whose failure
 * is the longest ago. */
static int ask_anyway(struct round *r, struct tmk_buf *token,
		      struct tmk_err *err)
{
	struct authority *best = NULL;
	int i;

	for (i = 0; i < r->n; i++) {
		struct authority *a = &r->authority[i];

		if (a->passed_over &&
		    (!best || a->memory.failed < best->memory.failed))
			best = a;
	}
	return best ? ask(r, best, token, err) : 1;
}

/* None answered well: what the configuration says to that. */
static int none(const struct tmk_front_stamp *s, struct tmk_err *err)
{
	if (s->mode != TMK_STAMP_REQUIRE) {
		tell(s, "signing without a timestamp: the signature falls "
		     "with its certificate", "");
		return 1;
	}
	tmk_err_set(err, TMK_NET, "no timestamp authority gave a good "
		    "timestamp, and one is required");
	return tmk_err_hint(err, "try again, configure another touchmark.tsa, "
			    "or set touchmark.timestamp to prefer");
}

/* Whom to believe; a policy that is broken does not keep anybody from
 * signing. */
static int load_trust(struct tmk_stamp_trust *trust,
		      const struct tmk_front_stamp *s, struct tmk_err *err)
{
	struct tmk_err odd;

	if (tmk_front_stamp_trust_load(trust, s->config, &odd, err))
		return -1;
	if (odd.code)
		tell(s, "the timestamp is not held against touchmark.policy",
		     odd.text);
	return 0;
}

static int stamp(void *ctx, const uint8_t *data, size_t len,
		 struct tmk_buf *token, struct tmk_err *err)
{
	const struct tmk_front_stamp *s = ctx;
	struct round r = { .s = s, .n = s->config->tsas };
	struct tmk_stamp_trust trust;
	int64_t now = tmk_clock_now();
	int i, rc;

	if (load_trust(&trust, s, err))
		return -1;
	r.ask.config = s->config;
	r.ask.trust = trust.trust;
	r.ask.revocation = trust.revocation;
	r.ask.data = data;
	r.ask.len = len;
	for (i = 0; i < r.n; i++)
		recall(&r.authority[i], s->config, s->config->tsa[i], now);
	rc = ask_in_order(&r, token, err);
	if (rc > 0 && s->mode == TMK_STAMP_REQUIRE)
		rc = ask_anyway(&r, token, err);
	tmk_front_stamp_trust_release(&trust);
	return rc > 0 ? none(s, err) : rc;
}

int tmk_front_stamp_init(struct tmk_front_stamp *s,
			 const struct tmk_config *config,
			 enum tmk_stamp_mode mode,
			 void (*warn)(void *ctx, const char *text), void *ctx,
			 struct tmk_stamper **out, struct tmk_err *err)
{
	if (mode == TMK_STAMP_REQUIRE && !config->tsas) {
		tmk_err_set(err, TMK_USAGE, "a timestamp is required, but no "
			    "touchmark.tsa is configured");
		return tmk_err_hint(err, "git config --global --add "
				    "touchmark.tsa URL");
	}
	s->stamper.stamp = stamp;
	s->stamper.ctx = s;
	s->config = config;
	s->mode = mode;
	s->warn = warn;
	s->ctx = ctx;
	*out = mode == TMK_STAMP_NEVER || !config->tsas ? NULL : &s->stamper;
	return 0;
}
