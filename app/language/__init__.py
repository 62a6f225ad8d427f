"""What can be read off a single text: pure functions that every room may use, and that know no room."""
