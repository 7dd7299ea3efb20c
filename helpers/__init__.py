"""What is not the lesson: devices, data, plots, measures. Importing it loads no framework."""
