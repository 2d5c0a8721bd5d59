#!/usr/bin/env bash
# S-30, S-31: every address of the program, asked by every kind of person and token.
cd "$(dirname "$0")" && exec python3 _matrix.py
