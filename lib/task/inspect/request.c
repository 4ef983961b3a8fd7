/* From options and operands to an answer; see request.h. */
#include "task/inspect/request.h"

#include "task/inspect/private.h"
#include "task/inspect/runs.h"
#include "task/inspect/rebuild.h"

static unsigned chosen_parts(const struct cnn_inspect_request *r)
{
    unsigned parts = 0;
    parts |= r->layers || r->windows || r->depth ? CNN_INSPECT_LAYERS : 0;
    parts |= r->windows ? CNN_INSPECT_WINDOWS : 0;
    parts |= r->tensors ? CNN_INSPECT_LIST : 0;
    parts |= r->meta ? CNN_INSPECT_META : 0;
    parts |= r->classes ? CNN_INSPECT_CLASSES : 0;
    return parts;
}

static int usage(const char *text)
{
    return cnn_fail(CNN_EUSAGE, "%s", text);
}

static int check_count(const struct cnn_inspect_request *r, size_t n)
{
    if (r->runs)
        return n ? 0 : usage("--runs takes logs of cnn-train, or models");
    if (r->zoo)
        return n > 1 ? usage("--zoo takes one name at most") : 0;
    if (r->diff)
        return n != 2 ? usage("--diff takes two operands") : 0;
    if (r->filters[0])
        return n != 2 ? usage("--filters takes a model and a file to write") : 0;
    if (r->see.maximize[0])
        return n != 2 ? usage("--maximize takes a model and a picture to write") : 0;
    if (cnn_inspect_request_sees(r))
        return n >= 3 ? 0 : usage("it takes a model, images, and a picture or a folder to write");
    if (r->history)
        return n ? 0 : usage("--history takes a model, and paths of what it was made from");
    if (n != 1)
        return usage(n ? "more than one operand" : "no MODEL, NET or TENSORS");
    return 0;
}

static int sees_of(const struct cnn_inspect_request *r)
{
    return (r->see.saliency != CNN_SEE_NONE) + (r->see.fool != CNN_SEE_HONEST) +
           (r->see.maximize[0] != 0) + (r->see.invert[0] != 0);
}

int cnn_inspect_request_check(const struct cnn_inspect_request *r, size_t count)
{
    int modes = r->print + r->dot + r->diff + (r->json && !r->time) + (r->filters[0] != 0);
    int others = modes || r->to[0] || chosen_parts(r) || r->check;
    if (cnn_inspect_request_sees(r) && (others || r->zoo || r->time || r->history || r->runs))
        return usage(
            "what is seen is a picture only: --saliency, --fool, --maximize and --invert go "
            "with no other answer");
    if (sees_of(r) > 1)
        return usage("--saliency, --fool, --maximize and --invert exclude each other");
    if (r->see.fool && !r->see.class[0])
        return usage("--fool needs --class, what the net is to take the image for");
    if (r->runs && (others || r->zoo || r->time || r->history))
        return usage("--runs prints its table only");
    if (r->history && (others || r->zoo || r->time))
        return usage("--history prints its script only");
    if (r->to[0] && (modes || chosen_parts(r) || r->check || r->zoo || r->time))
        return usage("--to writes its file only");
    if (r->time && others && !r->zoo)
        return usage("--time prints times only, as text or with --json");
    if ((r->windows || r->depth) &&
        (r->print || r->dot || r->diff || r->filters[0] || (r->windows && r->json)))
        return usage(r->windows && r->json ? "--json has windows always, without --windows"
                                           : "--windows and --depth are for the layer table");
    if (modes > 1 && !r->zoo)
        return usage("--print, --dot, --json, --diff and --filters exclude each other");
    return check_count(r, count);
}

static unsigned usual_parts(const struct cnn_inspect *in)
{
    return in->graph ? CNN_INSPECT_LAYERS | CNN_INSPECT_SUMMARY : CNN_INSPECT_LIST;
}

static int print_one(const struct cnn_inspect_request *r, struct cnn_inspect *in,
                     struct cnn_buf *note, struct cnn_buf *out)
{
    unsigned parts = chosen_parts(r);
    unsigned wanted = parts | (r->print ? CNN_INSPECT_LAYERS : 0);
    in->depth = (size_t)r->depth;
    if (!wanted && in->open && !in->graph)
        cnn_buf_printf(note, "%s: " CNN_INSPECT_OPEN, in->name);
    int rc = cnn_inspect_require(in, wanted | (r->check ? CNN_INSPECT_LIST : 0));
    if (!rc && (r->tensors || r->check))
        rc = cnn_inspect_measure(in);
    if (rc)
        return rc;
    if (r->json)
        rc = cnn_inspect_json(in, out);
    else if (r->dot)
        rc = cnn_inspect_dot(in, out);
    else if (r->print)
        cnn_buf_puts(out, in->graph->print);
    else
        cnn_inspect_text(in, parts || r->check ? parts : usual_parts(in), out);
    return !rc && r->check ? cnn_inspect_check(in) : rc;
}

static int print_times(const struct cnn_inspect_request *r, const struct cnn_inspect *in,
                       struct cnn_buf *note, struct cnn_buf *out)
{
    struct cnn_time_options o = {
        .batch = (size_t)r->batch, .compute = r->compute, .training = r->training, .seconds = 1};
    return cnn_inspect_time(in, &o, r->json, note, out);
}

/* A model has both with it. */
static int check_effects(const struct cnn_inspect_request *r, const struct cnn_inspect *in)
{
    const char *useless = r->input[0] ? "input" : r->outputs ? "outputs" : NULL;
    if (r->dense && !in->graph)
        useless = "dense";
    else if (!useless || r->diff || in->form == CNN_INSPECT_NET || (r->input[0] && in->open))
        return 0;
    return cnn_fail(CNN_EUSAGE, "--%s has no effect: it needs a net, and %s is a file of tensors",
                    useless, in->name);
}

static int inspect(const struct cnn_inspect_request *r, char *const *operand, size_t count,
                   struct cnn_buf *note, struct cnn_buf *out)
{
    struct cnn_inspect_options o = {
        .classes = (size_t)r->outputs, .slides = r->dense, .with_loss = r->time && r->training};
    struct cnn_inspect *first = NULL, *second = NULL;
    int rc = r->input[0] ? cnn_net_shape(r->input, &o.input) : 0;
    if (!rc)
        rc = cnn_inspect_open(operand[0], &o, &first);
    if (!rc)
        rc = check_effects(r, first);
    if (!rc && r->diff)
        rc = cnn_inspect_open(operand[1], &o, &second);
    if (!rc && r->diff)
        rc = cnn_inspect_diff(first, second, out);
    else if (!rc && r->filters[0])
        rc = cnn_inspect_filters(first, r->filters, operand[1]);
    else if (!rc && r->to[0])
        rc = cnn_inspect_convert(first, r->to);
    else if (!rc && r->history)
        rc = cnn_rebuild_script(first, operand + 1, count - 1, out);
    else if (!rc && r->time)
        rc = print_times(r, first, note, out);
    else if (!rc)
        rc = print_one(r, first, note, out);
    cnn_inspect_close(first);
    cnn_inspect_close(second);
    return rc;
}

static int show_zoo(const struct cnn_inspect_request *r, const char *name, struct cnn_buf *out)
{
    const struct cnn_zoo_entry *e = name ? cnn_zoo_family(name) : NULL;
    if (name && !e)
        return cnn_fail(CNN_ENOINPUT, "%s: no such net in the zoo (cnn-inspect --zoo lists them)",
                        name);
    if (name)
        cnn_buf_puts(out, e->text);
    else if (r->json)
        return cnn_inspect_zoo_json(out);
    else
        cnn_inspect_zoo_text(out);
    return 0;
}

int cnn_inspect_request_answer(const struct cnn_inspect_request *r, char *const *operand,
                               size_t count, struct cnn_buf *note, struct cnn_buf *out)
{
    int rc;
    if (r->runs)
        rc = cnn_inspect_runs(operand, count, out);
    else if (r->zoo)
        rc = show_zoo(r, count ? operand[0] : NULL, out);
    else
        rc = inspect(r, operand, count, note, out);
    return out->failed && !rc ? CNN_ESYSTEM : rc;
}

int cnn_inspect_request_sees(const struct cnn_inspect_request *r)
{
    return sees_of(r) > 0;
}

int cnn_inspect_request_see(const struct cnn_inspect_request *r, char *const *operand, size_t count,
                            const struct cnn_callbacks *callbacks, struct cnn_buf *out)
{
    struct cnn_see_options o = r->see;
    o.compute = r->compute;
    o.batch = r->batch;
    o.model = operand[0];
    o.input = operand + 1;
    o.inputs = count - 2;
    o.output = operand[count - 1];
    return cnn_see(&o, callbacks, out);
}

int cnn_inspect_request_is_data(const struct cnn_inspect_request *r)
{
    return cnn_inspect_request_sees(r) || r->json || r->print || r->dot || r->zoo || r->runs ||
           r->history || chosen_parts(r) == CNN_INSPECT_CLASSES;
}
