/* Numbers of any file's type as float32. */
#ifndef CNN_FILE_ELEMENTS_H
#define CNN_FILE_ELEMENTS_H

#include <stddef.h>
#include <stdint.h>

/* `count` numbers from `data` (unaligned, `size` bytes each) into `out`. kind: 'f' IEEE float of 2,
 * 4 or 8 bytes, 'B' bfloat16, 'i' and 'u' integers of 1, 2, 4 or 8 bytes, 'b' truth values of 1
 * byte, '4' and '5' floats of 1 byte with so many bits of exponent (OCP's E4M3 and E5M2). swapped: the other byte order than this machine's. */
void cnn_elements_read(char kind, size_t size, int swapped, const unsigned char *data, size_t count,
                       float *out);

/* Numbers as IEEE binary16, to nearest, ties to even. How many, from the first on, it can hold: all, but for finite ones
 * that would become infinite. */
size_t cnn_elements_halve(const float *x, size_t count, uint16_t *out);

/* Nonzero on a machine that keeps the high byte first. */
int cnn_big_endian(void);

#endif
