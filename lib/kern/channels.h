/* Channels on their way between blocked tensors, where a block takes them from anywhere: from the
 * middle of one block and the beginning of the next. */
#ifndef CNN_KERN_CHANNELS_H
#define CNN_KERN_CHANNELS_H

#include "kern/parallel.h"

/* Positions that are visited in both tensors; distances in vectors. */
struct cnn_grid {
    size_t rows, columns;
    size_t from_row, from_column, to_row, to_column;
};

/* Copies channels first .. first + count - 1 of a sample `from` (blocks, from_plane positions,
 * lanes) to lane, lane + 1 ... of the block `to` (positions, lanes). */
void cnn_channels_copy(const real *from, size_t from_plane, size_t first, size_t count,
                       const struct cnn_grid *grid, size_t lanes, size_t lane, real *to);

/* Zero from `lane` on in all positions of a block. */
void cnn_channels_zero(size_t positions, size_t lanes, size_t lane, real *to);

#endif
