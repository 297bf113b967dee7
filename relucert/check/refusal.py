"""The two ways in which the checker does not accept."""


class Rejected(Exception):
    """The certificate does not prove what it says: a claim is wrong, malformed or unproved."""


class Declined(Exception):
    """The checker will not judge: unknown version or rule, or more work than its fixed limits."""
