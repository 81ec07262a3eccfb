#!/usr/bin/env python3
"""Export a fitted scikit-learn IsolationForest as JSON, for millstream's `import_scikit_model`.

Usage:  export_sklearn.py MODEL.pkl OUT.json

MODEL.pkl is a pickle (or joblib file) of one of
  - a fitted IsolationForest,
  - a Pipeline of a StandardScaler and an IsolationForest,
  - a dict with the keys "model", and if wanted "scaler" and "features" (list of names).
Unpickling runs code: open only files you trust. From Python: export_sklearn.export(model, ...).

The format, one JSON object:
  format         "millstream-sklearn-iforest"
  version        1
  sklearn        the version of scikit-learn, for people
  n_features     number of values in a row
  max_samples    rows a tree was grown on (the model's max_samples_)
  offset         the model's offset_
  feature_names  (optional) a name for each value
  scaler         (optional) {"mean": [...], "scale": [...]}: a value v becomes (v - mean) / scale
  median         (optional) typical values before scaling, for explanations
  trees          list of objects whose columns have one entry a node, the root first:
    features     the features that the tree sees: entry k of a node's `feature` means features[k]
    left, right  index of the children, -1 in a leaf
    feature      index into `features` (any number in a leaf)
    threshold    left if float64(float32(value)) <= threshold (float64; any number in a leaf)
    n            training rows in the node
Numbers are written with repr's 17 digits, so nothing is lost.
"""

import json
import pickle
import sys


def export(model, scaler=None, feature_names=None, median=None):
    """Return the JSON object of a fitted IsolationForest."""
    import sklearn

    document = {
        "format": "millstream-sklearn-iforest",
        "version": 1,
        "sklearn": sklearn.__version__,
        "n_features": int(model.n_features_in_),
        "max_samples": int(model.max_samples_),
        "offset": float(model.offset_),
        "trees": [
            _tree(estimator.tree_, features)
            for estimator, features in zip(model.estimators_, model.estimators_features_)
        ],
    }
    if feature_names is None:
        feature_names = getattr(model, "feature_names_in_", None)
    if feature_names is not None:
        document["feature_names"] = [str(name) for name in feature_names]
    if scaler is not None:
        document["scaler"] = _scaler(scaler, document["n_features"])
    if median is not None:
        document["median"] = [float(value) for value in median]
    return document


def _scaler(scaler, n_features):
    mean = scaler.mean_ if scaler.with_mean else [0.0] * n_features
    scale = scaler.scale_ if scaler.with_std else [1.0] * n_features
    return {"mean": [float(v) for v in mean], "scale": [float(v) for v in scale]}


def _tree(tree, features):
    return {
        "features": [int(v) for v in features],
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "feature": [max(int(v), 0) for v in tree.feature],
        "threshold": [float(v) if left >= 0 else 0.0
                      for v, left in zip(tree.threshold, tree.children_left)],
        "n": tree.n_node_samples.tolist(),
    }


def _unpack(content):
    """Find (model, scaler, names) in what was pickled."""
    if isinstance(content, dict):
        return content["model"], content.get("scaler"), content.get("features")
    if hasattr(content, "steps"):
        scaler = content.steps[0][1] if len(content.steps) > 1 else None
        return content.steps[-1][1], scaler, getattr(content, "feature_names_in_", None)
    return content, None, None


def main(arguments):
    if len(arguments) != 2:
        sys.stderr.write(__doc__)
        return 2
    with open(arguments[0], "rb") as source:
        try:
            content = pickle.load(source)
        except (pickle.UnpicklingError, KeyError, ValueError):
            import joblib

            content = joblib.load(arguments[0])
    model, scaler, names = _unpack(content)
    with open(arguments[1], "w", encoding="utf-8") as out:
        json.dump(export(model, scaler, names), out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
