"""Writes errors.json: extreme deconvolution (Bovy, Hogg & Roweis 2011) in NumPy, written from the paper's formulas. That its step goes up the likelihood
is checked here by differences of the log-likelihood: dL/dc_k = Sigma_k^-1 n_k (c_k' - c_k). Run: python3 test/oracle/errors.py > test/oracle/errors.json"""
import json
import numpy as np

def parts(X, R, w, c, S):
    N, d = X.shape; K = len(w)
    log = np.empty((N, K)); b = np.empty((N, K, d)); B = np.empty((N, K, d, d))
    for i in range(N):
        o = ~np.isnan(X[i])
        for k in range(K):
            T = (S[k] + R[i])[np.ix_(o, o)]
            r = X[i, o] - c[k, o]
            P = np.linalg.inv(T)
            log[i, k] = np.log(w[k]) - .5 * (np.linalg.slogdet(T)[1] + r @ P @ r + o.sum() * np.log(2 * np.pi))
            b[i, k] = c[k] + S[k][:, o] @ P @ r
            B[i, k] = S[k] - S[k][:, o] @ P @ S[k][o]
    return log, b, B

def loglik(X, R, w, c, S):
    log = parts(X, R, w, c, S)[0]
    top = log.max(1, keepdims=True)
    return float((top[:, 0] + np.log(np.exp(log - top).sum(1))).sum())

def step(X, R, w, c, S):
    log, b, B = parts(X, R, w, c, S)
    q = np.exp(log - log.max(1, keepdims=True)); q /= q.sum(1, keepdims=True)
    n = q.sum(0)
    c2 = np.einsum('ik,ikj->kj', q, b) / n[:, None]
    D = b - c2[None]
    S2 = np.einsum('ik,ikjl->kjl', q, D[..., :, None] * D[..., None, :] + B) / n[:, None, None]
    return n / n.sum(), c2, S2

rng = np.random.default_rng(5)
N, d, K = 60, 2, 2
z = rng.integers(0, 2, N)
X0 = np.array([[-2, 0], [2, .5]])[z] + rng.normal(size=(N, d)) @ np.array([[1, .5], [0, .6]])
R = np.empty((N, d, d))
for i in range(N):
    A = rng.normal(size=(d, d)) * rng.uniform(.1, .5)
    R[i] = np.diag(rng.uniform(0, .5, d) ** 2) if i % 2 else A @ A.T
R[:3] = 0
X = np.array([rng.multivariate_normal(X0[i], R[i]) for i in range(N)])
X, R = np.round(X, 6), np.round(R, 9)
start = (np.array([.4, .6]), np.array([[-1., .2], [1., 0.]]), np.array([[[1., .2], [.2, .7]], [[.8, -.1], [-.1, .5]]]))
cases = []
for holes in (False, True):
    x = X.copy()
    if holes: x[::5, 0] = np.nan; x[2::7, 1] = np.nan
    w, c, S = start
    after = step(x, R, *start)
    log = parts(x, R, *start)[0]; q = np.exp(log - log.max(1, keepdims=True)); q /= q.sum(1, keepdims=True)
    for k in range(K):
        for j in range(d):
            h = 1e-5; e = np.zeros_like(c); e[k, j] = h
            slope = (loglik(x, R, w, c + e, S) - loglik(x, R, w, c - e, S)) / (2 * h)
            assert abs(slope - (np.linalg.inv(S[k]) @ (after[1][k] - c[k]) * q.sum(0)[k])[j]) < 1e-7
    at, last = start, -np.inf
    for _ in range(20000):
        now = loglik(x, R, *at)
        assert now > last - 1e-10
        if now - last < 1e-12: break
        at, last = step(x, R, *at), now
    cases.append(dict(rows=[[None if np.isnan(v) else v for v in r] for r in x], loglik=loglik(x, R, *start),
                      weights=after[0].tolist(), means=after[1].tolist(), covariances=after[2].tolist(), converged=last))
print(json.dumps(dict(
    about='Rows with errors of covariances R and two full components: the log-likelihood at the start, one step of extreme deconvolution from it, and the log-likelihood at which steps converge. '
          'The second case has missing cells. Made by test/oracle/errors.py.',
    numpy=np.__version__, errors=R.tolist(), weights=start[0].tolist(), means=start[1].tolist(), covariances=start[2].tolist(), cases=cases)))
