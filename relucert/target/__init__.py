"""What is approximated: expressions as flat graphs, and the named targets."""
