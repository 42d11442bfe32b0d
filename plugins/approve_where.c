/*
 * approve_where.c - requests of this user, or of a signing host.
 */
#include "plugins/approve_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "key/remote.h"
#include "plugins/front_approval.h"

/* ---- a host ------------------------------------------------------------------ */

/* One question on a connection of its own: between two of them a person may
 * type a PIN. *answer is initialised by the caller. */
static int ask_host(struct tmk_answer *answer, const struct tmk_approve *r,
		    struct tmk_request *request, struct tmk_err *err)
{
	struct tmk_remote *remote = NULL;
	struct tmk_remote_uri uri;
	int rc;

	request->program = "touchmark";
	if (tmk_remote_uri_parse_host(&uri, r->on, err))
		return tmk_err_prefix(err, "--on");
	if (tmk_remote_open(&remote, &uri,
			    1000 * r->config->service_deadline, NULL, err))
		return -1;
	rc = tmk_remote_ask(answer, remote, request, &r->ask.person, err);
	tmk_remote_free(remote);
	if (rc)
		return -1;
	if (!answer->code && !answer->declined)
		return 0;
	tmk_err_set(err, answer->code ? answer->code : TMK_KEY, "%s",
		    answer->text);
	if (*answer->hint)
		tmk_err_hint(err, "%s", answer->hint);
	return -1;
}

/* The same; what comes in answer->seal goes to `out`. */
static int ask_into(struct tmk_buf *out, const struct tmk_approve *r,
		    struct tmk_request *request, struct tmk_err *err)
{
	struct tmk_answer answer;
	int rc;

	tmk_answer_init(&answer);
	rc = ask_host(&answer, r, request, err);
	if (!rc && tmk_buf_add(out, answer.seal.data, answer.seal.len))
		rc = tmk_err_nomem(err);
	tmk_answer_release(&answer);
	return rc;
}

/* Whole lines, each an object as we write it. */
static int check_lines(const struct tmk_buf *lines, struct tmk_err *err)
{
	struct tmk_json_scan *scan = malloc(sizeof(*scan));
	const char *at = tmk_buf_str(lines), *end;
	int rc = 0;

	if (!scan)
		return tmk_err_nomem(err);
	for (; !rc && *at; at = end + 1) {
		end = strchr(at, '\n');
		tmk_json_scan_init(scan, NULL, NULL);
		if (!end || tmk_json_scan_feed(scan, at,
					       (size_t)(end - at)) ||
		    tmk_json_scan_end(scan))
			rc = tmk_err_set(err, TMK_INPUT, "the signing host "
					 "answers with something else");
		if (!end)
			break;
	}
	if (!rc && (size_t)(at - tmk_buf_str(lines)) != lines->len)
		rc = tmk_err_set(err, TMK_INPUT, "the signing host answers "
				 "with something else");
	free(scan);
	return rc;
}

/* ---- the questions ----------------------------------------------------------- */

int tmk_approve_where_list(struct tmk_buf *out, const struct tmk_approve *r,
			   struct tmk_err *err)
{
	struct tmk_request request;

	if (!r->on)
		return tmk_front_approval_list(out, r->config, err);
	tmk_request_init(&request);
	request.verb = TMK_REQUEST_WAITING;
	return ask_into(out, r, &request, err) ? -1 : check_lines(out, err);
}

int tmk_approve_where_text(struct tmk_buf *out, const struct tmk_approve *r,
			   const char *id, struct tmk_err *err)
{
	char real[TMK_APPROVAL_ID];
	struct tmk_request request;
	int rc;

	tmk_request_init(&request);
	request.verb = TMK_REQUEST_WAITING;
	request.id = id;
	rc = r->on ? ask_into(out, r, &request, err) :
		tmk_front_approval_text(out, r->config, id, err);
	if (rc || tmk_approval_text_id(real, out->data, out->len, err))
		return -1;
	if (!strcmp(real, id))
		return 0;
	tmk_err_set(err, TMK_INPUT, "what was given for request %s is not "
		    "that request", id);
	return tmk_err_hint(err, "approve nothing of this host before its "
			    "administrator has looked at it");
}

int tmk_approve_where_add(struct tmk_buf *out, const struct tmk_approve *r,
			  const char *id, const struct tmk_buf *der,
			  struct tmk_err *err)
{
	struct tmk_request request;

	if (!r->on)
		return tmk_front_approval_add(out, r->config, id, der->data,
					      der->len, err);
	tmk_request_init(&request);
	request.verb = TMK_REQUEST_APPROVE;
	request.id = id;
	request.payload = der->data;
	request.payload_len = der->len;
	return ask_into(out, r, &request, err) ? -1 : check_lines(out, err);
}
