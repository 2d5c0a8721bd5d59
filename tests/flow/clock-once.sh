#!/usr/bin/env bash
# Breaches fire within two seconds of their time and once: with the program killed in the middle (-9) and started again,
# and with two programs on one PostgreSQL. Needs $CARREL.
exec python3 "$(dirname "$0")/_clock.py"
