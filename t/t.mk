# t.mk - the slower kinds of tests: sanitizers, fuzzing, analysers, figures.

-include t/conformance/conformance.mk

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ_B = build-fuzz

.PHONY: check-san check-servers analyze

# The mock of a timestamp server speaks TLS too.
$(B)/mock/tsa-httpd: LIBS_CRYPTO += -lssl

# ASan and UBSan over the whole suite.
check-san:
	$(MAKE) check SAN=1

# The gate under servers that others wrote, over ssh. Not a part of check: it
# installs an ssh server.
check-servers:
	sh t/deps.sh server
	$(MAKE) all mocks
	B=$(abspath $(B)) prove --timer t/server/t[0-9]*.sh

# Each target for FUZZ_SECONDS from its seeds, two at a time; new inputs stay in
# the build.
fuzz:
	$(MAKE) -j2 B=$(FUZZ_B) CC=$(FUZZ_CC) SAN=1 OPT='-O1 -gline-tables-only' \
		SAN_FLAGS='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all' \
		fuzz-targets
	@printf '%s\n' $(FUZZ) | xargs -P 2 -n 1 \
		sh t/fuzz.sh $(FUZZ_B) $(FUZZ_SECONDS)
	@echo "fuzz: $(words $(FUZZ)) targets, $(FUZZ_SECONDS) s each"

.PHONY: fuzz-targets
fuzz-targets: $(patsubst %,$(B)/fuzz/fuzz_%,$(FUZZ))

$(B)/fuzz/fuzz_%: $(B)/obj/t/fuzz/fuzz_%.o $(call lib,hooks cage gpg sop ssh agent thin) \
		$(SIGN_LIBS)
	@mkdir -p $(@D)
	$(link) -fsanitize=fuzzer $(LIBS_CRYPTO) $(LIBS_P11) $(LIBS_GIT) \
		$(LIBS_SANDBOX)

# The mock that is another reader of git's objects.
$(B)/mock/git2-show: LIBS_CRYPTO += $(LIBS_GIT)

# The one mock that needs more than the lower floors.
$(B)/mock/openpgp-tool: $(call lib,core formats seal)
$(B)/mock/rpm-tool: $(call lib,formats)

# Packages without keys.
$(B)/mock/package-tool: $(call lib,formats)

# The one driver that judges.
$(B)/benchbin/judge: $(JUDGE_LIBS)
$(B)/benchbin/judge: LIBS_P11 += $(LIBS_GIT)

SOURCES = $(wildcard common/*/*.c formats/*.c plugins/*.c hooks/*.c)

# It makes signed commits.
$(B)/benchbin/history: $(call lib,seal x509 iface)

# A finding of either analyser is a failure.
analyze:
	@printf '%s\n' $(SOURCES) | CC='$(CC)' FLAGS='$(subst ','\'',$(CPPFLAGS))' \
		xargs -P 2 -I {} sh -c 'eval "set -- $$FLAGS"; \
		"$$CC" "$$@" -std=gnu11 -O1 -fanalyzer -Werror -c \
			-o /dev/null {} && \
		clang --analyze -Xclang -analyzer-output=text \
			-Xclang -analyzer-werror "$$@" -o /dev/null {}'
	@echo "analyze: $(words $(SOURCES)) files, nothing found"

# What was clean is read again when it changed, or one that others read did.
SHELL_FILES = .ci/run $(wildcard plugins/*.sh t/*.sh t/conformance/*.sh \
	t/bench/*.sh t/server/*.sh)
SHELL_SHARED = $(filter %lib.sh %/house.sh,$(SHELL_FILES)) .shellcheckrc
MAN_PAGES = $(wildcard man/*.[1-8])

lint:
	@$(MAKE) -k -j2 $(patsubst %,$(B)/lint/%.ok,$(SHELL_FILES)) \
		$(B)/lint/man.ok

$(B)/lint/%.ok: % $(SHELL_SHARED)
	@mkdir -p $(@D)
	shellcheck $<
	@touch $@

$(B)/lint/man.ok: $(MAN_PAGES)
	@mkdir -p $(@D)
	mandoc -Tlint -Wwarning $^
	@touch $@

bench:
	sh t/deps.sh check
	$(MAKE) all mocks $(BENCHES)
	B=$(abspath $(B)) sh t/bench/bench.sh
	B=$(abspath $(B)) sh t/bench/gate.sh
	B=$(abspath $(B)) sh t/bench/release.sh
	B=$(abspath $(B)) sh t/bench/log.sh
	B=$(abspath $(B)) sh t/bench/ssh.sh
	B=$(abspath $(B)) sh t/bench/status.sh
