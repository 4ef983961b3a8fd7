# make            the library and the programs, in build/
# make check      the tests
MODE   ?= release
CC     ?= gcc
BUILD  := build$(if $(filter-out release,$(MODE)),/$(MODE))
CFLAGS_release := -O2 -g
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wvla
PACKAGES := openblas libpng libjpeg zlib libarchive jansson
CPPFLAGS += -Ilib -D_POSIX_C_SOURCE=200809L
CFLAGS += -std=c11 $(CFLAGS_$(MODE)) $(WARN) $(WERROR) $(shell pkg-config --cflags $(PACKAGES))
LDLIBS += $(shell pkg-config --libs $(PACKAGES)) -lm -pthread
LDFLAGS += $(filter -fsanitize%,$(CFLAGS_$(MODE)))

ZOO    := $(sort $(wildcard lib/zoo/*.net))
SRC    := $(sort $(wildcard lib/*/*.c))
OBJ    := $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/zoo.o
DOBJ   := $(SRC:%.c=$(BUILD)/double/%.o) $(BUILD)/double/zoo.o
PROGRAMS := $(patsubst bin/%.c,$(BUILD)/bin/%,$(sort $(wildcard bin/cnn-*.c)))
CLI    := $(patsubst bin/%.c,$(BUILD)/bin/%.o,$(sort $(wildcard bin/cli*.c)))
UNIT   := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/*.c)))
DOUBLE := $(patsubst tests/double/%.c,$(BUILD)/tests/double-%,$(sort $(wildcard tests/double/*.c)))

.PHONY: all lib check clean
all: $(BUILD)/libcnn.a $(PROGRAMS)
lib: $(BUILD)/libcnn.a
tests: $(UNIT) $(DOUBLE)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(if $(findstring /kern/,$<),-O3) -MMD -MP -c $< -o $@
$(BUILD)/double/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DCNN_REAL=double $(CFLAGS) -MMD -MP -c $< -o $@
$(BUILD)/zoo.c: $(ZOO) scripts/embed-zoo
	@mkdir -p $(@D)
	scripts/embed-zoo $(ZOO) > $@.tmp && mv $@.tmp $@
$(BUILD)/zoo.o: $(BUILD)/zoo.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
$(BUILD)/double/zoo.o: $(BUILD)/zoo.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
$(BUILD)/libcnn.a: $(OBJ)
	rm -f $@ && ar rcs $@ $^
$(BUILD)/libcnn-double.a: $(DOBJ)
	rm -f $@ && ar rcs $@ $^
$(BUILD)/bin/%: $(BUILD)/bin/%.o $(CLI) $(BUILD)/libcnn.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@
$(BUILD)/tests/double-%: tests/double/%.c $(BUILD)/libcnn-double.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DCNN_REAL=double -Itests $(CFLAGS) $(LDFLAGS) $< $(BUILD)/libcnn-double.a $(LDLIBS) -lcmocka -o $@
$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libcnn.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) $< $(BUILD)/libcnn.a $(LDLIBS) -lcmocka -o $@
clean:
	rm -rf build
.SECONDARY:
-include $(OBJ:.o=.d) $(DOBJ:.o=.d) $(wildcard $(BUILD)/bin/*.d)
