/* Hashes: every byte and the length count, in either form, whatever the length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"

typedef uint64_t hash(const void *bytes, size_t n, uint64_t seed);

static void check(hash *h)
{
    enum { LONGEST = 200 };
    unsigned char bytes[LONGEST] = {0};
    uint64_t seen[LONGEST + 1];
    for (size_t n = 0; n <= LONGEST; n++) {
        seen[n] = h(bytes, n, 7);
        assert_true(h(bytes, n, 7) == seen[n]);
        assert_true(h(bytes, n, 8) != seen[n]);
        for (size_t k = 0; k < n; k++) {
            assert_true(seen[k] != seen[n]);
            bytes[k] = (unsigned char)(k + 1);
            assert_true(h(bytes, n, 7) != seen[n]);
            bytes[k] = 0;
        }
    }
}

static void test_every_byte_counts(void **state)
{
    (void)state;
    check(cnn_hash);
    check(cnn_hash_much);
}

/* Words that change places are other contents. */
static void test_order_counts(void **state)
{
    (void)state;
    uint64_t a[16], b[16];
    for (uint64_t i = 0; i < 16; i++)
        a[i] = b[i] = i * i + 1;
    uint64_t before = cnn_hash_much(a, sizeof a, 0);
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < i; k++) {
            b[i] = a[k];
            b[k] = a[i];
            assert_true(cnn_hash_much(b, sizeof b, 0) != before);
            b[i] = a[i];
            b[k] = a[k];
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_order_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
