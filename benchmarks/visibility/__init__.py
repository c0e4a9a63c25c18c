"""
One question, may this viewer see this record, answered by each engine from the same organisation and rules.

`world` makes the people and the pairs, `facts` the cached sets that the hand-written answers and the peers'
host functions look into; one file per peer.
"""
