"""What the tutorials used."""
