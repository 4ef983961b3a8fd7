/* Bent as a sheet of rubber: points of a coarse grid over the image are moved at random, and what
 * lies between follows in cubic B-splines,
 *
 *     d(u, v) = sum_ij B(u - i) B(v - j) c_ij,   c_ij from U[-s, s] of the side,
 *
 * of which the weights are none negative and sum to 1, so that nothing moves farther than s.
 * Simard, Steinkraus and Platt 2003 bend digits so; the coarse grid is that of Ronneberger, Fischer
 * and Brox 2015 (arXiv 1505.04597), section 3.1. */
#include "data/augment/augment.h"

enum { GRID_MAX = 32 };

struct options {
    double strength;
    long long grid;
};

static const struct cnn_option options[] = {
    CNN_OPTION_REAL("elastic", struct options, strength, "0", .max = 1, .metavar = "F",
                    .help = "bend: move points of a grid by up to this fraction of the side"),
    CNN_OPTION_INT("elastic-grid", struct options, grid, "4", .min = 2, .max = GRID_MAX,
                   .metavar = "N", .help = "points of that grid along a side"),
    CNN_OPTION_END,
};

static int elastic_active(const void *opt)
{
    return ((const struct options *)opt)->strength > 0;
}

/* The four points that position i of an axis of n pixels lies among, and what each counts. */
struct near {
    size_t at[4];
    double weight[4];
};

static struct near near_points(size_t i, size_t n, size_t grid)
{
    struct near p;
    double t = n > 1 ? (double)i * (double)(grid - 1) / (double)(n - 1) : 0;
    size_t first = (size_t)t;
    double f = t - (double)first, g = 1 - f;
    for (size_t k = 0; k < 4; k++) {
        size_t at =
            first + k; /* one more than the point's number; beyond the edge it is the last */
        p.at[k] = at < 1 ? 0 : at > grid ? grid - 1 : at - 1;
    }
    p.weight[0] = g * g * g / 6;
    p.weight[1] = (3 * f * f * (f - 2) + 4) / 6;
    p.weight[2] = (3 * g * g * (g - 2) + 4) / 6;
    p.weight[3] = f * f * f / 6;
    return p;
}

/* One axis' displacements (h, w) of moves (grid, grid). */
static void bend(const double *move, size_t grid, size_t h, size_t w, float *out)
{
    double row[GRID_MAX];
    for (size_t y = 0; y < h; y++) {
        struct near v = near_points(y, h, grid);
        for (size_t j = 0; j < grid; j++) {
            row[j] = 0;
            for (int k = 0; k < 4; k++)
                row[j] += v.weight[k] * move[v.at[k] * grid + j];
        }
        for (size_t x = 0; x < w; x++) {
            struct near u = near_points(x, w, grid);
            double d = 0;
            for (int k = 0; k < 4; k++)
                d += u.weight[k] * row[u.at[k]];
            out[y * w + x] = (float)d;
        }
    }
}

static int elastic_field(const void *opt, struct cnn_random *r, struct cnn_displacements *field)
{
    const struct options *o = opt;
    double move[2][GRID_MAX * GRID_MAX];
    size_t grid = (size_t)o->grid;
    const double most[2] = {o->strength * (double)field->w, o->strength * (double)field->h};
    for (int axis = 0; axis < 2; axis++)
        for (size_t i = 0; i < grid * grid; i++)
            move[axis][i] = cnn_random_range(r, -most[axis], most[axis]);
    bend(move[0], grid, field->h, field->w, field->dx);
    bend(move[1], grid, field->h, field->w, field->dy);
    return 0;
}

const struct cnn_augment_type cnn_augment_elastic = {
    .name = "elastic",
    .summary = "bent",
    .options = options,
    .options_size = sizeof(struct options),
    .active = elastic_active,
    .field = elastic_field,
};
