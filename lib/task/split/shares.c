/* How many samples each split should have, in all and of each class. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "task/split/private.h"

static const char *const name[CNN_SPLITS] = {"train", "val", "test"};

/* "0.8" is a part of `count`, "1000" a number. */
static int read_share(const char *text, int i, size_t count, double *out)
{
    int64_t samples;
    if (strpbrk(text, ".eE")) {
        if (cnn_parse_real(text, 0, 1, out))
            return cnn_fail_within("--%s", name[i]);
        *out *= (double)count;
        return 0;
    }
    if (cnn_parse_int(text, 0, INT64_MAX, &samples))
        return cnn_fail_within("--%s", name[i]);
    if ((uint64_t)samples > count)
        return cnn_fail(CNN_EDATA, "--%s: %s samples of the %zu that are there", name[i], text,
                        count);
    *out = (double)samples;
    return 0;
}

/* Shares that are not given: see split.h. */
static int fill_open(double *share, const int *given, double count)
{
    int train = given[CNN_SPLIT_TRAIN];
    double rest = count;
    for (int i = 0; i < CNN_SPLITS; i++)
        if (!given[i] && !train && i != CNN_SPLIT_TRAIN)
            share[i] = 0.1 * count;
    for (int i = 0; i < CNN_SPLITS; i++)
        rest -= share[i];
    if (rest < -1e-6 * count)
        return cnn_fail(CNN_EUSAGE, "--train, --val and --test are more than all samples");
    rest = rest > 0 ? rest : 0;
    int open = !given[CNN_SPLIT_VAL] + !given[CNN_SPLIT_TEST];
    if (!train)
        share[CNN_SPLIT_TRAIN] = rest;
    for (int i = CNN_SPLIT_VAL; train && i < CNN_SPLITS; i++)
        if (!given[i])
            share[i] = rest / open;
    return 0;
}

int cnn_split_shares(struct split *s)
{
    double share[CNN_SPLITS] = {0}, sum = 0, end = 0;
    int given[CNN_SPLITS];
    for (int i = 0; i < CNN_SPLITS; i++) {
        given[i] = *s->options->share[i] != '\0';
        int rc = given[i] ? read_share(s->options->share[i], i, s->count, &share[i]) : 0;
        if (rc)
            return rc;
    }
    int rc = fill_open(share, given, (double)s->count);
    if (rc)
        return rc;
    size_t before = 0;
    for (int i = 0; i < CNN_SPLITS; i++)
        sum += share[i];
    for (int i = 0; i < CNN_SPLITS; i++) { /* rounded so that parts of the whole are the whole */
        end += share[i];
        size_t upto = (size_t)floor(end + 0.5 + 1e-9 * sum);
        upto = upto > s->count ? s->count : upto;
        s->wanted[i] = upto - before;
        s->active[i] = share[i] > 1e-9 * sum;
        before = upto;
    }
    return 0;
}
