# touchmark - the only build file. A new part is a new file: wildcards find it
# and the tables of stores, seals, formats and commands are made from names.
#
#   make            build everything into $(B)/
#   make demo       see the main job done on this machine
#   make check      install what the tests need, build, run everything
#   make deps       install what the build needs
#   make bench fuzz conformance lint install uninstall clean
#
# DEVELOPER=1 makes warnings errors; SAN=1 builds with ASan and UBSan.

VERSION = 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
B ?= $(if $(SAN),build-san,build)
CC ?= cc
PKG_CONFIG ?= pkg-config

bindir = $(PREFIX)/bin
libexecdir = $(PREFIX)/libexec/touchmark
mandir = $(PREFIX)/share/man
unitdir = $(PREFIX)/lib/systemd/user
systemunitdir = $(PREFIX)/lib/systemd/system
bashdir = $(PREFIX)/share/bash-completion/completions
zshdir = $(PREFIX)/share/zsh/site-functions
fishdir = $(PREFIX)/share/fish/vendor_completions.d

PACKAGES = openssl
P11_PACKAGES = p11-kit-1 libp11
GIT_PACKAGES = libgit2
NET_PACKAGES = libcurl
PIN_PACKAGES = gpgme
SANDBOX_PACKAGES = libseccomp
ARCHIVE_PACKAGES = libarchive zlib

pkg_cflags := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) $(P11_PACKAGES) \
	$(GIT_PACKAGES) $(NET_PACKAGES) $(PIN_PACKAGES) \
	$(SANDBOX_PACKAGES) $(ARCHIVE_PACKAGES) 2>/dev/null)
LIBS_CRYPTO := $(shell $(PKG_CONFIG) --libs libcrypto 2>/dev/null)
LIBS_P11 := $(shell $(PKG_CONFIG) --libs $(P11_PACKAGES) 2>/dev/null) -ldl
LIBS_GIT := $(shell $(PKG_CONFIG) --libs $(GIT_PACKAGES) 2>/dev/null)
LIBS_SANDBOX := $(shell $(PKG_CONFIG) --libs $(SANDBOX_PACKAGES) 2>/dev/null)
LIBS_ARCHIVE := $(shell $(PKG_CONFIG) --libs $(ARCHIVE_PACKAGES) 2>/dev/null)
LIBS_NET := $(shell $(PKG_CONFIG) --libs $(NET_PACKAGES) 2>/dev/null)
LIBS_PIN := $(shell $(PKG_CONFIG) --libs $(PIN_PACKAGES) 2>/dev/null)

# ---- flags --------------------------------------------------------------
try = $(shell echo 'int main(void){return 0;}' | \
	$(CC) -Werror $(1) -x c -o /dev/null - 2>/dev/null && echo '$(1)')

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wvla -Wformat=2 -Wundef -Wpointer-arith \
	-Wcast-qual -Wno-missing-field-initializers
ifdef DEVELOPER
WARN += -Werror
endif
OPT ?= -O2 -g
HARDEN_C := -fPIE -fstack-protector-strong $(call try,-fcf-protection=full) \
	$(call try,-fstack-clash-protection) \
	$(call try,-ftrivial-auto-var-init=zero)
LINK_PIE = -pie
HARDEN_LD = $(LINK_PIE) -Wl,-z,relro,-z,now,-z,noexecstack
ifdef SAN
SAN_FLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
else
HARDEN_C += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

override CPPFLAGS += -D_GNU_SOURCE -DTMK_VERSION='"$(VERSION)"' \
	-DOPENSSL_API_COMPAT=30000 -Icommon -I. $(pkg_cflags)
override CFLAGS += -std=gnu11 $(OPT) $(WARN) $(HARDEN_C) $(SAN_FLAGS)
override LDFLAGS += $(HARDEN_LD) $(SAN_FLAGS) -Wl,--as-needed -pthread

# ---- parts --------------------------------------------------------------
FLOORS = base cage iface x509 seal key net core
srcs_floor = $(wildcard common/$(1)/*.c)
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
$(foreach f,$(FLOORS),$(eval OBJ_$(f) := $(call obj,$(call srcs_floor,$(f)))))
OBJ_formats := $(call obj,$(wildcard formats/*.c))
OBJ_front := $(call obj,$(wildcard plugins/front_*.c))
OBJ_cmd := $(call obj,$(wildcard plugins/cmd_*.c plugins/doctor_*.c \
	plugins/audit_*.c plugins/install_*.c plugins/approve_*.c \
	plugins/crl_*.c plugins/policy_*.c plugins/sign_*.c \
	plugins/verify_*.c plugins/manifest_*.c plugins/key_*.c \
	plugins/status_*.c plugins/report_*.c plugins/practice_*.c \
	plugins/serve_*.c))
OBJ_gpg := $(call obj,$(wildcard plugins/gpg_*.c))
OBJ_sop := $(call obj,$(wildcard plugins/sop_*.c))
OBJ_ssh := $(call obj,$(wildcard plugins/ssh_*.c))
OBJ_agent := $(call obj,$(wildcard plugins/agent_*.c))
OBJ_archive := $(call obj,$(wildcard plugins/archive_*.c))
OBJ_thin := $(call obj,$(wildcard plugins/thin_*.c))
OBJ_hooks := $(call obj,$(filter-out hooks/touchmark-%,$(wildcard hooks/*.c)))

names = $(patsubst $(1)%.c,%,$(wildcard $(1)*.c))
STORES := $(sort $(call names,common/key/store_))
SEALS := $(sort $(call names,common/seal/seal_))
FORMATS := $(sort $(call names,formats/format_))
PACKED := $(sort $(call names,formats/package_))
COMMANDS := $(sort $(call names,plugins/cmd_))

PLUGINS := $(patsubst plugins/%.c,%,$(wildcard plugins/touchmark*.c))
PROGRAMS := $(addprefix $(B)/bin/,$(PLUGINS))
# Nobody calls these by hand: they are installed in libexec.
HELPERS := $(filter %-full %-verify touchmark-archive touchmark-config \
	touchmark-fetch \
	touchmark-pinentry,$(PLUGINS))
GATE := $(B)/bin/touchmark-pre-receive
COMPLETIONS := $(addprefix $(B)/completion/touchmark.,bash zsh fish)
UNIT := $(patsubst t/unit/test_%.c,$(B)/unit/test_%,$(wildcard t/unit/test_*.c))
FUZZ := $(patsubst t/fuzz/fuzz_%.c,%,$(wildcard t/fuzz/fuzz_*.c))
MOCKS := $(patsubst t/mock/%.c,$(B)/mock/%,$(filter-out %_so.c,$(wildcard t/mock/*.c))) \
	$(patsubst t/mock/%_so.c,$(B)/mock/%.so,$(wildcard t/mock/*_so.c))
BENCHES := $(patsubst t/bench/%.c,$(B)/benchbin/%,$(wildcard t/bench/*.c))

.DEFAULT_GOAL := all
.PHONY: all deps deps-check demo check check-again unit bench fuzz fuzz-replay \
	conformance lint install uninstall clean mocks
.DELETE_ON_ERROR:
# Kept for the next time; not .SECONDARY, by which an object that is missing does
# not count when its archive is younger than its source.
.PRECIOUS: $(B)/obj/%.o

all: $(PROGRAMS) $(B)/bin/touchmark-gpgsm $(COMPLETIONS) \
	$(if $(wildcard hooks/touchmark-pre-receive.c),$(GATE))

$(B)/obj/%.o: %.c | need-deps
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

.PHONY: need-deps
need-deps:
	@$(PKG_CONFIG) --exists $(PACKAGES) $(P11_PACKAGES) $(GIT_PACKAGES) \
		$(NET_PACKAGES) $(PIN_PACKAGES) $(SANDBOX_PACKAGES) \
		$(ARCHIVE_PACKAGES) 2>/dev/null || { echo >&2 \
		"touchmark: build dependencies are missing; run: make deps"; \
		exit 1; }

# ---- generated tables ---------------------------------------------------
# $(1) file stem, $(2) header, $(3) ops type, $(4) prefix, $(5) names
define table_rule
$(B)/gen/$(1).c: Makefile $(wildcard common/key common/seal formats plugins)
	@mkdir -p $$(@D)
	@{ echo '/* made by the Makefile from file names */'; \
	echo '#include "$(2)"'; \
	for n in $(5); do echo "extern const struct $(3) $(4)$$$$n;"; done; \
	echo 'extern const struct $(3) *const $(6)[];'; \
	echo 'const struct $(3) *const $(6)[] = {'; \
	for n in $(5); do echo "	&$(4)$$$$n,"; done; \
	echo '	NULL'; echo '};'; } >$$@.tmp
	@cmp -s $$@.tmp $$@ && rm $$@.tmp || mv $$@.tmp $$@
$(B)/gen/$(1).o: $(B)/gen/$(1).c | need-deps
	$$(CC) $$(CPPFLAGS) $$(CFLAGS) -c -o $$@ $$<
endef
$(eval $(call table_rule,stores,iface/store.h,tmk_store_ops,tmk_store_,$(STORES),tmk_stores))
$(eval $(call table_rule,seals,iface/seal.h,tmk_seal_ops,tmk_seal_,$(SEALS),tmk_seals))
$(eval $(call table_rule,formats,iface/format.h,tmk_format_ops,tmk_format_,$(FORMATS),tmk_formats))
$(eval $(call table_rule,packages,iface/package.h,tmk_package_ops,tmk_package_,$(PACKED),tmk_packages))
$(eval $(call table_rule,commands,plugins/command.h,tmk_command,tmk_command_,$(COMMANDS),tmk_commands))

T_seal = $(B)/gen/seals.o
T_key = $(B)/gen/stores.o
T_formats = $(B)/gen/formats.o $(B)/gen/packages.o
T_cmd = $(B)/gen/commands.o

# ---- one archive per floor, so that what is linked can be seen ------------
define archive_rule
$(B)/lib/$(1).a: $(OBJ_$(1)) $(T_$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach f,$(FLOORS) formats front cmd gpg sop ssh agent archive thin \
	hooks,$(eval $(call archive_rule,$(f))))
lib = $(addsuffix .a,$(addprefix $(B)/lib/,$(1)))

JUDGE_LIBS := $(call lib,core formats seal x509 iface base)
SIGN_LIBS := $(call lib,front core formats seal key net x509 iface base)
link = $(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group \
	$(filter %.a,$^) -Wl,--end-group

# $(1) program, $(2) its own archives: everything that signs or judges.
define full_rule
$(B)/bin/$(1): $(B)/obj/plugins/$(1).o $(call lib,$(2)) \
		$(filter-out %/net.a,$(SIGN_LIBS))
	@mkdir -p $$(@D)
	$$(link) $$(LIBS_CRYPTO) $$(LIBS_P11) $$(LIBS_GIT)
endef
$(eval $(call full_rule,touchmark,cmd))
$(eval $(call full_rule,touchmark-agent,agent))
$(eval $(call full_rule,touchmark-sop,sop gpg))
# What git waits for at each signature has no libgit2 in it, which takes longer
# to load than a signature to make: the first object answers for the parser.
define lean_rule
$(B)/bin/$(1): $(B)/obj/plugins/$(1).o $(B)/obj/plugins/lean_config.o \
		$(call lib,$(2)) $(filter-out %/net.a,$(SIGN_LIBS))
	@mkdir -p $$(@D)
	$$(link) $$(LIBS_CRYPTO) $$(LIBS_P11)
endef
$(eval $(call lean_rule,touchmark-gpg-full,gpg))
$(eval $(call lean_rule,touchmark-ssh-keygen-full,ssh))
# What reads a stranger's signature links no key store.
$(B)/bin/touchmark-gpg-verify: $(B)/obj/plugins/touchmark-gpg-verify.o \
		$(B)/obj/plugins/lean_config.o \
		$(call lib,gpg front core formats seal x509 iface base)
	@mkdir -p $(@D)
	$(link) $(LIBS_CRYPTO)
# The program that parses configuration files for them.
$(B)/bin/touchmark-config: $(B)/obj/plugins/touchmark-config.o \
		$(call lib,front core base)
	@mkdir -p $(@D)
	$(link) $(LIBS_GIT)
# The programs that git calls: they ask the agent, and what it cannot do they
# leave to the full program. They link libc alone, since every library costs
# more than the asking, and link it in where that can be done: the loader costs
# half as much as the asking. THIN_LD= leaves libc to the loader.
THIN = touchmark-gpg touchmark-ssh-keygen
THIN_LD ?= $(if $(SAN),,$(call try,-static-pie))
$(addprefix $(B)/bin/,$(THIN)): LINK_PIE := $(or $(THIN_LD),-pie)
$(addprefix $(B)/bin/,$(THIN)): $(B)/bin/%: $(B)/obj/plugins/%.o \
		$(call lib,thin gpg ssh key iface base)
	@mkdir -p $(@D)
	$(link)
# The program that asks a person: the only one with gpgme in it.
$(B)/bin/touchmark-pinentry: $(B)/obj/plugins/touchmark-pinentry.o \
		$(call lib,base)
	@mkdir -p $(@D)
	$(link) $(LIBS_PIN)
# The program that talks to the network: it links no key store.
$(B)/bin/touchmark-fetch: $(B)/obj/plugins/touchmark-fetch.o \
		$(call lib,net iface base)
	@mkdir -p $(@D)
	$(link) $(LIBS_NET)
# The program that takes archives apart: the only one with libarchive in it.
$(B)/bin/touchmark-archive: $(B)/obj/plugins/touchmark-archive.o \
		$(call obj,formats/manifest.c formats/packed.c) \
		$(call lib,archive x509 cage iface base)
	@mkdir -p $(@D)
	$(link) $(LIBS_CRYPTO) $(LIBS_ARCHIVE) $(LIBS_SANDBOX)
# The gate: no key store, no PIN code, no network code, no PKCS#11.
$(GATE): $(B)/obj/hooks/touchmark-pre-receive.o $(call lib,hooks cage) \
		$(JUDGE_LIBS)
	@mkdir -p $(@D)
	$(link) $(LIBS_CRYPTO) $(LIBS_GIT) $(LIBS_SANDBOX)
$(B)/bin/touchmark-gpgsm: $(B)/bin/touchmark-gpg
	ln -sf touchmark-gpg $@

# What shells offer, from the tables by which the programs read their options.
$(COMPLETIONS): $(B)/completion/touchmark.%: plugins/completion.sh \
		plugins/completion.awk plugins/completion.%.in \
		$(B)/bin/touchmark $(B)/bin/touchmark-agent
	@mkdir -p $(@D)
	sh plugins/completion.sh $* $(B)/bin >$@

# ---- tests --------------------------------------------------------------
$(B)/unit/test_%: $(B)/obj/t/unit/test_%.o $(B)/obj/t/unit/tap.o \
		$(call lib,hooks cage sop agent thin cmd) $(SIGN_LIBS)
	@mkdir -p $(@D)
	$(link) $(LIBS_CRYPTO) $(LIBS_P11) $(LIBS_GIT) $(LIBS_NET) \
		$(LIBS_SANDBOX)
$(B)/mock/%.so: t/mock/%_so.c | need-deps
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu11 -O2 -g $(WARN) -fPIC -shared -o $@ $< \
		-ldl -pthread
$(B)/mock/%: $(B)/obj/t/mock/%.o $(call lib,x509 iface base)
	@mkdir -p $(@D)
	$(link) $(LIBS_CRYPTO)
$(B)/benchbin/%: $(B)/obj/t/bench/%.o $(call lib,base)
	@mkdir -p $(@D)
	$(link) $(LIBS_CRYPTO) $(LIBS_P11)
$(B)/replay/fuzz_%: $(B)/obj/t/fuzz/fuzz_%.o $(B)/obj/t/fuzz/replay.o \
		$(call lib,hooks cage gpg sop ssh agent thin) $(SIGN_LIBS)
	@mkdir -p $(@D)
	$(link) $(LIBS_CRYPTO) $(LIBS_P11) $(LIBS_GIT) $(LIBS_SANDBOX)

mocks: $(MOCKS)
unit: $(UNIT)
fuzz-replay: $(patsubst %,$(B)/replay/fuzz_%,$(FUZZ))

-include t/t.mk

# ---- the rest -----------------------------------------------------------
deps:
	sh t/deps.sh build

demo:
	sh t/deps.sh demo
	$(MAKE) all mocks
	sh t/demo.sh

# What is read or installed is the same with the sanitizers: not twice.
TESTS = $(filter-out $(if $(SAN),t/t0010-% t/t0011-% t/t0014-% t/t0015-%),\
	$(sort $(wildcard t/t[0-9]*.sh)))
check:
	sh t/deps.sh check
	$(MAKE) all mocks unit fuzz-replay
	@rm -f $(B)/prove.state
	B=$(abspath $(B)) prove $(if $(V),-v) -j4 --timer --state=save \
		--statefile=$(B)/prove.state $(abspath $(UNIT)) $(TESTS)

# After a check that failed: what failed, alone. A machine that is busy makes a
# test late now and then, beside others; three of them are no accident.
check-again:
	@B=$(abspath $(B)) sh t/again.sh $(B)/prove.state \
		$(words $(UNIT) $(TESTS))

install: all
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir) \
		$(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5 \
		$(DESTDIR)$(mandir)/man7 $(DESTDIR)$(mandir)/man8 \
		$(DESTDIR)$(bashdir) $(DESTDIR)$(zshdir) $(DESTDIR)$(fishdir)
	for p in $(filter-out $(HELPERS),$(PLUGINS)); do \
		install -m 755 $(B)/bin/$$p $(DESTDIR)$(bindir)/$$p || exit 1; done
	ln -sf touchmark-gpg $(DESTDIR)$(bindir)/touchmark-gpgsm
	for p in $(HELPERS) touchmark-pre-receive; do \
		install -m 755 $(B)/bin/$$p $(DESTDIR)$(libexecdir)/$$p \
		|| exit 1; done
	install -d $(DESTDIR)$(unitdir) $(DESTDIR)$(systemunitdir)
	for u in systemd/*; do \
		sed 's|@bindir@|$(bindir)|' $$u >$(B)/unit.tmp && \
		case $$u in *-fetch.* | *-serve*) d=$(systemunitdir);; \
		*) d=$(unitdir);; esac && \
		install -m 644 $(B)/unit.tmp $(DESTDIR)$$d/$${u##*/} \
		|| exit 1; done
	rm -f $(B)/unit.tmp
	for m in man/*.[1-8]; do \
		install -m 644 $$m $(DESTDIR)$(mandir)/man$${m##*.}/ \
		|| exit 1; done
	install -m 644 $(B)/completion/touchmark.bash \
		$(DESTDIR)$(bashdir)/touchmark
	ln -sf touchmark $(DESTDIR)$(bashdir)/touchmark-agent
	install -m 644 $(B)/completion/touchmark.zsh \
		$(DESTDIR)$(zshdir)/_touchmark
	install -m 644 $(B)/completion/touchmark.fish \
		$(DESTDIR)$(fishdir)/touchmark.fish
	ln -sf touchmark.fish $(DESTDIR)$(fishdir)/touchmark-agent.fish

uninstall:
	rm -f $(addprefix $(DESTDIR)$(bindir)/,$(PLUGINS) touchmark-gpgsm)
	rm -f $(addprefix $(DESTDIR)$(libexecdir)/,$(HELPERS) \
		touchmark-pre-receive)
	-rmdir $(DESTDIR)$(libexecdir) 2>/dev/null
	for u in systemd/*; do rm -f $(DESTDIR)$(unitdir)/$${u##*/} \
		$(DESTDIR)$(systemunitdir)/$${u##*/}; done
	for m in man/*.[1-8]; do \
		rm -f $(DESTDIR)$(mandir)/man$${m##*.}/$${m##*/}; done
	rm -f $(addprefix $(DESTDIR)$(bashdir)/,touchmark touchmark-agent) \
		$(DESTDIR)$(zshdir)/_touchmark $(addprefix \
		$(DESTDIR)$(fishdir)/,touchmark.fish touchmark-agent.fish)

clean:
	rm -rf build build-san build-fuzz

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
