# SPDX-License-Identifier: Apache-2.0
"""The codec allocates nothing: none of its objects refers to an allocator."""

import re
import subprocess
import sys

ALLOCATORS = {'malloc', 'calloc', 'realloc', 'free', 'strdup', 'strndup', 'asprintf', 'vasprintf', 'aligned_alloc',
              'posix_memalign', 'getline', 'open_memstream'}
CODEC = {'decode', 'encode', 'list', 'read', 'refuse', 'walk', 'write'}

names = subprocess.run(['nm', '-A', sys.argv[1]], check=True, capture_output=True, text=True).stdout
seen, wrong = set(), []
for line in names.splitlines():
    m = re.search(r'\boer_(\w+)\.c\.o:.* (\w) (\S+)$', line)
    if m and m[1] in CODEC:
        seen.add(m[1])
        if m[2] == 'U' and m[3].split('@')[0] in ALLOCATORS:
            wrong.append('%s.c calls %s' % (m[1], m[3]))
for name in sorted(CODEC - seen):
    wrong.append('%s.c is not in the library' % name)
print('\n'.join(wrong) or 'no allocation in %s' % ', '.join(sorted(seen)))
sys.exit(bool(wrong))
