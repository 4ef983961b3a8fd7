/* Arbitrary bytes as the text of a model's self-test. */
#include "fuzz.h"

#include <string.h>

#include "model/selftest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cnn_selftest s;
    char *text = strndup((const char *)data, size);
    int rc = cnn_selftest_read(text, &s);
    check_code(rc);
    if (!rc)
        fuzz_use_selftest(&s);
    if (!rc)
        cnn_selftest_free(&s);
    free(text);
    return 0;
}
