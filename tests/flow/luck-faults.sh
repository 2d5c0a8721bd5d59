#!/usr/bin/env bash
# What must hold when the disk fails or descriptors run out: see _power.py.
cd "$(dirname "$0")" || exit 1
exec python3 _power.py fail
