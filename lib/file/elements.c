/* Numbers of any file's type as float32; see elements.h. */
#include "file/elements.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

int cnn_big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static float half_to_float(uint16_t h)
{
    int exponent = (h >> 10) & 31, fraction = h & 1023;
    float value;
    if (exponent == 31)
        value = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        value = ldexpf((float)fraction, -24);
    else
        value = ldexpf((float)(1024 + fraction), exponent - 25);
    return h & 0x8000 ? -value : value;
}

static uint16_t float_to_half(float x)
{
    float magnitude = fabsf(x);
    unsigned sign = signbit(x) ? 0x8000 : 0, bits;
    int exponent;
    if (isnan(x))
        return 0x7e00;
    if (magnitude < 0x1p-14f) { /* subnormal; rounding may carry into the exponent, rightly */
        bits = (unsigned)lrintf(magnitude * 0x1p24f);
    } else if (isinf(x)) {
        bits = 0x7c00;
    } else {
        float fraction = frexpf(magnitude, &exponent); /* in [0.5, 1) */
        bits = (unsigned)lrintf(fraction * 2048) + ((unsigned)(exponent + 13) << 10);
    }
    return (uint16_t)(sign | (bits < 0x7c00 ? bits : 0x7c00));
}

size_t cnn_elements_halve(const float *x, size_t count, uint16_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = float_to_half(x[i]);
        if ((out[i] & 0x7fff) == 0x7c00 && !isinf(x[i]))
            return i;
    }
    return count;
}

/* bfloat16 is the upper half of a binary32. */
static float bfloat_to_float(uint16_t b)
{
    uint32_t bits = (uint32_t)b << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* 1 sign, 4 exponent, 3 fraction bits; no infinity, and one NaN of each sign. */
static float e4m3_to_float(unsigned b)
{
    int exponent = (b >> 3) & 15, fraction = b & 7;
    float value =
        exponent ? ldexpf((float)(8 + fraction), exponent - 10) : ldexpf((float)fraction, -9);
    if ((b & 127) == 127)
        value = NAN;
    return b & 128 ? -value : value;
}

static float float_from(size_t size, uint64_t bits)
{
    if (size == 2)
        return half_to_float((uint16_t)bits);
    if (size == 4) {
        uint32_t word = (uint32_t)bits;
        float value;
        memcpy(&value, &word, sizeof value);
        return value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return (float)value;
}

/* Two's complement of `size` bytes. */
static float signed_from(size_t size, uint64_t bits)
{
    if (size == 1)
        return (float)(int8_t)bits;
    if (size == 2)
        return (float)(int16_t)bits;
    if (size == 4)
        return (float)(int32_t)bits;
    return (float)(int64_t)bits;
}

/* The number at p as bits, first byte lowest unless `high_first`. */
static uint64_t load(const unsigned char *p, size_t size, int high_first)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits |= (uint64_t)p[high_first ? size - 1 - i : i] << (8 * i);
    return bits;
}

void cnn_elements_read(char kind, size_t size, int swapped, const unsigned char *data, size_t count,
                       float *out)
{
    if (kind == 'f' && size == 4 && !swapped) {
        if (count)
            memcpy(out, data, count * sizeof *out);
        return;
    }
    int high_first = cnn_big_endian() != (swapped != 0);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = load(data + i * size, size, high_first);
        if (kind == 'f')
            out[i] = float_from(size, bits);
        else if (kind == '4')
            out[i] = e4m3_to_float((unsigned)bits);
        else if (kind == '5') /* the upper half of a binary16 */
            out[i] = half_to_float((uint16_t)(bits << 8));
        else if (kind == 'B')
            out[i] = bfloat_to_float((uint16_t)bits);
        else if (kind == 'i')
            out[i] = signed_from(size, bits);
        else if (kind == 'u')
            out[i] = (float)bits;
        else
            out[i] = bits != 0;
    }
}
