/* The k nearest neighbours of queries among the rows of a store, shared by knn.c (the run), knn_store.c
 * (the rows), knn_search.c (the nearest), knn_rank.c (all of them, ranked) and knn_list.c (what is
 * printed of them). */
#ifndef CNN_TASK_INFER_KNN_H
#define CNN_TASK_INFER_KNN_H

#include "backend/backend.h"
#include "task/infer/private.h"

/* What a vector brings to the distances that products are screened by: that of query q and row r is
 * at least q.bias + r.bias - q.scale r.scale <q, r>, the product as gemm rounds it. */
struct knn_vector {
    double bias, scale;
    double squares; /* their sum */
};

struct knn_store {
    enum cnn_infer_distance distance;
    struct cnn_inputs inputs; /* one */
    const struct cnn_strings *classes;
    struct cnn_input input; /* what samples become: vectors of that shape */
    size_t n, d, capacity;
    real *row;                 /* (n, d), aligned */
    struct knn_vector *vector; /* (n) */
    int32_t *label;            /* (n) -1: none */
    size_t *index;             /* (n) of its record */
    size_t unlabelled;         /* rows that were left out */
};

struct knn_neighbour {
    double distance; /* Euclid: squared */
    size_t row;
};

/* A block of queries. */
struct knn_block {
    size_t n;
    const real *x;                   /* (n, d) */
    const struct knn_vector *vector; /* (n) */
    const size_t *own;               /* (n) a row that is no neighbour of it; SIZE_MAX: none */
};

enum {
    KNN_QUERIES = 256, /* of a block, at most */
    KNN_CUT = 512      /* rows of a product, by which work is cut */
};

/* Read the rows of a dataset of vectors, or of images as they are; `classed`: those that have a class. Start from
 * {.distance}. CNN_EDATA. */
CNN_CHECKED int cnn_knn_store_open(struct knn_store *s, const struct cnn_infer_options *o,
                                   int classed, const struct cnn_callbacks *cb);
void cnn_knn_store_close(struct knn_store *s);
/* What screening needs of a query, or of a row. */
struct knn_vector cnn_knn_vector(const struct knn_store *s, const real *x, int query);
/* Loader options for vectors of the store's shape with their classes. */
struct cnn_loader_options cnn_knn_loading(const struct knn_store *s,
                                          const struct cnn_infer_options *o,
                                          const struct cnn_wish *wish);

/* Memory of a search. */
struct knn_search {
    const struct knn_store *store;
    struct cnn_pool *pool;
    size_t k;
    real *product;              /* (KNN_QUERIES, tile) */
    struct knn_neighbour *best; /* (KNN_QUERIES, k) */
};
CNN_CHECKED int cnn_knn_search_open(struct knn_search *s, const struct knn_store *store,
                                    struct cnn_pool *pool, size_t k);
void cnn_knn_search_close(struct knn_search *s);
/* s->best: the k nearest rows of each query, nearest first, of equally near ones the first. */
void cnn_knn_search(struct knn_search *s, const struct knn_block *b);

/* All rows, ranked. */
struct knn_scratch;
struct knn_ranks {
    const struct knn_store *store;
    struct cnn_pool *pool;
    size_t queries, most;        /* at once; rows of one class */
    double *x;                   /* (queries, d) */
    double *product;             /* (queries, n) */
    struct knn_scratch *scratch; /* (threads) */
    double ap[KNN_QUERIES];
};
CNN_CHECKED int cnn_knn_ranks_open(struct knn_ranks *r, const struct knn_store *store,
                                   struct cnn_pool *pool);
void cnn_knn_ranks_close(struct knn_ranks *r);
/* r->ap: average precision of each query with that class (b->n) (-1: none); NaN where no row has it. */
void cnn_knn_average_precision(struct knn_ranks *r, const struct knn_block *b,
                               const int32_t *label);

/* A query and its neighbours (k), for people and programs. */
struct knn_answer {
    const char *path, *key; /* path NULL: it has none */
    const struct knn_neighbour *best;
    size_t k;
};
/* The line of column names, where there is one. CNN_EIO. */
CNN_CHECKED int cnn_knn_list_header(struct cnn_records *r, int paths);
/* A line for each neighbour; in JSON one for all. CNN_EIO. */
CNN_CHECKED int cnn_knn_list(struct cnn_records *r, const struct knn_store *s,
                             const struct knn_answer *a);
/* As it is told: Euclid's without the square. */
double cnn_knn_distance(const struct knn_store *s, const struct knn_neighbour *n);

#endif
