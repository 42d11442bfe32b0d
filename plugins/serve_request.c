#include "plugins/serve_request.h"

#include <stdio.h>
#include <string.h>

#include "iface/seal.h"
#include "key/agent_client.h"
#include "key/agent_env.h"
#include "plugins/front_approval.h"
#include "plugins/front_remote.h"
#include "plugins/front_requesters.h"

static int refuse(struct tmk_err *err, const char *what, const char *hint)
{
	tmk_err_set(err, TMK_USAGE, "%s", what);
	return tmk_err_hint(err, "%s", hint);
}

/* What would make this host look at the client's files, or its own on behalf
 * of the client. */
static int check_own(const struct tmk_request *r, struct tmk_err *err)
{
	if (r->directory || r->git_dir || r->pin_file || r->pin_file_env ||
	    r->credentials_dir || r->envs || r->requester)
		return refuse(err, "a signing host takes no file, folder or "
			      "environment of a client",
			      "send the key's name, the format and the "
			      "digest alone");
	if (r->format == TMK_REQUEST_GIT)
		return refuse(err, "a signing host does not know the client's "
			      "gpg.format", "name the format");
	if (r->payload)
		return refuse(err, "a signing host signs digests, no content",
			      "ask what is to be hashed (PREPARE), and send "
			      "the digest");
	return 0;
}

/* The client may ask for more than this host does, never for less. */
static int check_stamp(const struct tmk_serve *serve,
		       const struct tmk_request *r, struct tmk_err *err)
{
	if (serve->config->timestamp != TMK_STAMP_REQUIRE || !r->stamp ||
	    r->stamp == TMK_REQUEST_STAMP_REQUIRE)
		return 0;
	return refuse(err, "the signing host requires timestamps",
		      "leave --no-timestamp and --timestamp=prefer out");
}

static const char *format_name(enum tmk_request_format format)
{
	int i;

	for (i = 0; tmk_seals[i]; i++)
		if ((int)tmk_seals[i]->format == (int)format)
			return tmk_seals[i]->name;
	return "";
}

/* A host that asks the next one could be asked by it in turn, for ever. */
static int check_place(const struct tmk_serve *serve, const char *name,
		       struct tmk_err *err)
{
	const struct tmk_key_config *key = tmk_config_key(serve->config, name);
	int i;

	for (i = 0; key && i < key->uris; i++)
		if (tmk_front_remote_is(key->uri[i]))
			return refuse(err, "this key is on another host, and "
				      "a signing host asks no other",
				      "configure that host's own address");
	return 0;
}

static int check_seal(const struct tmk_serve *serve,
		      const struct tmk_request *r, struct tmk_err *err)
{
	if (check_own(r, err))
		return -1;
	/* First of all that depends on this host, so that nothing of it is
	 * told to whoever may not know. */
	if (tmk_front_requesters_allow(serve->config, serve->requester,
				       r->key ? r->key : "",
				       format_name(r->format), err))
		return -1;
	return check_stamp(serve, r, err) || check_place(serve, r->key, err) ?
		-1 : 0;
}

static int answer_approval(struct tmk_answer *answer,
			   const struct tmk_serve *serve,
			   const struct tmk_request *r, struct tmk_err *err)
{
	if (tmk_front_requesters_approve(serve->config, serve->requester, err))
		return -1;
	if (r->verb == TMK_REQUEST_APPROVE)
		return tmk_front_approval_add(&answer->seal, serve->config,
					      r->id, r->payload,
					      r->payload_len, err);
	return r->id ? tmk_front_approval_text(&answer->seal, serve->config,
					       r->id, err) :
		tmk_front_approval_list(&answer->seal, serve->config, err);
}

/* With what is this host's instead of the client's: the PIN comes from where
 * its own configuration or service manager put it. `space` holds the texts. */
static int make_own(struct tmk_request *mine, struct tmk_buf *space,
		    const struct tmk_serve *serve, const struct tmk_request *r,
		    struct tmk_err *err)
{
	*mine = *r;
	if (tmk_agent_describe(mine, space, err))
		return -1;
	mine->directory = mine->git_dir = NULL;
	mine->requester = serve->requester;
	return 0;
}

/* Whether this user's agent, which may hold the login already, has answered;
 * a failure is an answer too. `declined` (`size` bytes): why it leaves this one
 * to others, or "". */
static bool ask_agent(struct tmk_answer *answer, struct tmk_serve *serve,
		      const struct tmk_request *mine, char *declined,
		      size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;
	int rc;

	*declined = '\0';
	if (serve->alone || !serve->config->agent || !tmk_agent_env_plain())
		return false;
	rc = tmk_agent_ask(answer, mine, serve->person, true, &err);
	serve->alone = rc > 0;
	if (rc < 0)
		tmk_answer_fail(answer, &err);
	if (!rc && answer->declined) {
		snprintf(declined, size, "%s", answer->text);
		tmk_answer_release(answer);
		tmk_answer_init(answer);
		rc = 1;
	}
	return rc <= 0;
}

static int answer_seal(struct tmk_answer *answer, struct tmk_serve *serve,
		       const struct tmk_request *r, struct tmk_err *err)
{
	struct tmk_buf space = TMK_BUF_INIT(TMK_REQUEST_MAX);
	char declined[sizeof(answer->text)];
	struct tmk_request mine;
	int rc = make_own(&mine, &space, serve, r, err);

	if (!rc && !ask_agent(answer, serve, &mine, declined,
			      sizeof(declined))) {
		tmk_front_serve(answer, &mine, serve->sessions, serve->person);
		/* The login that is missing here may be there. */
		if (answer->code == TMK_KEY && *declined)
			tmk_answer_warn(answer, "touchmark serve", declined);
	}
	tmk_buf_release(&space);
	return rc;
}

static int answer_one(struct tmk_answer *answer, struct tmk_serve *serve,
		      const struct tmk_request *r, struct tmk_err *err)
{
	switch (r->verb) {
	case TMK_REQUEST_WAITING:
	case TMK_REQUEST_APPROVE:
		return answer_approval(answer, serve, r, err);
	case TMK_REQUEST_SIGN:
	case TMK_REQUEST_PREPARE:
		break;
	default:
		return refuse(err, "a signing host keeps nothing that could "
			      "be managed", "it signs; touchmark-serve(8)");
	}
	return check_seal(serve, r, err) ? -1 :
		answer_seal(answer, serve, r, err);
}

void tmk_serve_request(struct tmk_answer *answer, struct tmk_serve *serve,
		       const struct tmk_request *request)
{
	struct tmk_err err = TMK_ERR_INIT;

	if (!answer_one(answer, serve, request, &err))
		return;
	tmk_answer_release(answer);
	tmk_answer_init(answer);
	tmk_answer_fail(answer, &err);
}
