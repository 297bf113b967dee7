"""The referee's three questions about a target, answered from networks that are built for it."""
