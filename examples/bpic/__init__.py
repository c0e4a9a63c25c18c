"""Loan applications of the BPI Challenge 2012: a template for them, and a program that replays their log."""
