"""Writes optimizers.json: sixty steps of published optimizers in NumPy, written from the pseudo-code of their papers, on a fourth-degree
polynomial of a matrix and a vector with noise in its gradient. Run: python3 test/oracle/optimizers.py > test/oracle/optimizers.json"""
import json
import numpy as np

A = np.array([[1.0, 0.2, 0.0], [0.2, 2.0, 0.1], [0.0, 0.1, 0.5]])
B = np.array([[1.0, -0.5], [0.25, 0.5], [-1.0, 0.75]])
START = {"means": np.array([[1.0, -2.0], [0.5, 1.5], [-1.0, 0.25]]), "logits": np.array([0.5, -0.75, 1.0])}
STEPS = 60


def noise(step):
    """A gradient of a linear term, so that steps differ: multiples of 1/10."""
    entry = lambda i: ((7 * step + 13 * i) % 11 - 5) / 10
    return {"means": np.array([entry(i) for i in range(6)]).reshape(3, 2), "logits": np.array([entry(i) for i in range(6, 9)])}


def gradient(x, step):
    """Of ½ tr WᵀAW − tr BᵀW + Σ b⁴/4 − 0.15 b² + 0.05 Σ_i b_i |w_i|² + noise · x."""
    W, b, n = x["means"], x["logits"], noise(step)
    return {
        "means": A @ W - B + 0.1 * b[:, None] * W + n["means"],
        "logits": b**3 - 0.3 * b + 0.05 * (W * W).sum(1) + n["logits"],
    }


def entrywise(update):
    """Runs an update of (x, g, memory, n), one array at a time, from an empty memory."""
    def run(record):
        x = {k: v.copy() for k, v in START.items()}
        memory = {k: {} for k in x}
        for n in range(1, STEPS + 1):
            g = gradient(x, n - 1)
            x = {k: update(x[k], g[k], memory[k], n) for k in x}
            record(n, x, x)
    return run


def mean(memory, name, decay, value):
    memory[name] = decay * memory.get(name, np.zeros_like(value)) + (1 - decay) * value
    return memory[name]


def adabelief(lr=0.05, b1=0.9, b2=0.99, eps=1e-8):
    # Zhuang et al. 2020, algorithm 2
    def update(x, g, s, n):
        m = mean(s, "m", b1, g)
        s["s"] = b2 * s.get("s", np.zeros_like(g)) + (1 - b2) * (g - m) ** 2 + eps
        return x - lr * (m / (1 - b1**n)) / (np.sqrt(s["s"] / (1 - b2**n)) + eps)
    return entrywise(update)


def yogi(lr=0.05, b1=0.9, b2=0.99, eps=1e-3, start=1e-6):
    # Zaheer et al. 2018, algorithm 2
    def update(x, g, s, n):
        m = mean(s, "m", b1, g)
        v = s.get("v", np.full_like(g, start))
        s["v"] = v - (1 - b2) * np.sign(v - g**2) * g**2
        return x - lr * m / (np.sqrt(s["v"]) + eps)
    return entrywise(update)


def adan(lr=0.05, b1=0.02, b2=0.08, b3=0.01, eps=1e-8):
    # Xie et al. 2022, algorithm 1, with its betas, and the corrections of m, v, n for their start at 0
    def update(x, g, s, n):
        d = g - s.get("g", g)
        s["g"] = g
        m, v = mean(s, "m", 1 - b1, g), mean(s, "v", 1 - b2, d)
        q = mean(s, "n", 1 - b3, (g + (1 - b2) * d) ** 2)
        m, v, q = m / (1 - (1 - b1) ** n), v / (1 - (1 - b2) ** n), q / (1 - (1 - b3) ** n)
        return x - lr / (np.sqrt(q) + eps) * (m + (1 - b2) * v)
    return entrywise(update)


def ademamix(lr=0.01, b1=0.9, b2=0.99, b3=0.999, alpha=5.0, eps=1e-8, warm=40):
    # Pagliardini, Ablin & Grangier 2024, algorithm 1 with the schedulers of section 3
    def update(x, g, s, n):
        a = min(n * alpha / warm, alpha)
        top, low = np.log(b3), np.log(b1)
        b = min(np.exp(low * top / ((1 - n / warm) * top + n / warm * low)), b3) if n < warm else b3
        m1, v = mean(s, "m1", b1, g), mean(s, "v", b2, g * g)
        m2 = mean(s, "m2", b, g)
        return x - lr * (m1 / (1 - b1**n) + a * m2) / (np.sqrt(v / (1 - b2**n)) + eps)
    return entrywise(update)


def lamb(lr=0.02, b1=0.9, b2=0.99, eps=1e-6, decay=0.01):
    # You et al. 2020, algorithm 2, with the norm itself for phi
    def update(x, g, s, n):
        m, v = mean(s, "m", b1, g), mean(s, "v", b2, g * g)
        u = (m / (1 - b1**n)) / (np.sqrt(v / (1 - b2**n)) + eps) + decay * x
        return x - lr * np.linalg.norm(x) / np.linalg.norm(u) * u
    return entrywise(update)


def lars(lr=0.5, trust=0.02, momentum=0.9, decay=0.01):
    # You, Gitman & Ginsburg 2017, algorithm 1, with |g + decay x| for its |g| + decay |x|
    def update(x, g, s, n):
        u = g + decay * x
        s["v"] = momentum * s.get("v", np.zeros_like(g)) + lr * trust * np.linalg.norm(x) / np.linalg.norm(u) * u
        return x - s["v"]
    return entrywise(update)


def muon(lr=0.05, momentum=0.95, adam_lr=0.05, b1=0.9, b2=0.999, eps=1e-8):
    # Jordan et al. 2024: Newton–Schulz of Nesterov's momentum for the matrix, Adam for the vector
    def newton_schulz(G):
        X = G / np.linalg.norm(G)
        if G.shape[0] > G.shape[1]: X = X.T
        for _ in range(5):
            S = X @ X.T
            X = 3.4445 * X + (-4.7750 * S + 2.0315 * S @ S) @ X
        return X.T if G.shape[0] > G.shape[1] else X
    def update(x, g, s, n):
        if x.ndim == 1:
            m, v = mean(s, "m", b1, g), mean(s, "v", b2, g * g)
            return x - adam_lr * (m / (1 - b1**n)) / (np.sqrt(v / (1 - b2**n)) + eps)
        s["v"] = momentum * s.get("v", np.zeros_like(g)) + g
        return x - lr * max(1, x.shape[0] / x.shape[1]) ** 0.5 * newton_schulz(g + momentum * s["v"])
    return entrywise(update)


def flat(x): return np.concatenate([x["means"].ravel(), x["logits"]])
def named(v): return {"means": v[:6].reshape(3, 2), "logits": v[6:]}


def schedule_free(lr=0.1, beta=0.9, b2=0.99, eps=1e-8, warm=10):
    # Defazio et al. 2024, algorithm 1: Adam without momentum as the base, weights of the squared rate
    def run(record):
        z = x = flat(START); v = np.zeros(9); total = 0.0
        for n in range(1, STEPS + 1):
            y = (1 - beta) * z + beta * x
            g = flat(gradient(named(y), n - 1))
            rate = lr * min(1, n / warm)
            v = b2 * v + (1 - b2) * g * g
            z = z - rate * g / (np.sqrt(v / (1 - b2**n)) + eps)
            total += rate**2
            x = (1 - rate**2 / total) * x + rate**2 / total * z
            record(n, named((1 - beta) * z + beta * x), named(x))
    return run


def prodigy(b1=0.9, b2=0.999, eps=1e-8, d=1e-3, warm=5):
    # Mishchenko & Defazio 2023, algorithm 4
    def run(record):
        x0 = x = flat(START); D = d
        m = v = s = np.zeros(9); r = 0.0
        for n in range(1, STEPS + 1):
            g = flat(gradient(named(x), n - 1)); lr = min(1, n / warm)
            m = b1 * m + (1 - b1) * D * g
            v = b2 * v + (1 - b2) * D**2 * g**2
            r = b2**0.5 * r + (1 - b2**0.5) * lr * D**2 * (g @ (x0 - x))
            s = b2**0.5 * s + (1 - b2**0.5) * lr * D**2 * g
            step = lr * D * m / (np.sqrt(v) + D * eps)
            D = max(D, r / np.abs(s).sum())
            x = x - step
            record(n, named(x), named(x))
    return run


def dog(start=1e-2, eps=1e-8):
    # Ivgi, Hinder & Carmon 2023, section 2
    def run(record):
        x0 = x = flat(START); r = start * (1 + np.linalg.norm(x0)); G = 0.0
        for n in range(1, STEPS + 1):
            g = flat(gradient(named(x), n - 1))
            r = max(r, np.linalg.norm(x - x0)); G += g @ g
            x = x - r / np.sqrt(G + eps) * g
            record(n, named(x), named(x))
    return run


def sam(rho=0.1, lr=0.1):
    # Foret et al. 2021, algorithm 1, p = 2, on plain descent
    def run(record):
        x = flat(START)
        for n in range(1, STEPS + 1):
            g = flat(gradient(named(x), n - 1))
            x = x - lr * flat(gradient(named(x + rho * g / np.linalg.norm(g)), n - 1))
            record(n, named(x), named(x))
    return run


if __name__ == "__main__":
    out = {}
    for make in [adabelief, yogi, adan, ademamix, lamb, lars, muon, schedule_free, prodigy, dog, sam]:
        rows = []
        def record(n, x, estimate):
            if n in (1, 10, 30, STEPS):
                rows.append({"step": n, "params": flat(x).tolist(), "estimate": flat(estimate).tolist()})
        make()(record)
        out[make.__name__] = rows
    print(json.dumps(out, indent=1))
