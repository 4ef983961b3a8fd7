/* The nearest word by edit distance, for "did you mean". */
#include "lang/syntax.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 30 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance, two neighbours exchanged counting as one edit. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    size_t d[LONGEST + 1][LONGEST + 1];
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] =
                least(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    return d[n][m];
}

void cnn_nearest_offer(struct cnn_nearest *n, const char *candidate)
{
    size_t length = strlen(n->word), limit = length < 4 ? 1 : 2;
    size_t d = distance(n->word, candidate);
    if (d > limit || d >= length || (n->best && d >= n->distance))
        return;
    n->best = candidate;
    n->distance = d;
}

const char *cnn_nearest_hint(const struct cnn_nearest *n, char out[80])
{
    out[0] = '\0';
    if (n->best)
        snprintf(out, 80, " (did you mean %.40s?)", n->best);
    return out;
}
