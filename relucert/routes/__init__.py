"""Routes: complete recipes from a problem to a proved network; one plain tuple lists them."""
