"""What a picture of a certificate shows."""
