/*
 * remote.h - a connection to `touchmark serve`: on another host by the ssh
 * found on PATH, on this one by a socket.
 *
 * Over a socket the other side knows by the kernel who asks, and this side who
 * listens: root or the same user. OpenSSH does the network: keys, known hosts,
 * ProxyJump and all that are the user's own ssh configuration. Never asks a
 * person (BatchMode), takes no host whose key is not known, forwards nothing, is
 * bounded in time; connections to one host are shared (ControlMaster) through a
 * socket in $XDG_RUNTIME_DIR/touchmark. Carries frames (key/request.h), knows
 * nothing of what they say. Fails with TMK_KEY, TMK_USAGE for a bad URI.
 */
#ifndef TMK_KEY_REMOTE_H
#define TMK_KEY_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "iface/pin.h"
#include "key/request.h"

#define TMK_REMOTE_TEXT 256
#define TMK_REMOTE_SOCKET 108	/* sun_path of unix(7) */
#define TMK_REMOTE_SHOWN (2 * TMK_REMOTE_TEXT + 16)
#define TMK_REMOTE_MS 10000	/* the deadline when none is given */

/* ssh://USER@HOST[:PORT]/KEY-NAME, or unix:SOCKET/KEY-NAME */
struct tmk_remote_uri {
	char user[TMK_REMOTE_TEXT];
	char host[TMK_REMOTE_TEXT];
	int port;		/* 0: as ssh is configured */
	char socket[TMK_REMOTE_SOCKET];	/* "" for ssh; else the rest is empty */
	char key[TMK_REMOTE_TEXT];	/* its name there */
};

/* Whether it begins as one. */
bool tmk_remote_claims(const char *uri);

/* Read it strictly: no character that ssh or a shell could understand. */
int tmk_remote_uri_parse(struct tmk_remote_uri *out, const char *uri,
			 struct tmk_err *err) TMK_MUST_CHECK;

/* The same without /KEY-NAME, which an ssh one may have for nothing; `out->key`
 * means nothing. */
int tmk_remote_uri_parse_host(struct tmk_remote_uri *out, const char *text,
			      struct tmk_err *err) TMK_MUST_CHECK;

/* USER@HOST[:PORT] or unix:SOCKET for people, into `size` bytes
 * (TMK_REMOTE_SHOWN are always enough). Returns `out`. */
char *tmk_remote_shown(char *out, size_t size, const struct tmk_remote_uri *u);

struct tmk_remote;

/* Start ssh, or connect; `ms` is the deadline of each step (connection, answer),
 * 0: TMK_REMOTE_MS. `auth_sock` is ssh's SSH_AUTH_SOCK (ssh(1)), "" none, NULL
 * this process' own. Whether the other side can be reached is known with the
 * first answer. *out belongs to the caller. */
int tmk_remote_open(struct tmk_remote **out, const struct tmk_remote_uri *uri,
		    int ms, const char *auth_sock, struct tmk_err *err)
	TMK_MUST_CHECK;
/* Hang up, end ssh. The shared connection stays for a while. NULL is fine. */
void tmk_remote_free(struct tmk_remote *remote);

/* One request, one answer (initialised by the caller); notices go to
 * person->notice. Several may follow each other. 0 with an answer; 1 when the
 * host was not reached or hung up, with what ssh said; negative when the other
 * side said what is no answer. After 1 or a negative number nothing more can
 * be asked. */
int tmk_remote_ask(struct tmk_answer *answer, struct tmk_remote *remote,
		   const struct tmk_request *request,
		   const struct tmk_person *person, struct tmk_err *err)
	TMK_MUST_CHECK;

#endif
