"""scikit-learn's log-likelihood a row, the best of ten starts, of tied and diagonal covariances, 2 to 6 components: as JSON."""
import json, sys, warnings
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

warnings.filterwarnings("ignore", category=ConvergenceWarning)
x = np.loadtxt(sys.argv[1], delimiter=",", ndmin=2)
best = lambda family, K: GaussianMixture(
    K, covariance_type=family, n_init=10, random_state=0, tol=1e-7, max_iter=2000).fit(x).score(x)
print(json.dumps({name: [best(family, K) for K in range(2, 7)] for name, family in [("tied", "tied"), ("diagonal", "diag")]}))
