/* Sums and maxima over teams of threads, in an order that the team's size fixes. A team is a thread
 * by itself or a block of CNN_TEAM threads. */
#ifndef CNN_KERN_CUDA_REDUCE_CUH
#define CNN_KERN_CUDA_REDUCE_CUH

#include "kern/cuda/cuda.cuh"

enum { CNN_TEAM = 256, CNN_TEAM_WARPS = CNN_TEAM / 32 };

struct cnn_add {
    template <typename V> static __device__ inline V of(V a, V b)
    {
        return a + b;
    }
};

struct cnn_larger {
    template <typename V> static __device__ inline V of(V a, V b)
    {
        return b > a ? b : a;
    }
};

/* What OP makes of the v of all of a team's threads, for each of them. All threads of a block come
 * here together, with CNN_TEAM_WARPS numbers of shared memory. */
template <typename OP, int TEAM, typename V> static __device__ inline V cnn_reduce(V v, V *shared)
{
    if constexpr (TEAM > 1) {
        for (int step = 16; step; step /= 2)
            v = OP::of(v, __shfl_xor_sync(0xffffffffu, v, step));
        if (threadIdx.x % 32 == 0)
            shared[threadIdx.x / 32] = v;
        __syncthreads();
        v = shared[0];
        for (int i = 1; i < CNN_TEAM_WARPS; i++)
            v = OP::of(v, shared[i]);
        __syncthreads();
    }
    return v;
}

#endif
