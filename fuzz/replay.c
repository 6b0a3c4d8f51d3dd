/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over files and folders of files: replay PATH...
 *
 * Fails if there was no file, and as the target does.
 */
#include "fuzz.h"
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_LIMIT ((size_t)1 << 22)

static unsigned files;

static void replay_file(const char *path)
{
	static uint8_t buf[INPUT_LIMIT];
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(buf, 1, sizeof(buf), f) : 0;
	uint8_t *exact = malloc(n ? n : 1);

	ALWAYS(f && !ferror(f) && n < sizeof(buf) && exact, "%s: cannot read", path);
	fclose(f);
	/* Of exactly that size, so that a sanitizer sees a read beyond. */
	memcpy(exact, buf, n);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	files++;
}

static void replay_folder(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	ALWAYS(d, "%s: cannot open", path);
	while ((e = readdir(d))) {
		char file[4096];

		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		replay_file(file);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	struct stat st;

	for (int i = 1; i < argc; i++) {
		ALWAYS(stat(argv[i], &st) == 0, "%s: not found", argv[i]);
		if (S_ISDIR(st.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i]);
	}
	printf("%u inputs\n", files);
	return files == 0;
}
