"""scikit-learn's families and 1 to 9 components on standardized columns, ten starts each: what BIC and ICL choose, and how likely BIC's
choice from the first `train` rows finds the others, as JSON."""
import json, sys, time, warnings
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

warnings.filterwarnings("ignore", category=ConvergenceWarning)
given = np.loadtxt(sys.argv[1], delimiter=",", ndmin=2)
known, train = int(sys.argv[2]), int(sys.argv[3])
least = lambda of, among: min(among, key=of)[2]


def learned(x):
    found = []
    for family in ["spherical", "diag", "tied", "full"]:
        for components in range(1, 10):
            model = GaussianMixture(components, covariance_type=family, n_init=10, random_state=0).fit(x)
            bic = model.bic(x)
            # As mclust has it: less what rows are unsure of.
            icl = bic - 2 * np.log(model.predict_proba(x).max(1)).sum()
            found.append((bic, icl, model))
    return found


def told(model):
    return dict(family=model.covariance_type, components=model.n_components, classes=model.predict(x).tolist())


x = (given - given.mean(0)) / given.std(0)
start = time.process_time()
found = learned(x)
spent = 1000 * (time.process_time() - start)
of_known = [one for one in found if one[2].n_components == known]
mean, std = given[:train].mean(0), given[:train].std(0)
half = least(lambda one: one[0], learned((given[:train] - mean) / std))
print(json.dumps(dict(
    bic=told(least(lambda one: one[0], found)), icl=told(least(lambda one: one[1], found)),
    known=told(least(lambda one: one[0], of_known)) if of_known else None,
    held=half.score((given[train:] - mean) / std) - np.log(std).sum(), time=spent)))
