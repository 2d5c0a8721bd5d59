#!/usr/bin/env bash
# S-34: what is not published, not for everybody, or not any more, is nowhere for who may not read it: see _kb.py.
cd "$(dirname "$0")" || exit 1
exec python3 _kb.py leak
