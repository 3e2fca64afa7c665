"""What a scorer is measured on beside labelled texts: HateCheck-format suites, checklists and bias probes.

``open.py`` tells them apart; each kind has a module that runs it and one that reads its files.
"""
