/*
 * front_audit_syslog.c - the record of uses, forwarded: one line for each
 * entry. journald takes it from the same socket.
 */
#include "plugins/front_audit_write.h"

#include <inttypes.h>
#include <syslog.h>

#define SYSLOG_LINE 2048	/* bytes; what syslog receivers take whole */

/* The fields as they stand in the log, but for what does not fit: number and
 * hash say which entry it was. */
void tmk_front_audit_forward(const struct tmk_chain_entry *entry)
{
	bool fits = entry->len < SYSLOG_LINE - 256;

	openlog("touchmark-audit", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_INFO, "{\"seq\":%" PRIu64
	       ",\"sha256\":\"%s\",\"kind\":\"%s\"%s%.*s}", entry->head.seq,
	       entry->head.hash, entry->kind, fits ? "," : "",
	       fits ? (int)entry->len : 0, (const char *)entry->fields);
	closelog();
}
