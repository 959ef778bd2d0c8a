"""The demonstration: real places, invented people, findings in every state.

Seeded; dates count back from the day of loading.
"""
