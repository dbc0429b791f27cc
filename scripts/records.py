#!/usr/bin/env python3
"""Checks every line of a run.jsonl against the JSON Schema of a record. Exit code 3: there is no jsonschema to do it with."""

import json
import sys

try:
    import jsonschema
except ImportError:
    sys.exit(3)

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
validator = jsonschema.validators.validator_for(schema)(schema)
lines = 0
bad = 0
with open(sys.argv[2], encoding="utf-8") as file:
    for lines, line in enumerate(file, 1):
        for error in validator.iter_errors(json.loads(line)):
            print(f"line {lines}: {error.json_path}: {error.message[:300]}")
            bad += 1
print(f"{lines} records, {bad} faults")
sys.exit(1 if bad or not lines else 0)
