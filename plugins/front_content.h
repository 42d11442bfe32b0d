/*
 * front_content.h - sign the content of a file of any size: ask what is to be
 * hashed, hash it once, ask for the signature of the digest.
 */
#ifndef TMK_PLUGINS_FRONT_CONTENT_H
#define TMK_PLUGINS_FRONT_CONTENT_H

#include "plugins/front_ask.h"

/* Ask what the signature of `request` needs, without any content: whether the
 * key is ours (answer->declined), its digest and trailer. `request` keeps its
 * verb and takes the time. Errors as of tmk_front_ask. */
int tmk_front_content_prepare(struct tmk_answer *answer,
			      struct tmk_front_ask *ask,
			      struct tmk_request *request,
			      struct tmk_err *err) TMK_MUST_CHECK;

/*
 * After it: hash what `fd` gives (`name` is for messages) and have it signed.
 * `answer` is what prepare left and becomes the answer with the seal. Fails
 * with TMK_INPUT when the content cannot be read; a signature that was refused
 * is in the answer.
 */
int tmk_front_content_sign(struct tmk_answer *answer,
			   struct tmk_front_ask *ask,
			   struct tmk_request *request, int fd,
			   const char *name, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
