#include "seal/ssh_signers.h"

#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "seal/ssh_sig.h"

#define SHOWN_MAX 4096	/* characters of principals from further lines */

/* ---- reading ------------------------------------------------------------ */

static int add(struct tmk_ssh_signers *all, struct tmk_ssh_signer *s,
	       struct tmk_err *err)
{
	struct tmk_ssh_signer *more;
	int room;

	if (all->signers == TMK_SSH_SIGNERS_LINES)
		return tmk_err_set(err, TMK_USAGE, "more than %d lines",
				   TMK_SSH_SIGNERS_LINES);
	if (all->signers == all->room) {
		room = all->room ? 2 * all->room : 16;
		more = realloc(all->signer, (size_t)room * sizeof(*more));
		if (!more)
			return tmk_err_nomem(err);
		all->signer = more;
		all->room = room;
	}
	all->signer[all->signers++] = *s;
	return 0;
}

static int read_lines(struct tmk_ssh_signers *all, const char *text,
		      size_t len, struct tmk_err *err)
{
	struct tmk_ssh_signer s;
	unsigned int line = 0;
	int got;

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		line++;
		got = tmk_ssh_signers_line(&s, text, n, err);
		if (got > 0) {
			s.line = line;
			if (add(all, &s, err)) {
				tmk_ssh_signers_line_release(&s);
				got = -1;
			}
		}
		if (got < 0)
			return tmk_err_prefix(err, "%s:%u", all->name, line);
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	return 0;
}

int tmk_ssh_signers_read(struct tmk_keyring **out, const uint8_t *data,
			 size_t len, const char *name, struct tmk_err *err)
{
	struct tmk_ssh_signers *all;
	int rc = -1;

	if (len > TMK_SSH_SIGNERS_MAX)
		return tmk_err_set(err, TMK_USAGE, "%s: more than %d bytes",
				   name, TMK_SSH_SIGNERS_MAX);
	all = calloc(1, sizeof(*all));
	if (!all)
		return tmk_err_nomem(err);
	all->keyring.ops = &tmk_seal_sshsig;
	all->keyring.priv = all;
	all->name = strdup(name);
	if (!all->name)
		tmk_err_nomem(err);
	else
		rc = read_lines(all, (const char *)data, len, err);
	if (rc) {
		tmk_ssh_signers_free(&all->keyring);
		return -1;
	}
	*out = &all->keyring;
	return 0;
}

void tmk_ssh_signers_free(struct tmk_keyring *keyring)
{
	struct tmk_ssh_signers *all;

	if (!keyring)
		return;
	all = keyring->priv;
	while (all->signers)
		tmk_ssh_signers_line_release(&all->signer[--all->signers]);
	free(all->signer);
	free(all->name);
	free(all);
}

/* ---- finding ------------------------------------------------------------ */

static bool has_key(const struct tmk_ssh_signer *s,
		    const struct tmk_ssh_bytes *blob)
{
	return s->blob && s->blob_len == blob->len &&
		!memcmp(s->blob, blob->data, blob->len);
}

static bool may_sign(const struct tmk_ssh_signer *s, const char *name_space)
{
	return !s->authority &&
		(!s->name_spaces ||
		 tmk_ssh_signers_match(s->name_spaces, name_space,
				       strlen(name_space)));
}

static int refuse_name_space(const struct tmk_ssh_sig *sig,
			     const char *name_space, struct tmk_verdict *v)
{
	char shown[160];

	tmk_verdict_refuse(v, TMK_SIGNATURE_BAD, "the SSH signature is for the "
			   "namespace '%s', not for '%s'",
			   tmk_enc_show_into(shown, sizeof(shown),
					     (const char *)sig->name_space.data,
					     sig->name_space.len), name_space);
	return tmk_verdict_hint(v, "sign it again as what it is: namespace %s",
				name_space);
}

/* No line is left: because the key stands in none, or in the wrong ones. */
static int refuse_key(const struct tmk_ssh_signers *all,
		      const struct tmk_signature *sig,
		      const struct tmk_ssh_signer *seen,
		      const char *name_space, struct tmk_verdict *v)
{
	if (!seen) {
		tmk_verdict_refuse(v, TMK_CERT_MISSING, "the key %s is not in "
				   "%s", sig->key_id, all->name);
		return tmk_verdict_hint(v, "add its line to the allowed "
					"signers, if it is to be trusted");
	}
	if (seen->authority)
		return tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED,
			"%s:%u: the key %s is a certificate authority there, "
			"and SSH certificates are not accepted", all->name,
			seen->line, sig->key_id);
	return tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "%s:%u: the key "
				  "%s may not sign in the namespace '%s'",
				  all->name, seen->line, sig->key_id,
				  name_space);
}

/* What a search has found so far. */
struct search {
	const struct tmk_ssh_signers *all;
	const struct tmk_signature *sig;
	const char *name_space;
	const struct tmk_ssh_signer *found;	/* the first line that allows */
	const struct tmk_ssh_signer *seen;	/* a line with the key */
	struct tmk_buf user;
};

/* One line of the key. Several may allow it, for more people. */
static int take_line(struct search *f, const struct tmk_ssh_signer *s,
		     struct tmk_verdict *v, struct tmk_err *err)
{
	f->seen = s;
	if (!may_sign(s, f->name_space))
		return 0;
	/* Which of two times counts nobody could say. */
	if (f->found && (s->after != f->found->after ||
			 s->before != f->found->before)) {
		tmk_verdict_refuse(v, TMK_SIGNER_NOT_ALLOWED, "%s: the key %s "
				   "stands in lines %u and %u with different "
				   "times", f->all->name, f->sig->key_id,
				   f->found->line, s->line);
		return tmk_verdict_hint(v, "leave one of the two lines");
	}
	if (f->found && f->user.len + strlen(s->principals) > SHOWN_MAX)
		return 0;	/* enough to be shown */
	if ((f->found && tmk_buf_addch(&f->user, ',')) ||
	    tmk_buf_addstr(&f->user, s->principals))
		return tmk_err_nomem(err);
	if (!f->found)
		f->found = s;
	return 0;
}

static void tell(struct tmk_standing *out, const struct search *f)
{
	memset(out, 0, sizeof(*out));
	out->key = f->sig->key;
	memcpy(out->key_id, f->sig->key_id, sizeof(out->key_id));
	tmk_enc_show_into(out->user, sizeof(out->user),
			  tmk_buf_str(&f->user), f->user.len);
	out->valid_from = f->found->after;
	out->valid_until = f->found->before;
	out->revoked_at = TMK_TIME_NONE;
}

int tmk_ssh_signers_find(struct tmk_standing *out,
			 const struct tmk_keyring *keyring,
			 const struct tmk_evidence *evidence, int i,
			 const char *name_space, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	struct search f = {
		.all = keyring->priv,
		.sig = &evidence->signature[i],
		.name_space = name_space ? name_space : "git",
		.user = TMK_BUF_INIT(TMK_SSH_SIGNERS_LINE_MAX + SHOWN_MAX),
	};
	const struct tmk_ssh_sig *ssh = f.sig->priv;
	int k, rc = 0;

	if (!tmk_ssh_wire_is(&ssh->name_space, f.name_space))
		return refuse_name_space(ssh, f.name_space, v);
	for (k = 0; !rc && !v->reason && k < f.all->signers; k++)
		if (has_key(&f.all->signer[k], &ssh->blob))
			rc = take_line(&f, &f.all->signer[k], v, err);
	if (!rc && !v->reason) {
		if (f.found)
			tell(out, &f);
		else
			rc = refuse_key(f.all, f.sig, f.seen, f.name_space, v);
	}
	tmk_buf_release(&f.user);
	return rc;
}

/* ---- addresses ---------------------------------------------------------- */

/* A principal that is one address, and no pattern for several. */
static bool is_email(const char *name, size_t len)
{
	const char *at = memchr(name, '@', len);
	size_t i;

	if (!at || at == name || at == name + len - 1 ||
	    memchr(at + 1, '@', len - 1 - (size_t)(at - name)))
		return false;
	for (i = 0; i < len; i++)
		if ((unsigned char)name[i] <= 0x20 || name[i] == 0x7f ||
		    strchr("!*?<>\"", name[i]))
			return false;
	return true;
}

/* The addresses of one line that the line itself does not except again. */
static int line_emails(struct tmk_buf *out, const struct tmk_ssh_signer *s,
		       struct tmk_err *err)
{
	const char *name = s->principals;
	size_t len;

	for (; *name; name += len + (name[len] == ',')) {
		len = strcspn(name, ",");
		if (!is_email(name, len) ||
		    !tmk_ssh_signers_match(s->principals, name, len))
			continue;
		if (out->max - out->len < len + 1)
			break;
		if (tmk_buf_add(out, name, len) || tmk_buf_addch(out, 0))
			return tmk_err_nomem(err);
	}
	return 0;
}

int tmk_ssh_signers_emails(struct tmk_buf *out,
			   const struct tmk_keyring *keyring,
			   const struct tmk_evidence *evidence, int i,
			   const char *name_space, int64_t at,
			   struct tmk_err *err)
{
	const struct tmk_ssh_signers *all = keyring->priv;
	const struct tmk_ssh_sig *ssh = evidence->signature[i].priv;
	int k, rc = 0;

	/* All lines of a key that may sign have the same times: _find. */
	(void)at;
	for (k = 0; !rc && k < all->signers; k++)
		if (has_key(&all->signer[k], &ssh->blob) &&
		    may_sign(&all->signer[k], name_space ? name_space : "git"))
			rc = line_emails(out, &all->signer[k], err);
	return rc;
}
