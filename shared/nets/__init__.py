"""The nets, shared by trainer and companion."""
