"""Writes factors.json: mixtures of factor analysers by direct maximisation (L-BFGS-B on all parameters, no expectation-maximization), and by
scikit-learn's FactorAnalysis where there is one component. Run: python3 test/oracle/factors.py > test/oracle/factors.json"""
import csv, json
import numpy as np
import scipy, sklearn
from scipy.optimize import minimize
from sklearn.decomposition import FactorAnalysis

KINDS = ['UUU', 'UUC', 'UCU', 'UCC', 'CUU', 'CUC', 'CCU', 'CCC']

def shapes(kind, K, d, q):
    return [(1 if kind[0] == 'C' else K, d, q), (1 if kind[1] == 'C' else K, 1 if kind[2] == 'C' else d)]

def unpack(kind, x, K, d, q):
    (a, _, _), (b, c) = shapes(kind, K, d, q)
    F = x[:a * d * q].reshape(a, d, q)
    l = x[a * d * q:].reshape(b, c)
    return F, l

def sigmas(F, l, K, d):
    psi = np.exp(np.broadcast_to(l, (K, d)))
    return F @ F.transpose(0, 2, 1) + np.array([np.diag(p) for p in psi]), psi

def pull(kind, G, F, l, K, d, q):
    """Gradients by F and l of those by Sigma_k, [K, d, d]."""
    gF = np.broadcast_to(2 * G @ np.broadcast_to(F, (K, d, q)), (K, d, q))
    gl = np.array([np.diag(g) for g in G]) * np.exp(np.broadcast_to(l, (K, d)))
    gF = gF.sum(0, keepdims=True) if kind[0] == 'C' else gF
    gl = gl.sum(0, keepdims=True) if kind[1] == 'C' else gl
    gl = gl.sum(1, keepdims=True) if kind[2] == 'C' else gl
    return np.concatenate([gF.ravel(), gl.ravel()])

def lbfgs(f, x0, bounds=None):
    best = x0
    for _ in range(3):
        best = minimize(f, best, jac=True, method='L-BFGS-B', bounds=bounds,
                        options=dict(maxiter=20000, maxfun=40000, ftol=1e-16, gtol=1e-11, maxcor=60)).x
    return best

def mstep(kind, n, S, q, floor, level, rng, starts=12):
    K, d, _ = S.shape
    alpha, sigma = level
    sizes = [int(np.prod(s)) for s in shapes(kind, K, d, q)]
    def f(x):
        F, l = unpack(kind, x, K, d, q)
        s, _ = sigmas(F, l, K, d)
        T = alpha**2 * s + sigma**2 * np.eye(d)
        P = np.linalg.inv(T)
        value = sum(n[k] * (np.linalg.slogdet(T[k])[1] + np.trace(P[k] @ S[k])) for k in range(K))
        G = np.array([alpha**2 * n[k] * (P[k] - P[k] @ S[k] @ P[k]) for k in range(K)])
        return value, pull(kind, G, F, l, K, d, q)
    bounds = [(None, None)] * sizes[0] + [(np.log(floor), None)] * sizes[1]
    best = None
    for _ in range(starts):
        x = lbfgs(f, np.concatenate([rng.normal(size=sizes[0]), rng.normal(size=sizes[1]) * .3]), bounds)
        if best is None or f(x)[0] < best[0]: best = (f(x)[0], x)
    return best

def mixture(kind, X, labels, K, q, rng):
    """The log-likelihood at the maximum that the M-step of labels is near."""
    N, d = X.shape
    n = np.array([(labels == k).sum() for k in range(K)])
    m = np.array([X[labels == k].mean(0) for k in range(K)])
    S = np.array([np.cov(X[labels == k].T, bias=True) for k in range(K)])
    _, own = mstep(kind, n, S, q, 1e-3, (1, 0), rng, 3)
    def f(x):
        c = x[:K * d].reshape(K, d); b = x[K * d:K * d + K]; z = x[K * d + K:]
        F, l = unpack(kind, z, K, d, q)
        s, _ = sigmas(F, l, K, d)
        P = np.linalg.inv(s)
        logpi = b - np.log(np.exp(b - b.max()).sum()) - b.max()
        r = X[:, None] - c[None]
        Pr = np.einsum('kij,nkj->nki', P, r)
        logs = logpi - .5 * (np.linalg.slogdet(s)[1] + np.einsum('nki,nki->nk', r, Pr) + d * np.log(2 * np.pi))
        top = logs.max(1, keepdims=True)
        whole = top[:, 0] + np.log(np.exp(logs - top).sum(1))
        w = np.exp(logs - whole[:, None])
        gc = np.einsum('nk,nki->ki', w, Pr)
        gb = w.sum(0) - N * np.exp(logpi)
        G = .5 * (np.einsum('nk,nki,nkj->kij', w, Pr, Pr) - w.sum(0)[:, None, None] * P)
        return -whole.sum(), -np.concatenate([gc.ravel(), gb, pull(kind, G, F, l, K, d, q)])
    bounds = [(None, None)] * (len(own) + K * d + K)
    nl = int(np.prod(shapes(kind, K, d, q)[1]))
    bounds[-nl:] = [(np.log(1e-3), None)] * nl
    x = lbfgs(f, np.concatenate([m.ravel(), np.log(n / N), own]), bounds)
    return -f(x)[0]

rng = np.random.default_rng(11)
round12 = lambda a: np.vectorize(lambda x: float('%.14g' % x))(np.asarray(a)).tolist()
steps = []
for K, d, q in [(3, 5, 2), (2, 4, 1)]:
    n = rng.uniform(5, 30, K)
    common = rng.normal(size=(d, q))
    S = []
    for k in range(K):
        A = (common + .4 * rng.normal(size=(d, q))) @ rng.normal(size=(q, 60)) + np.exp(rng.normal(size=(d, 1)) * .3) * rng.normal(size=(d, 60))
        S.append(A @ A.T / 60)
    S = np.array(S)
    models = {}
    for kind in KINDS:
        models[kind] = dict(
            free=float(mstep(kind, n, S, q, .05, (1, 0), rng)[0]),
            floored=float(mstep(kind, n, S, q, 1.2, (1, 0), rng)[0]),
            noisy=float(mstep(kind, n, S, q, .05, (.8, .6), rng)[0]))
    steps.append(dict(mass=round12(n), scatters=round12(S), rank=q, floor=1.2, level=[.8, .6], models=models))
def standardized(name):
    rows = [r for r in list(csv.reader(open(f'examples/data/{name}.csv')))[1:] if 'NA' not in r and '' not in r]
    X = np.array([[float(x) for x in r[:4]] for r in rows])
    species = sorted({r[4] for r in rows})
    return (X - X.mean(0)) / X.std(0), np.array([species.index(r[4]) for r in rows])

def single(q):
    """Rows of q factors beside noise, which is far from 0."""
    X = np.round(rng.normal(size=(60, q)) @ rng.normal(size=(q, 7)) + rng.normal(size=(60, 7)) * rng.uniform(.5, 1.5, 7), 4)
    return dict(rank=q, rows=X.tolist(), loglik=float(FactorAnalysis(q, tol=1e-14, max_iter=100000, svd_method='lapack').fit(X).score(X) * len(X)))

one = [single(1), single(2)]
three = {kind: float(mixture(kind, *standardized('iris'), 3, 1, rng)) for kind in KINDS}
print(json.dumps(dict(
    about='Mixtures of factor analysers (McNicholas & Murphy 2008). steps: least of sum n log|T| + tr T^-1 S over loadings and noise, T = alpha^2 Sigma + sigma^2; '
          'floored: noise >= floor. floor .05 else. one: log-likelihood of one component, of scikit-learn. three: of three components of rank 1 near the '
          'species of iris, noise >= 1e-3. Made by test/oracle/factors.py.',
    versions=dict(numpy=np.__version__, scipy=scipy.__version__, sklearn=sklearn.__version__),
    steps=steps, one=one, three=three), indent=None))
