/* Boxes through an affine view: of each the box around its four corners, as far as it is seen. */
#include <math.h>
#include <string.h>

#include "data/augment/augment.h"

static double within(double x, size_t side)
{
    return x < 0 ? 0 : x > (double)side ? (double)side : x;
}

/* x, y, width and height. 0: nothing is seen of it. */
static int move_box(const struct cnn_view *view, float *box)
{
    double least[2] = {INFINITY, INFINITY}, most[2] = {-INFINITY, -INFINITY}, at[2];
    const size_t side[2] = {view->w, view->h};
    for (int corner = 0; corner < 4; corner++) {
        double x = (double)box[0] + (corner & 1 ? (double)box[2] : 0);
        double y = (double)box[1] + (corner & 2 ? (double)box[3] : 0);
        cnn_view_find(view, x, y, at);
        for (int k = 0; k < 2; k++) {
            least[k] = fmin(least[k], at[k]);
            most[k] = fmax(most[k], at[k]);
        }
    }
    for (int k = 0; k < 2; k++) {
        least[k] = within(least[k], side[k]);
        box[k] = (float)least[k];
        box[2 + k] = (float)(within(most[k], side[k]) - least[k]);
    }
    return box[2] > 0 && box[3] > 0;
}

void cnn_boxes_move(struct cnn_image *boxes, const struct cnn_view *view)
{
    size_t kept = 0, columns = boxes->h;
    for (size_t i = 0; i < boxes->c; i++) {
        float *box = boxes->px + i * columns;
        if (move_box(view, box))
            memmove(boxes->px + kept++ * columns, box, columns * sizeof *box);
    }
    boxes->c = kept;
    boxes->h = kept ? columns : 0;
    boxes->w = kept ? 1 : 0;
}
