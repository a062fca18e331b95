// SPDX-License-Identifier: GPL-2.0
/* Gives files to a fuzz target, for compilers without libFuzzer. */
#include "must.h"

enum { INPUT_MAX = 65536 };

int main(int argc, char **argv)
{
	static uint8_t data[INPUT_MAX];
	int i;

	for (i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t size;

		MUST(file);
		size = fread(data, 1, sizeof(data), file);
		fclose(file);
		fprintf(stderr, "%s\n", argv[i]);
		LLVMFuzzerTestOneInput(data, size);
	}
	return 0;
}
