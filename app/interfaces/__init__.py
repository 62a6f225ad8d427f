"""HTTP API, MCP, console and command line: they translate requests and answers, and hold no other logic."""
