"""What tests of exports share."""
