"""Lists and draws that do not learn."""
