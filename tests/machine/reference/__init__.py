"""
A second salesflow, written from domain.md alone: plain dicts that are changed in place, no events, no machine.

It shares no code with the engine (a test reads its imports), keeps nothing for speed, and says of every operation
what it is refused for or what is so afterwards. The state machine beside it compares the two after each step.
"""
