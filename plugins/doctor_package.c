/*
 * doctor_package.c - rpm and apt as receivers: could they verify packages and
 * repositories that our key has signed?
 *
 * Asked of the key that `touchmark sign` takes when none is named. What they
 * can check is known from trying; whether they have the public key depends on
 * the machine where that is done.
 */
#include <stdio.h>
#include <string.h>

#include "plugins/doctor_facts.h"
#include "plugins/front_birth.h"
#include "plugins/front_key.h"
#include "plugins/front_pick.h"
#include "seal/openpgp_key.h"

#define RPM "receiver-rpm"
#define APT "receiver-apt"
#define APT_MIN_RSA 2048	/* what apt takes since 2.9 */
#define HINT_BYTES 384

void tmk_doctor_package_key(struct tmk_doctor *d)
{
	struct tmk_err ignored = TMK_ERR_INIT;
	struct tmk_front_pick pick;

	if (d->config && tmk_front_pick(&pick, d->config, NULL, &ignored) == 1)
		d->package.key = pick.key;
}

void tmk_doctor_package_seen(struct tmk_doctor *d,
			     const struct tmk_key_config *key,
			     const struct tmk_place *place,
			     const struct tmk_key_info *info)
{
	struct tmk_err ignored = TMK_ERR_INIT;
	const struct tmk_store_ops *store = tmk_front_store(place->uri,
							    &ignored);
	char user[TMK_OPENPGP_USER_MAX] = "";
	int64_t created = TMK_TIME_NONE;

	if (d->package.key != key || d->package.algorithm)
		return;
	d->package.algorithm = info->algorithm;
	d->package.bits = info->bits;
	d->package.born = key->created != TMK_TIME_NONE;
	d->package.user = key->user_id != NULL;
	d->package.remote = tmk_doctor_places_remote(place->uri);
	if ((d->package.born && d->package.user) || !store ||
	    !info->spki.len ||
	    tmk_front_birth_get(&created, user, sizeof(user), store, place,
				info->spki.data, info->spki.len, &ignored))
		return;
	d->package.born = true;
	d->package.user |= *user != '\0';
}

static void no(struct tmk_doctor *d, const char *id, const char *hint,
	       const char *why)
{
	tmk_doctor_answer(d, id, "", TMK_DOCTOR_NO, true, hint, "%s", why);
}

static void no_package_key(struct tmk_doctor *d, const char *id)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_front_pick pick;

	if (!d->config)
		no(d, id, "mend what the lines above say of it",
		   "the configuration cannot be read");
	else if (tmk_front_pick(&pick, d->config, NULL, &err) < 0)
		no(d, id, err.hint, err.text);
	else
		no(d, id, "git config --global touchmark.key with the name of "
		   "one; touchmark key list shows them", "no key is chosen "
		   "for touchmark sign");
}

/* What no OpenPGP signature can be made with; false when that was said. */
static bool can_sign(struct tmk_doctor *d, const char *id)
{
	char why[HINT_BYTES], hint[HINT_BYTES];
	const char *name;

	if (!d->package.key) {
		no_package_key(d, id);
		return false;
	}
	name = d->package.key->name;
	if (!d->package.algorithm) {
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_UNKNOWN, true, "mend "
				  "what the lines above say of the key",
				  "the key '%s' was not seen", name);
		return false;
	}
	if (d->package.remote && !(d->package.born && d->package.user)) {
		tmk_doctor_answer(d, id, "", TMK_DOCTOR_UNKNOWN, true,
				  "touchmark doctor on that host tells",
				  "the signing host of the key '%s' has its "
				  "OpenPGP key", name);
		return false;
	}
	if (d->package.born && d->package.user)
		return true;
	snprintf(why, sizeof(why), "the key '%s' has no %s, which an OpenPGP "
		 "key needs", name, d->package.born ? "userId" :
		 "creation time");
	snprintf(hint, sizeof(hint), "set touchmark.%s.%s", name,
		 d->package.born ? "userId to 'Name <mail>'" :
		 "created once, to what date +%s prints now");
	no(d, id, hint, why);
	return false;
}

/* Both take a key alone that somebody has put where they look. */
static void public_key(struct tmk_doctor *d, const char *id, const char *who,
		       const char *how)
{
	char hint[HINT_BYTES];

	snprintf(hint, sizeof(hint), "%stouchmark key export %s --type openpgp "
		 "%s, wherever it is verified", d->package.remote ?
		 "on its signing host, by its name there: " : "",
		 d->package.key->name, how);
	tmk_doctor_answer(d, id, "", TMK_DOCTOR_UNKNOWN, true, hint, "%s there "
			  "must have the public key", who);
}

static void rpm(struct tmk_doctor *d)
{
	char why[HINT_BYTES];

	if (!can_sign(d, RPM))
		return;
	if (d->package.algorithm != TMK_KEY_EC) {
		public_key(d, RPM, "rpm", ">release.asc && rpmkeys --import "
			   "release.asc");
		return;
	}
	snprintf(why, sizeof(why), "rpm 4.18 and older cannot check the ECDSA "
		 "signatures of the key '%s', and packages of format 4 are "
		 "not signed with it", d->package.key->name);
	no(d, RPM, "sign rpms with an RSA or Ed25519 key: touchmark sign -k",
	   why);
}

static void apt(struct tmk_doctor *d)
{
	char why[HINT_BYTES];

	if (!can_sign(d, APT))
		return;
	if (d->package.algorithm != TMK_KEY_RSA ||
	    d->package.bits >= APT_MIN_RSA) {
		public_key(d, APT, "apt", ">/etc/apt/keyrings/release.asc, and "
			   "signed-by= in sources.list");
		return;
	}
	snprintf(why, sizeof(why), "apt refuses RSA keys of less than %d bits, "
		 "and '%s' has %u", APT_MIN_RSA, d->package.key->name,
		 d->package.bits);
	no(d, APT, "sign with a stronger key: touchmark sign -k", why);
}

void tmk_doctor_packages(struct tmk_doctor *d)
{
	if (d->receivers & TMK_DOCTOR_RPM)
		rpm(d);
	if (d->receivers & TMK_DOCTOR_APT)
		apt(d);
}
