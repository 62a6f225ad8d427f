"""Makes the fitted weights that the service ships, from labelled data."""
