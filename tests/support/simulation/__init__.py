"""The simulation: tenants, disks and clocks in memory, and the oracles that watch a run in them."""
