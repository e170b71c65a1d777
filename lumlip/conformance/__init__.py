"""Is a model's extractor right? Measure it, on any structures, in the family's own environment.

Errors are relative. Of features: the largest difference of any channel of any atom, over the root
mean square of that layer's features, the larger of backbone and last layer. Of energies: the
largest difference, over |E| or 1 eV per atom, whichever is larger (so a total near zero cannot blow
it up).

Some families lack a symmetry by construction (see :mod:`lumlip.conformance.symmetries`). There the
change is an amount to know, not an error to rule out: the root mean square of the change over the
standard deviation of the features. It has a bound of its own.
"""
