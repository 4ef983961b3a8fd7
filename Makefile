# make               the library and the programs, in build/
# make demo          a network trained, judged and pictured, in demo/ (installs what is missing)
# make check         the tests, of the build that was made last (installs what is missing)
# make check-emu     the tests of the CUDA kernels, without a GPU and without nvcc
# make asan          the same build with address and undefined-behaviour sanitizers, in build/asan/
# make portable      programs that run where there is a driver and the CUDA toolkit and nothing else, in build/portable/
# make lint          layout, static analysis, scripts, manual pages
# make bench         speed and memory beside PyTorch, ONNX Runtime, OpenVINO and ncnn (settings: scripts/bench-common.sh)
# make scaling       time against threads, batch, image size and depth, drawn in build/scaling.png
# make fuzz          damaged files of every form, a minute each, into what reads them (scripts/fuzz; needs clang)
# make torture       every second allocation and each system call of the programs fails, one at a time
#                    (MEMORY_STRIDE=1: every allocation; make check tries a few of both)
# make install       PREFIX=/usr/local DESTDIR=     make uninstall takes it away again
# make clean
#
# WITHOUT='libheif libtiff-4' builds without libraries for formats of images that may be missing.
# CUDA=1 insists on CUDA kernels, CUDA=0 forbids them; else they are built where nvcc is found, for the GPU that
# is here or for CUDA_ARCH='75 80 90' (make portable: for all).
# CC=clang, CFLAGS=-O3, WERROR=-Werror, V=1 (show the commands) as usual. For another machine: CC=, PKG_CONFIG=
# and a BUILD= of its own (scripts/check-arm does it for ARM).

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr/local
MODE     ?= release
PKG_CONFIG ?= pkg-config
VERSION  := $(shell sed -n 's/^.define CNN_VERSION "\(.*\)"/\1/p' lib/base/version.h)
PACKAGES := openblas libpng libjpeg zlib libarchive jansson cairo libprotobuf-c
BUILD    := build$(if $(filter-out release,$(MODE)),/$(MODE))
OBJ      := $(BUILD)/obj
WITHOUT_BUILDING := check check-emu portable clean demo help uninstall
Q        := $(if $(V),,@)
say       = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))
comma    := ,
# A make that was told nothing about jobs uses all cores for what it starts itself.
all_cores = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# ---- what there is ----------------------------------------------------------------------------------

ISA_SOURCES := $(sort $(wildcard lib/kern/isa/*.c))
SOURCES  := $(filter-out $(ISA_SOURCES),$(sort $(wildcard lib/*/*.c lib/*/*/*.c lib/*/*/*/*.c)))
CUDA_SOURCES := $(sort $(wildcard lib/*/*.cu lib/*/*/*.cu))
ZOO      := $(sort $(wildcard lib/zoo/*/*.net))
# What protoc-c makes C of: the messages of others' model files.
PROTO    := lib/model/import/proto
PROTOS   := $(notdir $(basename $(sort $(wildcard $(PROTO)/*.proto))))
PROGRAMS := $(patsubst bin/%.c,$(BUILD)/bin/%,$(sort $(wildcard bin/cnn-*.c)))
CLI      := $(patsubst %.c,$(OBJ)/%.o,$(sort $(wildcard bin/cli*.c)))
UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/*.c)))
KERNELS  := $(sort $(wildcard tests/kernels/*.c))
DOUBLE   := $(patsubst tests/double/%.c,$(BUILD)/tests/double-%,$(sort $(wildcard tests/double/*.c)))
HELPERS  := $(patsubst tests/programs/%.c,$(BUILD)/helpers/%,$(sort $(wildcard tests/programs/*.c))) \
    $(patsubst tests/bench/%.c,$(BUILD)/helpers/bench-%,$(sort $(wildcard tests/bench/*.c)))
MANUALS  := $(sort $(wildcard man/*.[1-8]))
# The innermost loops, once for each instruction set that the compiler's target has. Sanitizers see the plain one:
# unrolled code full of their checks takes minutes to compile.
MACHINE  := $(shell $(CC) -dumpmachine)
ISAS     := plain $(if $(findstring x86_64,$(MACHINE)),$(if $(filter release portable,$(MODE)),avx2 avx512))
isa_objects = $(foreach i,$(ISAS),$(patsubst lib/kern/isa/%.c,$(1)/lib/kern/isa/$(i)/%.o,$(ISA_SOURCES)))
SINGLE   := $(SOURCES:%.c=$(OBJ)/%.o) $(call isa_objects,$(OBJ)) $(OBJ)/zoo.o \
    $(PROTOS:%=$(OBJ)/proto/%.pb-c.o)
TWICE    := $(SOURCES:%.c=$(OBJ)/double/%.o) $(call isa_objects,$(OBJ)/double) $(OBJ)/double/zoo.o \
    $(PROTOS:%=$(OBJ)/double/proto/%.pb-c.o)

# ---- flags ------------------------------------------------------------------------------------------

# The dependencies are looked up only where something is built: make check and make demo begin on
# machines that do not have them.
ifneq ($(filter-out $(WITHOUT_BUILDING),$(or $(MAKECMDGOALS),all)),)
MISSING := $(shell PKG_CONFIG='$(PKG_CONFIG)' scripts/install-deps --missing)
ifneq ($(MISSING),)
$(error These Debian packages are missing: $(MISSING). Run scripts/install-deps, or: apt-get install $(MISSING))
endif
DEP_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
DEP_LIBS   := $(shell $(PKG_CONFIG) $(if $(filter portable,$(MODE)),--static) --libs $(PACKAGES))
# More formats of images, and spellings of class names (utf8proc), each where its library is found;
# WITHOUT='libheif libgif7' builds without those. (Portable programs have none of them: what the libraries need in turn
# is too much to carry.)
with_libgif7 := LIBGIF
with_libtiff-4 := LIBTIFF
with_libwebpdemux := LIBWEBP
with_libheif := LIBHEIF
with_libutf8proc := UTF8PROC
FOUND      :=
ifneq ($(MODE),portable)
exists     = $(if $(filter $(WITHOUT),$(1)),,$(shell $(PKG_CONFIG) --exists '$(1) $(2)' 2>/dev/null && echo $(1)))
FOUND      += $(call exists,libgif7) $(call exists,libtiff-4,>= 4.5) $(call exists,libwebpdemux) $(call exists,libheif) \
    $(call exists,libutf8proc)
FOUND      := $(strip $(FOUND))
ifneq ($(FOUND),)
DEP_CFLAGS += $(foreach p,$(FOUND),-DCNN_$(with_$(p))) $(shell $(PKG_CONFIG) --cflags $(FOUND))
LINKED     := $(filter-out libheif,$(FOUND)) # that one is loaded where a picture wants it
ifneq ($(LINKED),)
DEP_LIBS   += $(shell $(PKG_CONFIG) --libs $(LINKED))
endif
endif
endif
endif
# Portable programs carry every library but libc's and NVIDIA's. (libxml2 needs ICU, and libgfortran libquadmath.)
ifeq ($(MODE),portable)
archives   = $(patsubst -l%,-l:lib%.a,$(filter -l%,$(filter-out -lm -lpthread,$(1))))
DEP_LIBS  := $(filter-out -l%,$(DEP_LIBS)) -Wl,--start-group $(call archives,$(sort $(DEP_LIBS)) -licuuc -licudata \
    -lquadmath -lstdc++) -Wl,--end-group -static-libgcc -lpthread -ldl
endif

ifneq ($(filter-out release asan fuzz portable,$(MODE)),)
$(error MODE=$(MODE): it is release, asan, fuzz or portable)
endif
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_fuzz := $(SANITIZE_asan) -fsanitize=fuzzer-no-link
SANITIZE := $(SANITIZE_$(MODE))
# Kernels are unrolled, which is slow to compile, and there is nothing in them for a fuzzer to find its way through.
ifeq ($(MODE),fuzz)
$(OBJ)/lib/kern/%.o $(OBJ)/lib/kern/isa/%.o: private SANITIZE := -fsanitize=address
endif

WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wvla
CPP_ALL   = -Ilib -D_POSIX_C_SOURCE=200809L $(CPPFLAGS)
C_ALL     = -std=c11 $(WARN) -pthread $(DEP_CFLAGS) $(CFLAGS) $(SANITIZE)
COMPILE   = $(Q)$(CC) $(CPP_ALL) $(EXTRA) $(C_ALL) $(WERROR) $(OPTIMIZE)
LINK      = $(Q)$(CC) $(C_ALL) $(LD_ALL) $(filter %.o,$^) $(filter %.a,$^) $(LIBS_ALL) -o $@
LD_ALL    = -pthread $(SANITIZE) $(if $(filter portable,$(MODE)),-Wl$(comma)-rpath$(comma)'$$$$ORIGIN') $(LDFLAGS)
ifneq ($(filter release portable,$(MODE)),)
# What runs whenever a net does lies side by side in a program's text (scripts/make-text-order): the linker's own script
# with one line more, if it is one of GNU's.
C_ALL    += -ffunction-sections
linker_script = $(CC) $(LDFLAGS) -Wl,--verbose 2>/dev/null | sed -n '/^======/,/^======/{ /^======/!p; }' | \
    sed '/^ *\*(\.text\.unlikely /i\    INCLUDE lib/often.ld' | grep -B 1000 -A 1000 often.ld
LINK_SCRIPT := $(if $(shell $(linker_script)),$(BUILD)/link.ld)
LD_ALL   += $(if $(LINK_SCRIPT),-Wl$(comma)-T$(comma)$(LINK_SCRIPT))
# Addresses that the loader moves, packed: a twentieth of the table. glibc reads that since 2.36.
links     = $(shell echo 'int main(void) { return 0; }' | $(CC) $(LDFLAGS) $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')
packs_relocations = $(shell printf '\043include <features.h>\n\043if __GLIBC_PREREQ(2, 36)\nyes\n\043endif\n' | \
    $(CC) -E -P -x c - 2>/dev/null | grep -x yes)
ifneq ($(if $(filter release,$(MODE)),$(packs_relocations)),)
LD_PACKED := $(call links,-Wl$(comma)-z$(comma)pack-relative-relocs)
LD_ALL   += $(LD_PACKED)
endif
endif
LIBS_ALL  = $(DEP_LIBS) -lm -ldl $(LDLIBS)

# Kernel files are where the time goes; and those of lib/data/image that go through pixels, whose results
# are the same on every processor. Nobody traps on exceptions of floating-point arithmetic: a loop may divide where
# a condition then drops the quotient, and so become vectors.
FAST     := -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math
$(OBJ)/lib/kern/%.o $(OBJ)/double/lib/kern/isa/%.o: private OPTIMIZE := $(FAST)
PIXELS := codec orientation image jpeg preprocess resize warp
$(PIXELS:%=$(OBJ)/lib/data/image/%.o): private OPTIMIZE := -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math
ifeq ($(MODE),fuzz)
$(OBJ)/lib/kern/%.o: private OPTIMIZE := -O1
endif
ifneq ($(filter asan fuzz,$(MODE)),)
$(OBJ)/lib/kern/isa/%.o $(OBJ)/double/lib/kern/isa/%.o: private OPTIMIZE := -O1 -ffp-contract=fast -fno-math-errno
endif
FLAGS_plain  := -DCNN_VECTOR_BYTES=16
# On ARM GCC would fill the registers with what it loads ahead, and keep the sums of register blocks on the stack.
ifneq ($(findstring aarch64,$(MACHINE)),)
accepted = $(shell $(CC) -Werror $(1) -E -x c /dev/null >/dev/null 2>&1 && echo '$(1)')
FLAGS_plain  += $(call accepted,-fno-predictive-commoning -fno-schedule-insns)
endif
FLAGS_avx2   := -DCNN_VECTOR_BYTES=32 -mavx2 -mfma
FLAGS_avx512 := -DCNN_VECTOR_BYTES=64 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma \
    -mprefer-vector-width=512
CPP_ALL  += $(if $(filter avx2,$(ISAS)),-DCNN_ISA_X86)
$(OBJ)/double/%.o: private EXTRA := -DCNN_REAL=double
$(OBJ)/lib/model/%.o: private EXTRA := -isystem $(OBJ)/proto
$(OBJ)/double/lib/model/%.o: private EXTRA := -DCNN_REAL=double -isystem $(OBJ)/proto
$(OBJ)/tests/%.o: private EXTRA := -Itests -Ibin
$(OBJ)/double/tests/%.o: private EXTRA := -DCNN_REAL=double -Itests

# ---- CUDA -------------------------------------------------------------------------------------------

CUDA     ?= auto
NVCC     ?= $(firstword $(shell command -v nvcc) $(wildcard /usr/local/cuda/bin/nvcc))
ifeq ($(CUDA),1)
ifeq ($(NVCC),)
$(error CUDA=1: nvcc was not found; put it on PATH or say NVCC=/where/it/is/nvcc)
endif
endif
# CUDA_ARCH: what to make code for, by default the GPU that is here; newer devices translate that of the last.
CUDA_HERE := $(if $(NVCC),$(subst .,,$(shell nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | sort -uV)))
CUDA_ARCH ?= $(if $(filter portable,$(MODE)),75 80 86 89 90 100 120,$(or $(CUDA_HERE),80 90))
# Hopper has instructions of its own (90a), which CUDA knows from 12.0 on.
HOPPER   := $(if $(NVCC),$(shell $(NVCC) -gencode arch=compute_90a,code=sm_90a -E -x cu /dev/null >/dev/null 2>&1 && echo 90a))
gencode   = $(foreach a,$(patsubst 90,$(or $(HOPPER),90),$(CUDA_ARCH)),-gencode arch=compute_$(a),code=sm_$(a)) \
    -gencode arch=compute_$(patsubst 90a,90,$(lastword $(CUDA_ARCH))),code=compute_$(patsubst 90a,90,$(lastword $(CUDA_ARCH)))
ifneq ($(filter 1 auto,$(CUDA)),)
ifneq ($(NVCC),)
ifneq ($(filter release portable,$(MODE)),)
SINGLE   += $(CUDA_SOURCES:%.cu=$(OBJ)/%.cu.o)
CUDA_ON  := -DCNN_CUDA
UNIT     += $(BUILD)/tests/kernels-cuda
CUDA_LIBS := -L$(abspath $(dir $(NVCC))../lib64) -Wl,-rpath,$(abspath $(dir $(NVCC))../lib64) -lcudart_static -ldl -lrt $(if $(filter portable,$(MODE)),,-lstdc++)
LIBS_ALL += $(CUDA_LIBS)
endif
endif
endif
$(OBJ)/lib/backend/%.o: private EXTRA := $(CUDA_ON)

# The same kernels for the host, against an emulation of the device (tests/emu); what stands before the
# library in a program replaces the real ones.
EMU      := $(BUILD)/emu
EMU_SOURCES := $(sort $(wildcard tests/emu/*.cpp))
EMULATED := $(CUDA_SOURCES:%.cu=$(OBJ)/emu/%.o) $(EMU_SOURCES:%.cpp=$(OBJ)/emu/%.o) $(OBJ)/emu/lib/backend/backend.o
EMU_TESTS := kernels devices devices_conv loader_device embed

# ---- building ---------------------------------------------------------------------------------------

.PHONY: all lib programs tests
all: programs
	@echo $(MODE) > build/mode
programs: $(BUILD)/libcnn.a $(PROGRAMS)
lib: $(BUILD)/libcnn.a
# (Those of fuzzing are only compiled, so that they do not fall behind.)
tests: $(UNIT) $(DOUBLE) $(HELPERS) $(BUILD)/cnn.pc $(patsubst %.c,$(OBJ)/%.o,$(sort $(wildcard tests/fuzz/*.c)))

# What everything was built with; whoever depends on it is made again when that changes.
FLAGS    := $(OBJ)/flags
$(FLAGS): FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(CC) $(NVCC) $(gencode) $(CPP_ALL) $(C_ALL) $(LD_ALL) $(LIBS_ALL) $(SINGLE) $(ZOO))
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(OBJ)/%.o: %.c $(FLAGS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c $< -o $@
$(OBJ)/double/%.o: %.c $(FLAGS)
	$(call say,CC,'$< (double)')
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c $< -o $@
define isa_rules
$(OBJ)/lib/kern/isa/$(1)/%.o: lib/kern/isa/%.c $(FLAGS)
	$$(call say,CC,'$$< ($(1))')
	@mkdir -p $$(@D)
	$$(COMPILE) $$(FLAGS_$(1)) -DCNN_ISA_NAME=$(1) -MMD -MP -c $$< -o $$@
$(OBJ)/double/lib/kern/isa/$(1)/%.o: lib/kern/isa/%.c $(FLAGS)
	$$(call say,CC,'$$< ($(1), double)')
	@mkdir -p $$(@D)
	$$(COMPILE) $$(FLAGS_$(1)) -DCNN_ISA_NAME=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach i,$(ISAS),$(eval $(call isa_rules,$(i))))
$(OBJ)/%.cu.o: %.cu $(FLAGS)
	$(call say,NVCC,$<)
	@mkdir -p $(@D)
	$(Q)$(NVCC) -O3 -std=c++17 -Ilib $(gencode) -MMD -MP -c $< -o $@

EMU_FLAGS = -Itests/emu -Ilib -D_POSIX_C_SOURCE=200809L -DCNN_CUDA -DCNN_EMULATED -O2 -g -Wall -Wextra -Wno-unknown-pragmas $(WERROR)
$(OBJ)/emu/%.o: %.cu $(FLAGS)
	$(call say,EMULATE,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 $(EMU_FLAGS) -MMD -MP -x c++ -c $< -o $@
$(OBJ)/emu/%.o: %.cpp $(FLAGS)
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=gnu++17 $(EMU_FLAGS) -U_FORTIFY_SOURCE -MMD -MP -c $< -o $@
$(OBJ)/emu/tests/%.o $(OBJ)/emu/lib/%.o: private EXTRA := -DCNN_CUDA -DCNN_TEST_CUDA -Itests -Itests/emu
$(OBJ)/emu/%.o: %.c $(FLAGS)
	$(call say,CC,'$< (for the emulated GPU)')
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c $< -o $@
$(EMU)/tests/kernels: $(KERNELS:%.c=$(OBJ)/emu/%.o)
$(EMU)/tests/%: $(OBJ)/emu/tests/unit/%.o $(EMULATED) $(BUILD)/libcnn.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK) -lcmocka -lstdc++
$(EMU)/bin/%: $(OBJ)/bin/%.o $(CLI) $(EMULATED) $(BUILD)/libcnn.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK) -lstdc++

$(EMU)/helpers/bench-%: $(OBJ)/tests/bench/%.o $(EMULATED) $(BUILD)/libcnn.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK) -lstdc++

# The zoo's texts, as C.
$(OBJ)/zoo.c: $(ZOO) scripts/embed-zoo $(FLAGS)
	$(call say,EMBED,'lib/zoo/*/*.net')
	@mkdir -p $(@D)
	$(Q)scripts/embed-zoo $(ZOO) > $@.new && mv $@.new $@
$(OBJ)/zoo.o $(OBJ)/double/zoo.o: $(OBJ)/zoo.c $(FLAGS)
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@

# The schemas of protocol buffers, as C, whose warnings are not ours.
$(OBJ)/proto/%.pb-c.h: $(PROTO)/%.proto
	$(call say,PROTO,$<)
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=$(PROTO) --c_out=$(@D) $<
define proto_rules
$(1)/proto/%.o: private WARN := -w
$(1)/proto/%.pb-c.o: $(OBJ)/proto/%.pb-c.h $(FLAGS) | $(PROTOS:%=$(OBJ)/proto/%.pb-c.h)
	@mkdir -p $$(@D)
	$$(COMPILE) -c $$(<:.h=.c) -o $$@
endef
$(foreach o,$(OBJ) $(OBJ)/double,$(eval $(call proto_rules,$(o))))
$(filter $(OBJ)/lib/model/%,$(SINGLE)) $(filter $(OBJ)/double/lib/model/%,$(TWICE)): | $(PROTOS:%=$(OBJ)/proto/%.pb-c.h)

$(BUILD)/link.ld: lib/often.ld $(FLAGS)
	@$(linker_script) >$@
$(BUILD)/libcnn.a $(BUILD)/libcnn-double.a: $(LINK_SCRIPT)
$(BUILD)/libcnn.a: $(SINGLE) $(FLAGS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $(SINGLE)
$(BUILD)/libcnn-double.a: $(TWICE) $(FLAGS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $(TWICE)

$(BUILD)/bin/%: $(OBJ)/bin/%.o $(CLI) $(BUILD)/libcnn.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK)
# Programs that compute in double precision, for scripts/compare-zoo: a rule without a target that all build.
$(BUILD)/double/bin/%: $(OBJ)/double/bin/%.o $(CLI:$(OBJ)/%=$(OBJ)/double/%) $(BUILD)/libcnn-double.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK)
$(BUILD)/helpers/bench-%: $(OBJ)/tests/bench/%.o $(BUILD)/libcnn.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK)
$(BUILD)/helpers/%: $(OBJ)/tests/programs/%.o $(CLI) $(BUILD)/libcnn.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK)
$(BUILD)/tests/double-%: $(OBJ)/double/tests/double/%.o $(BUILD)/libcnn-double.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK) -lcmocka
# Targets of libFuzzer: MODE=fuzz CC=clang, as scripts/fuzz has it.
FUZZ_SHARED := $(patsubst %,$(OBJ)/tests/fuzz/%.o,fuzz use mutate)
$(BUILD)/targets/%: $(OBJ)/tests/fuzz/%.o $(FUZZ_SHARED) $(BUILD)/libcnn.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer -Wl,--wrap=cnn_bytes_map -Wl,--wrap=cnn_bytes_map_form
$(OBJ)/cuda/%.o: private EXTRA := -DCNN_CUDA -DCNN_TEST_CUDA -Itests -I$(dir $(NVCC))../include
$(OBJ)/cuda/%.o: %.c $(FLAGS)
	$(call say,CC,'$< (CUDA)')
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c $< -o $@
$(BUILD)/tests/kernels-cuda: $(OBJ)/cuda/tests/unit/kernels.o $(KERNELS:%.c=$(OBJ)/cuda/%.o) $(BUILD)/libcnn.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK) -lcmocka
$(BUILD)/tests/kernels: $(KERNELS:%.c=$(OBJ)/%.o)
$(BUILD)/tests/%: $(OBJ)/tests/unit/%.o $(BUILD)/libcnn.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(LINK) -lcmocka

# ---- demo, tests, checks ----------------------------------------------------------------------------

.PHONY: demo check run-checks check-emu run-emu portable asan lint bench scaling fuzz torture clean help
demo:
	@scripts/install-deps
	@$(MAKE) --no-print-directory $(all_cores) MODE=release programs
	@PATH="$(CURDIR)/build/bin:$$PATH" scripts/demo demo

check:
	@scripts/install-deps check
	@mode=$$(cat build/mode 2>/dev/null); \
	    $(MAKE) --no-print-directory $(all_cores) MODE=$(if $(filter-out file,$(origin MODE)),$(MODE),$${mode:-release}) run-checks
run-checks: programs tests
	@scripts/run-tests $(BUILD)

check-emu:
	@scripts/install-deps check
	@$(MAKE) --no-print-directory $(all_cores) MODE=release run-emu
run-emu: $(EMU_TESTS:%=$(EMU)/tests/%) $(PROGRAMS:$(BUILD)/%=$(EMU)/%)
	@scripts/check-includes . $(BUILD)
	@scripts/run-tests $(EMU) 'unit/*' cli/cuda cli/adding

# Programs, tests and helpers for a machine with the driver and the CUDA toolkit and nothing else.
portable:
	@scripts/install-deps portable
	@$(MAKE) --no-print-directory $(all_cores) MODE=portable CUDA=1 programs tests
	@cp -L "$$(ldd build/portable/tests/devices | sed -n 's/.*libcmocka.* => \([^ ]*\).*/\1/p')" build/portable/tests/

asan:
	@$(MAKE) --no-print-directory $(all_cores) MODE=asan all tests

lint:
	@scripts/lint

bench: programs $(HELPERS)
	@PATH="$(CURDIR)/$(BUILD)/bin:$(CURDIR)/$(BUILD)/helpers:$$PATH" scripts/bench

scaling: programs $(HELPERS)
	@PATH="$(CURDIR)/$(BUILD)/bin:$(CURDIR)/$(BUILD)/helpers:$$PATH" scripts/scaling $(BUILD)/scaling.png

fuzz:
	@scripts/fuzz all

torture: programs
	@MEMORY_STRIDE=$(or $(MEMORY_STRIDE),2) FAULTS_STRIDE=$(or $(FAULTS_STRIDE),1) LIMIT=7200 \
	    scripts/run-tests -v $(BUILD) cli/memory cli/faults

clean:
	rm -rf build demo

help:
	@sed -n '/^\#/!q;s/^\# \{0,1\}//p' Makefile

# ---- installing -------------------------------------------------------------------------------------

bindir        := $(PREFIX)/bin
libdir        := $(PREFIX)/lib
includedir    := $(PREFIX)/include
mandir        := $(PREFIX)/share/man
completiondir := $(PREFIX)/share/bash-completion/completions
names         := $(notdir $(PROGRAMS))
installed     := $(names:%=$(bindir)/%) $(libdir)/libcnn.a $(libdir)/pkgconfig/cnn.pc $(includedir)/cnn.h \
    $(foreach m,$(MANUALS),$(mandir)/man$(subst .,,$(suffix $(m)))/$(notdir $(m))) \
    $(completiondir)/cnn $(names:%=$(completiondir)/%)

.PHONY: install uninstall
$(BUILD)/cnn.pc: Makefile lib/base/version.h $(FLAGS) FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(pc))
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
define pc
prefix=$(PREFIX)
libdir=$${prefix}/lib
includedir=$${prefix}/include

Name: cnn
Description: convolutional networks
Version: $(VERSION)
Requires: $(PACKAGES) $(LINKED)
Libs: -L$${libdir} -lcnn -lm -ldl -pthread $(CUDA_LIBS)
Cflags: -I$${includedir}
endef

install: programs $(BUILD)/cnn.pc
	install -d $(patsubst %,'$(DESTDIR)%',$(sort $(dir $(installed))))
	install -m 755 $(PROGRAMS) '$(DESTDIR)$(bindir)'
	install -m 644 $(BUILD)/libcnn.a '$(DESTDIR)$(libdir)'
	install -m 644 $(BUILD)/cnn.pc '$(DESTDIR)$(libdir)/pkgconfig'
	install -m 644 lib/cnn.h '$(DESTDIR)$(includedir)'
	for m in $(MANUALS); do install -m 644 $$m '$(DESTDIR)$(mandir)'/man$${m##*.} || exit 1; done
	install -m 644 completions/cnn '$(DESTDIR)$(completiondir)'
	for p in $(names); do ln -sf cnn '$(DESTDIR)$(completiondir)'/$$p || exit 1; done

uninstall:
	rm -f $(installed:%='$(DESTDIR)%')

FORCE:
.PHONY: FORCE
.SECONDARY:
.DELETE_ON_ERROR:
-include $(patsubst %.o,%.d,$(filter %.o,$(SINGLE) $(TWICE) $(CLI))) \
    $(wildcard $(OBJ)/bin/*.d $(OBJ)/tests/*/*.d $(OBJ)/double/tests/*/*.d $(OBJ)/emu/*/*/*.d $(OBJ)/lib/*/*.cu.d)
