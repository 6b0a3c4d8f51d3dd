#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the soak in a folder of its own: soak.sh PROGRAM COUNT
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$2" "$folder/state"
