#include "plugins/front_log_seals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_log_line.h"
#include "x509/tst.h"

#define RING 262144u		/* hashes that are kept: a power of two */
#define HASH (TMK_CHAIN_HEX - 1)	/* digits */

struct tmk_log_seals {
	struct tmk_chain_visit visit;
	const struct tmk_trust *trust;
	enum tmk_revocation revocation;
	struct tmk_log_proof proof;
	struct tmk_log_line *line;
	uint64_t number;	/* of the line that is kept */
	uint64_t last;		/* entry whose hash was kept last */
	uint64_t kept;		/* how many */
	char (*ring)[HASH];	/* in hex */
};

/* Only the few entries that seal keep their values. */
static int on_value(void *ctx, const struct tmk_chain_line *line,
		    const struct tmk_json_event *e, struct tmk_err *err)
{
	struct tmk_log_seals *s = ctx;

	(void)err;
	if (strcmp(line->kind, "seal"))
		return 0;
	if (s->number != line->number) {
		s->number = line->number;
		tmk_log_line_begin(s->line);
	}
	tmk_log_line_keep(s->line, e);
	return 0;
}

static int no_good(struct tmk_log_seals *s, uint64_t seq, const char *why)
{
	if (s->proof.broken)
		return 0;
	s->proof.broken = seq;
	snprintf(s->proof.text, sizeof(s->proof.text), "its timestamp is not "
		 "good: %s", why);
	return 0;
}

/* Whether this line is the one that the entry says it covers: 1, 0, or -1 when
 * it is too far away. */
static int is_line(const struct tmk_log_seals *s, uint64_t seq,
		   const char *hash)
{
	if (!seq || seq > s->last || strlen(hash) != HASH)
		return 0;
	if (s->last - seq >= s->kept)
		return -1;
	return !memcmp(s->ring[seq % RING], hash, HASH);
}

static int judge(struct tmk_log_seals *s, uint64_t seq, uint64_t covers,
		 const char *hash, struct tmk_err *err)
{
	const char *text = tmk_log_line_text(s->line, TMK_LOG_TOKEN);
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_tst_answer a;
	int rc = 0;

	if (tmk_dec_base64(&token, text, strlen(text)) || !token.len) {
		no_good(s, seq, "it cannot be read");
	} else if (tmk_tst_judge(&a, token.data, token.len, hash,
				 strlen(hash), s->trust, s->revocation,
				 tmk_clock_now(), err)) {
		rc = -1;
	} else if (a.result != TMK_TST_GOOD) {
		no_good(s, seq, a.text);
	} else {
		s->proof.seals++;
		if (covers >= s->proof.covers) {
			s->proof.covers = covers;
			s->proof.time = a.time;
			snprintf(s->proof.tsa, sizeof(s->proof.tsa), "%s",
				 a.tsa);
		}
	}
	tmk_buf_release(&token);
	return rc;
}

static int check(struct tmk_log_seals *s, uint64_t seq, struct tmk_err *err)
{
	const char *hash = tmk_log_line_text(s->line, TMK_LOG_SHA256);
	uint64_t covers = (uint64_t)tmk_log_line_number(s->line,
							TMK_LOG_COVERS, 0);
	int rc = is_line(s, covers, hash);

	if (rc < 0) {
		s->proof.unknown++;
		return 0;
	}
	return rc ? judge(s, seq, covers, hash, err) :
		no_good(s, seq, "it covers no line of this log");
}

static int on_line(void *ctx, const struct tmk_chain_line *line,
		   struct tmk_err *err)
{
	struct tmk_log_seals *s = ctx;

	if (!strcmp(line->kind, "seal")) {
		if (s->number != line->number)
			tmk_log_line_begin(s->line);
		s->number = 0;
		if (check(s, line->seq, err))
			return -1;
	}
	/* after a break the numbers may begin anew */
	if (line->seq != s->last + 1)
		s->kept = 0;
	memcpy(s->ring[line->seq % RING], line->hash, HASH);
	s->last = line->seq;
	if (s->kept < RING)
		s->kept++;
	return 0;
}

int tmk_log_seals_new(struct tmk_log_seals **out,
		      const struct tmk_trust *trust,
		      enum tmk_revocation revocation, struct tmk_err *err)
{
	struct tmk_log_seals *s = calloc(1, sizeof(*s));

	if (!s)
		return tmk_err_nomem(err);
	s->visit = (struct tmk_chain_visit){ s, on_value, on_line };
	s->trust = trust;
	s->revocation = revocation;
	s->proof.time = TMK_TIME_NONE;
	s->ring = calloc(RING, HASH);
	if (!s->ring || tmk_log_line_new(&s->line, err)) {
		tmk_log_seals_free(s);
		return tmk_err_nomem(err);
	}
	*out = s;
	return 0;
}

void tmk_log_seals_free(struct tmk_log_seals *seals)
{
	if (!seals)
		return;
	free(seals->line);
	free(seals->ring);
	free(seals);
}

const struct tmk_chain_visit *tmk_log_seals_visit(struct tmk_log_seals *seals)
{
	return &seals->visit;
}

const struct tmk_log_proof *tmk_log_seals_proof(
	const struct tmk_log_seals *seals)
{
	return &seals->proof;
}
