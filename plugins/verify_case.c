#include "plugins/verify_case.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "plugins/front_seal.h"

void tmk_verify_answer_init(struct tmk_verify_answer *answer, const char *file)
{
	/* Most of it is room that few answers need. */
	memset(answer, 0, offsetof(struct tmk_verify_answer, difference));
	answer->file = file;
	answer->all.time = TMK_TIME_NONE;
}

int tmk_verify_init(struct tmk_verify *verify,
		    const struct tmk_trust_options *options,
		    const struct tmk_config *config, struct tmk_err *err)
{
	struct tmk_verify v = { .options = options };

	if (tmk_front_trust_load(&v.trust, options, config, err))
		return -1;
	v.trust.judge.name_space = "file";
	*verify = v;
	return 0;
}

void tmk_verify_release(struct tmk_verify *verify)
{
	tmk_front_trust_release(&verify->trust);
}

void tmk_verify_case_init(struct tmk_verify_case *c, struct tmk_verify *verify,
			  struct tmk_verify_answer *answer)
{
	memset(c, 0, sizeof(*c));
	c->verify = verify;
	c->answer = answer;
	tmk_verify_digests_init(&c->digests);
}

void tmk_verify_case_release(struct tmk_verify_case *c)
{
	int i;

	for (i = 0; c->finding && i < c->room; i++)
		tmk_finding_release(&c->finding[i]);
	free(c->finding);
	for (i = 0; i < c->seals; i++) {
		free(c->seal[i].input);
		tmk_evidence_free(c->seal[i].evidence);
	}
	c->seals = 0;
	c->finding = NULL;
	tmk_verify_digests_release(&c->digests);
}

static struct tmk_verify_seal *new_seal(struct tmk_verify_case *c,
					struct tmk_err *err)
{
	if (c->seals == TMK_VERIFY_SEALS) {
		tmk_err_set(err, TMK_INTERNAL, "too many signatures of one "
			    "file");
		return NULL;
	}
	memset(&c->seal[c->seals], 0, sizeof(c->seal[0]));
	return &c->seal[c->seals++];
}

int tmk_verify_case_add(struct tmk_verify_seal **out,
			struct tmk_verify_case *c, const uint8_t *data,
			size_t len, const char *role, struct tmk_err *err)
{
	struct tmk_verify_seal *s = new_seal(c, err);

	if (!s)
		return -1;
	snprintf(s->role, sizeof(s->role), "%s", role ? role : "");
	if (tmk_front_seal_parse_several(&s->evidence, data, len, &s->form,
					 err))
		return -1;
	if (!s->evidence && !s->form.reason)
		return tmk_err_set(err, TMK_INTERNAL,
				   "the seal's parser gave no answer");
	if (s->evidence) {
		s->input = calloc((size_t)s->evidence->signatures,
				  sizeof(*s->input));
		if (!s->input)
			return tmk_err_nomem(err);
	}
	if (out)
		*out = s;
	return 0;
}

int tmk_verify_case_add_refused(struct tmk_verify_case *c,
				const struct tmk_verdict *v,
				struct tmk_err *err)
{
	struct tmk_verify_seal *s = new_seal(c, err);

	if (!s)
		return -1;
	s->form = *v;
	return 0;
}

/* Whether the digest has to be made of canonical text here: a content that is
 * canonical already is hashed as it comes. */
static bool over_text(const struct tmk_verify_seal *s, int i)
{
	return s->evidence->signature[i].text && !s->text;
}

static int want_all(struct tmk_verify_case *c, int first, int end,
		    struct tmk_err *err)
{
	int i, k, rc = 0;

	for (i = first; i < end; i++) {
		struct tmk_verify_seal *s = &c->seal[i];

		for (k = 0; !rc && s->evidence &&
		     k < s->evidence->signatures; k++)
			rc = tmk_verify_digests_want(&c->digests,
				&s->evidence->signature[k], over_text(s, k),
				err);
	}
	return rc;
}

static int get_all(struct tmk_verify_case *c, int first, int end,
		   struct tmk_err *err)
{
	int i, k, rc = 0;

	for (i = first; i < end; i++) {
		struct tmk_verify_seal *s = &c->seal[i];

		for (k = 0; !rc && s->evidence &&
		     k < s->evidence->signatures; k++) {
			struct tmk_verify_input *in = &s->input[k];

			in->verdict = (struct tmk_verdict)TMK_VERDICT_INIT;
			rc = tmk_verify_digests_get(&in->data, &in->len,
				in->own, &c->digests,
				&s->evidence->signature[k], over_text(s, k),
				&in->verdict, err);
		}
	}
	return rc;
}

int tmk_verify_case_digest(struct tmk_verify_case *c, int first, int end,
			   tmk_verify_source *source, void *from,
			   struct tmk_err *err)
{
	/* A content that was kept must stay: only signify needs it, and a
	 * case has one content for its detached signatures. */
	if (c->digests.whole)
		return tmk_err_set(err, TMK_INTERNAL, "a second content");
	tmk_verify_digests_release(&c->digests);
	tmk_verify_digests_init(&c->digests);
	if (want_all(c, first, end, err) ||
	    source(from, tmk_verify_digests_feed, &c->digests, err) ||
	    tmk_verify_digests_end(&c->digests, err))
		return -1;
	return get_all(c, first, end, err);
}

const char *tmk_verify_case_format(const struct tmk_verify_case *c)
{
	int i;

	for (i = 0; i < c->seals; i++)
		if (c->seal[i].evidence)
			return c->seal[i].evidence->ops->name;
	return NULL;
}
