"""Redirect: gradient descent on the text encoder alone, the concept's hidden states to the anchor's."""
