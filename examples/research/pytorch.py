"""Trains the network of pytorch.ts in PyTorch, on noise prediction, and samples six points by Heun's method in double precision.

python3 examples/research/pytorch.py    (Debian: python3-torch, python3-safetensors)
"""
import json
import math

import torch
from safetensors.numpy import save_file

torch.set_default_dtype(torch.float64)
torch.manual_seed(1)
frequencies = torch.exp(torch.arange(4) * math.log(16 / 0.5) / 3) / 16


class Denoiser(torch.nn.Module):
    def __init__(self):
        super().__init__()
        layers = [torch.nn.Linear(10, 16), torch.nn.SiLU(), torch.nn.Linear(16, 16), torch.nn.SiLU(), torch.nn.Linear(16, 2)]
        self.net = torch.nn.Sequential(*layers)

    def forward(self, x, alpha, sigma):
        phases = 2 * math.pi * frequencies * torch.atan2(sigma, alpha) * 2 / math.pi
        return self.net(torch.cat([x, torch.cos(phases), torch.sin(phases)], 1))


def level(t):
    return torch.exp(-t), torch.sqrt(-torch.expm1(-2 * t))


model = Denoiser()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
centres = torch.tensor([[-2.0, 0.0], [1.0, 1.5], [1.0, -1.5]])
for _ in range(2000):
    clean = centres[torch.randint(3, (256,))] + 0.3 * torch.randn(256, 2)
    t = 0.01 + 2.99 * torch.rand(256, 1)
    alpha, sigma = level(t)
    noise = torch.randn(256, 2)
    loss = ((model(alpha * clean + sigma * noise, alpha, sigma) - noise) ** 2).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.no_grad()
def velocity(x, t):
    """dx/dtheta of x = cos(theta) x_0 + sin(theta) z."""
    alpha, sigma = level(torch.tensor(t))
    noise = model(x, alpha.expand(len(x), 1), sigma.expand(len(x), 1))
    return alpha * noise - sigma * (x - sigma * noise) / alpha


start = torch.randn(6, 2)
x, times = start, [3 - 2.99 * i / 20 for i in range(21)]
for now, then in zip(times, times[1:]):
    (a, s), (b, r) = level(torch.tensor(now)), level(torch.tensor(then))
    step = torch.atan2(r, b) - torch.atan2(s, a)
    slope = velocity(x, now)
    x = x + step / 2 * (slope + velocity(x + step * slope, then))

save_file({name: array.numpy() for name, array in model.state_dict().items()}, "examples/research/pytorch.safetensors")
with open("examples/research/pytorch.json", "w") as file:
    json.dump({"torch": torch.__version__, "loss": loss.item(), "start": start.tolist(), "end": x.tolist()}, file, indent=1)
