#include "plugins/front_audit_seal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "plugins/front_stamp.h"
#include "x509/tst.h"

/* The first thing that an authority's failure says. */
struct said {
	char text[400];
};

static void keep(void *ctx, const char *text)
{
	static const char warning[] = "warning: ";
	struct said *said = ctx;

	if (!strncmp(text, warning, sizeof(warning) - 1))
		text += sizeof(warning) - 1;
	if (!said->text[0])
		snprintf(said->text, sizeof(said->text), "%s", text);
}

/* A token over the hash into `token`: 0, or why not in `said`. */
static int get_token(struct tmk_buf *token, struct tmk_tst_answer *answer,
		     const struct tmk_config *config,
		     const struct tmk_chain_head *head, struct said *said,
		     struct tmk_err *err)
{
	size_t len = strlen(head->hash);
	struct tmk_stamper *stamper = NULL;
	struct tmk_front_stamp stamp;
	int rc;

	if (tmk_front_stamp_init(&stamp, config, TMK_STAMP_PREFER, keep, said,
				 &stamper, err))
		return -1;
	if (!stamper)
		return tmk_err_set(err, TMK_USAGE, "touchmark.auditSeal needs "
				   "touchmark.tsa");
	rc = stamper->stamp(stamper->ctx, (const uint8_t *)head->hash, len,
			    token, err);
	if (rc > 0)
		return tmk_err_set(err, TMK_NET, "%s", said->text);
	if (rc)
		return -1;
	if (tmk_tst_judge(answer, token->data, token->len, head->hash, len,
			  NULL, TMK_REVOCATION_OFF, tmk_clock_now(), err))
		return -1;
	return answer->result == TMK_TST_GOOD ? 0 :
		tmk_err_set(err, TMK_NET, "%s", answer->text);
}

static void seal(const struct tmk_config *config,
		 const struct tmk_chain_head *head,
		 void (*warn)(void *ctx, const char *text), void *ctx)
{
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_tst_answer answer;
	struct said said = { "" };
	char text[sizeof(err.text) + 64];
	int rc;

	rc = get_token(&token, &answer, config, head, &said, &err);
	if (!rc)
		rc = tmk_front_audit_put_seal(config, head, answer.time,
					      answer.tsa, &token, &err);
	tmk_buf_release(&token);
	if (!rc || !warn)
		return;
	snprintf(text, sizeof(text), "warning: the record of uses is not "
		 "sealed yet: %s", err.text);
	warn(ctx, text);
}

void tmk_front_audit_seal(const struct tmk_config *config,
			  const struct tmk_chain_head *head,
			  void (*warn)(void *ctx, const char *text),
			  void *ctx)
{
	static atomic_flag busy = ATOMIC_FLAG_INIT;

	if (config->audit_seal <= 0 || head->seq - head->sealed <
	    (uint64_t)config->audit_seal)
		return;
	/* One thread at a time is enough. */
	if (atomic_flag_test_and_set(&busy))
		return;
	seal(config, head, warn, ctx);
	atomic_flag_clear(&busy);
}
