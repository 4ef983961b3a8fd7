/* What users name nets and models by, beside files of our own: others' texts of nets, and a net and
 * its weights in files of their own. */
#ifndef CNN_MODEL_NET_TEXT_H
#define CNN_MODEL_NET_TEXT_H

#include "model/import/import.h"

/* As cnn_net_text (lang/graph.h), and files of other forms become texts of ours. */
CNN_CHECKED int cnn_model_net_text(const char *what, enum cnn_net_use use, char **text,
                                   char **name);
/* The same of bytes that were read from a path. */
CNN_CHECKED int cnn_model_net_text_of(const char *path, const struct cnn_bytes *bytes,
                                      enum cnn_net_use use, char **text, char **name);

/* "NET:WEIGHTS", what --net names and a file of weights, where no file is called so as a whole: the
 * length of NET; 0: it is none. */
size_t cnn_model_pair(const char *path);
/* What is in both; *out is {0} on failure. NET is a text that stands for itself then. */
CNN_CHECKED int cnn_model_open_pair(const char *path, struct cnn_imported *out);

#endif
