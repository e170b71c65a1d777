"""Types of the arrays that functions take and return."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
AnyFloatArray = NDArray[np.floating]  # of whatever precision a model has
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
