/*
 * doctor_service.c - keys in cloud services: the rights that whoever signs
 * needs there, and no more; and whether the service describes the key, which
 * the evidence about it is made of.
 */
#include <string.h>

#include "plugins/doctor_facts.h"
#include "plugins/front_key.h"

#define ID "service"

/* By the name of the store. */
static const struct service {
	const char *store, *name;
	const char *rights;	/* the least that signing needs */
	const char *how;	/* where they are given */
} services[] = {
	{ "awskms", "AWS KMS", "kms:Sign, kms:GetPublicKey and "
	  "kms:DescribeKey for this key alone",
	  "an IAM policy or the key's own; docs/CLOUD.md has one" },
	{ "azurekv", "Azure Key Vault", "keys/sign/action and keys/read for "
	  "this key alone (the role Key Vault Crypto User, given on the key)",
	  "az role assignment create --scope VAULT/keys/NAME" },
	{ "gcpkms", "Google Cloud KMS", "cloudkms.cryptoKeyVersions.useToSign, "
	  ".viewPublicKey and .get for this key alone",
	  "roles/cloudkms.signerVerifier and roles/cloudkms.viewer on the "
	  "key" },
	{ "vault", "Vault", "update on transit/sign/NAME and read on "
	  "transit/keys/NAME", "a policy with these two paths" },
};

static const struct service *service_of(const struct tmk_store_ops *store)
{
	size_t i;

	for (i = 0; store->service && i < sizeof(services) / sizeof(*services);
	     i++)
		if (!strcmp(services[i].store, store->name))
			return &services[i];
	return NULL;
}

/* What the facts say of where the key was made. */
static int on_fact(void *ctx, const char *name, const char *value,
		   struct tmk_err *err)
{
	bool *outside = ctx;

	(void)err;
	if (!strcmp(name, "Origin") && !strcmp(value, "EXTERNAL"))
		*outside = true;
	return 0;
}

/* The description is for evidence: signing goes on without it. */
static void check_description(struct tmk_doctor *d, const char *key,
			      const struct tmk_store_ops *store,
			      const char *uri)
{
	struct tmk_place place = tmk_front_place(d->config, uri, NULL);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_key_facts facts = { .attributes = 0 };
	bool outside = false;

	tmk_key_info_init(&facts.info);
	if (store->inspect(&place, false, &facts, on_fact, &outside, &err))
		tmk_doctor_say(d, TMK_DOCTOR_WARN, ID, err.hint, "key '%s': "
			       "the service does not describe it: %s", key,
			       err.text);
	else if (outside)
		tmk_doctor_say(d, TMK_DOCTOR_WARN, ID, "have one made in the "
			       "service", "key '%s': it was brought there "
			       "(Origin EXTERNAL): who else has it cannot be "
			       "told", key);
	tmk_key_info_release(&facts.info);
}

void tmk_doctor_services(struct tmk_doctor *d)
{
	int k, i;

	for (k = 0; d->config && k < d->config->n_keys; k++) {
		const struct tmk_key_config *key = &d->config->keys[k];

		for (i = 0; i < key->uris; i++) {
			struct tmk_err ignored = TMK_ERR_INIT;
			const struct tmk_store_ops *store =
				tmk_front_store(key->uri[i], &ignored);
			const struct service *s = store ? service_of(store) :
				NULL;

			if (!s)
				continue;
			tmk_doctor_say(d, TMK_DOCTOR_OK, ID, s->how, "key "
				       "'%s': in %s whoever signs needs %s",
				       key->name, s->name, s->rights);
			if (!d->offline && store->inspect)
				check_description(d, key->name, store,
						  key->uri[i]);
		}
	}
}
