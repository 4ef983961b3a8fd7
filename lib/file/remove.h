/* Removing what a task had begun to write. */
#ifndef CNN_FILE_REMOVE_H
#define CNN_FILE_REMOVE_H

/* A file, or a folder with all that is below it (links are removed, not followed). What cannot be
 * removed stays. Nothing is allocated: memory may be what ran out. */
void cnn_remove_tree(const char *path);

#endif
