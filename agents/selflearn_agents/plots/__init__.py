"""Every picture of the package, in one style; a file for each family of pictures."""
