"""What tests stand on: clocks, servers, faults, job files and the real command."""
