#!/usr/bin/env bash
# What must hold when the power fails: see _power.py.
cd "$(dirname "$0")" || exit 1
exec python3 _power.py cut
