/* Channels between blocked tensors; see channels.h. */
#include "kern/channels.h"

#include <string.h>

static inline void copy_grid(const real *from, const struct cnn_grid *g, size_t lanes, size_t run,
                             real *to)
{
    for (size_t i = 0; i < g->rows; i++)
        for (size_t j = 0; j < g->columns; j++)
            memcpy(to + (i * g->to_row + j * g->to_column) * lanes,
                   from + (i * g->from_row + j * g->from_column) * lanes, run * sizeof *to);
}

/* Runs of a constant length are a few instructions each. */
static void copy_run(const real *from, const struct cnn_grid *g, size_t lanes, size_t run, real *to)
{
    int whole = g->from_column == 1 && g->to_column == 1 && g->from_row == g->columns &&
                g->to_row == g->columns;
    if (whole && run == lanes)
        memcpy(to, from, g->rows * g->columns * lanes * sizeof *to);
    else if (run == 16)
        copy_grid(from, g, lanes, 16, to);
    else if (run == 8)
        copy_grid(from, g, lanes, 8, to);
    else if (run == 4)
        copy_grid(from, g, lanes, 4, to);
    else if (run == 1)
        copy_grid(from, g, lanes, 1, to);
    else
        copy_grid(from, g, lanes, run, to);
}

void cnn_channels_copy(const real *from, size_t from_plane, size_t first, size_t count,
                       const struct cnn_grid *grid, size_t lanes, size_t lane, real *to)
{
    while (count) {
        size_t at = first % lanes, run = cnn_min(count, lanes - at);
        copy_run(from + first / lanes * from_plane * lanes + at, grid, lanes, run, to + lane);
        first += run;
        lane += run;
        count -= run;
    }
}

void cnn_channels_zero(size_t positions, size_t lanes, size_t lane, real *to)
{
    for (size_t i = 0; i < positions; i++)
        for (size_t c = lane; c < lanes; c++)
            to[i * lanes + c] = 0;
}
