"""The network of bench/networks.ts in PyTorch: learned and sampled as it asks, in one thread; prints processor seconds."""

import json
import math
import sys
import time

import numpy as np
import torch

directory = sys.argv[1]
torch.set_num_threads(1)
torch.manual_seed(0)
asked = json.load(open(f"{directory}/asked.json"))
X = torch.tensor(np.fromfile(f"{directory}/x"), dtype=torch.float32).reshape(-1, 2)
shapes = asked["shapes"]
flat = np.fromfile(f"{directory}/weights")
weights = [
    torch.tensor(part, dtype=torch.float32).reshape(shape).requires_grad_(True)
    for part, shape in zip(np.split(flat, np.cumsum([math.prod(s) for s in shapes])[:-1]), shapes)
]
waves = 2 * math.pi * torch.tensor(asked["waves"], dtype=torch.float32).reshape(2, -1)
frequencies = 2 * math.pi * torch.tensor(asked["frequencies"], dtype=torch.float32)


def network(weights, x, log_snr):
    """F of x, of unit size where α² + σ² = 1."""
    of_point, of_level = x @ waves, -0.125 * log_snr * frequencies
    h = torch.cat([x, of_point.cos(), of_point.sin(), of_level.cos(), of_level.sin()], 1)
    for i in range(0, len(weights), 2):
        h = torch.addmm(weights[i + 1], h, weights[i])
        if i + 2 < len(weights):
            h = torch.nn.functional.silu(h)
    return h


optimizer = torch.optim.Adam(weights, lr=0.0)
means = [w.detach().clone() for w in weights]
rows, batch, decay = len(X), asked["batch"], asked["decay"]
start = time.process_time()
order, at = torch.randperm(rows), 0
for step, rate in enumerate(asked["rates"]):
    if at + batch > rows:
        rest, order = order[at:], torch.randperm(rows)
        chosen, at = torch.cat([rest, order[: batch - len(rest)]]), batch - len(rest)
    else:
        chosen, at = order[at : at + batch], at + batch
    clean, z = X[chosen], torch.randn(batch, 2)
    log_snr = 12 * torch.rand(batch, 1) - 5
    alpha, sigma = log_snr.sigmoid().sqrt(), (-log_snr).sigmoid().sqrt()
    x = alpha * clean + sigma * z
    # EDM's target, (x_0 − c_skip x)/c_out with c_skip = α and c_out = σ.
    loss = ((network(weights, x, log_snr) - (clean - alpha * x) / sigma) ** 2).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    optimizer.param_groups[0]["lr"] = rate
    optimizer.step()
    with torch.no_grad():
        share = (1 - decay) / (1 - decay ** (step + 1))
        for mean, w in zip(means, weights):
            mean += share * (w - mean)
seconds = time.process_time() - start

with torch.no_grad():

    def slope(ratio, x):
        """dx/dθ of the probability flow at σ/α, θ its arctangent."""
        alpha, sigma = 1 / math.hypot(1, ratio), ratio / math.hypot(1, ratio)
        level = torch.full((len(x), 1), -2 * math.log(ratio))
        clean = alpha * x + sigma * network(means, x, level)
        return -ratio * (x + (alpha * clean - x) / sigma**2)

    for steps in asked["heun"]:
        ratios = np.exp(np.linspace(*(math.log(end) for end in asked["ends"]), steps + 1))
        x = torch.randn(asked["drawn"], 2)
        for here, there in zip(ratios, ratios[1:]):
            h = math.atan(there) - math.atan(here)
            first = slope(here, x)
            x = x + h / 2 * (first + slope(there, x + h * first))
        x.double().numpy().tofile(f"{directory}/samples{steps}")
print(seconds)
