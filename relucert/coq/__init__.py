"""The second trust base: a certificate as a Coq file whose theorem is the statement, and Coq's verdict on it."""
