"""Measures of whole judges, beside `moderation.statistics`: fairness to groups of people."""
