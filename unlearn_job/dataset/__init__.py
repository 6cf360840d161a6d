"""Data sets of what a model draws for concepts, each picture confirmed by a judge (the pipeline of CPDM).

Anchors, by name or with images -> prompts from templates or an LLM -> generations -> kept where the judge
sees the concept -> a folder that the `datasets` library reads (arXiv 2403.12052).
"""
