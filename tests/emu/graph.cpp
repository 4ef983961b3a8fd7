/* CUDA graphs of the emulated device: things to do, one after the other. Nodes keep copies of their
 * arguments, as the device does. */
#include "emu.h"

#include <memory>

typedef std::function<void(emu_stream *)> action;

struct emu_node {
    const void *kernel; /* NULL: `does` */
    dim3 grid, block;
    size_t shared;
    std::vector<std::vector<unsigned char>> arguments;
    action does;
};

struct emu_graph {
    std::vector<std::shared_ptr<emu_node>> nodes;
    std::vector<action> captured;
};

/* Own copies of the nodes: what is set here does not change the graph. */
struct emu_exec {
    std::vector<emu_node> nodes;
    std::vector<const emu_node *> of;
};

static void set(emu_node *n, const cudaKernelNodeParams *p)
{
    std::vector<size_t> sizes = emu_argument_sizes(p->func);
    n->kernel = p->func;
    n->grid = p->gridDim;
    n->block = p->blockDim;
    n->shared = p->sharedMemBytes;
    n->arguments.clear();
    for (size_t i = 0; i < sizes.size(); i++) {
        const unsigned char *from = (const unsigned char *)p->kernelParams[i];
        n->arguments.push_back(std::vector<unsigned char>(from, from + sizes[i]));
    }
}

static cudaError_t add(cudaGraph_t g, cudaGraphNode_t *n, const cudaGraphNode_t *before,
                       size_t befores)
{
    bool last = g->nodes.empty() ? !befores : befores == 1 && *before == g->nodes.back().get();
    if (!last)
        return cudaErrorInvalidValue; /* sequences are all that there is */
    g->nodes.push_back(std::make_shared<emu_node>());
    *n = g->nodes.back().get();
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode)
{
    if (s->captured)
        return cudaErrorInvalidValue;
    s->captured = new std::vector<action>;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g)
{
    if (!s->captured)
        return cudaErrorInvalidValue;
    *g = new emu_graph;
    (*g)->captured = *s->captured;
    delete s->captured;
    s->captured = NULL;
    return cudaSuccess;
}

cudaError_t cudaGraphCreate(cudaGraph_t *g, unsigned)
{
    *g = new emu_graph;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t g)
{
    delete g;
    return cudaSuccess;
}

cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t *n, cudaGraph_t g, const cudaGraphNode_t *before,
                                   size_t befores, const cudaKernelNodeParams *p)
{
    cudaError_t e = add(g, n, before, befores);
    if (e == cudaSuccess)
        set(*n, p);
    return e;
}

cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t *n, cudaGraph_t g,
                                       const cudaGraphNode_t *before, size_t befores,
                                       cudaGraph_t child)
{
    cudaError_t e = add(g, n, before, befores);
    if (e != cudaSuccess)
        return e;
    std::vector<action> all = child->captured;
    (*n)->kernel = NULL;
    (*n)->does = [all](emu_stream *s) {
        for (const action &a : all)
            a(s);
    };
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *e, cudaGraph_t g, unsigned long long)
{
    *e = new emu_exec;
    for (const std::shared_ptr<emu_node> &n : g->nodes) {
        (*e)->nodes.push_back(*n);
        (*e)->of.push_back(n.get());
    }
    return cudaSuccess;
}

cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t e, cudaGraphNode_t n,
                                             const cudaKernelNodeParams *p)
{
    for (size_t i = 0; i < e->of.size(); i++)
        if (e->of[i] == n && e->nodes[i].kernel == p->func) {
            set(&e->nodes[i], p);
            return cudaSuccess;
        }
    return cudaErrorInvalidValue;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s)
{
    for (const emu_node &n : e->nodes) {
        std::vector<void *> pointers;
        for (const std::vector<unsigned char> &a : n.arguments)
            pointers.push_back((void *)a.data());
        if (!n.kernel)
            emu_enqueue(s, n.does);
        else if (cudaLaunchKernel(n.kernel, n.grid, n.block, pointers.data(), n.shared, s) !=
                 cudaSuccess)
            return cudaErrorInvalidValue;
    }
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e)
{
    delete e;
    return cudaSuccess;
}
