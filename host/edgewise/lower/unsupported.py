"""Why estimators of scikit-learn are not transpiled, and what to use in their place."""

# By class, else by module, else NOT_YET
CLASSES = {
    "AdditiveChi2Sampler": "takes histograms; use SVC(kernel='rbf')",
    "BernoulliRBM": "learns features, not answers; use MLPClassifier",
    "Binarizer": "use trees: they ask such questions themselves",
    "ClassifierChain": "each of its models reads the answers of those before; use MultiOutputClassifier",
    "FeatureAgglomeration": "merges features; use PCA, or choose some with SelectKBest",
    "FixedThresholdClassifier": "transpile the model inside, and hold its predict_proba against your limit",
    "Isomap": "needs its training rows on the board; use PCA",
    "KBinsDiscretizer": "use trees: they ask such questions themselves",
    "KNNImputer": "needs its training rows on the board; use SimpleImputer, or trees, which take NaN",
    "KernelCenterer": "takes a matrix of kernels, not rows",
    "KernelDensity": "needs its training rows on the board; use GaussianMixture",
    "KernelPCA": "needs its training rows on the board; use PCA",
    "LabelBinarizer": "transforms targets, not rows",
    "LabelEncoder": "transforms targets, not rows",
    "LocalOutlierFactor": "needs its training rows on the board; use IsolationForest",
    "LocallyLinearEmbedding": "needs its training rows on the board; use PCA",
    "MissingIndicator": "use trees, which take NaN, or SimpleImputer",
    "MultiLabelBinarizer": "transforms targets, not rows",
    "NearestNeighbors": "finds rows and predicts nothing; use KNeighborsClassifier or KNeighborsRegressor",
    "NeighborhoodComponentsAnalysis": "no stage for it; use PCA",
    "OneHotEncoder": "takes categories; give each a column of 0 and 1 before the training",
    "OneVsOneClassifier": "breaks ties by a rule of its own; use OneVsRestClassifier, or SVC, which votes by pairs",
    "OrdinalEncoder": "takes categories; number them before the training",
    "OutputCodeClassifier": "compares codes of answers; use OneVsRestClassifier",
    "QuantileTransformer": "keeps up to 1000 quantiles a feature; use PowerTransformer, or trees, which need neither",
    "RadiusNeighborsClassifier": "may find any number of neighbors; use KNeighborsClassifier",
    "RadiusNeighborsRegressor": "may find any number of neighbors; use KNeighborsRegressor",
    "RandomTreesEmbedding": "gives a column for every leaf; use RandomForestClassifier",
    "RegressorChain": "each of its models reads the answers of those before; use MultiOutputRegressor",
    "SplineTransformer": "no stage for it; use PolynomialFeatures",
    "TargetEncoder": "takes categories; number them before the training",
    "TunedThresholdClassifierCV": "transpile the model inside, and hold its predict_proba against your limit",
}
MODULES = {
    "calibration": "averages calibrated copies of a model; transpile the model itself",
    "cluster": "names the clusters of its training rows only; use KMeans",
    "covariance": "estimates a covariance and predicts nothing; use EllipticEnvelope",
    "cross_decomposition": "finds directions that two tables share; use PLSRegression",
    "decomposition": "no stage for it; use PCA",
    "dummy": "does not look at the row: write down the constant",
    "ensemble": "is several models in one; transpile the best of them, or use a forest",
    "feature_extraction": "takes text, images or dictionaries, not rows of numbers",
    "gaussian_process": "needs its training rows on the board, and a matrix of their square; use SVC or SVR",
    "isotonic": "is a curve of one feature; use DecisionTreeRegressor",
    "kernel_approximation": "stands in for a kernel; use SVC(kernel='rbf') itself",
    "manifold": "places its training rows only; use PCA",
    "neighbors": "makes a graph of its training rows; use KNeighborsClassifier or KNeighborsRegressor",
    "random_projection": "no stage for it; use PCA",
    "semi_supervised": "needs its training rows on the board; use SelfTrainingClassifier",
}
NOT_YET = "no transpiler for it yet"


def why_not(cls: type) -> str:
    """In words that name another way, where there is one. Of a class that is none of scikit-learn's nothing is known."""
    module = module_of(cls)
    return NOT_YET if "." in module else CLASSES.get(cls.__name__) or MODULES.get(module, NOT_YET)


def module_of(cls: type) -> str:
    """Of scikit-learn's classes such as "linear_model"; of others in full."""
    module = cls.__module__
    return module.split(".")[1] if module.startswith("sklearn.") else module
