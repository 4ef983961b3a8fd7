/* All options of a program, in the order of its help. */
#include "cli_internal.h"
#include "data/augment/augment.h"

static const struct cnn_option augmentation_heading = {.name = "", .help = "Augmentation"};

const struct cnn_option *cli_option_at(const struct cli_program *program, size_t i)
{
    size_t own = 0;
    while (program->options && program->options[own].name)
        own++;
    if (i < own)
        return &program->options[i];
    if (!program->augmentations)
        return NULL;
    return i == own ? &augmentation_heading : cnn_augment_option_at(i - own - 1, program->mixing);
}
