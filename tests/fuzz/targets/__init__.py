"""
One module a target, with one function `check`: bytes in, `Violation` where a promise does not hold.

What is under test is the default of a parameter, so that a test can put something broken in its
place and see the target fail.
"""
