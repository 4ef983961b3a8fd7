/* A net's recipe: how the net is trained well, as a line of its text says,
 *
 *     recipe rate=0.1 batch=128 weight-decay=1e-4 flip=h crop-pad=4
 *
 * by the names of the options of training and augmentation. batch says which batch the rate is for.
 * Nothing here trains: what becomes of a recipe is in task/train/recipe.c. */
#ifndef CNN_LANG_RECIPE_H
#define CNN_LANG_RECIPE_H

#include "base/memory.h"
#include "base/option.h"

/* One setting: an option's name, and its value as that option reads it. */
struct cnn_setting {
    const char *key, *value;
};

/* Settings in the order of the table; whoever gave the arena owns them. */
struct cnn_recipe {
    size_t count; /* 0: there is no recipe line, or nothing in it */
    struct cnn_setting *setting;
};

/* The value of a setting; NULL: there is none of that name. */
const char *cnn_recipe_find(const struct cnn_recipe *r, const char *key);

/* The recipe in a net's text; count 0 where there is none. name: of the text, for messages.
 * CNN_EDATA "NAME:LINE: message", CNN_ESYSTEM. */
CNN_CHECKED int cnn_net_recipe(struct cnn_arena *arena, const char *name, const char *text,
                               struct cnn_recipe *out);

/* What a recipe may set beside augmentations, with the ranges of the options of training. */
extern const struct cnn_option cnn_recipe_table[];

#endif
