"""
Coverage-guided fuzzing: what strangers and users can hand to the program, by the million.

`targets` says what must hold for any input, `shapes` how inputs are changed so that they get past the
first check, `oracles` what is right, slowly. `python -m tests.fuzz` runs one target with atheris; the
inputs that it found worth keeping lie in `corpus`, those that once broke something in `crashers`, and
`test_corpus` replays both wherever the other tests run.
"""
