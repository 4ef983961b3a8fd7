/* A program with every kind of option, for tests/cli/options.sh: prints what it understood. */
#define _DEFAULT_SOURCE
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "data/augment/augment.h"

#define HOWS(FIRST, NEXT) FIRST(FAST, "fast") NEXT(SLOW, "slow")
enum how { CNN_CHOICE_NAMES(HOWS) };

struct args {
    long long count, wait, delay, twice;
    double rate;
    const char *output, *on_bad;
    int quiet, verbose, fail, show_given;
    enum how how;
    struct cnn_strings freeze, given;
};

static const struct cnn_option table[] = {
    CNN_OPTION_INT(
        "count", struct args, count, "10", .min = 1, .max = 1e6, .letter = 'n', .metavar = "N",
        .help =
            "how many of them there are to be, at most, which is a long line that must be broken"),
    CNN_OPTION_REAL("rate", struct args, rate, NULL, .max = 10, .letter = 'l', .metavar = "X",
                    .help = "a required number"),
    CLI_OUTPUT(struct args, output, "where it goes"),
    CNN_OPTION_HEADING("Details"),
    CNN_OPTION_CHOICE("how", struct args, how, "fast", HOWS, .metavar = "WHAT", .help = "the way"),
    CNN_OPTION_TEXTS("freeze", struct args, freeze, .metavar = "PATTERN",
                     .help = "may be repeated"),
    CNN_OPTION_INT("wait", struct args, wait, "0", .max = 1e6, .metavar = "N",
                   .help = "hundredths of a second of progress"),
    CNN_OPTION_INT("twice", struct args, twice, "-1", .min = -1, .max = 1000, .metavar = "N",
                   .help = "be told to stop twice, N hundredths of a second apart"),
    CNN_OPTION_FLAG("fail", struct args, fail, "0", .help = "end with an error"),
    CNN_OPTION_FLAG("verbose", struct args, verbose, "0", .letter = 'v', .help = "say more"),
    CNN_OPTION_INT("delay", struct args, delay, "0", .max = 10, .metavar = "N",
                   .help = "of the slow way"),
    CNN_OPTION_FLAG("given", struct args, show_given, "0",
                    .help = "name the options that were given"),
    CLI_ON_BAD(struct args, on_bad),
    CLI_QUIET(struct args, quiet),
    CNN_OPTION_END,
};

static const struct cnn_need needs[] = {
    {"delay", "how=slow"}, {"fail", "!verbose,output"}, {"verbose", "how=fast|slow"}, {NULL, NULL}};

static const struct cli_program program = {.name = "options",
                                           .synopsis = "[OPTION]... FILE...\n--rate X",
                                           .summary = "Try the options.",
                                           .options = table,
                                           .augmentations = 1,
                                           .needs = needs,
                                           .given = offsetof(struct args, given)};

/* A hundredth of a second, whatever interrupts it. */
static void wait_a_bit(void)
{
    struct timespec left = {0, 10000000};
    while (nanosleep(&left, &left))
        ;
}

static void be_told_twice(long long apart)
{
    raise(SIGTERM);
    for (long long i = 0; i < apart; i++)
        wait_a_bit();
    raise(SIGTERM);
}

static int wait_with_progress(const struct args *a)
{
    struct cli_progress *p = cli_progress_new("waiting", a->quiet);
    for (long long i = 0; i < a->wait && !*cli_stop(); i++) {
        cli_progress_update(p, (uint64_t)i, (uint64_t)a->wait, "some text that stands behind it");
        wait_a_bit();
    }
    cli_progress_free(p);
    return *cli_stop() ? cnn_fail(CNN_EINTERRUPTED, "stopped by signal %d", *cli_stop()) : 0;
}

static int print_all(const struct args *a, const struct cnn_augmenter *augmenter, char **operands)
{
    int skip;
    const char *list;
    struct cnn_buf text = {0};
    int rc = cli_on_bad(a->on_bad, &skip, &list);
    if (rc)
        return rc;
    cnn_augmenter_print(augmenter, &text);
    printf("count=%lld rate=%g output=%s how=%d verbose=%d quiet=%d skip=%d list=%s augment=%s\n",
           a->count, a->rate, a->output, a->how, a->verbose, a->quiet, skip, list ? list : "",
           text.text ? text.text : "");
    cnn_buf_free(&text);
    for (size_t i = 0; i < a->freeze.count; i++)
        printf("freeze %s\n", a->freeze.item[i]);
    if (a->show_given)
        for (size_t i = 0; i < a->given.count; i++)
            printf("given %s\n", a->given.item[i]);
    for (; *operands; operands++)
        printf("operand %s\n", *operands);
    return a->fail ? cnn_fail(CNN_EDATA, "photo.png: not a picture") : 0;
}

int main(int argc, char **argv)
{
    struct args args = {0};
    int first;
    struct cnn_augmenter *augmenter = cnn_augmenter_new();
    int rc = augmenter ? cli_parse(&program, argc, argv, &args, augmenter, &first)
                       : cli_end(&program, cnn_error_code());
    if (rc < 0) {
        cli_catch_signals();
        if (args.twice >= 0)
            be_told_twice(args.twice);
        rc = print_all(&args, augmenter, argv + first);
        if (!rc)
            rc = wait_with_progress(&args);
        rc = cli_end(&program, rc);
    }
    cnn_strings_free(&args.freeze);
    cnn_strings_free(&args.given);
    cnn_augmenter_free(augmenter);
    return rc;
}
