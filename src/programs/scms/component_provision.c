/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A component's trust store, made from the bootstrap bundle: whom it trusts out of band, and who it is itself.
 */
#include "bundle.h"
#include "component.h"
#include "component_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_ALL = 256, OPTION_BUNDLE };

struct provision {
	struct operator_options options;
	const char *name, *bundle;
	bool all;
	json_t *done;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct provision *provision = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &provision->options;
		break;
	case OPTION_ALL:
		provision->all = true;
		break;
	case OPTION_BUNDLE:
		provision->bundle = arg;
		break;
	case ARGP_KEY_ARG:
		if (provision->name != NULL)
			argp_error(state, "unexpected argument '%s'", arg);
		provision->name = arg;
		break;
	case ARGP_KEY_END:
		if ((provision->name != NULL) == provision->all)
			argp_error(state, "a component's NAME, or --all, is needed");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static int provision_home(struct work *work, struct provision *provision, const char *bundle, const char *name)
{
	struct scms_slice own[CHAIN_MAX], *certificates = own + 1;
	size_t own_count = 0, certificate_count = 0;
	const struct home_identity *active;
	char path[2300], text[512] = "";
	int code = OPERATOR_DONE;
	struct home *home = work_home(work, name, &code);

	if (home == NULL)
		return code;
	active = home_identity(home, HOME_ACTIVE);
	snprintf(path, sizeof(path), "%s/store", home_path(home));
	if (access(path, F_OK) == 0) {
		if (!provision->all)
			code = operator_fail(work->options, OPERATOR_REFUSED,
					     "%s: has a trust store already; it is never made anew (rule H9)", path);
	} else if (role_has_certificate(home_settings(home)->role) && active == NULL) {
		code = operator_fail(work->options, OPERATOR_REFUSED, "%s: has no certificate yet", name);
	} else {
		/* A root is no `own` certificate: it is among the roots, or its votes are still to come. */
		if (active != NULL && active->issuer_count > 0) {
			own[own_count++] = active->certificate;
			work_issuer_slices(active, certificates, &certificate_count);
		}
		if (!bundle_store_make(bundle, path, own, own_count, certificates, certificate_count, work->crypto,
				       text, sizeof(text)))
			code = operator_fail(work->options, OPERATOR_REFUSED, "%s: %s", name, text);
		else
			json_array_append_new(provision->done, json_string(name));
		if (code == OPERATOR_DONE && !work->options->json)
			printf("%s: has its trust store%s%s\n", name, text[0] != '\0' ? "; " : "", text);
	}
	home_close(home);
	return code;
}

static int provision_run(struct work *work, struct provision *provision)
{
	struct workspace_file bundle = workspace_file(&work->workspace, WORKSPACE_BOOTSTRAP, "bootstrap.json");
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	if (provision->bundle != NULL)
		snprintf(bundle.text, sizeof(bundle.text), "%s/bootstrap.json", provision->bundle);
	if (access(bundle.text, F_OK) != 0)
		return operator_fail(work->options, OPERATOR_REFUSED,
				     "%s: is not there; make the bundle first: scms bundle make", bundle.text);
	if (!provision->all) {
		code = provision_home(work, provision, bundle.text, provision->name);
	} else if (!workspace_names(&work->workspace, WORKSPACE_COMPONENTS, &names, &count)) {
		code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: cannot be read", work->workspace.path);
	} else {
		for (size_t k = 0; code == OPERATOR_DONE && k < count; k++)
			code = provision_home(work, provision, bundle.text, names[k]);
		workspace_names_free(names, count);
	}
	if (code == OPERATOR_DONE && json_array_size(provision->done) > 0)
		code =
		    work_journal(work, code, "component provision", provision->name != NULL ? provision->name : "all",
				 NULL, (struct scms_slice){NULL, 0});
	return code;
}

int component_provision(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"all", OPTION_ALL, NULL, 0, "All components that have no trust store yet", 0},
	    {"bundle", OPTION_BUNDLE, "DIR", 0, "The bootstrap bundle. Default: bootstrap/ in the workspace", 0},
	    {0}};
	static const char doc[] =
	    "Give a component its trust store: HOME/store, made from the bootstrap bundle, and the component's own "
	    "certificate.\v"
	    "Offline components (root, ICA) get one too: updates reach them by files that are carried.\n\n"
	    "Example:\n  scms component provision --all --workspace ws\n\n"
	    "Exit code: 0 done, 1 refused, 2 usage, 3 files or another operator.";
	struct argp argp = {rows, parse_option, "[NAME]", doc, OPERATOR_CHILDREN, NULL, NULL};
	struct provision provision = {.options = {.command = "component provision"}, .done = json_array()};
	struct work work;
	int code;

	operator_parse(&argp, argc, argv, "component provision", &provision);
	code = work_begin(&work, &provision.options, WORKSPACE_CHANGE);
	if (code == OPERATOR_DONE) {
		code = provision_run(&work, &provision);
		work_end(&work);
	}
	if (code == OPERATOR_DONE)
		operator_json(&provision.options, provision.done);
	else
		json_decref(provision.done);
	return code;
}
