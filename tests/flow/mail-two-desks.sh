#!/usr/bin/env bash
# Two desks that are each other's customers.
cd "$(dirname "$0")" && exec /usr/bin/python3 _two.py
