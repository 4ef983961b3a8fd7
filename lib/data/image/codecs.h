/* Files of images, whatever their format. */
#ifndef CNN_DATA_CODECS_H
#define CNN_DATA_CODECS_H

#include "base/error.h"
#include "data/image/image.h"

struct cnn_chw;         /* tensor/tensor.h */
struct cnn_image_codec; /* data/image/codec.h */

/* Codec i of the list; NULL behind the last. */
const struct cnn_image_codec *cnn_image_codec_at(size_t i);
/* That of a file which begins so; NULL: none. */
const struct cnn_image_codec *cnn_image_codec_find(const unsigned char *bytes, size_t size);

/* Whether a file that begins so is an image, in a format that is read or in one that only is known.
 */
int cnn_image_is(const unsigned char *bytes, size_t size);
/* CNN_EDATA unless a file that begins so is an image that this build reads. No name in the message.
 */
CNN_CHECKED int cnn_image_check(const unsigned char *bytes, size_t size);
/* "JPEG XL" and the like: an image in a format that is not read. NULL: none that is known. */
const char *cnn_image_foreign(const unsigned char *bytes, size_t size);
/* Whether a name ends as those of images do (.png, .JPG, ...). */
int cnn_image_has_name(const char *name);
/* The same of images in formats that are not read (.tga, .svg, ...). */
int cnn_image_has_foreign_name(const char *name);

/* Decode any format of image_codecs.def into 1 or 3 channels: transparency is dropped, the colour
 * kept; turned as its orientation says; CMYK converted. CNN_EDATA with what is wrong and no file
 * name: truncated and corrupt files are errors, never half-grey images. */
CNN_CHECKED int cnn_image_decode(const unsigned char *bytes, size_t size, struct cnn_image *out);
CNN_CHECKED int cnn_image_decode_as(const unsigned char *bytes, size_t size,
                                    const struct cnn_decoding *how, struct cnn_image *out);
/* The shape that cnn_image_decode would give, from the header: little but it is looked at, wherever
 * in the file it is (so that a mapped file serves best), and no memory asked for by its numbers.
 * CNN_EDATA as there, CNN_ESYSTEM. */
CNN_CHECKED int cnn_image_size(const unsigned char *bytes, size_t size, struct cnn_chw *out);

#endif
