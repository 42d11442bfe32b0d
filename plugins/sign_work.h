/*
 * sign_work.h - one thread of the engine: takes files from the queue through
 * all steps, and commits what they made in groups; private to sign_engine.c.
 */
#ifndef TMK_PLUGINS_SIGN_WORK_H
#define TMK_PLUGINS_SIGN_WORK_H

#include "plugins/sign_ask.h"
#include "plugins/sign_job.h"
#include "plugins/sign_queue.h"

#define TMK_SIGN_GROUP 64	/* files that are made safe together */

/* What every thread shares. */
struct tmk_sign_shop {
	const struct tmk_sign_options *options;
	struct tmk_sign_asker *asker;
	struct tmk_sign_queue *queue;
	int group;		/* files of one group, at most TMK_SIGN_GROUP */
	/* Called after each group; for the one thread that tells as well. */
	void (*told)(void *ctx);
	void *ctx;
};

/* Work until nothing is left. With little memory one file after the other. */
void tmk_sign_work(const struct tmk_sign_shop *shop);

/*
 * Make the outputs of `jobs` safe: those with job->err.code 0, whose temporary
 * files are written and checked. All are synced, then renamed one after the
 * other, then each directory is synced once. A job that fails gets its err;
 * job->outputs of the others stand under their names afterwards.
 */
void tmk_sign_commit(struct tmk_sign_job *const *jobs, int n);

#endif
