"""
The page that a browser is shown: static files, which ask the same API as everybody.
"""
