"""What is well formed: the forms of the finding's pages."""
