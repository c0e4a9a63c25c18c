"""
The same small machine in every engine: seven stages, two guards, one event per move.

The guards and the effect are the same methods of `deal.Deal` everywhere; what differs is only who calls them.
"""
