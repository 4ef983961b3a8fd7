/* How features look on disk: what cnn-features writes and every program reads as a dataset.
 *
 * TSV. Lines end with '\n', fields are separated by '\t'.
 *   #classes<TAB>ants<TAB>bees           optional: the class list, order is index
 *   #made<TAB>{"program": ...}           optional: the run that made them, as histories have it
 *   #key<TAB>class<TAB>f0<TAB>f1...      the heading; its first two names are fixed, the others are
 * free ants/001<TAB>ants<TAB>0.25<TAB>-1    a row a sample: key, class name (empty: none), numbers
 * Where samples are files the heading begins "#path<TAB>class" and rows with their paths, in which
 * a tab, newline, carriage return and backslash are \t, \n, \r and \\; the key is that of the path.
 * Numbers are the shortest form that reads back as the same float32 (cnn_format_real, single).
 *
 * npy. FILE.npy holds float32 or float16 (n, d) or (n, c, h, w); FILE.tsv beside it has the lines above
 * without numbers: the optional #classes and #made, "#key<TAB>class", then n rows "key<TAB>class". Without
 * FILE.tsv the samples have no classes and numbered keys.
 *
 * svmlight. "LABEL 1:0.25 2:-1 7:3 # ants/001": the class index (0 where there is none), the
 * nonzero numbers with their places counted from 1 and, always, the last number, so that its length
 * is known; then the key, ':' in it as '_' (liblinear would take it for a number's place). Reading:
 * whole LABELs are classes (numbers of classes.txt beside the file when there is one), other LABELs
 * a target of one number.
 *
 * tar. The pipe form of stream.h with members KEY.npy. */
#ifndef CNN_DATA_SOURCE_FEATURES_H
#define CNN_DATA_SOURCE_FEATURES_H

#define CNN_FEATURES_CLASSES "#classes"     /* the first field of the line with the class list */
#define CNN_FEATURES_MADE    "#made"        /* of the line with what made them */
#define CNN_FEATURES_HEADING "#key\tclass"  /* how the heading begins */
#define CNN_FEATURES_PATHS   "#path\tclass" /* or so, where samples have files */

#endif
