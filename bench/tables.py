"""Labelled tables that scikit-learn has, as CSV files of a folder: numeric columns, and the class of each row in the last."""
import sys
import numpy as np
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA

def write(name, x, labels):
    with open(f"{sys.argv[1]}/{name}.csv", "w") as file:
        print(",".join([f"x{j}" for j in range(x.shape[1])] + ["class"]), file=file)
        for row, label in zip(x, labels):
            print(",".join([repr(float(v)) for v in row] + [f"c_{label}"]), file=file)

wine = load_wine()
write("wine", wine.data, wine.target)
digits = load_digits()
few = np.isin(digits.target, [0, 1, 2, 3, 4])
write("digits 0 to 4, 6 directions", PCA(6, svd_solver="full").fit_transform(digits.data[few]), digits.target[few])
