#include "plugins/front_audit.h"

#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "plugins/front_audit_bound.h"
#include "plugins/front_audit_list.h"
#include "plugins/front_audit_seal.h"
#include "plugins/front_audit_write.h"
#include "x509/digest.h"

#define SHOWN 16384		/* bytes of a text, escaped */
#define SHOWN_REFUSED 256	/* the same of whoever was refused */

/* The fields of one entry. */
struct fields {
	struct tmk_buf text;	/* a JSON object */
	struct tmk_json j;
	size_t shown;		/* bytes of a foreign text */
};

static void begin(struct fields *f)
{
	tmk_buf_init(&f->text, TMK_CHAIN_FIELDS_MAX);
	tmk_json_init(&f->j, &f->text);
	tmk_json_open_object(&f->j, NULL);
	f->shown = SHOWN;
}

/* Foreign text; NULL is left out. */
static void put(struct fields *f, const char *key, const char *text)
{
	char shown[SHOWN];

	if (text)
		tmk_json_string(&f->j, key,
				tmk_enc_show_into(shown, f->shown, text,
						  strlen(text)));
}

static void put_time(struct fields *f, const char *key, const char *epoch,
		     int64_t t)
{
	char text[TMK_CLOCK_TEXT];

	if (t == TMK_TIME_NONE)
		return;
	tmk_json_string(&f->j, key, tmk_clock_format(text, t));
	if (epoch)
		tmk_json_int(&f->j, epoch, t);
}

static int put_sha256(struct fields *f, const char *key, const void *data,
		      size_t len, struct tmk_err *err)
{
	char text[TMK_AUDIT_SPKI];

	if (tmk_front_audit_spki(text, data, len, err))
		return -1;
	tmk_json_string(&f->j, key, text);
	return 0;
}

/* Write the entry; frees the fields. `head` (or NULL) gets the end of the log
 * with it. */
static int finish(struct fields *f, const struct tmk_config *config,
		  const char *kind, uint64_t covers,
		  struct tmk_chain_head *head, struct tmk_err *err)
{
	struct tmk_chain_entry entry = {
		.time = tmk_clock_now(), .kind = kind, .covers = covers
	};
	int rc;

	tmk_json_close_object(&f->j);
	if (tmk_json_finish(&f->j) || f->text.len < 4) {
		rc = tmk_err_nomem(err);
	} else {
		/* without its braces and newline */
		entry.fields = f->text.data + 1;
		entry.len = f->text.len - 3;
		rc = tmk_front_audit_write(config, &entry, err);
	}
	tmk_buf_release(&f->text);
	if (!rc && head)
		*head = entry.head;
	return rc;
}

int tmk_front_audit_spki(char out[TMK_AUDIT_SPKI], const uint8_t *spki,
			 size_t len, struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t digest_len = 0;

	if (tmk_digest_bytes(TMK_SHA256, spki, len, digest, &digest_len, err))
		return -1;
	memcpy(out, "sha256:", 7);
	tmk_enc_hex(out + 7, digest, digest_len);
	return 0;
}

/* ---- what every entry about a key says ----------------------------------------- */

static char user[256];		/* "" for one without a name */

static void find_user(void)
{
	struct passwd space, *found = NULL;
	char names[4096];

	if (!getpwuid_r(geteuid(), &space, names, sizeof(names), &found) &&
	    found)
		tmk_enc_show_into(user, sizeof(user), found->pw_name,
				  strlen(found->pw_name));
}

/* Whose process this is: what the system knows, which the user cannot set. */
static void put_user(struct fields *f)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_user);
	if (user[0])
		tmk_json_string(&f->j, "user", user);
	tmk_json_int(&f->j, "uid", (int64_t)geteuid());
}

static const char *hash_name(enum tmk_hash hash)
{
	switch (hash) {
	case TMK_SHA256:
		return "sha256";
	case TMK_SHA384:
		return "sha384";
	case TMK_SHA512:
		return "sha512";
	case TMK_BLAKE2B512:
		return "blake2b512";
	case TMK_WHOLE:
		break;
	}
	return NULL;
}

static int put_use(struct fields *f, const struct tmk_front_use *use,
		   struct tmk_err *err)
{
	char hex[2 * TMK_HASH_MAX + 1];

	put(f, "what", use->what);
	put(f, "requester", use->requester);
	put_user(f);
	put(f, "key", use->key);
	if (use->spki &&
	    put_sha256(f, "spki", use->spki, use->spki_len, err))
		return -1;
	put(f, "fingerprint", use->fingerprint);
	put(f, "place", use->place);
	put(f, "format", use->format);
	/* Who was refused early said nothing of what he wanted signed. */
	if (use->digest && use->digest_len <= TMK_HASH_MAX) {
		put(f, "hash", hash_name(use->hash));
		tmk_enc_hex(hex, use->digest, use->digest_len);
		put(f, "digest", hex);
	}
	put(f, "artefact", use->artefact);
	put(f, "content", use->content);
	put_time(f, "signingTime", NULL, use->time);
	return 0;
}

static int cannot(struct tmk_err *err)
{
	return tmk_err_prefix(err, "the use of the key cannot be recorded");
}

int tmk_front_audit_intent(uint64_t *seq, const struct tmk_config *config,
			   const struct tmk_front_use *use,
			   struct tmk_err *err)
{
	struct tmk_chain_head head = { 0 };
	struct fields f;

	if (!config->audit_log) {
		*seq = 0;
		return 0;
	}
	begin(&f);
	if (put_use(&f, use, err)) {
		tmk_buf_release(&f.text);
		return -1;
	}
	if (finish(&f, config, "intent", 0, &head, err))
		return err ? cannot(err) : -1;
	*seq = head.seq;
	return 0;
}

/* ---- what became of it ------------------------------------------------------------ */

static int put_outcome(struct fields *f,
		       const struct tmk_front_outcome *outcome,
		       struct tmk_err *err)
{
	if (outcome->signature) {
		tmk_json_string(&f->j, "status", "ok");
		if (put_sha256(f, "seal", outcome->signature->data,
			       outcome->signature->len, err))
			return -1;
		put_time(f, "stamped", "stampedEpoch", outcome->stamped);
		return 0;
	}
	tmk_json_string(&f->j, "status", outcome->why ? "failed" : "unused");
	if (outcome->why) {
		tmk_json_int(&f->j, "code", outcome->why->code);
		tmk_json_string(&f->j, "reason", outcome->why->text);
	}
	return 0;
}

int tmk_front_audit_result(const struct tmk_config *config, uint64_t seq,
			   const struct tmk_front_use *use,
			   const struct tmk_front_outcome *outcome,
			   struct tmk_err *err)
{
	struct tmk_chain_head head = { 0 };
	struct fields f;

	if (!config->audit_log || !seq)
		return 0;
	begin(&f);
	tmk_json_int(&f.j, "intent", (int64_t)seq);
	if (put_outcome(&f, outcome, err) || put_use(&f, use, err)) {
		tmk_buf_release(&f.text);
		return -1;
	}
	if (finish(&f, config, "result", 0, &head, err))
		return err ? cannot(err) : -1;
	tmk_front_audit_seal(config, &head, use->warn, use->warn_ctx);
	return 0;
}

int tmk_front_audit_stamped(const struct tmk_config *config,
			    const uint8_t *seal, size_t len, int64_t stamped,
			    struct tmk_err *err)
{
	struct fields f;

	if (!config->audit_log || stamped == TMK_TIME_NONE)
		return 0;
	begin(&f);
	if (put_sha256(&f, "seal", seal, len, err)) {
		tmk_buf_release(&f.text);
		return -1;
	}
	put_time(&f, "stamped", "stampedEpoch", stamped);
	put_user(&f);
	return finish(&f, config, "stamped", 0, NULL, err);
}

int tmk_front_audit_restamp(const struct tmk_config *config,
			    const struct tmk_front_restamp *what,
			    struct tmk_err *err)
{
	struct fields f;

	if (!config->audit_log)
		return 0;
	begin(&f);
	if (put_sha256(&f, "seal", what->was->data, what->was->len, err) ||
	    put_sha256(&f, "becomes", what->is->data, what->is->len, err)) {
		tmk_buf_release(&f.text);
		return -1;
	}
	put_time(&f, "stamped", "stampedEpoch", what->stamped);
	put(&f, "tsa", what->tsa);
	put(&f, "artefact", what->artefact);
	put_user(&f);
	return finish(&f, config, "stamped", 0, NULL, err);
}

/* ---- what was refused ---------------------------------------------------- */

static int put_refused(const struct tmk_config *config,
		       const struct tmk_front_use *use,
		       const struct tmk_err *why, uint64_t left_out,
		       struct tmk_err *err)
{
	struct fields f;

	begin(&f);
	f.shown = SHOWN_REFUSED;
	tmk_json_int(&f.j, "code", why->code);
	tmk_json_string(&f.j, "reason", why->text);
	if (left_out)
		tmk_json_int(&f.j, "leftOut", (int64_t)left_out);
	if (put_use(&f, use, err)) {
		tmk_buf_release(&f.text);
		return -1;
	}
	return finish(&f, config, "refused", 0, NULL, err);
}

void tmk_front_audit_refused(const struct tmk_config *config,
			     const struct tmk_front_use *use,
			     const struct tmk_err *why)
{
	const char *log = config->audit_log;
	int64_t now = tmk_clock_now();
	struct tmk_err err = TMK_ERR_INIT;
	uint64_t left_out = 0;
	char text[900];
	int rc;

	if (!log)
		return;
	rc = tmk_front_audit_bound_take(&left_out, log, use->requester, now,
					&err);
	if (rc > 0) {
		rc = put_refused(config, use, why, left_out, &err);
		if (rc)
			tmk_front_audit_bound_giveback(log, use->requester,
						       left_out, now);
	}
	if (rc >= 0 || !use->warn)
		return;
	snprintf(text, sizeof(text), "warning: the refusal is not on record: "
		 "%s", err.text);
	use->warn(use->warn_ctx, text);
}

int tmk_front_audit_event(const struct tmk_config *config, const char *event,
			  const char *key, const uint8_t *spki,
			  size_t spki_len, const char *note,
			  struct tmk_err *err)
{
	struct fields f;

	if (!config->audit_log)
		return 0;
	begin(&f);
	put(&f, "event", event);
	put(&f, "key", key);
	if (spki && put_sha256(&f, "spki", spki, spki_len, err)) {
		tmk_buf_release(&f.text);
		return -1;
	}
	put_user(&f);
	put(&f, "note", note);
	return finish(&f, config, "event", 0, NULL, err);
}

int tmk_front_audit_put_seal(const struct tmk_config *config,
			     const struct tmk_chain_head *of, int64_t stamped,
			     const char *tsa, const struct tmk_buf *token,
			     struct tmk_err *err)
{
	struct tmk_buf base64 = TMK_BUF_INIT(TMK_AUDIT_TOKEN_TEXT);
	struct fields f;

	if (tmk_enc_base64(&base64, token->data, token->len, 0)) {
		tmk_buf_release(&base64);
		return tmk_err_set(err, TMK_NET, "the timestamp of %zu bytes "
				   "is too large for the record", token->len);
	}
	begin(&f);
	tmk_json_int(&f.j, "covers", (int64_t)of->seq);
	tmk_json_string(&f.j, "sha256", of->hash);
	put_time(&f, "stamped", "stampedEpoch", stamped);
	put(&f, "tsa", tsa);
	tmk_json_string(&f.j, "token", tmk_buf_str(&base64));
	tmk_buf_release(&base64);
	return finish(&f, config, "seal", of->seq, NULL, err);
}
