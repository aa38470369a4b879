"""How good the estimators are, by logs of simulated customers, of whom everything is known exactly."""
