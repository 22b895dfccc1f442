"""One process with many connections for minutes, on loopback: `python -m benchmarks.soak`, or
`make soak`."""
