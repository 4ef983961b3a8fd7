/* How the digits are written; see digits.h. */
#ifndef CNN_DATA_DIGITS_PRIVATE_H
#define CNN_DATA_DIGITS_PRIVATE_H

/* A point that the pen passes, in percent of the digit's height; x 50 is the middle. The curve
 * through the points is smooth, but turns sharply at a point that stands twice. */
struct cnn_digit_point {
    signed char x, y;
};

/* The pen is lifted between two strokes. */
enum { CNN_DIGIT_UP = -1 };

enum { CNN_DIGIT_STYLES = 5, CNN_DIGIT_POINTS = 24 };

/* The styles in which a digit is written: up to CNN_DIGIT_STYLES, each of up to CNN_DIGIT_POINTS
 * points, unused ones being {0, 0}. */
struct cnn_digit_style {
    struct cnn_digit_point point[CNN_DIGIT_POINTS];
};
extern const struct cnn_digit_style cnn_digit_style[10][CNN_DIGIT_STYLES];

#endif
