"""The peer of scripts/gpu-check: steps of whole nets in PyTorch on a GPU, as bench-nets makes them.

    gpu-torch.py check                       the version and the GPU; status 69 where it sees none
    gpu-torch.py NET infer|train [DEVICE]    answers requests, a line each, in lines of words between tabs

    prepare PRECISION BATCH SECONDS          tries all ways of running the net for SECONDS at most:
                                             "tried WAY images/s" or "failed WAY why", then "ready WAY images/s"
                                             for the fastest, or "none"
    run SECONDS                              "rate images/s": the median step in the way that was fastest

PRECISION is fp32, tf32 or bf16: training under autocast, inference with weights of bfloat16. All is channels last,
algorithms are chosen by measuring, batch normalisation is folded for inference. The ways: operation by operation
(eager), that recorded once and replayed (graph), torch.compile (compile), that replayed (compile-graph), and where this
does not work torch.compile's own replays (reduce-overhead). Input lies in pinned memory; nobody waits for a training
step's loss until the next step is queued.
"""
import os
import signal
import statistics
import sys
import time

WAYS = ["eager", "graph", "compile", "compile-graph", "reduce-overhead"]
TRIAL = 0.3  # seconds that a way is timed for when the fastest is looked for


class OutOfTime(BaseException):
    """Not an Exception: nothing on the way up may take it for a failure of its own."""


def out_of_time(*_):
    raise OutOfTime


class Cell:
    """A net in one precision at one batch."""

    def __init__(self, name, mode, device, precision, batch):
        import torch
        import torch_nets

        self.device, self.training, self.batch = device, mode == "train", batch
        self.half, self.cuda, self.compiled = precision == "bf16", device != "cpu", None
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.manual_seed(1)
        with torch.device(device):
            self.net, shape = torch_nets.make(name)
        self.net = self.net.train() if self.training else self.folded(self.net.eval())
        self.net = self.net.to(memory_format=torch.channels_last)
        x = (torch.rand(batch, *shape) * 3.4 - 1.7).contiguous(memory_format=torch.channels_last)
        label = torch.randint(1000 if shape[-1] == 224 else 10, (batch,))
        self.host = [x.pin_memory(), label.pin_memory()] if self.cuda else [x, label]
        self.x, self.label = x.to(device), label.to(device)
        if self.training:
            self.optimizer = torch.optim.SGD(self.net.parameters(), lr=1e-4, momentum=0.9, fused=True)

    def folded(self, net):
        import torch
        from torch.fx.experimental.optimization import fuse

        try:
            net = fuse(net)
        except Exception as problem:  # a net that cannot be traced
            print("batch normalisation is not folded: %s" % problem, file=sys.stderr)
        return net.to(torch.bfloat16) if self.half else net

    def body(self, net):
        """A function of no arguments that runs a batch on the device and gives its loss or its answer."""
        import torch
        from torch_nets import loss_of

        def train():
            self.optimizer.zero_grad(set_to_none=True)
            with torch.autocast(self.device, torch.bfloat16, enabled=self.half, cache_enabled=False):
                loss = loss_of(self.net, net(self.x), self.label)
            loss.backward()
            self.optimizer.step()
            return loss.detach()

        def infer():
            with torch.inference_mode():
                return net(self.x.to(torch.bfloat16) if self.half else self.x).float()

        return train if self.training else infer

    def way(self, name):
        """body, run in that way."""
        import torch

        if name == "reduce-overhead":
            body = self.body(torch.compile(self.net, mode="reduce-overhead", dynamic=False))

            def step():
                torch.compiler.cudagraph_mark_step_begin()
                return body()

            return step
        if name.startswith("compile") and not self.compiled:
            self.compiled = torch.compile(self.net, dynamic=False)
        body = self.body(self.compiled if name.startswith("compile") else self.net)
        return self.recorded(body) if name.endswith("graph") else body

    @staticmethod
    def recorded(body):
        import torch

        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                body()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = body()

        def step():
            graph.replay()
            return result

        return step

    def upload(self):
        self.x.copy_(self.host[0], non_blocking=True)
        if self.training:
            self.label.copy_(self.host[1], non_blocking=True)

    def steps(self, name):
        """A function that makes a step: waits for the answer; in training, for the loss of the step before."""
        import torch

        body, seen, count = self.way(name), [], 0

        def step():
            nonlocal count
            self.upload()
            result = body()
            if not self.cuda:
                return
            if not seen:
                hosts = [torch.empty_like(result, device="cpu", pin_memory=True) for _ in range(2)]
                seen.extend((host, torch.cuda.Event()) for host in hosts)
            host, done = seen[count % 2]
            host.copy_(result, non_blocking=True)
            done.record()
            count += 1
            host, done = seen[count % 2 if self.training and count > 1 else (count - 1) % 2]
            done.synchronize()
            if self.training and not host.item() < float("inf"):
                sys.exit("the loss is not finite")

        return step

    def rate(self, step, seconds):
        """Images in a second, by the median step."""
        self.wait()
        begin = time.perf_counter()
        while time.perf_counter() - begin < seconds / 10:
            step()
        self.wait()
        took, begin = [], time.perf_counter()
        while len(took) < 3 or time.perf_counter() - begin < seconds:
            t = time.perf_counter()
            step()
            took.append(time.perf_counter() - t)
        t = time.perf_counter()
        self.wait()
        took[0] += time.perf_counter() - t  # what the first step did not have to wait for
        return self.batch / statistics.median(took)

    def wait(self):
        import torch

        if self.cuda:
            torch.cuda.synchronize()


def say(*words):
    print(*words, sep="\t", flush=True)


def one_line(problem):
    return "%s: %s" % (type(problem).__name__, " ".join(str(problem).split())[:200])


def try_way(cell, way):
    """The way's step and its rate; None where it does not work."""
    try:
        step = cell.steps(way)
        for _ in range(4):  # replays are recorded in the second or third
            step()
        rate = cell.rate(step, TRIAL)
        say("tried", way, "%.6g" % rate)
        return rate, way, step
    except Exception as problem:
        say("failed", way, one_line(problem))
        return None


def prepare(name, mode, device, precision, batch, seconds):
    """The cell, and its fastest step (None: no way works)."""
    import gc

    import torch
    import torch_nets  # noqa: F401 # what imports take is not counted

    cell, best = None, None
    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        torch._dynamo.reset()
        gc.collect()
        if device != "cpu":
            torch.cuda.empty_cache()
        cell = Cell(name, mode, device, precision, batch)
        for way in WAYS if cell.cuda else ["eager", "compile"]:
            found = try_way(cell, way)
            if found and (not best or found[0] > best[0]):
                best = found
            if found and way == "compile-graph":
                break
    except OutOfTime:
        say("failed", "the rest", "out of time")
    except Exception as problem:
        say("failed", "all", one_line(problem))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    say(*(("ready", best[1], "%.6g" % best[0]) if best else ("none",)))
    return cell, best and best[2]


def check():
    import torch

    if not torch.cuda.is_available():
        sys.exit(69)
    print(torch.__version__, "on", torch.cuda.get_device_name())


def serve(name, mode, device="cuda"):
    cell = step = None
    for line in sys.stdin:
        what, *rest = line.split()
        if what == "prepare":
            cell = step = None  # give its memory back
            cell, step = prepare(name, mode, device, rest[0], int(rest[1]), float(rest[2]))
        elif what == "run" and step:
            say("rate", "%.6g" % cell.rate(step, float(rest[0])))
        else:
            say("none")


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    check() if sys.argv[1:] == ["check"] else serve(*sys.argv[1:])
