"""The controller: watches ConceptErasures and rolls text encoders out."""
