# SPDX-License-Identifier: Apache-2.0
"""A second, plain implementation of the SCMS wire formats: canonical OER, certificates, ballots and files.

It shares nothing with the C library and uses the standard library only."""
