"""What an environment returns as plain lists, which compare bit for bit."""

import numpy as np


def flat(seen):
    if isinstance(seen, dict):
        return {key: flat(value) for key, value in seen.items()}
    if isinstance(seen, list | tuple):
        return [flat(value) for value in seen]
    return seen.tolist() if isinstance(seen, np.ndarray | np.generic) else seen
