/* sign and inline-sign: with keys of touchmark, named by certificates. */
#include "plugins/sop.h"

#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/opt.h"
#include "core/config.h"
#include "formats/armour.h"
#include "plugins/front_ask.h"
#include "plugins/front_signers.h"
#include "seal/openpgp_ring.h"

extern const struct tmk_seal_ops tmk_seal_openpgp;

#define PROGRAM "touchmark-sop"
#define FINGERPRINT (2 * TMK_OPENPGP_FPR + 1)

struct options {
	bool help, no_armour;
	const char *as, *micalg;
};

/* Everything one call signs with. */
struct signing {
	struct tmk_config *config;
	struct tmk_front_ask ask;
	struct tmk_front_signers *signers;
	char fingerprint[TMK_FRONT_SIGNERS_MAX][FINGERPRINT];
};

static void signing_release(struct signing *s)
{
	if (s->signers) {
		tmk_front_signers_release(s->signers);
		free(s->signers);
		tmk_front_ask_release(&s->ask);
	}
	tmk_config_free(s->config);
}

static int signing_init(struct signing *s, enum tmk_cleartext_form form,
			struct tmk_err *err)
{
	memset(s, 0, sizeof(*s));
	if (tmk_config_load(&s->config, ".", err))
		return tmk_sop_turn(err, TMK_SOP_FAILED);
	s->signers = calloc(1, sizeof(*s->signers));
	if (!s->signers) {
		(void)!tmk_err_nomem(err);
		return tmk_sop_turn(err, TMK_SOP_FAILED);
	}
	tmk_front_ask_init(&s->ask, s->config, PROGRAM);
	tmk_front_signers_init(s->signers, &s->ask, form);
	return 0;
}

/* ---- whose keys ------------------------------------------------------------ */

static int secret_key(const char *name, struct tmk_err *err)
{
	tmk_err_set(err, TMK_SOP_KEY_CANNOT_SIGN, "%s holds a secret key, and "
		    "touchmark signs with keys in tokens alone", name);
	return tmk_err_hint(err, "give the certificate of such a key: "
			    "touchmark key export NAME --type openpgp");
}

static bool is_secret(const struct tmk_buf *bytes)
{
	static const char armour[] = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
	int tag = 0;

	if (bytes->len && bytes->data[0] & 0x80)
		tag = bytes->data[0] & 0x40 ? bytes->data[0] & 0x3f :
			bytes->data[0] >> 2 & 0x0f;
	return tag == TMK_OPENPGP_SECRET_KEY ||
		(bytes->len > strlen(armour) &&
		 !memcmp(bytes->data, armour, strlen(armour)));
}

/* The key with this fingerprint becomes one of the signers. */
static int add_key(struct signing *s, const uint8_t *fpr, const char *name,
		   struct tmk_err *err)
{
	char *text = s->fingerprint[s->signers->signers];
	struct tmk_request request;
	int rc;

	if (s->signers->signers == TMK_FRONT_SIGNERS_MAX)
		return tmk_err_set(err, TMK_SOP_FAILED, "more than %d keys "
				   "sign", TMK_FRONT_SIGNERS_MAX);
	tmk_enc_hex_upper(text, fpr, TMK_OPENPGP_FPR);
	tmk_request_init(&request);
	request.verb = TMK_REQUEST_SIGN;
	request.key = text;
	rc = tmk_front_signers_add(s->signers, &request, err);
	if (!rc)
		return 0;
	if (rc > 0) {
		tmk_err_set(err, TMK_SOP_NO_HW_KEY_FOUND, "%s: no key of "
			    "touchmark has the fingerprint %s", name, text);
		return tmk_err_hint(err, "touchmark key list shows the keys; "
				    "key export NAME --type openpgp writes "
				    "the certificate of one");
	}
	tmk_err_prefix(err, "%s", name);
	return tmk_sop_turn(err, err->code == TMK_USAGE ?
			    TMK_SOP_KEY_CANNOT_SIGN :
			    TMK_SOP_HARDWARE_KEY_FAILURE);
}

static int add_ring(struct signing *s, const struct tmk_openpgp_ring *ring,
		    const char *name, struct tmk_err *err)
{
	int i, n = 0;

	for (i = 0; i < ring->keys; i++) {
		if (!ring->key[i].primary)
			continue;
		if (add_key(s, ring->key[i].key.fpr, name, err))
			return -1;
		n++;
	}
	return n ? 0 : tmk_err_set(err, TMK_SOP_KEY_CANNOT_SIGN,
				   "%s holds no key of version 4", name);
}

static int add_file(struct signing *s, const char *name, struct tmk_err *err)
{
	struct tmk_buf bytes = TMK_BUF_INIT(TMK_SOP_CERTS_MAX);
	struct tmk_keyring *ring = NULL;
	int rc = tmk_sop_read(&bytes, name, err);

	if (!rc && is_secret(&bytes))
		rc = secret_key(name, err);
	if (!rc && tmk_seal_openpgp.keyring_read(&ring, bytes.data, bytes.len,
						 name, err))
		rc = tmk_sop_turn(err, TMK_SOP_BAD_DATA);
	if (!rc)
		rc = add_ring(s, ring->priv, name, err);
	tmk_keyring_free(ring);
	tmk_buf_release(&bytes);
	return rc;
}

static int add_files(struct signing *s, char **name, int n,
		     struct tmk_err *err)
{
	int i;

	for (i = 0; i < n; i++)
		if (add_file(s, name[i], err))
			return -1;
	return 0;
}

/* ---- what is signed -------------------------------------------------------- */

static int sign(struct signing *s, struct tmk_buf *seals, struct tmk_err *err)
{
	if (!tmk_front_signers_sign(s->signers, seals, err))
		return 0;
	if (err->code == TMK_KEY)
		return tmk_sop_turn(err, TMK_SOP_HARDWARE_KEY_FAILURE);
	return tmk_sop_turn(err, err->code == TMK_INPUT ?
			    TMK_SOP_EXPECTED_TEXT : TMK_SOP_FAILED);
}

/* Text is UTF-8 whose lines have one meaning. */
static int read_text(struct tmk_buf *text, struct tmk_err *err)
{
	if (tmk_sop_read_input(text, err))
		return -1;
	if (!tmk_enc_is_utf8(tmk_buf_str(text), text->len))
		return tmk_err_set(err, TMK_SOP_EXPECTED_TEXT,
				   "standard input is no UTF-8 text");
	return 0;
}

static int feed(struct signing *s, const struct tmk_buf *data,
		struct tmk_err *err)
{
	if (!tmk_front_signers_feed(s->signers, data->data, data->len, err))
		return 0;
	return tmk_sop_turn(err, err->code == TMK_INPUT ?
			    TMK_SOP_EXPECTED_TEXT : TMK_SOP_FAILED);
}

static int feed_input(struct signing *s, bool text, struct tmk_err *err)
{
	struct tmk_buf data = TMK_BUF_INIT(TMK_SOP_DATA_MAX);
	int rc;

	if (!text)
		return tmk_sop_pass_input(tmk_front_signers_feed, s->signers,
					  err) ?
			tmk_sop_turn(err, TMK_SOP_FAILED) : 0;
	rc = read_text(&data, err);
	if (!rc)
		rc = feed(s, &data, err);
	tmk_buf_release(&data);
	return rc;
}

/* "pgp-sha256" (RFC 3156 section 5), or nothing when they differ. */
static int write_micalg(const struct signing *s, const char *name,
			struct tmk_err *err)
{
	static const char *const known[] = {
		[TMK_SHA256] = "pgp-sha256", [TMK_SHA384] = "pgp-sha384",
		[TMK_SHA512] = "pgp-sha512"
	};
	enum tmk_hash hash = s->signers->signer[0].request.hash;
	const char *text = known[hash];
	int i;

	for (i = 1; i < s->signers->signers; i++)
		if (s->signers->signer[i].request.hash != hash)
			text = "";
	return tmk_sop_write(name, text, strlen(text), err);
}

static int write_packets(const struct tmk_buf *packets, const char *label,
			 struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	int rc;

	if (!label)
		return tmk_sop_write_output(packets->data, packets->len, err);
	rc = tmk_sop_armour(&text, label, packets->data, packets->len, err);
	if (!rc)
		rc = tmk_sop_write_output(text.data, text.len, err);
	tmk_buf_release(&text);
	return rc;
}

static int unknown_form(const char *as, const char *forms,
			struct tmk_err *err)
{
	return tmk_err_set(err, TMK_SOP_UNSUPPORTED_OPTION, "--as=%s: it is "
			   "%s", as, forms);
}

/* ---- sign ------------------------------------------------------------------ */

static int detached(const struct options *o, char **name, int n,
		    struct tmk_err *err)
{
	bool text = o->as && !strcmp(o->as, "text");
	struct tmk_buf seals = TMK_BUF_INIT(TMK_SOP_SEALS_MAX);
	struct signing s = { 0 };
	int rc;

	if (o->as && !text && strcmp(o->as, "binary"))
		return unknown_form(o->as, "binary or text", err);
	rc = tmk_sop_output_ok(o->micalg, err);
	if (!rc)
		rc = signing_init(&s, text ? TMK_CLEARTEXT_LINES : 0, err);
	if (!rc)
		rc = add_files(&s, name, n, err);
	if (!rc)
		rc = feed_input(&s, text, err);
	if (!rc)
		rc = sign(&s, &seals, err);
	if (!rc && o->micalg)
		rc = write_micalg(&s, o->micalg, err);
	if (!rc)
		rc = write_packets(&seals, o->no_armour ? NULL :
				   TMK_ARMOUR_LABEL_OPENPGP, err);
	tmk_buf_release(&seals);
	signing_release(&s);
	return rc;
}

int tmk_sop_sign(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .as = NULL };
	const struct tmk_opt table[] = {
		{ 0, "no-armor", TMK_OPT_FLAG, &o.no_armour, NULL,
		  "write it in binary" },
		{ 0, "as", TMK_OPT_TEXT, &o.as, "KIND",
		  "binary (default) or text" },
		{ 0, "micalg-out", TMK_OPT_TEXT, &o.micalg, "MICALG",
		  "write there which digest was signed" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, rc;

	rc = tmk_sop_options(table, &o.help, PROGRAM " sign [OPTION...] "
			     "CERTS... <DATA >SIGNATURES", argc, argv, 1, -1,
			     &operands, err);
	if (!rc)
		rc = detached(&o, argv + 1, operands, err);
	return rc < 0 ? err->code : 0;
}

/* ---- inline-sign ----------------------------------------------------------- */

static int write_clear(const struct tmk_buf *data, const struct tmk_buf *seals,
		       struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	int rc;

	rc = tmk_cleartext_write(&out, data->data, data->len, seals->data,
				 seals->len, err) ?
		tmk_sop_turn(err, TMK_SOP_FAILED) :
		tmk_sop_write_output(out.data, out.len, err);
	tmk_buf_release(&out);
	return rc;
}

static int write_message(const struct tmk_buf *data,
			 const struct tmk_buf *seals, bool no_armour,
			 struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	int rc;

	rc = tmk_sop_message_write(&out, data->data, data->len, seals->data,
				   seals->len, err);
	if (!rc)
		rc = write_packets(&out, no_armour ? NULL :
				   TMK_SOP_LABEL_MESSAGE, err);
	tmk_buf_release(&out);
	return rc;
}

/* The content is held, for the signatures stand behind it. */
static int inline_sign(const struct options *o, enum tmk_cleartext_form form,
		       char **name, int n, struct tmk_err *err)
{
	struct tmk_buf data = TMK_BUF_INIT(TMK_SOP_DATA_MAX);
	struct tmk_buf seals = TMK_BUF_INIT(TMK_SOP_SEALS_MAX);
	struct signing s = { 0 };
	int rc;

	rc = signing_init(&s, form, err);
	if (!rc)
		rc = add_files(&s, name, n, err);
	if (!rc)
		rc = form ? read_text(&data, err) :
			tmk_sop_read_input(&data, err);
	if (!rc && form == TMK_CLEARTEXT_FRAMED &&
	    tmk_cleartext_check(data.data, data.len, err))
		rc = tmk_sop_turn(err, TMK_SOP_EXPECTED_TEXT);
	if (!rc)
		rc = feed(&s, &data, err);
	if (!rc)
		rc = sign(&s, &seals, err);
	if (!rc)
		rc = form == TMK_CLEARTEXT_FRAMED ?
			write_clear(&data, &seals, err) :
			write_message(&data, &seals, o->no_armour, err);
	tmk_buf_release(&data);
	tmk_buf_release(&seals);
	signing_release(&s);
	return rc;
}

static int choose_form(enum tmk_cleartext_form *form, const struct options *o,
		       struct tmk_err *err)
{
	const char *as = o->as ? o->as : "binary";

	*form = 0;
	if (!strcmp(as, "clearsigned"))
		*form = TMK_CLEARTEXT_FRAMED;
	else if (!strcmp(as, "text"))
		*form = TMK_CLEARTEXT_LINES;
	else if (strcmp(as, "binary"))
		return unknown_form(as, "binary, text or clearsigned", err);
	if (*form == TMK_CLEARTEXT_FRAMED && o->no_armour)
		return tmk_err_set(err, TMK_SOP_INCOMPATIBLE_OPTIONS,
				   "--no-armor and --as=clearsigned exclude "
				   "each other");
	return 0;
}

int tmk_sop_inline_sign(int argc, char **argv, struct tmk_err *err)
{
	struct options o = { .as = NULL };
	enum tmk_cleartext_form form = 0;
	const struct tmk_opt table[] = {
		{ 0, "no-armor", TMK_OPT_FLAG, &o.no_armour, NULL,
		  "write it in binary" },
		{ 0, "as", TMK_OPT_TEXT, &o.as, "KIND",
		  "binary (default), text or clearsigned" },
		{ 'h', "help", TMK_OPT_FLAG, &o.help, NULL, "show this" },
		{ 0, NULL }
	};
	int operands = 0, rc;

	rc = tmk_sop_options(table, &o.help, PROGRAM " inline-sign "
			     "[OPTION...] CERTS... <DATA >INLINESIGNED", argc,
			     argv, 1, -1, &operands, err);
	if (!rc)
		rc = choose_form(&form, &o, err);
	if (!rc)
		rc = inline_sign(&o, form, argv + 1, operands, err);
	return rc < 0 ? err->code : 0;
}
