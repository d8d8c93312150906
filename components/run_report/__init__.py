"""The component RunReport; see its executor for what it does."""
