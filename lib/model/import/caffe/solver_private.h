/* What the files that read a solver of Caffe share. */
#ifndef CNN_MODEL_IMPORT_CAFFE_SOLVER_PRIVATE_H
#define CNN_MODEL_IMPORT_CAFFE_SOLVER_PRIVATE_H

#include "caffe.pb-c.h"
#include "base/text.h"
#include "file/prototext/prototext.h"
#include "model/import/caffe/solver.h"

enum { SOLVER_MOST_SETTINGS = 32 };

struct solver {
    struct cnn_arena *arena;
    const char *path;
    const Cnn__Caffe__SolverParameter *p;
    struct cnn_prototext_lines lines;
    struct cnn_recipe *out;
    struct cnn_buf refused;
    size_t refusals;
    int failed; /* no memory */
};

/* solver_settings.c */
/* On which line a field stands; 0: it does not. */
int cnn_caffe_solver_line(const struct solver *s, const char *field);
/* Whether it is there; else it is refused as missing. */
int cnn_caffe_solver_has(struct solver *s, const char *field);
/* "base_lr (line 3: why)"; "base_lr is missing" where it is. */
void cnn_caffe_solver_refuse(struct solver *s, const char *field, const char *format, ...)
    CNN_PRINTF(3, 4);
/* An option and its value; NULL: there was no memory for it. */
void cnn_caffe_solver_put(struct solver *s, const char *key, const char *value);
void cnn_caffe_solver_put_text(struct solver *s, const char *key, const char *format, ...)
    CNN_PRINTF(3, 4);
void cnn_caffe_solver_put_number(struct solver *s, const char *key, float x);

/* solver_rates.c: the rate and its schedule; the optimizer, and what is done to gradients. */
void cnn_caffe_solver_rate(struct solver *s);
void cnn_caffe_solver_optimizer(struct solver *s);

#endif
