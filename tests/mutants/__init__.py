"""
The proof that our tests can fail: deliberate bugs, each of which they must find.

`catalogue` is the bugs as data, `bench` puts one into a copy of the program, `seeds` lets the copy run
simulated networks, and `python -m tests.mutants` tries them all and says who found what.
"""
