#include "plugins/front_init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "core/issue.h"
#include "plugins/front_key_verbs.h"
#include "plugins/front_softhsm.h"

#define LABEL_MAX 32	/* bytes of a token's label: PKCS#11 2.40, 3.2 */

/* 'Name <mail>' from --user, else from git's user.name and user.email. */
static int find_user(struct tmk_init *init, struct tmk_err *err)
{
	char name[TMK_INIT_MAIL];

	if (tmk_front_key_user(&init->user_id, init->user, err) < 0)
		return -1;
	if (!init->user_id) {
		tmk_err_set(err, TMK_USAGE, "there is no e-mail address for "
			    "the certificate");
		return tmk_err_hint(err, "give --user 'Name <mail>', or git "
				    "config --global user.email MAIL");
	}
	if (tmk_issue_user_split(name, init->mail, sizeof(init->mail),
				 init->user_id, err) < 0)
		return -1;
	return tmk_issue_name_from_user(&init->subject, init->user_id, err);
}

/* What init makes is a certificate and all that goes with CMS. */
static int find_algorithm(struct tmk_init *init, struct tmk_err *err)
{
	if (tmk_front_key_algorithm(&init->keygen, init->algorithm, err) < 0)
		return -1;
	if (init->keygen.algorithm != TMK_KEY_ED25519)
		return 0;
	tmk_err_set(err, TMK_USAGE, "init makes a certificate and CMS "
		    "signatures, and CMS cannot be made with ed25519");
	return tmk_err_hint(err, "touchmark key generate NAME --token LABEL "
			    "--algorithm ed25519 makes a key for OpenPGP and "
			    "SSH");
}

static int must_be_free(const char *path, struct tmk_err *err)
{
	if (!tmk_file_exists(path))
		return 0;
	tmk_err_set(err, TMK_USAGE, "%s exists already", path);
	return tmk_err_hint(err, "choose another --name, or remove the file "
			    "if its key is gone");
}

static int find_files(struct tmk_init *init, struct tmk_err *err)
{
	if (tmk_front_key_file(&init->chain, init->name, "-chain.pem",
			       err) < 0 ||
	    tmk_front_key_file(&init->ca, init->name, "-ca.pem", err) < 0 ||
	    tmk_front_key_file(&init->crl, init->name, "-ca.crl", err) < 0 ||
	    tmk_front_key_file(&init->policy, "policy", "", err) < 0)
		return -1;
	/* A policy that is there is somebody's decision: ours goes beside. */
	if (tmk_file_exists(init->policy)) {
		free(init->policy);
		init->policy = NULL;
		if (tmk_front_key_file(&init->policy, init->name, "-policy",
				       err) < 0 ||
		    must_be_free(init->policy, err) < 0)
			return -1;
	}
	if (must_be_free(init->chain, err) < 0 ||
	    must_be_free(init->ca, err) < 0)
		return -1;
	return must_be_free(init->crl, err);
}

/* The token is somebody's: nothing is made but the keys. */
static int given_token(struct tmk_init *init, struct tmk_err *err)
{
	init->label = strdup(init->token);
	if (init->module)
		init->module_path = strdup(init->module);
	if (!init->label || (init->module && !init->module_path))
		return tmk_err_nomem(err);
	if (!*init->label || strlen(init->label) > LABEL_MAX)
		return tmk_err_set(err, TMK_USAGE, "'%s' is no token label: "
				   "1 to %d bytes", init->label, LABEL_MAX);
	return 0;
}

static int own_token(struct tmk_init *init, struct tmk_err *err)
{
	char *dir = NULL;
	int ret = -1;

	init->embedded = true;
	if (init->module) {
		init->module_path = strdup(init->module);
		if (!init->module_path)
			return tmk_err_nomem(err);
	} else if (tmk_front_softhsm_module(&init->module_path, err) < 0) {
		return -1;
	}
	if (asprintf(&init->label, TMK_SOFTHSM_PREFIX "%s", init->name) < 0) {
		init->label = NULL;
		return tmk_err_nomem(err);
	}
	if (strlen(init->label) > LABEL_MAX) {
		tmk_err_set(err, TMK_USAGE, "'%s' is too long for a name: at "
			    "most %d bytes", init->name,
			    LABEL_MAX - (int)strlen(TMK_SOFTHSM_PREFIX));
		return tmk_err_hint(err, "choose a shorter --name");
	}
	if (tmk_front_softhsm_dir(&dir, err) < 0)
		return -1;
	if (asprintf(&init->so_pin_path, "%s/%s.so-pin", dir,
		     init->label) < 0) {
		init->so_pin_path = NULL;
		goto nomem;
	}
	if (!init->pin_path &&
	    asprintf(&init->pin_path, "%s/%s.pin", dir, init->label) < 0) {
		init->pin_path = NULL;
		goto nomem;
	}
	ret = must_be_free(init->so_pin_path, err);
	if (!ret && !init->pin_file)
		ret = must_be_free(init->pin_path, err);
	goto out;
nomem:
	tmk_err_nomem(err);
out:
	free(dir);
	return ret;
}

int tmk_init_prepare(struct tmk_init *init, struct tmk_err *err)
{
	if (find_algorithm(init, err) < 0 ||
	    tmk_config_load(&init->config, ".", err) < 0 ||
	    tmk_front_key_name_free(init->config, init->name, err) < 0 ||
	    find_user(init, err) < 0 || find_files(init, err) < 0)
		return -1;
	if (init->pin_file &&
	    tmk_front_key_absolute(&init->pin_path, init->pin_file, err) < 0)
		return -1;
	if (init->pin_path && access(init->pin_path, R_OK) < 0) {
		tmk_err_set(err, TMK_USAGE, "%s cannot be read",
			    init->pin_path);
		return tmk_err_hint(err, "--pin-file names a file of mode "
				    "0600 that holds the PIN");
	}
	if (init->token ? given_token(init, err) < 0 :
	    own_token(init, err) < 0)
		return -1;
	return tmk_init_git_prepare(init, err);
}

void tmk_init_release(struct tmk_init *init)
{
	tmk_config_free(init->config);
	X509_NAME_free(init->subject);
	X509_free(init->leaf);
	X509_free(init->ca_cert);
	free(init->user_id);
	free(init->module_path);
	free(init->label);
	free(init->pin_path);
	free(init->so_pin_path);
	free(init->chain);
	free(init->ca);
	free(init->crl);
	free(init->policy);
	free(init->gpg);
	free(init->gpgsm);
	free(init->ssh);
	free(init->touchmark);
	free(init->hook);
	free(init->uri);
}
