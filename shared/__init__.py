"""What training and playing have in common. Knows music and the wire; knows no threads, ports or files of a user.

`JAMBOT` marks this package as JamBot's: companion and trainer refuse to run beside a foreign package named `shared`.
"""

JAMBOT = "0.1.0"
