"""The three kinds of concept-erasure.io/v1alpha1 as pydantic models.

The CRDs and the reference docs are generated from them.
"""
