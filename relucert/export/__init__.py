"""The transformer written for the runtimes that people use; sees ``transformer`` and never the checker."""
