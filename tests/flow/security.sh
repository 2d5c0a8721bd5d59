#!/usr/bin/env bash
# What a stranger may try from outside, against the real program. The numbers are those of docs/SECURITY.md.
cd "$(dirname "$0")" && exec python3 _security.py
