"""The companion: listens to FL Studio, plans a line ahead of the playhead, and hands it to the bridge on time."""

__version__ = "0.1.0"
