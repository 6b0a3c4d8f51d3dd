/* SPDX-License-Identifier: Apache-2.0 */
/*
 * component.h: the sub-commands of `scms component`. Each takes its arguments with its own name first and returns the
 * exit code.
 */
#ifndef PROGRAMS_COMPONENT_H
#define PROGRAMS_COMPONENT_H

int component_create(int argc, char **argv);
int component_issue_request(int argc, char **argv);
int component_install(int argc, char **argv);
int component_list(int argc, char **argv);
int component_show(int argc, char **argv);
int component_renew(int argc, char **argv);
int component_activate(int argc, char **argv);
int component_unstage(int argc, char **argv);
int component_revoke(int argc, char **argv);
int component_provision(int argc, char **argv);
int component_tls(int argc, char **argv);

#endif
