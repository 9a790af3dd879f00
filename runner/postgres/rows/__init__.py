"""Rows of a backup put beside, over or in the place of live rows, in one transaction that is counted before it acts."""
