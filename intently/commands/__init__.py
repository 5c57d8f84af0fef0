"""One module for each sub-command; each is thin: it reads words, calls one package, prints."""
