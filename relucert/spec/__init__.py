"""What a user asks for: the frozen ``Problem`` and the readers that make one."""
