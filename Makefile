# SPDX-License-Identifier: GPL-2.0
# kntp: module, command line, tests. `make help` says what there is.
# Everything built goes below build/; nothing is written beside the sources.

ifeq ($(filter oneshell,$(.FEATURES)),)
$(error GNU make 3.82 or newer is needed)
endif

SHELL	:= /bin/bash
B	:= build
TOP	:= $(CURDIR)
CACHE	:= $(or $(KNTP_CACHE),/var/cache/kntp)
JOBS	?= $(shell nproc)
export KNTP_CACHE := $(CACHE)

ifeq ($(V),1)
Q :=
quiet :=
else
Q := @
quiet := -s
endif
say = @printf '  %-7s %s\n' '$(1)' '$(2)'

# One job server for all: a make started here with -j hands it on.
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

# KVER: a cached kernel's version or series, or the version of a kernel whose
# headers are installed. Without it: all cached kernels, else the running one.
KVERS	= $(if $(KVER),$(or $(shell tests/vm/kernels $(KVER) 2>/dev/null),$(KVER)),$(or \
	  $(shell tests/vm/kernels 2>/dev/null),$(shell uname -r)))
kdir	= $(firstword $(wildcard $(CACHE)/kernels/$(1)/kdir) /lib/modules/$(1)/build)

all: module user

help:
	@echo 'make                    the module for every cached kernel, and the command line'
	@echo 'make module [KVER=...]  the module: build/kmod/KVER/kmod/kntp.ko'
	@echo 'make user               the command line: build/kntp'
	@echo 'make deps               install the packages that are missing (root)'
	@echo 'make fetch              bring the test kernels and the peers into $$KNTP_CACHE'
	@echo 'make run [ON=host]      build and serve: in the guest, or in this very kernel (root)'
	@echo 'make stop               end what make run left serving'
	@echo 'make check              everything a landing must pass'
	@echo 'make lint bench fuzz debug-check deb-check    parts of it, and what takes longer'
	@echo 'make matrix             build, boot and test on every kernel of tests/vm/cache.sh (root)'
	@echo '                        (some of it: tests/matrix/run --help)'
	@echo 'make deb                the Debian packages, in build/deb'
	@echo 'make pictures           what there is to be looked at, in build/pictures'
	@echo 'make install uninstall  the command line, kntpd, its unit (the module: dkms.conf)'
	@echo 'make clean              remove build/'
	@echo 'variables: KVER, V=1 (show commands), W=1 (more warnings), JOBS, KNTP_CACHE'

# The module. Each kernel's build has a copy of the sources, so that kernels
# build side by side; the lock keeps two makes out of one copy. What says that
# it is built is as old as the build's beginning: a source may change meanwhile.
module: $(foreach k,$(KVERS),$(B)/kmod/$(k)/.built $(B)/tests-kmod/$(k)/.built)

KMOD_SRC := $(wildcard Kbuild dkms.conf) $(shell find kmod include 2>/dev/null)
TEST_KMODS := $(patsubst tests/%/kmod/Kbuild,%,$(wildcard tests/*/kmod/Kbuild))
TEST_KMOD_SRC := $(foreach t,$(TEST_KMODS),$(shell find tests/$(t)/kmod))

# Debian's 6.1 headers come without the vmlinux that BTF is made from.
kbuild = $(MAKE) $(quiet) $(jobs) -C $(call kdir,$(1)) \
	 $(if $(wildcard $(call kdir,$(1))/vmlinux),,CONFIG_DEBUG_INFO_BTF_MODULES=)

$(B)/kmod/%/.built: $(KMOD_SRC)
	@mkdir -p $(@D) && touch $@.new
	$(if $(wildcard Kbuild),$(call say,MODULE,$*))
	$(if $(wildcard Kbuild),$(Q)+flock $(B)/kmod/$*.lock $(SHELL) -c '\
		set -e; tests/vm/mirror $(TOP) $(TOP)/$(@D) \
			$(wildcard Kbuild dkms.conf kmod include); \
		$(call kbuild,$*) M=$(TOP)/$(@D) modules')
	@touch -r $@.new $@

# Modules that only tests use. They find the sources' headers in KNTP_SRC.
$(B)/tests-kmod/%/.built: $(TEST_KMOD_SRC) $(KMOD_SRC)
	@mkdir -p $(@D) && touch $@.new
	$(Q)+for t in $(TEST_KMODS); do \
		printf '  %-7s %s\n' MODULE "tests/$$t $*"; \
		d=$(TOP)/$(@D)/$$t; \
		flock $(B)/tests-kmod/$*.lock $(SHELL) -c "set -e; \
		tests/vm/mirror $(TOP)/tests/$$t/kmod $$d .; \
		$(call kbuild,$*) M=$$d KNTP_SRC=$(TOP) modules" || exit 1; \
	done
	@touch -r $@.new $@

user:
	$(if $(wildcard user/Makefile),$(Q)mkdir -p $(B) && \
		flock $(B)/user.lock $(MAKE) $(quiet) $(jobs) -C user O=$(TOP)/$(B))

install uninstall:
	$(Q)$(MAKE) $(quiet) -C user O=$(TOP)/$(B) $@

deps:
	$(Q)tests/vm/deps

fetch: deps
	$(Q)tests/vm/fetch

# Which kernels there are is known only after fetch: a new make looks again.
built: fetch
	$(Q)+$(MAKE) --no-print-directory all

run: built
	$(Q)tests/vm/serve start $(or $(ON),guest)

stop:
	$(Q)tests/vm/serve stop

# Without the newer QEMU one test fails, by its name.
check: built
	$(Q)tests/vm/fetch --qemu || :
	$(Q)+$(MAKE) --no-print-directory -C tests run_tests

lint: deps
	$(Q)tests/lint/run

bench: built
	$(Q)tests/bench/run

debug-check: built
	$(Q)tests/vm/debug-check

matrix: built
	$(Q)tests/matrix/run

fuzz: deps
	$(Q)+$(MAKE) --no-print-directory -C tests/fuzz long

deb:
	$(Q)tests/deb/build

pictures: built
	$(Q)tests/pictures/run

deb-check: built
	$(Q)+$(MAKE) --no-print-directory -C tests run_tests TARGETS=deb

clean:
	$(Q)rm -rf $(B)

.PHONY: all help module user install uninstall deps fetch built run stop check \
	lint bench debug-check matrix fuzz deb deb-check pictures clean
