"""Steps of a peer, timed as tests/bench/nets.c times ours, and the same line of numbers."""
import resource
import statistics
import time


def measure(step, seconds, start):
    """Runs it, a tenth of the time and three times to warm up and then for that many seconds, at least three times.

    start: time.perf_counter() before the peer was made ready. Returns what line() takes: seconds of a step, the median and
    the least, milliseconds from start to the end of the first, and the least seconds of processors' time of a step."""
    step()
    first = time.perf_counter()
    warm = 0
    while warm < 3 or time.perf_counter() - first < seconds / 10:  # TorchScript specialises in its second and third run
        step()
        warm += 1
    took, worked, begin = [], [], time.perf_counter()
    while len(took) < 3 or time.perf_counter() - begin < seconds:
        cpu, t = time.process_time(), time.perf_counter()
        step()
        took.append(time.perf_counter() - t)
        worked.append(time.process_time() - cpu)
    return statistics.median(took), min(took), (first - start) * 1e3, min(worked)


def line(batch, median, best, start_ms, worked):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    numbers = [batch / median, batch / best, median * 1e3, best * 1e3, peak, start_ms, worked * 1e3]
    return "\t".join("%.6g" % v for v in numbers)
