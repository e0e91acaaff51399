"""The command line ``human-loops``: operates a deployed stack, and reviews outputs on a desk.

It finds everything through the stack's outputs. It needs the extra ``cli`` of the distribution, and
neither CDK nor the constructs.
"""
