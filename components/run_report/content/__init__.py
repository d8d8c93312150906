"""What a report says, as plain data: what is measured once is written as JSON, and read back."""
