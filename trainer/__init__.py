"""JamBot's trainer: training, and measuring what was built. Shares with the companion only what is in `shared`."""
