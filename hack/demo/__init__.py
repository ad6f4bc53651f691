"""The demo: a real cluster, a fake org, the operator, and the main job step by step."""
