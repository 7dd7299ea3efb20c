"""What keeps the notebooks: nothing here is needed to read them."""
