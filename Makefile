# SPDX-License-Identifier: Apache-2.0
# A short front for Meson and Ninja. `make` builds what is installed, `make check` the
# rest too and passes the tests; both install the Debian packages that are missing, saying which.

RELEASE = build
SANITIZED = build-san
FUZZING = build-fuzz
FUZZ_SECONDS ?= 600
DESTDIR ?=

.PHONY: all everything drill check check-release check-sanitized tidy bench fuzz soak install packages clean

all: $(RELEASE)/build.ninja
	ninja -C $(RELEASE) programs

# Tests, benchmarks and fuzz targets as well: twice the work.
everything: $(RELEASE)/build.ninja
	ninja -C $(RELEASE)

packages:
	@tools/packages

$(RELEASE)/build.ninja: | packages
	meson setup $(RELEASE)

# The same suite again, compiled by clang with the address and undefined-behaviour sanitizers.
$(SANITIZED)/build.ninja: | packages
	CC=clang meson setup $(SANITIZED) --buildtype=debugoptimized -Doptimization=1 \
	    -Db_sanitize=address,undefined -Db_lundef=false

$(FUZZING)/build.ninja: | packages
	CC=clang meson setup $(FUZZING) --buildtype=debugoptimized -Dfuzzing=true \
	    -Db_sanitize=address,undefined -Db_lundef=false

# Both disasters, day by day, with every component running; prints where the report is.
drill: all
	$(RELEASE)/bin/scms drill all

# One test more at a time than there are cores: many wait for a timer, a disk, or another process.
TESTING = meson test --no-rebuild --print-errorlogs --num-processes $$(($$(nproc) + 1))

check-release: everything
	$(TESTING) -C $(RELEASE)

check-sanitized: $(SANITIZED)/build.ninja
	ninja -C $(SANITIZED)
	$(TESTING) -C $(SANITIZED) --timeout-multiplier 4

tidy: everything
	tools/tidy $(RELEASE)

check: check-release check-sanitized tidy
	@tools/summary $(RELEASE) $(SANITIZED)

bench: everything
	$(RELEASE)/bench/bench
	bench/downloads.py $(RELEASE)/tests/service/service-server

# Random files, and all that can happen in small worlds, deeper than `make check` goes.
fuzz: $(FUZZING)/build.ninja everything
	ninja -C $(FUZZING)
	tools/fuzz $(FUZZING) $(FUZZ_SECONDS)
	meson test -C $(RELEASE) --no-rebuild --print-errorlogs --setup soak --timeout-multiplier 0 'small worlds, deeper'

soak: everything
	tools/tidy --deep $(RELEASE)
	meson test -C $(RELEASE) --no-rebuild --print-errorlogs --setup soak --suite soak --timeout-multiplier 0

install: all
	DESTDIR=$(DESTDIR) meson install -C $(RELEASE) --no-rebuild

clean:
	rm -rf $(RELEASE) $(SANITIZED) $(FUZZING)
