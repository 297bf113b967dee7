"""The largest or least input over all data tokens, by one softmax head."""
