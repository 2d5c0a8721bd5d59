#!/usr/bin/env bash
# What must hold when luck is bad: see _luck.py.
cd "$(dirname "$0")" || exit 1
exec python3 _luck.py out
