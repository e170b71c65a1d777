"""Different latent spaces."""
