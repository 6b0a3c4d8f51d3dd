/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h: the commands of scms. Each takes its arguments with its own name first and returns the exit code.
 */
#ifndef PROGRAMS_COMMANDS_H
#define PROGRAMS_COMMANDS_H

int cmd_bundle(int argc, char **argv);
int cmd_component(int argc, char **argv);
int cmd_chain(int argc, char **argv);
int cmd_conformance(int argc, char **argv);
int cmd_crl(int argc, char **argv);
int cmd_drill(int argc, char **argv);
int cmd_encode(int argc, char **argv);
int cmd_found(int argc, char **argv);
int cmd_forecast(int argc, char **argv);
int cmd_hash(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_lint(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_margin(int argc, char **argv);
int cmd_motion(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_publish(int argc, char **argv);
int cmd_push(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_store(int argc, char **argv);
int cmd_types(int argc, char **argv);
int cmd_update(int argc, char **argv);
int cmd_what_if(int argc, char **argv);

#endif
