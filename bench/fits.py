"""scikit-learn's EM from k-means starts, each by itself: for each seed, the mean log-likelihood and processor milliseconds."""
import json, sys, time, warnings
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

warnings.filterwarnings("ignore", category=ConvergenceWarning)
file, dim, K, starts = sys.argv[1], *map(int, sys.argv[2:5])
x = np.fromfile(file, dtype=np.float64).reshape(-1, dim)
fits = []
for seed in range(starts):
    start = time.process_time()
    # Its usual tolerance, 1e-3 a row, would stop short of the 1e-3 that decide here.
    model = GaussianMixture(K, covariance_type="spherical", tol=1e-6, max_iter=1000, random_state=seed).fit(x)
    fits.append([model.score(x), 1000 * (time.process_time() - start)])
print(json.dumps(fits))
