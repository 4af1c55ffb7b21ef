# SPDX-License-Identifier: Apache-2.0
#
# A thin front of meson: what each target really does is one line below, or a script that it names.
# A plain "meson setup build && ninja -C build" works just as well.

# The distribution's own tools first: python3-lxml and friends are packages of its python3.
export PATH := /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$(PATH)
export LC_ALL := C.UTF-8

BUILD := build
PREFIX ?= /usr/local
DESTDIR ?=
PROGRAMS := hostd/daemon/cloister-hostd hostd/cli/cloisterctl libvirt-hooks/cloister-hook

.PHONY: help
help:
	@echo 'make deps     install what the rest needs (Debian 12 or 13, apt)'
	@echo 'make check-deps  and what its tests need'
	@echo 'make build    build the programs: $(BUILD)/cloister-hostd, $(BUILD)/cloisterctl, $(BUILD)/cloister-hook'
	@echo 'make demo     the whole way on a simulated SEV-SNP host (root: it makes a Debian root)'
	@echo 'make check    everything that is tested; ends with "N passed, N failed, N skipped"'
	@echo "make peer     all of Nova's own unit tests of its libvirt driver, with ours in its place (root)"
	@echo 'make bench    Rewrite and Verify against libxml2, the hook against a process that does nothing'
	@echo 'make format   reformat the C sources with clang-format 14'
	@echo 'make install  install under PREFIX=$(PREFIX), below DESTDIR if that is set'
	@echo 'make clean    remove $(BUILD)/, with the Debian roots in it'

.PHONY: deps
deps:
	@sh .ci/deps

.PHONY: check-deps
check-deps:
	@sh .ci/deps check

.PHONY: build
build: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix $(PREFIX) --sysconfdir /etc --localstatedir /var
	@ninja -C $(BUILD)
	@for program in $(PROGRAMS); do test ! -e "$(BUILD)/$$program" || ln -sfn "$$program" "$(BUILD)/$${program##*/}"; done

.PHONY: demo
demo: build
	@sh tests/stack/make-root nova & sh tests/stack/make-root trixie; wait
	@python3 tests/simhost/demo.py

.PHONY: check
check: check-deps
	@python3 tests/check.py --build $(BUILD)

.PHONY: peer
peer: check-deps
	@sh tests/stack/make-root nova
	@python3 nova/tests/peer.py

.PHONY: bench
bench: check-deps build
	@meson test -C $(BUILD) --benchmark --verbose --no-rebuild

.PHONY: format
format: check-deps
	@python3 tests/lint/check-format.py --fix

.PHONY: install
install: build
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(DESTDIR))

.PHONY: clean
clean:
	@rm -rf --one-file-system $(BUILD)
