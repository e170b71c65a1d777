"""Chapter 01: different latent spaces."""
