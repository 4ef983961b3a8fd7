"""Peers of scripts/bench that read ONNX, each in single precision.

    bench-engines.py versions    a line for each that is here: its word and what it calls its version
    bench-engines.py time onnxruntime|openvino FILE BATCH SECONDS THREADS
                                 inferences of random images, and the line of numbers of bench-nets
"""
import importlib.util
import sys
import time

import bench_steps


def onnxruntime(path, batch, threads):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    x = session.get_inputs()[0]
    return [batch, *x.shape[1:]], lambda value: session.run(None, {x.name: value})


def openvino(path, batch, threads):
    import openvino as ov

    core = ov.Core()
    model = core.read_model(path)
    shape = [batch, *(d.get_length() for d in list(model.input(0).partial_shape)[1:])]
    model.reshape(shape)
    how = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32",
           "PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}
    request = core.compile_model(model, "CPU", how).create_infer_request()
    return shape, lambda value: request.infer([value], share_inputs=True, share_outputs=True)


ENGINES = {f.__name__: f for f in (onnxruntime, openvino)}


def bench(engine, path, batch, seconds, threads):
    start = time.perf_counter()
    import numpy as np

    shape, run = ENGINES[engine](path, batch, threads)
    x = np.random.default_rng(1).uniform(-1.7, 1.7, shape).astype("float32")
    print(bench_steps.line(batch, *bench_steps.measure(lambda: run(x), seconds, start)))


if __name__ == "__main__":
    if sys.argv[1] == "time":
        engine, path, *numbers = sys.argv[2:]
        bench(engine, path, int(numbers[0]), float(numbers[1]), int(numbers[2]))
    else:
        for name in ENGINES:
            if importlib.util.find_spec(name):
                print(name, importlib.import_module(name).__version__.split("-")[0])
