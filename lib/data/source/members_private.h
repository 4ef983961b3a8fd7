/* The inside of struct cnn_members, shared by members.c (what is a sample) and members_records.c
 * (what a stream says of itself). */
#ifndef CNN_DATA_SOURCE_MEMBERS_PRIVATE_H
#define CNN_DATA_SOURCE_MEMBERS_PRIVATE_H

#include "data/source/members.h"

/* The pending member is the first header, or that of a stream which was put behind another. */
CNN_CHECKED int cnn_members_header(struct cnn_members *m);
/* It is the end record. */
CNN_CHECKED int cnn_members_end(struct cnn_members *m);
/* The tar reader's code and message; where the stream is ours they tell a cut or a damaged one. */
int cnn_members_fail(const struct cnn_members *m, int rc);

#endif
