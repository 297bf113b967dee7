"""What each command shows, one file for each, so that no command loads those of others."""
