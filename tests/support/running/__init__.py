"""What runs the tool in a test: commands, engines, clocks, terminals."""
