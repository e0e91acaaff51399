"""The command line ``human-loops``: operates a deployed stack and reviews outputs locally.

It finds all resources through the outputs of the stack. It needs the extra ``cli`` of the
distribution, but neither CDK nor the constructs.
"""
