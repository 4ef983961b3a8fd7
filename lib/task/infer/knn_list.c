/* Neighbours as lines of text; see knn.h. */
#include <math.h>
#include <stdio.h>

#include "task/infer/knn.h"
#include "task/json.h"

double cnn_knn_distance(const struct knn_store *s, const struct knn_neighbour *n)
{
    return s->distance == CNN_INFER_EUCLID ? sqrt(n->distance) : n->distance;
}

int cnn_knn_list_header(struct cnn_records *r, int paths)
{
    cnn_record_field(r, paths ? "path" : "key");
    cnn_record_field(r, "rank");
    cnn_record_field(r, "neighbour");
    cnn_record_field(r, "class");
    cnn_record_field(r, "distance");
    return cnn_record_end(r);
}

static const char *class_of(const struct knn_store *s, size_t row)
{
    return s->label[row] < 0 ? "" : s->classes->item[s->label[row]];
}

/* Its path, or its key where it has no file. */
static const char *name_of(const struct knn_store *s, size_t row)
{
    const struct cnn_record *r = cnn_dataset_record(s->inputs.ds[0], s->index[row]);
    return r->path ? r->path : r->key;
}

static int list_json(struct cnn_records *r, const struct knn_store *s, const struct knn_answer *a)
{
    struct cnn_buf *b = &r->line;
    cnn_buf_puts(b, a->path ? "{\"path\": " : "{\"key\": ");
    cnn_json_string(a->path ? a->path : a->key, b);
    cnn_buf_puts(b, ", \"neighbours\": [");
    for (size_t i = 0; i < a->k; i++) {
        cnn_buf_puts(b, i ? ", {\"name\": " : "{\"name\": ");
        cnn_json_string(name_of(s, a->best[i].row), b);
        cnn_buf_puts(b, ", \"class\": ");
        if (s->label[a->best[i].row] < 0)
            cnn_buf_puts(b, "null");
        else
            cnn_json_string(class_of(s, a->best[i].row), b);
        cnn_buf_puts(b, ", \"distance\": ");
        cnn_json_real(cnn_knn_distance(s, &a->best[i]), 1, b);
        cnn_buf_puts(b, "}");
    }
    cnn_buf_puts(b, "]}");
    return cnn_record_end(r);
}

int cnn_knn_list(struct cnn_records *r, const struct knn_store *s, const struct knn_answer *a)
{
    int rc = 0;
    if (r->format == CNN_RECORDS_JSON)
        return list_json(r, s, a);
    for (size_t i = 0; !rc && i < a->k; i++) {
        char rank[32];
        snprintf(rank, sizeof rank, "%zu", i + 1);
        cnn_record_field(r, a->path ? a->path : a->key);
        cnn_record_field(r, rank);
        cnn_record_field(r, name_of(s, a->best[i].row));
        cnn_record_field(r, class_of(s, a->best[i].row));
        cnn_record_number(r, (float)cnn_knn_distance(s, &a->best[i]));
        rc = cnn_record_end(r);
    }
    return rc;
}
