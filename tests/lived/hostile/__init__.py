"""
A peer that breaks rules, to attack nodes with: written from the protocol alone, sharing no code
with the program.

It can say whatever bytes it likes, with or without TLS, in either role, and with any certificate.
"""
