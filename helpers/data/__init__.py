"""Pictures, checked: `mnist`, `own`, `faces` (with `kaggle`, `squares`), and trained `weights`."""
