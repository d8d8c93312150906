"""Draws numbers as SVG, to stand within a page of HTML.

Colours are the page's: a drawing only names the classes that its style sheet knows.
"""
