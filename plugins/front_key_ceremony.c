#include "plugins/front_key_ceremony.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "core/issue.h"
#include "plugins/front_key_life.h"
#include "plugins/front_key_verbs.h"
#include "plugins/front_stamp.h"
#include "x509/digest.h"

#define TEXT_MAX (64 * 1024)
#define TOLD_MAX 16384
#define NAME_MAX_BYTES 512
#define CSR_MAX (64 * 1024)
#define TOKEN_MAX (64 * 1024)

void tmk_ceremony_init(struct tmk_ceremony *c, const char *file,
		       const struct tmk_opt_list *witnesses)
{
	memset(c, 0, sizeof(*c));
	c->file = file;
	c->witnesses = witnesses;
	tmk_key_info_init(&c->facts.info);
	tmk_buf_init(&c->told, TOLD_MAX);
}

void tmk_ceremony_release(struct tmk_ceremony *c)
{
	tmk_key_info_release(&c->facts.info);
	tmk_buf_release(&c->told);
}

/* ---- before -------------------------------------------------------------- */

static int mail_of(char *mail, const char *witness, struct tmk_err *err)
{
	char name[NAME_MAX_BYTES];

	if (tmk_issue_user_split(name, mail, NAME_MAX_BYTES, witness,
				 err) < 0)
		return -1;
	if (*name)
		return 0;
	tmk_err_set(err, TMK_USAGE, "the witness '%s' has no name", witness);
	return tmk_err_hint(err, "write it like 'Alice Example "
			    "<alice@example.org>'");
}

static int check_witnesses(const struct tmk_ceremony *c, struct tmk_err *err)
{
	char mail[NAME_MAX_BYTES], other[NAME_MAX_BYTES];
	int i, j;

	for (i = 0; i < c->witnesses->count; i++) {
		if (mail_of(mail, c->witnesses->item[i], err))
			return -1;
		for (j = 0; j < i; j++) {
			if (mail_of(other, c->witnesses->item[j], err))
				return -1;
			if (!strcasecmp(mail, other))
				return tmk_err_set(err, TMK_USAGE, "the "
						   "witness %s is named "
						   "twice", mail);
		}
	}
	return 0;
}

int tmk_ceremony_check(const struct tmk_ceremony *c, struct tmk_err *err)
{
	struct stat st;
	char *dir, *slash;
	int rc;

	if (!c->file) {
		if (!c->witnesses->count)
			return 0;
		tmk_err_set(err, TMK_USAGE, "--witness goes with --ceremony");
		return tmk_err_hint(err, "--ceremony FILE writes the "
				    "transcript that they sign");
	}
	if (!lstat(c->file, &st)) {
		tmk_err_set(err, TMK_USAGE, "%s is there already", c->file);
		return tmk_err_hint(err, "a transcript is never overwritten: "
				    "choose another name");
	}
	dir = strdup(c->file);
	if (!dir)
		return tmk_err_nomem(err);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	rc = access(slash ? dir : ".", W_OK | X_OK) ?
		tmk_err_set(err, TMK_USAGE, "%s cannot be written: %s",
			    c->file, strerror(errno)) : 0;
	free(dir);
	return rc ? rc : check_witnesses(c, err);
}

/* ---- while the login holds ----------------------------------------------- */

/* A newline would begin another fact: it is escaped like all that is not to
 * be shown. */
static int on_fact(void *ctx, const char *name, const char *value,
		   struct tmk_err *err)
{
	struct tmk_ceremony *c = ctx;
	char shown[2048];

	tmk_enc_show_into(shown, sizeof(shown), value, strlen(value));
	return tmk_buf_printf(&c->told, "%s\n%s\n", name, shown) ?
		tmk_err_nomem(err) : 0;
}

void tmk_ceremony_inspect(struct tmk_ceremony *c,
			  const struct tmk_store_ops *store,
			  const struct tmk_place *place)
{
	if (!c->file)
		return;
	if (!store->inspect)
		tmk_err_set(&c->why, TMK_KEY, "%s tells nothing of its keys",
			    store->name);
	else
		c->inspected = !store->inspect(place, true, &c->facts,
					       on_fact, c, &c->why);
}

/* ---- the transcript ------------------------------------------------------ */

/* One line, "Name:" and what is said of it, escaped. */
static int line(struct tmk_buf *out, const char *name, const char *value)
{
	char shown[2048];

	if (!value || !*value)
		value = "none";
	tmk_enc_line_into(shown, sizeof(shown), value, strlen(value));
	return tmk_buf_printf(out, "%s:%*s%s\n", name,
			      (int)(strlen(name) < 24 ? 25 - strlen(name) :
				    1), "", shown);
}

static int who(struct tmk_buf *out)
{
	char host[256] = "", text[512];
	const struct passwd *pw = getpwuid(geteuid());

	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	snprintf(text, sizeof(text), "%s (uid %lu) on %s",
		 pw ? pw->pw_name : "unknown", (unsigned long)geteuid(),
		 *host ? host : "an unnamed host");
	return line(out, "Made by", text);
}

static int hash_file(char out[TMK_LIFE_HEX], const char *path,
		     struct tmk_err *err)
{
	struct tmk_buf data = TMK_BUF_INIT(CSR_MAX);
	int rc;

	rc = tmk_file_read(&data, path, err);
	if (!rc)
		rc = tmk_front_life_hash(out, data.data, data.len, err);
	tmk_buf_release(&data);
	return rc;
}

static int add_head(struct tmk_buf *out, const struct tmk_ceremony_birth *b,
		    struct tmk_err *err)
{
	const struct tmk_key_info *i = b->info;
	char text[TMK_LIFE_HEX + 8] = "sha256:", when[TMK_CLOCK_TEXT];
	char algorithm[32];

	if (tmk_front_life_hash(text + 7, i->spki.data, i->spki.len, err))
		return -1;
	tmk_front_key_algorithm_name(algorithm, sizeof(algorithm),
				     i->algorithm, i->bits);
	if (tmk_buf_addstr(out, "touchmark key ceremony 1\n\n") ||
	    line(out, "Time", tmk_clock_format(when, b->time)) || who(out) ||
	    line(out, "Software", "touchmark " TMK_VERSION) ||
	    line(out, "Key", b->name) || line(out, "Environment", b->env) ||
	    line(out, "User id", b->user_id) ||
	    line(out, "Algorithm", algorithm) ||
	    line(out, "Public key (SPKI)", text))
		return tmk_err_nomem(err);
	if (!b->csr)
		return line(out, "Certificate request", NULL) ?
			tmk_err_nomem(err) : 0;
	if (hash_file(text + 7, b->csr, err))
		return -1;
	return line(out, "Certificate request", text) ? tmk_err_nomem(err) :
		0;
}

static int add_token(struct tmk_buf *out, const struct tmk_key_info *i)
{
	char id[2 * sizeof(i->id) + 1];

	tmk_enc_hex(id, i->id, i->id_len);
	return tmk_buf_addstr(out, "\nToken, as its module tells\n\n") ||
		line(out, "Label", i->token) ||
		line(out, "Serial number", i->serial) ||
		line(out, "Manufacturer", i->manufacturer) ||
		line(out, "Model", i->model) ||
		line(out, "CKA_LABEL", i->label) || line(out, "CKA_ID", id);
}

static int add_facts(struct tmk_buf *out, const struct tmk_ceremony *c)
{
	const char *p = tmk_buf_str(&c->told), *value, *end;
	char name[64], text[2048];

	while (*p) {
		value = strchr(p, '\n') + 1;
		end = strchr(value, '\n');
		snprintf(name, sizeof(name), "%.*s", (int)(value - p - 1), p);
		snprintf(text, sizeof(text), "%.*s", (int)(end - value),
			 value);
		if (line(out, name, text))
			return -1;
		p = end + 1;
	}
	return 0;
}

static int add_attributes(struct tmk_buf *out, const struct tmk_ceremony *c)
{
	const struct tmk_key_attribute *a = c->facts.attribute;
	int i;

	if (tmk_buf_addstr(out, "\nAttributes of the private key, as its "
			   "module asserts them\n\n"))
		return -1;
	if (!c->inspected)
		return line(out, "not read back", c->why.text);
	for (i = 0; i < c->facts.attributes; i++)
		if (line(out, a[i].name, a[i].value == TMK_ABSENT ?
			 "not given" : a[i].value == TMK_YES ? "true" :
			 "false"))
			return -1;
	return 0;
}

static int add_witnesses(struct tmk_buf *out, const struct tmk_ceremony *c)
{
	static const char room[] =
		"\n   date and signature: ______________________________\n";
	char shown[1024];
	int i;

	if (tmk_buf_printf(out, "\nPresent\n\n0. whoever made it:\n%s", room))
		return -1;
	for (i = 0; i < c->witnesses->count; i++) {
		const char *w = c->witnesses->item[i];

		tmk_enc_show_into(shown, sizeof(shown), w, strlen(w));
		if (tmk_buf_printf(out, "\n%d. %s\n%s", i + 1, shown, room))
			return -1;
	}
	return 0;
}

/* Over the transcript as it stands, so that nobody can date it back. */
static int stamp(const struct tmk_ceremony *c, const struct tmk_config *config,
		 const struct tmk_buf *text, struct tmk_err *err)
{
	static char program[] = "touchmark";
	struct tmk_buf token = TMK_BUF_INIT(TOKEN_MAX);
	struct tmk_stamper *stamper = NULL;
	struct tmk_front_stamp s;
	char *path = NULL;
	int rc = -1;

	if (tmk_front_stamp_init(&s, config, config->timestamp,
				 tmk_front_stamp_warn, program, &stamper,
				 err))
		return -1;
	if (!stamper)
		return 0;
	rc = stamper->stamp(stamper->ctx, text->data, text->len, &token, err);
	if (rc)
		goto out;
	if (asprintf(&path, "%s.tst", c->file) < 0) {
		path = NULL;
		rc = tmk_err_nomem(err);
		goto out;
	}
	rc = tmk_file_write(path, 0644, token.data, token.len, err);
out:
	free(path);
	tmk_buf_release(&token);
	return rc < 0 ? rc : 0;
}

int tmk_ceremony_write(struct tmk_ceremony *c,
		       const struct tmk_config *config,
		       const struct tmk_ceremony_birth *birth,
		       struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TEXT_MAX);
	int rc = -1;

	if (!c->file)
		return 0;
	if (add_head(&text, birth, err))
		goto out;
	if (add_token(&text, birth->info) || add_facts(&text, c) ||
	    add_attributes(&text, c) || add_witnesses(&text, c)) {
		tmk_err_nomem(err);
		goto out;
	}
	if (tmk_file_write(c->file, 0644, text.data, text.len, err))
		goto out;
	rc = stamp(c, config, &text, err);
	if (rc)
		tmk_err_prefix(err, "the transcript is in %s, but it has no "
			       "timestamp", c->file);
out:
	tmk_buf_release(&text);
	return rc;
}
