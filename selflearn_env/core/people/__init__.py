"""Persons: customers with a taste, an activity and a record of what they bought."""
