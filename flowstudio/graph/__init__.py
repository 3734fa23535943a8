"""What a workflow is: the document, its rules and its shape. Pure; knows no web, database or network."""
