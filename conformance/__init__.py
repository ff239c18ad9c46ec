"""The same lines run by Weft and by the library it stands for, and what they give compared: see README.md."""
