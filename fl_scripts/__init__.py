"""Scripts that run inside FL Studio, carried by the package so that `companion install-fl` finds them."""
