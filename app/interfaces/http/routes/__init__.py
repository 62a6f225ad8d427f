"""The paths of the HTTP API, a module for each noun of the contract."""
