"""Another bundle for every node of a yard: ordered on a topic, tried beside the one that serves,
taken back where it is worse.
"""
