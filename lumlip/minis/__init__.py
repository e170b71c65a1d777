"""Small models of MACE, PET, DPA and UMA, trained here so that these families work offline.

A mini has the architecture of a published model and little of its knowledge. It is never shown as
if it were the published one.
"""
