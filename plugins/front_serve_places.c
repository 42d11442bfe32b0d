/* One place of the key after the other, until one answers. */
#include "plugins/front_serve_job.h"

#include <stdio.h>
#include <string.h>

#include "plugins/front_places.h"
#include "plugins/front_remote.h"

#define UNTOLD 400
#define UNTOLD_EACH 160		/* bytes of one place's reason */

/* As front_remote.h says for hosts, for tokens too. */
static int serve_at(struct tmk_serve_job *s, int i, struct tmk_err *err)
{
	return tmk_front_remote_is(s->pick.uri[i]) ?
		tmk_serve_job_remote(s, i, err) :
		tmk_serve_job_sign_at(s, i, err);
}

/* What the place that failed left behind. */
static void start_over(struct tmk_serve_job *s)
{
	s->session = NULL;
	tmk_buf_clear(&s->answer->trailer);
	tmk_buf_clear(&s->answer->key);
	tmk_buf_clear(&s->answer->seal);
}

/* A host or a service that is away keeps somebody waiting, or is one that was
 * meant to say no: whoever asks should know. */
static void say_next(struct tmk_serve_job *s, int i, const struct tmk_err *why)
{
	const char *program = s->request->program;
	char line[900];

	if (!tmk_front_places_far(s->pick.uri[i]))
		return;
	snprintf(line, sizeof(line), "%s; the next place is asked", why->text);
	tmk_answer_warn(s->answer, program ? program : "touchmark", line);
}

/* What kept a place that was passed over in silence, for the case that no
 * other one helps: "REASON; ". */
static void keep_untold(char *untold, size_t size,
			const struct tmk_serve_job *s, int i,
			const struct tmk_err *why)
{
	size_t len = strlen(untold);

	if (!tmk_front_remote_is(s->pick.uri[i]))
		snprintf(untold + len, size - len, "%.*s; ", UNTOLD_EACH,
			 why->text);
}

static int nowhere(struct tmk_serve_job *s, int tried, const char *untold,
		   struct tmk_err *why)
{
	struct tmk_err last = *why;

	s->answer->away = true;
	if (tried < 2)
		return tmk_front_pick_prefix(&s->pick, why);
	tmk_err_set(why, last.code, "key '%s' is in none of its %d places: "
		    "%s%s", s->pick.name, tried, untold, last.text);
	return *last.hint ? tmk_err_hint(why, "%s", last.hint) : -1;
}

int tmk_serve_job_sign(struct tmk_serve_job *s, struct tmk_err *err)
{
	int order[TMK_CONFIG_URI_MAX], only = s->sessions->only;
	int n = tmk_front_places_order(order, &s->pick);
	struct tmk_err why = TMK_ERR_INIT;
	char untold[UNTOLD] = "";
	int k, rc = 1, tried = 0;

	for (k = 0; k < n && rc > 0; k++) {
		int i = order[k];

		if (only && i != only - 1)
			continue;
		if (tried++)
			start_over(s);
		why = (struct tmk_err)TMK_ERR_INIT;
		rc = serve_at(s, i, &why);
		/* What says no is there. */
		tmk_front_places_note(s->pick.uri[i], rc > 0);
		if (rc <= 0 || k + 1 == n || only)
			continue;
		say_next(s, i, &why);
		keep_untold(untold, sizeof(untold), s, i, &why);
	}
	if (!rc)
		return 0;
	if (!tried)
		tmk_err_set(&why, TMK_KEY, "there is no such place");
	if (rc > 0)
		nowhere(s, tried, untold, &why);
	/* What is refused begins with its reason, and names the key itself. */
	else if (why.code != TMK_REFUSED)
		tmk_front_pick_prefix(&s->pick, &why);
	if (err)
		*err = why;
	return -1;
}
