/*
 * openpgp_keyring.h - keyrings packet by packet, and what they say of a key:
 * for tests alone. `ring` is the one in work; Ann, Bob and the subkey are made
 * by the test.
 */
#ifndef TMK_T_OPENPGP_KEYRING_H
#define TMK_T_OPENPGP_KEYRING_H

#include "seal/openpgp_ring.h"
#include "t/unit/openpgp_forge.h"
#include "t/unit/tap.h"

#define CONTENT "what is signed"
#define TIME (FORGE_T0 + 1000)
#define ANN "Ann <ann@example.org>"
#define BOTH (TMK_OPENPGP_FLAG_CERTIFY | TMK_OPENPGP_FLAG_SIGN)

static struct forge_key ann, bob, sub;
static struct tmk_buf ring = TMK_BUF_INIT(1 << 26);

/* ---- writing a keyring ---------------------------------------------------- */

static SOFT_UNUSED void packet(int tag, const void *data, size_t len)
{
	must_be(!tmk_openpgp_put_packet(&ring, tag, data, len));
}

static SOFT_UNUSED void put_key(const struct forge_key *k, int tag)
{
	packet(tag, k->body.data, k->body.len);
}

static SOFT_UNUSED void put_user(const char *user)
{
	packet(TMK_OPENPGP_USER_ID, user, strlen(user));
}

/* A signature over the primary key and perhaps a user id or a subkey. */
static SOFT_UNUSED void put_sig(struct forge_sig *s,
				const struct forge_key *by,
				const struct forge_key *primary,
				const char *user,
				const struct forge_key *subkey)
{
	forge_about(&ring, s, by, primary, user, subkey);
}

static SOFT_UNUSED struct forge_sig usual(int type,
					  const struct forge_key *by,
					  int64_t time, int flags)
{
	struct forge_sig s = FORGE_SIG(type);

	forge_usual(&s, by, time);
	if (flags >= 0)
		forge_u8(&s.hashed, TMK_OPENPGP_SUB_FLAGS, flags);
	return s;
}

/* Ann's key with her name, as it should be. */
static SOFT_UNUSED void start(int flags)
{
	struct forge_sig s = usual(0x13, &ann, FORGE_T0, flags);

	ring.len = 0;
	put_key(&ann, TMK_OPENPGP_PUBLIC_KEY);
	put_user(ANN);
	put_sig(&s, &ann, &ann, ANN, NULL);
}

/* The signature of the subkey that it is Ann's, as a subpacket. */
static SOFT_UNUSED void back_sig(struct tmk_buf *area,
				 const struct forge_key *by,
				 const struct forge_key *primary)
{
	struct tmk_buf all = TMK_BUF_INIT(1 << 16);
	struct tmk_buf over = TMK_BUF_INIT(1 << 16);
	struct forge_sig s = usual(0x19, by, FORGE_T0 + 1, -1);

	forge_over_key(&over, primary);
	forge_over_key(&over, &sub);
	forge_packet(&all, &s, by, over.data, over.len);
	must_be(all.data[0] == 0x88);
	forge_sub(area, TMK_OPENPGP_SUB_EMBEDDED, all.data + 2, all.len - 2);
	tmk_buf_release(&all);
	tmk_buf_release(&over);
	forge_sig_free(&s);
}

/* ---- asking it -------------------------------------------------------------- */

static SOFT_UNUSED int read_ring(struct tmk_keyring **out,
				 struct tmk_err *err)
{
	return tmk_seal_openpgp.keyring_read(out, ring.data, ring.len, "test",
					     err);
}

static SOFT_UNUSED enum tmk_reason find_time(struct tmk_standing *out,
					     const struct forge_key *k,
					     bool id_alone, int64_t time)
{
	struct tmk_buf der = TMK_BUF_INIT(1 << 16);
	struct forge_sig s = FORGE_SIG(0);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	struct tmk_keyring *keyring = NULL;

	if (id_alone)
		forge_issuer(&s.unhashed, k);
	else
		forge_fpr(&s.hashed, k);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_CREATED, (uint32_t)time);
	forge_packet(&der, &s, k, CONTENT, strlen(CONTENT));
	must_be(!tmk_seal_openpgp.parse(&ev, der.data, der.len, &v, &err) &&
		ev);
	if (read_ring(&keyring, &err))
		diag("%s", err.text);
	must_be(keyring && !tmk_seal_openpgp.keyring_find(out, keyring, ev, 0,
							  NULL, &v, &err));
	if (v.reason == TMK_GOOD)
		must_be(EVP_PKEY_eq(out->key, k->soft.key) == 1 &&
			out->owner && EVP_PKEY_eq(out->owner, k == &sub ?
				ann.soft.key : k->soft.key) == 1);
	else
		diag("%s", v.text);
	/* Asked again it says the same. */
	if (v.reason == TMK_GOOD) {
		struct tmk_standing twice;

		must_be(!tmk_seal_openpgp.keyring_find(&twice, keyring, ev, 0,
						       NULL, &v, &err) &&
			!memcmp(&twice, out, sizeof(twice)));
	}
	out->key = out->owner = NULL;
	tmk_keyring_free(keyring);
	tmk_evidence_free(ev);
	tmk_buf_release(&der);
	forge_sig_free(&s);
	return v.reason;
}

static SOFT_UNUSED bool expect(struct tmk_standing *s,
			       const struct forge_key *k,
			       enum tmk_reason reason, const char *what)
{
	return is_str(tmk_reason_id(find_time(s, k, false, TIME)),
		      tmk_reason_id(reason), "%s", what);
}

#endif
