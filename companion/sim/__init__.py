"""A simulated FL Studio that runs the real script: for the demo, the bench and the tests."""
