/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms conformance: runs the conformance suite, which is a Python program of its own.
 */
#include "commands.h"
#include "script.h"

#include <stddef.h>

int cmd_conformance(int argc, char **argv)
{
	return script_run("conformance", "conformance/run.py", NULL, argc, argv);
}
