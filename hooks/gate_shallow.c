/*
 * gate_shallow.c - histories that were cut off.
 *
 * A push from a shallow clone names the commits where its history ends; git
 * keeps them in a `shallow_XXXXXX` file of the push and, where the server's
 * configuration lets the repository become shallow, hands that file on in
 * GIT_SHALLOW_FILE. Only an edge whose parents are really not there matters: a
 * shallow clone may well push to a server that has the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>

#include "base/buf.h"
#include "base/file.h"
#include "hooks/gate.h"
#include "hooks/light.h"

#define SHALLOW_MAX (4 << 20)	/* bytes of a shallow file */

bool tmk_gate_shallow_is_edge(struct tmk_gate *gate, const struct tmk_oid *oid)
{
	const char *dir = gate->repo->common_dir;
	struct tmk_buf text = TMK_BUF_INIT(SHALLOW_MAX);
	char hex[TMK_OID_TEXT], path[4096];
	struct dirent *d;
	bool found = false;
	DIR *list = opendir(dir);

	if (!list)
		return false;
	tmk_oid_show(hex, oid);
	while (!found && (d = readdir(list))) {
		if (strncmp(d->d_name, "shallow", 7) ||
		    snprintf(path, sizeof(path), "%s/%s", dir, d->d_name) >=
		    (int)sizeof(path))
			continue;
		tmk_buf_clear(&text);
		found = !tmk_file_read(&text, path, NULL) &&
			strstr(tmk_buf_str(&text), hex);
	}
	closedir(list);
	tmk_buf_release(&text);
	return found;
}

/* Whether a commit is here and one of its parents is not. */
static int is_cut(struct tmk_gate *gate, const struct tmk_oid *oid, bool *cut,
		  struct tmk_err *err)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_light_commit *c = NULL;
	struct tmk_gate_raw raw;
	int i, has, ret = -1;

	if (tmk_gate_object_read(gate, &raw, oid, &v, err) < 0)
		return -1;
	if (raw.type == TMK_OBJECT_NONE)
		return 0;	/* not of this history: nobody will miss it */
	c = malloc(sizeof(*c));
	if (!c)
		return tmk_err_nomem(err);
	if (!tmk_light_commit_read(c, raw.data, raw.len, gate->repo->hex))
		c->parents = 0;
	for (i = 0; i < c->parents && !*cut; i++) {
		has = tmk_repo_has(gate->repo, &c->parent[i], err);
		if (has < 0)
			goto out;
		*cut = !has;
	}
	ret = 0;
out:
	free(c);
	return ret;
}

/* The repository may be shallow already, by its administrator's will. */
static int read_own(struct tmk_gate *gate, struct tmk_buf *own,
		    struct tmk_err *err)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/shallow",
		     gate->repo->common_dir) >= (int)sizeof(path) ||
	    !tmk_file_exists(path))
		return 0;
	return tmk_file_read(own, path, err);
}

int tmk_gate_shallow_find(struct tmk_gate *gate, const char *path,
			  struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(SHALLOW_MAX);
	struct tmk_buf own = TMK_BUF_INIT(SHALLOW_MAX);
	const char *line, *next;
	size_t digits = gate->repo->hex;
	char hex[TMK_OID_TEXT];
	bool cut = false;
	struct tmk_oid oid;
	int ret = -1;

	if (tmk_file_read(&text, path, err) < 0 ||
	    read_own(gate, &own, err) < 0)
		goto out;
	for (line = tmk_buf_str(&text); *line && !cut; line = next) {
		next = strchr(line, '\n');
		if (!next || (size_t)(next - line) != digits ||
		    !tmk_oid_read(&oid, line, digits)) {
			tmk_err_set(err, TMK_INTERNAL, "%s is no shallow file",
				    path);
			goto out;
		}
		next++;
		tmk_oid_show(hex, &oid);
		if (!strstr(tmk_buf_str(&own), hex) &&
		    is_cut(gate, &oid, &cut, err) < 0)
			goto out;
	}
	gate->shallow = cut;
	ret = 0;
out:
	tmk_buf_release(&text);
	tmk_buf_release(&own);
	return ret;
}
