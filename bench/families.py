"""scikit-learn's families and 1 to 9 components on standardized columns, ten starts each: what BIC and ICL choose, as JSON."""
import json, sys, time, warnings
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

warnings.filterwarnings("ignore", category=ConvergenceWarning)
x = np.loadtxt(sys.argv[1], delimiter=",")
x = (x - x.mean(0)) / x.std(0)
known = int(sys.argv[2])
start = time.process_time()
found = []
for family in ["spherical", "diag", "tied", "full"]:
    for components in range(1, 10):
        model = GaussianMixture(components, covariance_type=family, n_init=10, random_state=0).fit(x)
        bic = model.bic(x)
        # As mclust has it: less what rows are unsure of.
        icl = bic - 2 * np.log(model.predict_proba(x).max(1)).sum()
        found.append((bic, icl, dict(family=family, components=components, classes=model.predict(x).tolist())))
spent = 1000 * (time.process_time() - start)
least = lambda of, among: min(among, key=of)[2]
of_known = [one for one in found if one[2]["components"] == known]
print(json.dumps(dict(
    bic=least(lambda one: one[0], found), icl=least(lambda one: one[1], found),
    known=least(lambda one: one[0], of_known) if of_known else None, time=spent)))
