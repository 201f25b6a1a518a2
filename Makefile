# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands that people and CI use; the build itself is meson's (meson.build). Nothing here installs the program.
#
#   make                    build/chimera and build/modules/
#   make check              set up what is missing, build, run the short tests
#   make conformance        the long tests and their figures
#   make check-asan|ubsan|tsan   the short tests under a sanitizer, in a build folder of their own
#   make coverage           the short tests with gcov, and a summary a folder
#   make demo               Linux on Cortex-A72s and firmware on Cortex-M33s, in this terminal
#   make demo-virt          boot a Linux guest on virt in this terminal
#   make bench              programs and the boot beside QEMU's: tables, and JSON in the build folder
#   make fuzz-images        random words as kernels, for about SECONDS
#   make fuzz-elf           programs with wrong headers in user mode, for SECONDS; fuzz-calls: wild system calls;
#                           fuzz-gdb: what debuggers do not say; fuzz-mmio: random accesses to the devices of every board
#                           (both under AddressSanitizer);
#                           fuzz-boot: damaged kernels and device trees
#   make fuzz               all of these, one after another; BUILD=build-asan: under a sanitizer

BUILD ?= build
SECONDS ?= 600
MESON ?= meson
JOBS ?=
NINJA = ninja $(if $(JOBS),-j$(JOBS)) -C

all: $(BUILD)/build.ninja
	$(NINJA) $(BUILD) product

$(BUILD)/build.ninja:
	$(MESON) setup $(BUILD) $(MODE)

setup:
	tests/setup

check: setup
	tests/run.py --build $(BUILD) --setup-args "$(MODE)" --suite short

conformance:
	tests/setup conformance
	tests/run.py --build $(BUILD) --setup-args "$(MODE)" --suite short --suite long

# meson options of each mode; sanitizers make the compiler warn of code that it made itself
MODE_asan = -Db_sanitize=address -Db_lundef=false -Dwerror=false
MODE_ubsan = -Db_sanitize=undefined -Db_lundef=false -Dwerror=false -Dc_args=-fno-sanitize-recover=all
MODE_tsan = -Db_sanitize=thread -Db_lundef=false -Dwerror=false
MODE_cov = -Db_coverage=true -Dbuildtype=debug
MODE_prof = -Dbuildtype=release -Dc_args=-fno-omit-frame-pointer
# a build folder that is named after a mode (build-asan) is of that mode
MODE = $(MODE_$(patsubst build-%,%,$(notdir $(BUILD)))) $(SETUP_ARGS)

check-asan check-ubsan check-tsan: check-%: setup
	tests/run.py --build build-$* --setup-args "$(MODE_$*)" --suite short

coverage: setup
	tests/run.py --build build-cov --setup-args "$(MODE_cov)" --suite short --coverage

prof:
	test -f build-prof/build.ninja || $(MESON) setup build-prof $(MODE_prof)
	$(NINJA) build-prof product

demo demo-virt: setup
	tests/demo $@

bench: setup all
	bench/run --json $(BUILD)/bench-run.json --svg $(BUILD)/bench-run.svg
	bench/boot --json $(BUILD)/bench-boot.json
	bench/system --json $(BUILD)/bench-system.json

fuzz: fuzz-images fuzz-boot fuzz-elf fuzz-calls fuzz-gdb fuzz-mmio

fuzz-images: setup all
	tests/fuzz/random_images.py --chimera $(BUILD)/chimera --seed $$(date +%s) --seconds 2 --count $(SECONDS)

fuzz-boot: setup all
	tests/fuzz/boot_images.py --chimera $(BUILD)/chimera --seed $$(date +%s) --seconds $(SECONDS)

fuzz-elf: setup all
	tests/fuzz/elf_files.py --chimera $(BUILD)/chimera --seed $$(date +%s) --seconds $(SECONDS)

# these two under AddressSanitizer, in a folder below BUILD; BUILD=build-MODE: as that is
SANITIZED = CHIMERA_BUILD=$(abspath $(BUILD)) $(if $(filter build-%,$(notdir $(BUILD))),,tests/sanitized.py address)
CHIMERA = $(if $(filter build-%,$(notdir $(BUILD))),$(BUILD)/chimera,{chimera})

fuzz-gdb: setup all
	$(SANITIZED) core/gdbstub/tests/test_gdb.py --fuzz $(SECONDS) --seed $$(date +%s)

fuzz-mmio: setup all
	$(SANITIZED) tests/fuzz/mmio.py --chimera $(CHIMERA) --seed $$(date +%s) --time $(SECONDS)

fuzz-calls: setup all
	tests/fuzz/system_calls.py --chimera $(BUILD)/chimera --seed $$(date +%s) --seconds $(SECONDS)

clean:
	rm -rf build build-asan build-ubsan build-tsan build-cov build-prof

.PHONY: all setup check conformance check-asan check-ubsan check-tsan coverage prof demo demo-virt bench fuzz fuzz-images fuzz-boot fuzz-elf fuzz-calls fuzz-gdb fuzz-mmio clean
