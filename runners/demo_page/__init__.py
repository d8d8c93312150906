"""Writes a page that draws and reads digits in the browser, on any static host."""
