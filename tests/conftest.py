"""One thread for linear algebra: a small net's steps are too little work to share, and more threads only wait for each other."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
