"""PyTorch's and torchvision's kernels, asked as worker/protocol.ts describes."""

import json
import os
import signal
import sys
import time

replies = os.fdopen(3, "w")
missing = "python3 has no torchvision"
install = "apt-get install python3-torchvision libopenblas0 (WARPWEAVE_PYTHON names another python3)"

torch = torchvision = ops = None


def load_library(threads):
    """Loads it with so many threads, which its BLAS reads from the environment when it is loaded."""
    global torch, torchvision, ops
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    try:
        import torch
        import torchvision
        from torchvision import ops
    except ImportError:
        torch = None
    else:
        torch.set_num_threads(threads)


def blas():
    """The library that products run in, as the process has it loaded."""
    try:
        with open("/proc/self/maps") as maps:
            names = {os.path.basename(os.path.realpath(line.split()[-1])) for line in maps if "blas" in line}
    except OSError:
        return "not known"  # only Linux tells
    return ", ".join(sorted(names)) or "its own"


def status(name):
    with open("/proc/self/status") as lines:
        for line in lines:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    raise ValueError(name)


def mark_memory():
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
        return status("VmRSS")
    except OSError:
        return None


def load(folder, name, shape):
    with open(os.path.join(folder, name + ".f32"), "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32).reshape(shape)


def forward_of(work, t):
    n = work["numbers"]
    op = work["op"]
    if op == "deform_conv2d":
        return lambda: ops.deform_conv2d(
            t["input"], t["offset"], t["weight"], t.get("bias"), stride=int(n["stride"]),
            padding=int(n["padding"]), mask=t.get("mask"))
    if op == "conv2d":
        return lambda: torch.nn.functional.conv2d(
            t["input"], t["weight"], t.get("bias"), stride=int(n["stride"]), padding=int(n["padding"]))
    if op == "roi_align":
        return lambda: ops.roi_align(t["input"], t["rois"], int(n["P"]), n["scale"], int(n["ratio"]))
    if op == "roi_pool":
        return lambda: ops.roi_pool(t["input"], t["rois"], int(n["P"]), n["scale"])
    if op == "grid_sample":
        return lambda: torch.nn.functional.grid_sample(t["input"], t["grid"], align_corners=False)
    if op == "ps_roi_pool" and (n["GH"], n["GW"]) == (n["PH"], n["PW"]):
        size = (int(n["PH"]), int(n["PW"]))
        return lambda: ops.ps_roi_pool(t["input"], t["rois"], size, n["spatial_scale"])
    if op == "ps_roi_align":
        size = (int(n["PH"]), int(n["PW"]))
        return lambda: ops.ps_roi_align(
            t["input"], t["rois"], size, n["spatial_scale"], int(n["sampling_ratio"]))
    if op == "ms_deform_attn":
        return lambda: attend(t).reshape(work["upstreamShape"])
    return None


def attend(t):
    """Deformable attention out of PyTorch's operators: each level is sampled, then all are weighted and added."""
    batch, _, heads, channels = t["value"].shape
    queries, points = t["location"].shape[1], t["location"].shape[4]
    sides = [(int(h), int(w)) for h, w in t["shapes"]]
    maps = t["value"].split([h * w for h, w in sides], dim=1)
    grids = 2 * t["location"] - 1
    levels = []
    for level, (height, width) in enumerate(sides):
        flat = maps[level].permute(0, 2, 3, 1).reshape(batch * heads, channels, height, width)
        grid = grids[:, :, :, level].transpose(1, 2).flatten(0, 1)
        levels.append(torch.nn.functional.grid_sample(flat, grid, align_corners=False))
    weights = t["attention"].transpose(1, 2).reshape(batch * heads, 1, queries, -1)
    total = (torch.cat(levels, dim=-1) * weights).sum(-1)
    return total.view(batch, heads, channels, queries).permute(0, 3, 1, 2)


class Call:
    def __init__(self, folder):
        with open(os.path.join(folder, "work.json")) as file:
            self.work = work = json.load(file)
        self.tensors = t = {name: load(folder, name, shape) for name, shape in work["shapes"].items()}
        self.upstream = load(folder, "upstream", work["upstreamShape"])
        self.memory = mark_memory()
        self.forward = forward_of(work, t)
        self.results = {}
        if work["grad"]:
            self.wanted = work["differentiable"]
            for name in self.wanted:
                t[name].requires_grad_(True)

    def run(self):
        if not self.work["grad"]:
            with torch.no_grad():
                self.results = {"output": self.forward()}
            return
        inputs = [self.tensors[name] for name in self.wanted]
        gradients = torch.autograd.grad(self.forward(), inputs, self.upstream)
        self.results = dict(zip(["grad_" + name for name in self.wanted], gradients))


def timed(call, least, milliseconds):
    times, cpu = [], []
    call.run()
    start = time.perf_counter()
    while len(times) < least or (time.perf_counter() - start) * 1e3 < milliseconds:
        busy, before = time.process_time(), time.perf_counter()
        call.run()
        times.append((time.perf_counter() - before) * 1e3)
        cpu.append((time.process_time() - busy) * 1e3)
    return {"times": times, "cpu": cpu}


call = None


def answer(request):
    global call
    do = request["do"]
    if do == "open":
        load_library(request["threads"])
        if torch is None:
            return {"unavailable": missing, "install": install}
        versions = {"torch": torch.__version__, "torchvision": torchvision.__version__,
                    "python": sys.version.split()[0], "blas": blas()}
        return {"device": "CPU", "versions": versions}
    if do == "prepare":
        call = Call(request["folder"])
        if call.forward is None:
            return {"unsupported": "it has no such operator"}
        return {"modes": [{"name": "", "counted": "all of it"}]}
    if do == "time":
        return timed(call, request["least"], request["milliseconds"])
    if do == "read":
        call.run()
        peak = {} if call.memory is None else {"peakBytes": max(0, status("VmHWM") - call.memory)}
        for name, tensor in call.results.items():
            with open(os.path.join(request["folder"], name + ".f32"), "wb") as file:
                file.write(tensor.detach().contiguous().numpy().tobytes())
        return {"outputs": list(call.results), **peak}
    call = None
    return {"done": True}


signal.signal(signal.SIGINT, signal.SIG_IGN)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        said = answer(asked)
    except Exception as error:  # told to the one who asked
        said = {"failed": str(error).split("\n")[0]}
    replies.write(json.dumps(said) + "\n")
    replies.flush()
    if asked["do"] == "close":
        break
