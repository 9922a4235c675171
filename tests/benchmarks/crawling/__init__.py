"""What the benchmarks of crawling stand on: a farm of feeds on loopback, a place to store, crews that can be killed."""
