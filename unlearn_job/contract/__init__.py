"""What the operator and the Job say to each other: plain pydantic models, free of torch.

Both import this package, so that a field has one meaning. Every document carries a version: an operator
upgrade beside an older job image must either work or say so.
"""
