"""What made the data and the measured tables: `python -m data.make.NAME`."""
