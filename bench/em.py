"""scikit-learn's steps of EM from given parameters: a line with a number asks for the milliseconds of so many, [by the clock, of all processors]."""
import json, sys, time
import numpy as np
from sklearn.mixture import GaussianMixture

file, dim, K, kind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
x = np.fromfile(file, dtype=np.float64).reshape(-1, dim)
model = GaussianMixture(K, covariance_type=kind)
resp = np.random.RandomState(0).dirichlet(np.ones(K), len(x))
model._initialize(x, resp)
model.means_ = np.fromfile(sys.argv[5], dtype=np.float64).reshape(K, dim)


def step():
    _, log_resp = model._e_step(x)
    model._m_step(x, log_resp)


step()
print("ready", flush=True)
for line in sys.stdin:
    clock, used = time.perf_counter(), time.process_time()
    for _ in range(int(line)):
        step()
    print(json.dumps([1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - used)]), flush=True)
