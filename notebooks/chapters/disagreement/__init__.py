"""Whether the distance of two models' features means that the models disagree."""
