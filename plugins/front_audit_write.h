/*
 * front_audit_write.h - entries of the record on their way to the disk;
 * private to plugins/front_audit*.c.
 *
 * Threads of this process that write at the same time share one write and one
 * sync: the first one writes for all that wait. Other processes are kept away
 * by the log's own lock (core/chain_log.h). Knows no field of an entry.
 */
#ifndef TMK_PLUGINS_FRONT_AUDIT_WRITE_H
#define TMK_PLUGINS_FRONT_AUDIT_WRITE_H

#include "core/chain_log.h"
#include "core/config.h"

/*
 * Append one entry to config->audit_log and return when it is on the disk (and
 * told to syslog, if that is configured); entry->head gets what stands there
 * then. In one process the order of the calls is the order of the entries.
 * TMK_INPUT when it cannot be written, or the log is not ours; TMK_REFUSED
 * when it is not what was written.
 */
int tmk_front_audit_write(const struct tmk_config *config,
			  struct tmk_chain_entry *entry, struct tmk_err *err)
	TMK_MUST_CHECK;

/* Tell syslog of an entry that is on the disk, with number and hash: whoever
 * has them elsewhere holds the log fast. Whether it arrives is not known. */
void tmk_front_audit_forward(const struct tmk_chain_entry *entry);

#endif
