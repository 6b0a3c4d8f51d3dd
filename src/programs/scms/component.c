/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms component: the components of an SCMS, from their keys to their revocation.
 */
#include "component.h"

#include "commands.h"
#include "group.h"

static const struct group_command commands[] = {
    {"create", component_create, "make a component: keys, and its certificate or a request for it"},
    {"issue", component_issue_request, "issue what a request from another workspace asks for"},
    {"install", component_install, "give a component the certificate, or the TLS identity, that it asked for"},
    {"list", component_list, "the components here, and how long they hold"},
    {"show", component_show, "all about one component"},
    {"provision", component_provision, "give a component its trust store, from the bootstrap bundle"},
    {"renew", component_renew, "stage the next certificate of a component, or of all"},
    {"activate", component_activate, "let what is staged become active at a moment"},
    {"unstage", component_unstage, "throw away what is staged"},
    {"tls", component_tls, "make a component's TLS identity anew, or a request for it"},
    {"revoke", component_revoke, "revoke a component: its CRL entry, and what follows from it"},
};

int cmd_component(int argc, char **argv)
{
	static const struct group group =
	    GROUP("scms component", "The components of an SCMS, from their keys to their revocation.", commands,
		  "  scms component create ica ica1 --workspace ws\n");

	return group_run(&group, argc, argv);
}
