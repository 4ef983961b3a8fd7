/* Colours that stand for classes in label images, and their names. */
#ifndef CNN_DATA_PALETTE_H
#define CNN_DATA_PALETTE_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct cnn_palette_colour {
    uint32_t rgb;  /* red << 16 | green << 8 | blue */
    int32_t class; /* -1: of no class */
};

/* Start from {0}. */
struct cnn_palette {
    size_t count, capacity;
    struct cnn_palette_colour *colour; /* (count) by rgb */
    struct cnn_strings names;          /* of the classes, in the order of their first lines */
    uint32_t *shown;                   /* (names.count) the first colour of each */
    size_t shown_capacity;
};

/* A text with a line for each colour: red, green and blue, from 0 to 255, and a name, divided by blanks. A name that
 * comes again is the same class in another colour, "void" is no class, and lines that begin with # are skipped.
 * CNN_EDATA with "PATH:LINE: what is wrong", CNN_ENOINPUT. */
CNN_CHECKED int cnn_palette_read(const char *path, struct cnn_palette *out);
/* Whether the colour is in it; its class, -1: none. */
int cnn_palette_find(const struct cnn_palette *p, uint32_t rgb, int32_t *class);
void cnn_palette_free(struct cnn_palette *p); /* leaves {0} */

/* A colour for a class that has none, different for the first 256: those of the PASCAL VOC palette. */
uint32_t cnn_palette_usual(size_t class);

#endif
