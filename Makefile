# lockstep: `make run` and `make test` do everything on a fresh Debian 12 machine; see README.md.
#
#   make            build/lockstep, build/lockstep-sim, build/plugins/*.so
#   make run        the console on a virtual device (a tour of it when standard input is not a terminal)
#   make test       all tests, one closing line
#   make unit ROOM=codec    one room's unit tests
#   make asan       all tests with the address and undefined-behaviour sanitizers
#   make bench      figures
#   make install    PREFIX (/usr/local), DESTDIR

BUILD  ?= build
PREFIX ?= /usr/local
ifeq ($(origin CC),default)
CC     := gcc
endif
WERROR ?= -Werror
OPT    ?= -O2
SAN    ?=

VERSION := 0.1.0

# Rooms by floor (doc/architecture.md): a room links with the rooms before it.
ROOMS := base codec pki link rpc device gate shell tui

CSTD     := -std=c11 -D_GNU_SOURCE -DLOCKSTEP_VERSION='"$(VERSION)"'
WARN     := -Wall -Wextra $(WERROR)
PACKAGES := libcjson libserialport libwslay yaml-0.1
PKG       = $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
CFLAGS   ?= $(OPT) -g -fstack-protector-strong
ALLFLAGS  = $(CSTD) $(WARN) $(CFLAGS) $(SAN) -Isrc -I. $(PKG) -MMD -MP
LDLIBS    = -lncursesw -ltinfo -lreadline -lsqlite3 -lcjson -lserialport -lwslay -lyaml -lmbedtls -lmbedx509 -lmbedcrypto -lz -lm -ldl
SIMLIBS   = -lcjson -lwslay -lyaml -lserialport -lmbedtls -lmbedx509 -lmbedcrypto -lz -lm
LDALL     = $(LDFLAGS) $(SAN) -Wl,--as-needed

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)/*.c))
room    = $(BUILD)/lib$(1).a
ARCHIVES := $(foreach r,$(ROOMS) views,$(call room,$(r)))
PLUGINS  := $(patsubst plugins/%/,%,$(wildcard plugins/*/))
PLUGIN_SO := $(foreach p,$(PLUGINS),$(if $(wildcard plugins/$(p)/*.c),$(BUILD)/plugins/$(p).so))

# A library that a program needs before the libraries it uses: archives in reverse, twice-safe through a group.
GROUP = -Wl,--start-group $(1) -Wl,--end-group

# Short lines; V=1 shows whole commands.
Q      := $(if $(V),,@)
tell    = $(if $(V),,@echo "  $(1)  $(2)")

all: $(BUILD)/.deps $(BUILD)/lockstep $(BUILD)/lockstep-sim $(PLUGIN_SO)

$(BUILD)/.deps: scripts/install-deps
	@scripts/install-deps
	@mkdir -p $(BUILD) && touch $@

$(BUILD)/obj/plugins/%.o: plugins/%.c | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(call tell,CC,$<)
	$(Q)$(CC) $(ALLFLAGS) -fPIC -c $< -o $@

$(BUILD)/obj/%.o: %.c | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(call tell,CC,$<)
	$(Q)$(CC) $(ALLFLAGS) -c $< -o $@

define room_rule
$(call room,$(1)): $(call objects,$(2))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS) sim,$(eval $(call room_rule,$(r),src/$(r))))
$(eval $(call room_rule,views,views))

# Plugins resolve what they use in the program: every room goes in whole.
$(BUILD)/lockstep: $(BUILD)/obj/src/main.o $(ARCHIVES)
	$(call tell,LD,$@)
	$(Q)$(CC) $(LDALL) -rdynamic -o $@ $(BUILD)/obj/src/main.o -Wl,--whole-archive $(ARCHIVES) -Wl,--no-whole-archive $(LDLIBS)

SIM_ROOMS := $(foreach r,sim base codec pki link,$(call room,$(r)))
$(BUILD)/lockstep-sim: $(SIM_ROOMS)
	$(call tell,LD,$@)
	$(Q)$(CC) $(LDALL) -o $@ $(call GROUP,$(SIM_ROOMS)) $(SIMLIBS)

define plugin_rule
$(BUILD)/plugins/$(1).so: $(patsubst plugins/%.c,$(BUILD)/obj/plugins/%.o,$(wildcard plugins/$(1)/*.c))
	@mkdir -p $$(@D)
	$$(call tell,LD,$$@)
	$$(Q)$$(CC) $$(LDALL) -shared -o $$@ $$^
endef
$(foreach p,$(PLUGINS),$(eval $(call plugin_rule,$(p))))

# --- tests ---------------------------------------------------------------------------------------------------------

UNIT_SOURCES := $(wildcard tests/unit/$(or $(ROOM),*)/test_*.c)
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
UNIT_ROOMS := $(ARCHIVES) $(call room,sim)

# sim's own main lives in src/sim/main.c: it is left out of what tests link.
$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(UNIT_ROOMS)
	@mkdir -p $(@D)
	$(call tell,LD,$@)
	$(Q)$(CC) $(LDALL) -o $@ $< $(call GROUP,$(UNIT_ROOMS)) -lcmocka -lvterm $(LDLIBS)

# Shared objects that tests preload or load: tests/support/NAME.c -> build/tests/support/NAME.so
SUPPORT := $(patsubst tests/support/%.c,$(BUILD)/tests/support/%.so,$(wildcard tests/support/*.c))
$(BUILD)/tests/support/%.so: tests/support/%.c | $(BUILD)/.deps
	@mkdir -p $(@D)
	$(call tell,LD,$@)
	$(Q)$(CC) $(ALLFLAGS) -fPIC -shared $(SAN) -o $@ $< -ldl

unit: $(UNIT) $(SUPPORT)
	@tests/run --build $(BUILD) --unit $(if $(ROOM),--only $(ROOM))

test: all $(UNIT) $(SUPPORT)
	@tests/run --build $(BUILD)

# Warnings are not errors here: at -O1 gcc sees truncations that cannot happen.
asan:
	$(MAKE) BUILD=$(BUILD)/asan WERROR= OPT="-O1 -fno-omit-frame-pointer" SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined" test

bench: all
	@tests/bench/run --build $(BUILD)

# --- running, installing ---------------------------------------------------------------------------------------------

run: all
	@if [ -t 0 ]; then exec $(BUILD)/lockstep --port sim:; \
	else exec $(BUILD)/lockstep --port sim: run scripts/tour.lks; fi

BASH_COMPLETIONS := $(PREFIX)/share/bash-completion/completions
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/lockstep/plugins $(DESTDIR)$(PREFIX)/share/lockstep/scripts
	install -d $(DESTDIR)$(PREFIX)/share/lockstep/themes
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(BASH_COMPLETIONS)
	install -m 755 $(BUILD)/lockstep $(BUILD)/lockstep-sim $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(PLUGIN_SO) $(DESTDIR)$(PREFIX)/lib/lockstep/plugins
	install -m 644 scripts/*.lks scripts/*.yaml $(DESTDIR)$(PREFIX)/share/lockstep/scripts
	install -m 644 themes/*.theme $(DESTDIR)$(PREFIX)/share/lockstep/themes
	$(BUILD)/lockstep help --man > $(DESTDIR)$(PREFIX)/share/man/man1/lockstep.1
	$(BUILD)/lockstep help --bash-completion > $(DESTDIR)$(BASH_COMPLETIONS)/lockstep

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/lockstep $(DESTDIR)$(PREFIX)/bin/lockstep-sim
	rm -rf $(DESTDIR)$(PREFIX)/lib/lockstep $(DESTDIR)$(PREFIX)/share/lockstep
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/lockstep.1 $(DESTDIR)$(BASH_COMPLETIONS)/lockstep

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj $(BUILD)/tests -name '*.d' 2>/dev/null)

.PHONY: all unit test asan bench run install uninstall clean
.SECONDARY:
