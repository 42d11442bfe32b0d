#include "plugins/doctor_chain.h"

#include <string.h>

int tmk_doctor_chain(struct tmk_chain_answer *answer,
		     const struct tmk_doctor *d, const struct tmk_judge *judge,
		     struct tmk_err *err)
{
	struct tmk_chain_request request = {
		.trust = judge->trust, .leaf = sk_X509_value(d->chain, 0),
		.untrusted = d->chain, .at = d->now, .now = d->now,
		.revocation = judge->revocation, .ekus = judge->ekus,
		.min_rsa = judge->min_rsa
	};

	memcpy(request.eku, judge->eku, sizeof(request.eku));
	return tmk_chain_judge(answer, &request, err);
}
