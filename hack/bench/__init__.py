"""The benchmark: what many connections cost, by a real API server and orgs that check signatures.

Layers, an upper one imports lower ones only:
__main__ > phases > stage > operator_process, issuer, fleet, arrivals > api, audit, machine,
process, rows, scale > waiting.
"""
