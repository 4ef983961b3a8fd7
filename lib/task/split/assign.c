/* Which sample goes to which split: quotas for each class, then units (single samples, or groups
 * that stay together) in shuffled order, each to the split that still lacks most of what it has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "task/split/private.h"

typedef size_t quota[CNN_SPLITS];

struct fraction {
    double part;
    uint32_t stratum;
    int split;
};

static int by_part(const void *a, const void *b)
{
    const struct fraction *x = a, *y = b;
    if (x->part != y->part)
        return x->part < y->part ? 1 : -1;
    if (x->stratum != y->stratum)
        return x->stratum < y->stratum ? -1 : 1;
    return x->split - y->split;
}

static size_t row_sum(const size_t *q)
{
    return q[0] + q[1] + q[2];
}

/* Rounded down first; what is lacking goes to the largest fractions that have samples left. */
static int round_quotas(const struct split *s, size_t strata, const size_t *size, quota *q)
{
    struct fraction *f = cnn_calloc(strata * CNN_SPLITS, sizeof *f);
    size_t lack[CNN_SPLITS], n = 0;
    if (!f)
        return CNN_ESYSTEM;
    memcpy(lack, s->wanted, sizeof lack);
    for (size_t c = 0; c < strata; c++)
        for (int i = 0; i < CNN_SPLITS; i++) {
            double ideal = (double)s->wanted[i] * (double)size[c] / (double)s->count;
            q[c][i] = (size_t)floor(ideal + 1e-9);
            lack[i] -= q[c][i] < lack[i] ? q[c][i] : lack[i];
            f[n++] = (struct fraction){ideal - (double)q[c][i], (uint32_t)c, i};
        }
    qsort(f, n, sizeof *f, by_part);
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < n; k++) {
            size_t *row = q[f[k].stratum];
            if (lack[f[k].split] && row_sum(row) < size[f[k].stratum]) {
                row[f[k].split]++;
                lack[f[k].split]--;
            }
        }
    free(f);
    return 0;
}

/* A class with enough samples is in every split; another class gives back what that took. */
static void spread(const struct split *s, size_t strata, const size_t *size, quota *q)
{
    size_t active = 0;
    for (int i = 0; i < CNN_SPLITS; i++)
        active += s->active[i] != 0;
    for (size_t c = 0; c < strata; c++)
        for (int i = 0; i < CNN_SPLITS && size[c] >= active; i++) {
            if (!s->active[i] || q[c][i])
                continue;
            int from = 0;
            for (int k = 1; k < CNN_SPLITS; k++)
                from = q[c][k] > q[c][from] ? k : from;
            size_t donor = c;
            for (size_t d = 0; d < strata; d++)
                if (d != c && q[d][i] > 1 && (donor == c || q[d][i] > q[donor][i]))
                    donor = d;
            if (q[c][from] > 1 || !s->active[from])
                q[c][from]--;
            q[c][i]++;
            if (donor != c && q[c][from] > 0) {
                q[donor][i]--;
                q[donor][from]++;
            }
        }
}

/* The samples of each unit, in shuffled order: member[first[u]] .. member[first[u + 1] - 1]. */
struct units {
    size_t *first;    /* (units + 1) */
    uint32_t *member; /* (count) */
    uint32_t *queue;  /* (queued) the larger first, else as shuffled */
    size_t queued;    /* units that are not empty */
};

static void free_units(struct units *u)
{
    free(u->first);
    free(u->member);
    free(u->queue);
}

static int make_units(const struct split *s, struct units *u)
{
    u->first = cnn_calloc(s->units + 2, sizeof *u->first);
    u->member = cnn_calloc(s->count, sizeof *u->member);
    u->queue = cnn_calloc(s->units, sizeof *u->queue);
    if (!u->first || !u->member || !u->queue)
        return CNN_ESYSTEM;
    for (size_t i = 0; i < s->count; i++)
        u->first[s->sample[i].unit + 2]++;
    size_t largest = 1;
    for (size_t i = 0; i < s->units; i++)
        largest = u->first[i + 2] > largest ? u->first[i + 2] : largest;
    for (size_t i = 0; i < s->units; i++)
        u->first[i + 2] += u->first[i + 1];
    for (size_t i = 0; i < s->count; i++)
        u->member[u->first[s->sample[s->order[i]].unit + 1]++] = s->order[i];
    /* counting sort by size, stable in the order in which units come first */
    size_t *at = cnn_calloc(largest + 2, sizeof *at);
    char *seen = cnn_calloc(s->units, 1);
    if (!at || !seen) {
        free(at);
        free(seen);
        return CNN_ESYSTEM;
    }
    for (size_t i = 0; i < s->units; i++)
        at[largest - (u->first[i + 1] - u->first[i]) + 1]++;
    for (size_t k = 1; k <= largest; k++)
        at[k] += at[k - 1];
    for (size_t i = 0; i < s->count; i++) {
        uint32_t unit = s->sample[s->order[i]].unit;
        if (!seen[unit]++ && ++u->queued)
            u->queue[at[largest - (u->first[unit + 1] - u->first[unit])]++] = unit;
    }
    free(at);
    free(seen);
    return 0;
}

static size_t stratum_of(const struct split *s, const struct split_sample *sample)
{
    return s->options->stratify ? (size_t)sample->class : 0;
}

/* Where the unit lacks most; CNN_SPLIT_UNUSED when no split wants it and not all samples are
 * wanted. */
static int choose(const struct split *s, const uint32_t *member, size_t n, const quota *q,
                  const quota *have, int all)
{
    int best = -1;
    double most = 0;
    for (int i = 0; i < CNN_SPLITS; i++) {
        double lack = 0;
        for (size_t k = 0; k < n; k++) {
            size_t c = stratum_of(s, &s->sample[member[k]]);
            lack += (double)q[c][i] - (double)have[c][i];
        }
        if (s->active[i] && (best < 0 || lack > most)) {
            best = i;
            most = lack;
        }
    }
    return best < 0 || (most <= 0 && !all) ? CNN_SPLIT_UNUSED : best;
}

static void place_units(struct split *s, const struct units *u, const quota *q, quota *have)
{
    int all = s->wanted[0] + s->wanted[1] + s->wanted[2] == s->count;
    for (size_t i = 0; i < u->queued; i++) {
        const uint32_t *member = u->member + u->first[u->queue[i]];
        size_t n = u->first[u->queue[i] + 1] - u->first[u->queue[i]];
        int to = choose(s, member, n, q, (const quota *)have, all);
        for (size_t k = 0; k < n; k++) {
            struct split_sample *sample = &s->sample[member[k]];
            sample->split = (uint8_t)to;
            if (to < CNN_SPLITS)
                have[stratum_of(s, sample)][to]++;
        }
    }
}

int cnn_split_assign(struct split *s, size_t (*count)[CNN_SPLITS])
{
    size_t strata = s->options->stratify ? s->classes.count + 1 : 1;
    struct units u = {0};
    size_t *size = cnn_calloc(strata, sizeof *size);
    quota *q = cnn_calloc(strata, sizeof *q), *have = cnn_calloc(strata, sizeof *have);
    int rc = size && q && have ? 0 : CNN_ESYSTEM;
    for (size_t i = 0; !rc && i < s->count; i++)
        size[stratum_of(s, &s->sample[i])]++;
    if (!rc)
        rc = round_quotas(s, strata, size, q);
    if (!rc)
        rc = make_units(s, &u);
    if (!rc) {
        spread(s, strata, size, q);
        place_units(s, &u, (const quota *)q, have);
    }
    for (size_t i = 0; !rc && i < s->count; i++)
        if (s->sample[i].split < CNN_SPLITS)
            count[s->sample[i].class][s->sample[i].split]++;
    free_units(&u);
    free(size);
    free(q);
    free(have);
    return rc;
}
