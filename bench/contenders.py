"""A contender in Python: answers as bench/contenders.ts does. Arrays come as files of float64, from the directory given."""
import json, math, sys, time
import numpy as np

name, directory, rows, dim, K, custom = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]), sys.argv[6] == "custom"
read = lambda file, shape: np.fromfile(f"{directory}/{file}", dtype=np.float64).reshape(shape)
x, noise, means = read("x", (rows, dim)), read("noise", (rows, dim)), read("means", (K, dim))
alpha = math.exp(-0.3)
sigma = math.sqrt(1 - math.exp(-0.6))
# Wall and processor seconds.
clocks = lambda: np.array([time.perf_counter(), time.process_time()])

if name == "sklearn-em":
    import warnings
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    warnings.filterwarnings("ignore", category=ConvergenceWarning)

    def fitted(iterations):
        # Given precisions and weights, so that initialisation costs next to nothing; tol 0 keeps it from stopping.
        model = GaussianMixture(
            K, covariance_type="spherical", max_iter=iterations, tol=0, reg_covar=0, init_params="random",
            means_init=means, weights_init=np.full(K, 1 / K), precisions_init=np.ones(K), random_state=0,
        )
        model.fit(x)
        return model

    gradient = lambda: fitted(1).means_.ravel().tolist()

    def seconds():
        # The difference of two runs is free of what a fit costs once.
        start = clocks()
        fitted(2)
        middle = clocks()
        fitted(22)
        return ((clocks() - middle) - (middle - start)) / 20

else:
    import torch

    torch.set_num_threads(2)
    X, Z, M = (torch.tensor(v, dtype=torch.float32) for v in (x, noise, means))

    def naive(z):
        m0 = M.clone().requires_grad_(True)
        m = alpha * m0
        point = alpha * X + sigma * z
        w = torch.softmax(point @ m.T - 0.5 * (m * m).sum(1), 1)
        residual = w @ m - point + z / sigma
        loss = ((residual**2 + 1).sqrt() - 1).mean() if custom else (residual**2).sum(1).mean()
        loss.backward()
        return m0.grad

    def projected():
        # The same algorithm as ours, by hand: noise in the span of the means, the loss a function of A = x mᵀ and G.
        with torch.no_grad():
            m = alpha * M
            G = m @ m.T
            values, vectors = torch.linalg.eigh(G)
            root = vectors * values.clamp_min(0).sqrt()
            zeta = torch.randn(rows, K)
            U = zeta @ root.T
            A = alpha * (X @ m.T) + sigma * U
            w = torch.softmax(A - 0.5 * G.diagonal(), 1)
            q = G.diagonal()
            v = w @ G  # <m_i, v>
            wq = (w * q).sum(1, keepdim=True)
            s2 = (w * v).sum(1, keepdim=True)
            sA = (w * A).sum(1, keepdim=True)
            # loss = 2 wq − |v|² − 2 <v, x> + …; g = ∂loss/∂w
            g = 2 * q - 2 * v - 2 * A
            e = w * (g - (w * g).sum(1, keepdim=True))
            fA = e - 2 * w
            inverse = torch.where(values > 1e-6 * values.max(), 1 / values, torch.zeros_like(values))
            gradient = alpha * (fA.T @ X) + sigma * (fA.T @ U) @ (vectors * inverse) @ vectors.T @ m
            onG = 2 * torch.diag(w.sum(0)) - w.T @ w - 0.5 * torch.diag(e.sum(0))
            gradient += 2 * onG @ m
            return alpha * gradient / rows

    def training():
        """A step of Adam on a batch, its rows, levels and noise drawn anew, and the gradient of all rows at the given noise."""
        torch.set_num_threads(1)
        shapes, waves, batch = json.load(open(f"{directory}/network"))
        sizes = [math.prod(shape) for shape in shapes]
        flat = np.fromfile(f"{directory}/weights")
        weights = [
            torch.tensor(part, dtype=torch.float32).reshape(shape).requires_grad_(True)
            for part, shape in zip(np.split(flat, np.cumsum(sizes)[:-1]), shapes)
        ]
        frequencies = 2 * math.pi * torch.tensor(waves, dtype=torch.float32)
        optimizer = torch.optim.Adam(weights, lr=1e-3)

        def loss(clean, z, log_snr):
            h = log_snr.sigmoid().sqrt() * clean + (-log_snr).sigmoid().sqrt() * z
            phases = -0.125 * log_snr * frequencies
            h = torch.cat([h, phases.cos(), phases.sin()], 1)
            for i in range(0, len(weights), 2):
                h = torch.addmm(weights[i + 1], h, weights[i])
                if i + 2 < len(weights):
                    h = torch.nn.functional.silu(h)
            return ((h - z) ** 2).sum(1).mean()

        def step():
            clean = X[torch.randint(rows, (batch,))]
            log_snr = 12 * torch.rand(batch, 1) - 5
            optimizer.zero_grad()
            loss(clean, torch.randn(batch, dim), log_snr).backward()
            optimizer.step()

        def at_start():
            level = torch.full((rows, 1), math.log(alpha**2 / sigma**2))
            return torch.cat([g.ravel() for g in torch.autograd.grad(loss(X, Z, level), weights)]).tolist()

        return step, at_start

    if name == "torch-network":
        step, gradient = training()
    else:
        step = (lambda: naive(torch.randn(rows, dim))) if name == "torch" else projected
        gradient = lambda: naive(Z).ravel().tolist()
    # The projected one's noise is its own: the mean of many draws, which the caller compares within its error.
    average = lambda count: (sum(step().double() for _ in range(count)) / count).ravel().tolist()

    def timed(calls):
        start = clocks()
        for _ in range(calls):
            step()
        return (clocks() - start) / calls

    calls = 0

    def seconds():
        global calls
        if calls == 0:
            timed(2)
            calls = max(1, round(0.06 / timed(2)[0]))
        return timed(calls)

print("ready", flush=True)
for line in sys.stdin:
    question, *count = line.split()
    if question == "average":
        answer = average(int(count[0]))
    else:
        answer = {"gradient": gradient, "time": lambda: (1000 * seconds()).tolist()}.get(question, lambda: None)()
    print(json.dumps(answer), flush=True)
