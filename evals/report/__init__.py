"""Reports of runs and comparisons: an HTML page that needs nothing but itself, and JUnit XML."""
